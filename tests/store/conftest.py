"""A connection for each test of the store."""

from collections.abc import AsyncIterator

import pytest

from engine.store.pool import Connection, connect


@pytest.fixture
async def store(migrated_database: str) -> AsyncIterator[Connection]:
    async with await connect(migrated_database) as connection:
        yield connection
