"""What is on its way from a shard database to the index, and what the index refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from engine.errors import Unavailable
from engine.store.pool import PASSING, Connection, Pool
from search import outbox
from search.outbox import Lag, Parked
from search.postgres import parked as refused

#: A person waits for the answer, and is better told early.
CONNECTION_SECONDS_MAX = 3.0


async def lag(pool: Pool, now: datetime) -> Lag:
    async with _connected(pool) as connection:
        return await outbox.lag(connection, now)


async def parked(pool: Pool, after: int, limit: int) -> list[Parked]:
    async with _connected(pool) as connection:
        return await outbox.parked(connection, after, limit)


async def retry(pool: Pool, seqs: Sequence[int], now: datetime) -> int:
    """How many rows were there to be sent again."""
    async with _connected(pool) as connection, connection.transaction():
        return await refused.retry(connection, seqs, now)


async def drop(pool: Pool, seqs: Sequence[int]) -> int:
    """How many rows were there to be dropped."""
    async with _connected(pool) as connection:
        return await outbox.drop(connection, seqs)


@asynccontextmanager
async def _connected(pool: Pool) -> AsyncIterator[Connection]:
    try:
        async with pool.connection(CONNECTION_SECONDS_MAX) as connection:
            yield connection
    except PASSING as trouble:
        raise Unavailable(f"a shard database does not answer: {trouble}") from trouble
