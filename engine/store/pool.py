"""Connections, and which troubles of a database pass by themselves."""

from __future__ import annotations

import psycopg
from psycopg_pool import AsyncConnectionPool

Connection = psycopg.AsyncConnection[tuple[object, ...]]
Pool = AsyncConnectionPool[Connection]
READERS_MAX = 4
#: What a caller may simply send again.
PASSING = (psycopg.OperationalError, psycopg.InterfaceError)


async def connect(url: str) -> Connection:
    return await psycopg.AsyncConnection.connect(
        url, autocommit=True, prepare_threshold=1, application_name="perdure engine"
    )


async def open_readers(url: str) -> Pool:
    """A small pool for reads of committed rows."""
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=READERS_MAX,
        open=False,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 1,
            "application_name": "perdure engine readers",
        },
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open(wait=True, timeout=30)
    return pool
