"""Reads of history: whatever rows the commits made of it, the events come back one by one."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from temporalio.api.history.v1 import History, HistoryEvent

from engine.protocol import wire
from engine.store import history
from engine.store.commit import ShardWrite, commit
from engine.store.pool import Connection

PLENTY = 1_000_000
RUN = str(UUID(int=1, version=4))
OTHER_RUN = str(UUID(int=2, version=4))


def events(first: int, last: int) -> list[bytes]:
    return [HistoryEvent(event_id=number).SerializeToString() for number in range(first, last + 1)]


async def written(store: Connection, *batches: tuple[int, int], run_id: str = RUN) -> None:
    write = ShardWrite()
    for first, last in batches:
        write.history.append((run_id, first, wire.history(events(first, last))))
    await commit(store, write, at=0)


def ids(found: Sequence[bytes]) -> list[int]:
    return [HistoryEvent.FromString(event).event_id for event in found]


@pytest.fixture(autouse=True)
async def _three_batches(store: Connection) -> None:
    await store.execute("truncate history")
    await written(store, (1, 3), (4, 4), (5, 9))
    await written(store, (1, 2), run_id=OTHER_RUN)


async def test_a_run_is_read_whole_across_its_batches(store: Connection) -> None:
    found = await history.read(store, RUN, 1, 9, PLENTY)

    assert found == events(1, 9)


async def test_a_range_may_begin_and_end_within_a_batch(store: Connection) -> None:
    assert ids(await history.read(store, RUN, 2, 6, PLENTY)) == [2, 3, 4, 5, 6]
    assert ids(await history.read(store, RUN, 7, 7, PLENTY)) == [7]


async def test_a_range_beyond_the_end_gives_what_there_is(store: Connection) -> None:
    assert ids(await history.read(store, RUN, 8, 100, PLENTY)) == [8, 9]
    assert await history.read(store, RUN, 10, 100, PLENTY) == []


async def test_a_page_is_cut_off_at_its_size(store: Connection) -> None:
    two_events = sum(len(event) for event in events(1, 2))

    assert ids(await history.read(store, RUN, 1, 9, two_events)) == [1, 2]


async def test_an_event_larger_than_the_page_is_given_all_the_same(store: Connection) -> None:
    assert ids(await history.read(store, RUN, 5, 9, bytes_max=1)) == [5]


async def test_a_run_that_is_not_there_has_no_history(store: Connection) -> None:
    assert await history.read(store, str(UUID(int=9, version=4)), 1, 9, PLENTY) == []


async def test_a_history_longer_than_one_read_is_read_on(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "ROWS_PER_READ_MAX", 2)

    assert ids(await history.read(store, RUN, 2, 9, PLENTY)) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_events_of_any_length_are_told_apart() -> None:
    given = [
        HistoryEvent(event_id=1),
        HistoryEvent(),
        HistoryEvent(event_id=3, worker_may_ignore=True),
        HistoryEvent(event_id=4),
    ]
    given[3].workflow_execution_signaled_event_attributes.signal_name = "x" * 100_000

    found = list(history.split(History(events=given).SerializeToString()))

    assert found == [event.SerializeToString() for event in given]
