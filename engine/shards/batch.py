"""Batch: the steps of one commit, folded into one write. No I/O.

A run that was stepped five times in a batch costs one history row; a task that was offered and
started in the same batch costs none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.core.effects import Delivery, DropTask, EmitRecord, OfferTask
from engine.core.keys import is_reserved
from engine.core.marks import ActivityRetried, Mark, StartedBy
from engine.core.step import Step
from engine.core.visibility import record_of
from engine.protocol import wire
from engine.shards.cache import Entry
from engine.store import attempts
from engine.store.codec import encode_delivery, encode_marks, encode_state
from engine.store.commit import PREFERS_RAMP, ShardWrite
from search.records import VisibilityRecord

WORKS_MAX = 256
BYTES_MAX = 16 * 1024 * 1024
#: A snapshot is made after so many facts, or later where the state is large: the cost of it,
#: spread over the facts, must not grow with the run.
SNAPSHOT_FACTS_MIN = 500
SNAPSHOT_BYTES_PER_FACT = 200
#: A closed run with no more events than this is rebuilt from them; it needs no snapshot, unless it
#: was reset, or those who waited for its end were told, or it is without a workflow: no event
#: says so.
CLOSED_REPLAYED_EVENTS_MAX = 200
DELIVER = "deliver"
#: Higher than any version that a run can reach.
DELETED_VERSION = 2**62

TaskKey = tuple[str, str, int]


@dataclass(slots=True)
class Change:
    entry: Entry
    first_event_id: int
    first_mark: int
    events: list[bytes] = field(default_factory=list)
    marks: list[tuple[int, Mark]] = field(default_factory=list)
    shown: bool = False


class Batch:
    def __init__(self, at: int, *, outbox: bool) -> None:
        self.at = at
        self.changes: dict[str, Change] = {}
        self._tasks: dict[TaskKey, tuple[object, ...]] = {}
        self._tasks_gone: dict[TaskKey, None] = {}
        self._deleted: list[VisibilityRecord] = []
        self._write = ShardWrite(outbox=outbox)
        # Bytes of events so far.
        self.size = 0
        self.events_count = 0

    @property
    def has_records(self) -> bool:
        return bool(self._write.records)

    def add(self, entry: Entry, step: Step) -> None:
        """Must be called right after the step."""
        state = entry.state
        change = self.changes.get(state.key.run_id)
        if change is None:
            change = Change(
                entry,
                state.next_event_id - len(step.events),
                state.marks_count - len(step.marks),
            )
            self.changes[state.key.run_id] = change
        for event in step.events:
            serialised = event.SerializeToString()
            change.events.append(serialised)
            entry.remember(serialised)
            self.size += len(serialised)
        self.events_count += len(step.events)
        change.marks.extend(marked for marked in step.marks if type(marked.mark) is not StartedBy)
        entry.facts_since_snapshot += len(step.events) + len(step.marks)
        for effect in step.effects:
            if type(effect) is EmitRecord:
                change.shown = True

    def offer(self, entry: Entry, effect: OfferTask) -> None:
        key = entry.state.key
        queue, urgency = effect.queue, effect.urgency
        task_key = (key.run_id, queue.kind, effect.event_id)
        self._tasks_gone.pop(task_key, None)
        self._tasks[task_key] = (
            entry.shard_id, *task_key, key.namespace_id, key.workflow_id, effect.attempt,
            queue.name, urgency.priority, urgency.key, urgency.weight, effect.sticky, self.at,
            PREFERS_RAMP if effect.prefers_ramp else None,
        )  # fmt: skip

    def deliver(self, entry: Entry, effect: Delivery) -> None:
        key = entry.state.key
        task_key = (key.run_id, DELIVER, effect.event_id)
        self._tasks[task_key] = (
            entry.shard_id, *task_key, key.namespace_id, key.workflow_id, 0, "", 0, "", 1.0,
            False,            self.at, encode_delivery(effect),
        )  # fmt: skip

    def drop(self, run_id: str, effect: DropTask) -> None:
        task_key = (run_id, effect.kind, effect.event_id)
        if self._tasks.pop(task_key, None) is None:
            self._tasks_gone[task_key] = None

    def delete(self, entry: Entry) -> None:
        state = entry.state
        self.changes.pop(state.key.run_id, None)
        self._write.runs_gone.append(state.key.run_id)
        gone = record_of(state, is_searched=False)
        fields = {name: getattr(gone, name) for name in gone.__struct_fields__}
        deleted = VisibilityRecord(**{**fields, "deleted": True, "version": DELETED_VERSION})
        self._write.records.append((entry.shard_id, deleted))

    def write(self) -> ShardWrite:
        """All that is to be stored; called once, when the last step is in."""
        write = self._write
        for run_id, change in self.changes.items():
            self._fold(run_id, change)
        write.tasks = list(self._tasks.values())
        write.tasks_gone = list(self._tasks_gone)
        return write

    def _fold(self, run_id: str, change: Change) -> None:
        write, entry = self._write, change.entry
        state = entry.state
        if change.events:
            write.history.append((run_id, change.first_event_id, wire.history(change.events)))
        if retried := [mark for _, mark in change.marks if type(mark) is ActivityRetried]:
            write.attempts.extend(attempts.rows_of(run_id, retried))
        keep_marks = self._keep_run(run_id, entry)
        if keep_marks and change.marks:
            write.marks.append((run_id, change.first_mark + 1, encode_marks(change.marks)))
        if change.shown:
            write.records.append((entry.shard_id, record_of(state)))

    def _keep_run(self, run_id: str, entry: Entry) -> bool:
        """Whether the marks of this batch are still needed."""
        write, state = self._write, entry.state
        snapshot = self._snapshot_of(entry)
        position = (state.last_event_id, state.marks_count) if snapshot else (0, 0)
        wake_at = state.armed_at if state.is_running else 0
        if entry.is_new:
            write.started.append((
                entry.shard_id, state.key.namespace_id, state.key.workflow_id, run_id,
                state.request_id, state.status, state.started_at, state.closed_at or None,
                wake_at or None,
            ))  # fmt: skip
            if snapshot:
                write.snapshots.append((run_id, snapshot, *position))
        elif not state.is_running:
            write.closed.append((run_id, state.status, state.closed_at, snapshot, *position))
        else:
            if self._must_store(wake_at, entry.stored_wake_at):
                write.woken.append((run_id, wake_at or None))
            else:
                wake_at = entry.stored_wake_at
            if snapshot:
                write.snapshots.append((run_id, snapshot, *position))
        entry.stored_wake_at = wake_at
        if state.is_running and snapshot is None:
            return True
        if not entry.is_new:
            write.marks_gone.append(run_id)
        return False

    def _must_store(self, wake_at: int, stored: int) -> bool:
        """A stored time that is too early does no harm until it comes, so it is left alone."""
        if stored == 0 or stored <= self.at:
            return wake_at != stored
        return 0 < wake_at < stored

    def _snapshot_of(self, entry: Entry) -> bytes | None:
        state = entry.state
        if not state.is_running:
            is_told = state.reset_run_id or any(each.answered_at for each in state.completions)
            is_short = state.last_event_id <= CLOSED_REPLAYED_EVENTS_MAX
            if is_short and not is_told and not is_reserved(state.key.workflow_id):
                return None
            return encode_state(state)
        bound = max(SNAPSHOT_FACTS_MIN, entry.snapshot_bytes // SNAPSHOT_BYTES_PER_FACT)
        if entry.facts_since_snapshot < bound:
            return None
        snapshot = encode_state(state)
        entry.facts_since_snapshot = 0
        entry.snapshot_bytes = len(snapshot)
        return snapshot
