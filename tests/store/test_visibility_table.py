"""The visibility table, written as the engine's commit writes it."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from search.postgres import table
from search.records import VisibilityRecord
from tests.support.visibility import MINUTE, NOON, a_record

Connection = psycopg.AsyncConnection[Any]


@pytest.fixture
async def connection(migrated_database: str) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(migrated_database) as connection:
        yield connection
        await connection.rollback()


async def stored(connection: Connection) -> list[VisibilityRecord]:
    cursor = await connection.execute(
        "select " + table.SELECT_LIST + " from visibility order by run_id"
    )
    return [table.record_of(row) for row in await cursor.fetchall()]


async def test_a_record_comes_back_as_it_was_written(connection: Connection) -> None:
    record = a_record(
        close_time=NOON + MINUTE,
        execution_duration_ns=60_000_000_000,
        status="Failed",
        memo=b"\x00\xffmemo",
        memo_words=["back", "call"],
        memo_fields=["note"],
        search_attributes=b"\x00\xffattributes",
        custom={"Keyword": {"Customer": 'O\'Neil "x" \\ {é}'}, "KeywordList": {"Tags": ["a", "b"]}},
        failing_activity_types=["Charge"],
        waiting_on=["activity", "timer"],
        problems=["category=WorkflowTaskFailed"],
        last_failure_message="card 4242 declined",
        next_retry_time=NOON,
    )

    await table.upsert(connection, [record, a_record("run-2")])

    assert await stored(connection) == [record, a_record("run-2")]


async def test_a_text_that_postgres_cannot_hold_is_shown_as_far_as_it_can(
    connection: Connection,
) -> None:
    await table.upsert(
        connection,
        [a_record(last_failure_message="a\0b", custom={"Keyword": {"Customer": "c\0d"}})],
    )

    (found,) = await stored(connection)
    assert found.last_failure_message == "a\ufffdb"
    assert found.custom == {"Keyword": {"Customer": "c\ufffdd"}}


async def test_the_highest_version_stays_whatever_the_order(connection: Connection) -> None:
    await table.upsert(connection, [a_record(version=2, status="Completed")])
    await table.upsert(connection, [a_record(version=1, status="Running")])

    assert [record.status for record in await stored(connection)] == ["Completed"]


async def test_a_run_stepped_twice_in_a_batch_is_written_once(connection: Connection) -> None:
    batch = [a_record(version=3, status="Completed"), a_record(version=1), a_record(version=2)]

    await table.upsert(connection, batch)

    assert [record.version for record in await stored(connection)] == [3]


async def test_a_deleted_run_has_no_row(connection: Connection) -> None:
    await table.upsert(connection, [a_record("kept"), a_record("gone")])
    await table.upsert(connection, [a_record("kept", version=2), a_record("gone", deleted=True)])

    assert [record.run_id for record in await stored(connection)] == ["kept"]


async def test_an_empty_batch_asks_nothing_of_the_database(connection: Connection) -> None:
    await table.upsert(connection, [])

    assert await stored(connection) == []
