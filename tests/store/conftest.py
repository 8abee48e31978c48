"""A connection for the tests of single statements, a database of its own for those of a node."""

from collections.abc import AsyncIterator, Iterator

import pytest

from engine.store.pool import Connection, connect
from tests.support.postgres import fresh_database


@pytest.fixture
async def store(migrated_database: str) -> AsyncIterator[Connection]:
    async with await connect(migrated_database) as connection:
        yield connection


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    """A database that no other test has, still empty."""
    with fresh_database(postgres_url) as url:
        yield url
