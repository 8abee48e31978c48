"""What one commit carries: the steps of a run fold into the fewest rows."""

import pytest

from engine.core.effects import DropTask, OfferTask
from engine.shards import batch as batch_module
from engine.shards.batch import Batch
from engine.shards.cache import Entry
from engine.store.commit import ShardWrite
from tests.support import story as tell
from tests.support.story import NOON, SECOND, Story


class Told(Story):
    """A story of which each commit is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = Entry(self.state, shard_id=3, is_new=True)
        self.batch = Batch(self.at, outbox=False)

    def give(self, given: object) -> object:
        stepped = super().give(given)  # type: ignore[arg-type]
        self.batch.add(self.entry, stepped)
        for effect in stepped.effects:
            if isinstance(effect, OfferTask):
                self.batch.offer(self.entry, effect)
            elif isinstance(effect, DropTask):
                self.batch.drop(self.state.key.run_id, effect)
        return stepped

    def commit(self) -> ShardWrite:
        write = self.batch.write()
        self.entry.is_new = False
        self.batch = Batch(self.at, outbox=False)
        return write


@pytest.fixture
def told() -> Told:
    told = Told()
    told.start()
    return told


def test_a_run_stepped_often_in_a_batch_is_one_row_of_history(told: Told) -> None:
    told.signal()
    told.signal()
    write = told.commit()

    assert len(write.started) == 1
    assert [(row[0], row[1]) for row in write.history] == [(told.state.key.run_id, 1)]


def test_a_task_taken_in_its_own_batch_is_never_stored(told: Told) -> None:
    told.take_task()
    write = told.commit()

    assert write.tasks == []
    assert write.tasks_gone == []


def test_a_task_taken_later_is_deleted_then(told: Told) -> None:
    assert len(told.commit().tasks) == 1

    told.take_task()

    assert told.commit().tasks_gone == [(told.state.key.run_id, "workflow", 2)]


def test_a_run_that_starts_and_ends_in_one_batch_is_inserted_closed(told: Told) -> None:
    told.do(tell.complete_run())
    write = told.commit()

    assert len(write.started) == 1
    assert write.closed == []
    assert write.marks == []
    assert write.tasks == []


def test_a_run_that_ends_leaves_no_marks(told: Told) -> None:
    told.take_task()
    told.signal(request_id="seen")
    assert told.commit().marks != []

    told.finish_task(tell.complete_run())
    told.do(tell.complete_run()) if told.state.is_running else None
    write = told.commit()

    assert write.marks_gone == [told.state.key.run_id]
    assert len(write.closed) == 1


def test_a_stored_wake_up_that_is_too_early_stays_until_it_comes(told: Told) -> None:
    told.do(tell.start_timer(seconds=60))
    told.commit()
    first = told.entry.stored_wake_at
    assert first != 0

    told.signal()
    told.do(tell.cancel_timer())
    assert told.commit().woken == []
    assert told.entry.stored_wake_at == first

    woken_at(told, first + SECOND)
    ((_, moved),) = told.commit().woken
    assert moved > first + SECOND

    woken_at(told, moved)
    assert told.commit().woken == [(told.state.key.run_id, None)]


def woken_at(told: Told, at: int) -> None:
    told.at = at
    told.batch = Batch(at, outbox=False)
    told.wake()


def test_a_sooner_wake_up_is_stored(told: Told) -> None:
    told.do(tell.start_timer("late", seconds=600))
    told.commit()

    told.signal()
    told.do(tell.start_timer("soon", seconds=1))
    ((run_id, wake_at),) = told.commit().woken

    assert run_id == told.state.key.run_id
    assert wake_at == NOON + SECOND


def test_a_snapshot_replaces_the_marks(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.take_task()
    told.signal(request_id="one")
    told.commit()
    monkeypatch.setattr(batch_module, "SNAPSHOT_FACTS_MIN", 1)

    told.signal(request_id="two")
    write = told.commit()

    ((run_id, snapshot, event_id, mark),) = write.snapshots
    assert snapshot
    assert (event_id, mark) == (told.state.last_event_id, told.state.marks_count)
    assert write.marks == []
    assert write.marks_gone == [run_id]


def test_the_records_of_a_batch_are_of_its_shard(told: Told) -> None:
    ((shard_id, record),) = told.commit().records

    assert shard_id == 3
    assert record.run_id == told.state.key.run_id


def test_a_deleted_run_has_a_last_record(told: Told) -> None:
    told.do(tell.complete_run())
    told.commit()

    told.batch.delete(told.entry)
    write = told.commit()

    assert write.runs_gone == [told.state.key.run_id]
    assert write.records[-1][1].deleted


def test_nothing_done_is_nothing_written() -> None:
    assert Batch(0, outbox=True).write().is_empty
