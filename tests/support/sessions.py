"""What other sessions of the database are doing: seen, not guessed by waiting a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg

from tests.support.eventually import eventually_async

WRITER = "perdure engine"
Connection = psycopg.AsyncConnection[Any]

_waiting: LiteralString = """
    select wait_event from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()
"""
_end: LiteralString = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = %s and pid <> pg_backend_pid()
"""
_pids: LiteralString = """
    select pid from pg_stat_activity
    where datname = current_database() and application_name = %s
    order by backend_start
"""


@asynccontextmanager
async def session(url: str) -> AsyncIterator[Connection]:
    """A session of the test's own."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


async def seen_waiting(connection: Connection) -> list[str]:
    """What other sessions wait for; returns when at least one does."""

    async def waits() -> list[str]:
        return [row[0] for row in await (await connection.execute(_waiting)).fetchall()]

    return await eventually_async(waits)


async def pids(connection: Connection, application: str = WRITER) -> list[int]:
    rows = await (await connection.execute(_pids, [application])).fetchall()
    return [row[0] for row in rows]


async def end_sessions(connection: Connection, application: str = WRITER) -> int:
    """As a crash of their machine would look to the database; how many there were."""
    return len(await (await connection.execute(_end, [application])).fetchall())
