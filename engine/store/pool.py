"""Connections, and which troubles of a database pass by themselves."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg_pool import AsyncConnectionPool

from engine.store.arrays import ArrayDumper

Connection = psycopg.AsyncConnection[tuple[object, ...]]
Pool = AsyncConnectionPool[Connection]
READERS_MAX = 4
#: What a caller may simply send again.
PASSING = (psycopg.OperationalError, psycopg.InterfaceError)

# A dead network must not hold a shard's lock for hours: both ends ask each other whether they live.
_PROBES: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# Every statement of the engine finds its rows by an index. The planner, which knows nothing yet of
# tables that were empty a minute ago, would scan them; and it would plan anew at each execution.
_settle: LiteralString = """
    set enable_seqscan = off;
    set enable_hashjoin = off;
    set enable_mergejoin = off;
    set jit = off;
    set plan_cache_mode = force_generic_plan;
    set tcp_keepalives_idle = 5;
    set tcp_keepalives_interval = 5;
    set tcp_keepalives_count = 3;
    set tcp_user_timeout = 15000
"""


async def settle(connection: Connection) -> None:
    await connection.execute(_settle, prepare=False)


async def connect(url: str) -> Connection:
    """The connection of a writer; it is closed by the caller."""
    connection: Connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, prepare_threshold=0, application_name="perdure engine", **_PROBES
    )
    connection.adapters.register_dumper(list, ArrayDumper)
    try:
        await settle(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


async def open_readers(url: str) -> Pool:
    """A small pool for reads of committed rows."""
    pool: Pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=READERS_MAX,
        open=False,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 0,
            "application_name": "perdure engine readers",
            **_PROBES,
        },
        configure=settle,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open(wait=True, timeout=30)
    return pool
