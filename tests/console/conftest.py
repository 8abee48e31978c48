"""The console's tests get a real PostgreSQL, real servers, and people.

What talks to a server holds on both: on an engine of ours, and on the official dev server, which
has no attributes of ours and no service that tells of shards. `--server` chooses one of them.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache, caches
from django.db import connections

from console.gateway import workflows
from console.settings import database as database_settings
from tests.support.dev_server import dev_server
from tests.support.engine import OFFICIAL, PERDURE, Server
from tests.support.eventually import eventually
from tests.support.killable import KillableEngine
from tests.support.names import Names
from tests.support.people import alice, bob, browser_of, carol, dora
from tests.support.postgres import fresh_database
from tests.support.programs import Program, program
from tests.support.scripted import Scripted, stubs

__all__ = ["alice", "bob", "browser_of", "carol", "dora", "program"]

NAMESPACE = "default"
#: A test that asks for one of these talks to a server, but for those with an engine of their own.
TALKS = frozenset({"db", "transactional_db", "server_address"})
OWN_ENGINE = frozenset({"database", "behind"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each server; `one_server` marks what is about the console alone, and slow."""
    asked = set(metafunc.fixturenames)
    if not asked & TALKS or asked & OWN_ENGINE:
        return
    said = metafunc.config.getoption("--server")
    kinds = [said] if said else [PERDURE, OFFICIAL]
    if metafunc.definition.get_closest_marker("one_server"):
        kinds = kinds[:1]
    metafunc.parametrize("server_kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server_kind(request: pytest.FixtureRequest) -> str:
    """perdure, official, or the address of one that runs already."""
    return str(getattr(request, "param", PERDURE))


@pytest.fixture(scope="session")
def perdure_address(postgres_url: str) -> Iterator[str]:
    """An engine of ours, in a process of its own, from the first that asks to the last test."""
    with fresh_database(postgres_url) as database:
        engine = KillableEngine(database, ENGINE_SHARDS="8")
        engine.migrate()
        engine.start()
        yield engine.address
        engine.stop()


@pytest.fixture(scope="session")
def official_address() -> Iterator[str]:
    with dev_server() as address:
        yield address


@pytest.fixture(scope="session")
def server_address(server_kind: str, request: pytest.FixtureRequest) -> str:
    """host:port of the server that the console talks to. It has the namespace `default`.

    Both servers stay when a file turns from one to the other: the next file begins with the first.
    """
    if server_kind in {PERDURE, OFFICIAL}:
        address: str = request.getfixturevalue(f"{server_kind}_address")
        return address
    return server_kind


def indexed(query: str, count: int, within: float = 30) -> None:
    """The index follows the engine by itself; tests wait for what they search."""
    eventually(
        lambda: workflows.count(NAMESPACE, query).total, lambda total: total >= count, within=within
    )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_url: str) -> None:
    """Before Django makes its test database, it learns where PostgreSQL is."""
    found = database_settings(postgres_url)
    django_settings.DATABASES["default"].update(found)
    connections["default"].settings_dict.update(
        {name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with commits of their own are cleaned up by TRUNCATE, which what stays refuses."""
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute("alter table audit_auditentry disable trigger audit_entry_no_truncate")
        cursor.execute("alter table audit_auditoutcome disable trigger audit_outcome_no_truncate")
        for table in ("bulkoperation", "bulktarget", "pastoutcome", "continuation"):
            name = table.replace("bulk", "").replace("outcome", "")
            cursor.execute(f"alter table bulk_{table} disable trigger bulk_{name}_no_truncate")
        for name in ("cohort", "member"):
            table = f"billing_{name}"
            cursor.execute(f"alter table {table} disable trigger {table}_no_truncate")


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, settings: Any, server_kind: str) -> str:
    """Each test that touches the database may also talk to the server.

    What the console kept is forgotten.
    """
    cache.clear()
    caches["shared"].clear()
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        settings.ENGINE_ADDRESS = request.getfixturevalue("server_address")
    return str(settings.ENGINE_ADDRESS)


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Names:
    return Names(request.node.name)


@pytest.fixture
def server(program: Program, server_address: str, server_kind: str) -> Iterator[Server]:
    with stubs(program, server_address, server_kind) as made:
        yield made


@pytest.fixture
def worker(program: Program, server: Server, names: Names) -> Scripted:
    return Scripted(program, server, names.queue())


@pytest.fixture
def other(program: Program, server: Server, names: Names) -> Scripted:
    """Of another queue."""
    return Scripted(program, server, names.queue())
