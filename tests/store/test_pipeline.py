"""Statements sent together: all of them are done, or none, and the connection goes on."""

import asyncio
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import pytest

from engine.store import pipeline
from engine.store.pipeline import Recorded, Statement
from engine.store.pool import Connection, connect
from tests.support.sessions import end_sessions, session

_put: LiteralString = "insert into things select * from unnest(%s::bigint[], %s::text[])"
_same: LiteralString = "update things set name = name where id = %s::bigint and name <> %s::text"


@pytest.fixture(autouse=True)
async def _things(store: Connection) -> None:
    await store.execute("create table if not exists things (id bigint primary key, name text)")
    await store.execute("truncate things")


async def things(store: Connection) -> list[Any]:
    return await (await store.execute("select * from things order by id")).fetchall()


def put(*rows: tuple[int, str]) -> Statement:
    return (_put, [list(column) for column in zip(*rows, strict=True)])


async def test_statements_are_done_in_their_order(store: Connection) -> None:
    drop: Statement = ("delete from things where id = any(%(ids)s::bigint[])", {"ids": [1]})
    await pipeline.run(store, [put((1, "a"), (2, "b")), drop, put((1, "again"))])

    assert await things(store) == [(1, "again"), (2, "b")]


async def test_a_statement_is_prepared_once_and_used_again(store: Connection) -> None:
    for number in range(5):
        await pipeline.run(store, [put((number, "x"))])

    cursor = await store.execute("select count(*) from pg_prepared_statements where name ~ 'perd'")
    assert await cursor.fetchone() == (3,)  # begin, put, commit


async def test_one_refusal_undoes_all_and_is_raised(store: Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await pipeline.run(store, [put((1, "a")), put((1, "b")), put((3, "c"))])

    assert await things(store) == []


async def test_after_a_refusal_the_connection_goes_on(store: Connection) -> None:
    await (await store.execute("select %s::int", [1])).fetchall()
    for wrong in (put((1, "nul \0")), ("select nonsense", ()), put((1, "a"), (1, "b"))):
        with pytest.raises(psycopg.Error):
            await pipeline.run(store, [put((9, "before")), wrong, ("select 1 as never", ())])
        await (await store.execute("select %s::int", [1])).fetchall()

    await pipeline.run(store, [put((1, "a")), ("select 1 as never", ())])

    assert await things(store) == [(1, "a")]


async def test_more_than_the_socket_holds_goes_through(store: Connection) -> None:
    large = [(number, "x" * 100_000) for number in range(100)]

    await pipeline.run(store, [put(*large), put((1_000, "last"))])

    assert len(await things(store)) == 101


async def test_values_of_each_kind_arrive(store: Connection) -> None:
    given: Statement = (
        "insert into things select extract(epoch from %s::timestamptz)::bigint + %s::bigint,"
        " %s::text",
        [datetime(1970, 1, 2, tzinfo=UTC), 5, None],
    )
    await pipeline.run(store, [given])

    assert await things(store) == [(86_405, None)]


async def test_a_connection_that_dies_on_the_way_is_a_passing_trouble(
    migrated_database: str,
) -> None:
    async with await connect(migrated_database) as dying, session(migrated_database) as other:
        async with other.transaction():
            await other.execute("lock table things")
            writing = asyncio.create_task(pipeline.run(dying, [put((1, "a"))]))
            await asyncio.sleep(0)
            async with session(migrated_database) as third:
                await end_sessions(third)
            with pytest.raises(psycopg.OperationalError):
                await writing
        assert dying.closed


async def test_what_is_recorded_is_what_was_asked() -> None:
    recorded = Recorded()
    await recorded.execute("select 1")
    await recorded.execute(_same, [1, "a"])

    assert recorded.statements == [("select 1", ()), (_same, [1, "a"])]
