"""Outbox -> index: order, duplicates, poison, an index that is away, a relay that dies."""

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest
from elasticsearch import ApiError, Elasticsearch

from search import outbox
from search.records import VisibilityRecord, encode
from search.relay.drain import Index, drain
from tests.relay.conftest import Chain
from tests.support.visibility import MINUTE, NOON, a_record

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:1"


def at(index: Index, moment: datetime) -> Index:
    return replace(index, clock=lambda: moment)


async def test_a_committed_record_is_found_and_its_row_is_gone(chain: Chain) -> None:
    await chain.commit(a_record("run-1", custom={"Keyword": {"Customer": "c-1"}}))

    assert drain(chain.database, chain.index) == 1

    assert chain.indexed() == {"run-1": a_record("run-1", custom={"Keyword": {"Customer": "c-1"}})}
    assert chain.waiting() == 0


async def test_neither_order_nor_duplicates_matter(chain: Chain) -> None:
    closed = a_record("run-1", version=9, status="Completed")
    await chain.append(closed)
    drain(chain.database, chain.index)

    await chain.append(a_record("run-1", version=8), closed)
    await chain.append(a_record("run-1", version=7))
    drain(chain.database, chain.index)

    assert chain.indexed() == {"run-1": closed}
    assert await chain.lag() == outbox.Lag(0, 0, 0.0, None, None)


async def test_the_newest_of_a_batch_stands_for_the_older(chain: Chain) -> None:
    await chain.append(*(a_record("run-1", version=version) for version in (2, 5, 3)))

    assert drain(chain.database, chain.index) == 3

    assert chain.indexed()["run-1"].version == 5


async def test_a_deleted_run_is_gone_and_a_late_record_does_not_bring_it_back(chain: Chain) -> None:
    await chain.append(a_record("run-1", version=1))
    drain(chain.database, chain.index)
    await chain.append(a_record("run-1", version=3, deleted=True))
    drain(chain.database, chain.index)
    await chain.append(a_record("run-1", version=2))
    drain(chain.database, chain.index)

    assert chain.indexed() == {}
    assert chain.waiting() == 0


async def test_a_poison_row_is_parked_with_its_error_and_blocks_nothing(chain: Chain) -> None:
    poison = a_record("poison", custom={"Keyword": {"Customer": "x" * 40_000}})
    await chain.append(a_record("before"), poison, a_record("after"))
    chain.append_bytes("garbled", b"\xc1 no record")

    assert drain(chain.database, chain.index) == 4

    assert set(chain.indexed()) == {"before", "after"}
    rows = await chain.parked()
    assert [(row.run_id, row.shard_id) for row in rows] == [("poison", 3), ("garbled", 3)]
    assert "longer than the allowed max length" in rows[0].error
    assert "not a record" in rows[1].error
    assert ((await chain.lag()).waiting, (await chain.lag()).parked) == (0, 2)


async def test_a_parked_row_tried_again_sends_what_the_run_is_now(chain: Chain) -> None:
    chain.append_bytes("run-1", b"\xc1")
    chain.append_bytes("deleted-since", b"\xc1")
    drain(chain.database, chain.index)
    await chain.commit(a_record("run-1", version=4, status="Completed"))

    assert await chain.retry() == 2
    drain(chain.database, chain.index)

    assert {run_id: record.version for run_id, record in chain.indexed().items()} == {"run-1": 4}
    assert await chain.parked() == []


async def test_a_parked_row_can_be_dropped(chain: Chain) -> None:
    chain.append_bytes("run-1", b"\xc1")
    drain(chain.database, chain.index)

    assert await chain.drop_all() == 1

    assert (await chain.lag()).parked == 0


async def test_while_the_index_is_away_rows_wait_and_then_catch_up(chain: Chain) -> None:
    await chain.commit(*(a_record(f"run-{number}") for number in range(50)))
    with Elasticsearch(NOWHERE, max_retries=0) as nowhere:
        away = replace(chain.index, client=nowhere, clock=lambda: NOON)
        assert drain(chain.database, away) == 0

    behind = await chain.lag(NOON + MINUTE)
    assert (behind.waiting, behind.parked, behind.oldest_seconds) == (50, 0, 60.0)
    assert behind.away_since == NOON
    assert behind.error is not None

    assert drain(chain.database, at(chain.index, NOON)) == 0, "it is too early to ask again"
    assert drain(chain.database, at(chain.index, NOON + MINUTE)) == 50
    assert len(chain.indexed()) == 50
    assert await chain.lag(NOON + MINUTE) == outbox.Lag(0, 0, 0.0, None, None)


async def test_the_wait_for_an_index_doubles_up_to_a_limit(chain: Chain) -> None:
    waits = []
    now = NOON
    for _ in range(9):
        outbox.postpone(chain.connection, "away", now)
        row = chain.connection.execute("select retry_at from visibility_relay").fetchone()
        assert row is not None
        waits.append((row[0] - now).total_seconds())
        now = row[0]

    assert waits == [0.5, 1, 2, 4, 8, 15, 15, 15, 15]


async def test_a_row_in_the_hands_of_one_relay_is_not_seen_by_another(chain: Chain) -> None:
    await chain.commit(a_record("run-1"))
    with psycopg.connect(chain.database) as other:
        assert [row.run_id for row in outbox.claim(other, NOON).rows] == ["run-1"]

        assert drain(chain.database, chain.index) == 0

        assert chain.waiting() == 1


async def test_what_a_dead_relay_held_waits_again(chain: Chain) -> None:
    await chain.commit(a_record("run-1"))
    with psycopg.connect(chain.database, autocommit=False) as dying:
        outbox.claim(dying, NOON)
        chain.connection.execute("select pg_terminate_backend(%s)", (dying.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            dying.execute("select 1")

    assert drain(chain.database, chain.index) == 1
    assert set(chain.indexed()) == {"run-1"}


class Narrow:
    """A server that takes no more than so many operations at once."""

    def __init__(self, client: Elasticsearch, operations_max: int) -> None:
        self._client = client
        self._operations_max = operations_max

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def bulk(self, *, operations: list[Any], **given: Any) -> Any:
        if len(operations) > self._operations_max:
            meta = self._client.perform_request("GET", "/_cluster/health").meta
            raise ApiError("too large", replace(meta, status=413), {})
        return self._client.bulk(operations=operations, **given)


async def test_a_batch_that_is_too_large_goes_in_parts(chain: Chain) -> None:
    await chain.commit(*(a_record(f"run-{number}") for number in range(9)))
    narrow: Any = Narrow(chain.index.client, operations_max=4)

    assert drain(chain.database, replace(chain.index, client=narrow)) == 9

    assert len(chain.indexed()) == 9


async def test_one_row_that_is_too_large_is_parked(chain: Chain) -> None:
    await chain.commit(a_record("run-1"))
    narrow: Any = Narrow(chain.index.client, operations_max=1)

    drain(chain.database, replace(chain.index, client=narrow))

    assert (await chain.lag()).parked == 1


def test_a_claim_stops_at_so_many_bytes(chain: Chain) -> None:
    large = encode(a_record("large", memo=b"x" * 5_000_000))
    for number in range(3):
        chain.append_bytes(f"run-{number}", large)

    assert [row.run_id for row in outbox.claim(chain.connection, NOON).rows] == ["run-0"]


def records(count: int) -> list[VisibilityRecord]:
    return [a_record(f"run-{number}") for number in range(count)]


async def test_rows_that_come_without_end_do_not_keep_a_drain(chain: Chain) -> None:
    numbers = itertools.count()

    def clock() -> datetime:
        """Each time that it is asked another row has come."""
        chain.append_bytes(f"run-{next(numbers)}", encode(a_record("late")))
        return NOON

    assert drain(chain.database, replace(chain.index, clock=clock)) == 1
    assert next(numbers) == 1


async def test_more_rows_than_a_batch_holds_go_in_several(chain: Chain) -> None:
    count = outbox.BATCH_ROWS_MAX * 2 + 1
    await chain.commit(*records(count))

    assert drain(chain.database, chain.index) == count
    assert chain.waiting() == 0


async def test_without_an_index_rows_wait(chain: Chain) -> None:
    await chain.commit(a_record("run-1"))

    drain(chain.database, replace(chain.index, alias="no-such-index"))

    assert chain.waiting() == 1
    assert (await chain.lag()).error == "there is no index yet"
