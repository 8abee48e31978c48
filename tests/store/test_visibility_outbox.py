"""The outbox as the engine's commit writes it."""

import psycopg
import pytest

from search import outbox
from search.records import decode
from tests.support.visibility import MINUTE, NOON, a_record


async def test_a_commit_that_fails_leaves_no_row(migrated_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(migrated_database) as connection:
        await outbox.append(connection, [(1, a_record())], NOON)
        await connection.rollback()

        assert (await outbox.lag(connection, NOON)).waiting == 0


async def test_rows_are_claimed_in_the_order_of_their_commits(migrated_database: str) -> None:
    for number in range(3):
        async with await psycopg.AsyncConnection.connect(migrated_database) as connection:
            await outbox.append(connection, [(number, a_record(f"run-{number}"))], NOON)

    with psycopg.connect(migrated_database) as connection:
        claimed = outbox.claim(connection, NOON).rows
        assert [decode(row.record) for row in claimed] == [a_record(f"run-{n}") for n in range(3)]
        outbox.ack(connection, [row.seq for row in claimed])


async def test_the_oldest_row_says_how_far_behind_the_index_is(migrated_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(migrated_database) as connection:
        await outbox.append(connection, [(1, a_record("early"))], NOON)
        await outbox.append(connection, [(1, a_record("late"))], NOON + MINUTE)
        behind = await outbox.lag(connection, NOON + 3 * MINUTE)
    assert (behind.waiting, behind.oldest_seconds) == (2, pytest.approx(180))

    with psycopg.connect(migrated_database) as relay:
        outbox.ack(relay, [row.seq for row in outbox.claim(relay, NOON).rows])
    async with await psycopg.AsyncConnection.connect(migrated_database) as connection:
        assert (await outbox.lag(connection, NOON)).oldest_seconds == 0
