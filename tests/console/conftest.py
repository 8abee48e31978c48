"""The console's tests get a real PostgreSQL, a real server, and people."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections

from console.gateway import workflows
from console.settings import database as database_settings
from tests.support.dev_server import server_address
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.people import alice, bob, browser_of, carol
from tests.support.programs import program

__all__ = ["alice", "bob", "browser_of", "carol", "program", "server_address"]

NAMESPACE = "default"


def indexed(query: str, count: int) -> None:
    """The index follows the engine by itself; tests wait for what they search."""
    eventually(
        lambda: workflows.count(NAMESPACE, query).total, lambda total: total >= count, within=30
    )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_url: str) -> None:
    """Before Django makes its test database, it learns where PostgreSQL is."""
    found = database_settings(postgres_url)
    django_settings.DATABASES["default"].update(found)
    connections["default"].settings_dict.update(
        {name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    )


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, settings: Any) -> str:
    """Each test that touches the database may also talk to the server.

    What the console kept is forgotten.
    """
    cache.clear()
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        settings.ENGINE_ADDRESS = request.getfixturevalue("server_address")
    return str(settings.ENGINE_ADDRESS)


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Names:
    return Names(request.node.name)
