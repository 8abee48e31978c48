"""What a batch has promised, let out once its commit has returned, in one place.

Until then it is data. If the commit fails nobody is told anything but that it failed.

Workflow tasks alone go ahead of it, with the history that they need. What a worker makes of one
counts only when its completion comes, and that is held against the start that is stored then, down
to its time: a start that never was has no completion. Meanwhile the worker works, and the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from engine.core.effects import Delivery, DropTask, OfferTask, Refuse, WorkflowTaskStarted
from engine.core.keys import QueueKey
from engine.core.state import RunState
from engine.errors import EngineError
from engine.ports import Reservation, Task
from engine.shards.batch import Batch
from engine.shards.cache import Entry
from engine.shards.works import Watch, Work

if TYPE_CHECKING:
    from engine.shards.actor import Writer


class Release:
    def __init__(self, writer: Writer, batch: Batch) -> None:
        self._writer = writer
        self._batch = batch
        self._answers: list[tuple[Work, object]] = []
        self._refusals: list[tuple[Work, EngineError]] = []
        self._questions: list[tuple[Work, Entry, Callable[[RunState], Any]]] = []
        self._watches: list[tuple[Watch, Entry, Callable[[RunState], bool]]] = []
        self._offers: dict[tuple[str, str, int], tuple[Entry, OfferTask]] = {}
        self._reserved: list[tuple[Entry, OfferTask, Reservation, object]] = []
        self._deliveries: list[tuple[Entry, Delivery]] = []
        self._withdrawn: list[tuple[Entry, QueueKey, int]] = []
        self._touched: dict[str, Entry] = {}
        self._looked_at: set[str] = set()
        self._deleted: list[str] = []

    def touch(self, entry: Entry) -> None:
        """The run is about to be stepped."""
        self._touched[entry.state.key.run_id] = entry

    def answer(self, work: Work, value: object) -> None:
        self._answers.append((work, value))

    def task(self, work: Work, entry: Entry, started: WorkflowTaskStarted, *, sticky: bool) -> None:
        """A workflow task, for the poller that asked for it."""
        ready = _with_history(entry, started, sticky=sticky)
        if ready is None:
            self.answer(work, started)
        else:
            _tell(work, ready)

    def refuse(self, work: Work, why: EngineError) -> None:
        self._refusals.append((work, why))

    def ask(self, work: Work, entry: Entry, question: Callable[[RunState], Any]) -> None:
        self._questions.append((work, entry, question))
        self._looked_at.add(entry.state.key.run_id)

    def watch(self, work: Watch, entry: Entry, satisfied: Callable[[RunState], bool]) -> None:
        self._watches.append((work, entry, satisfied))
        self._looked_at.add(entry.state.key.run_id)

    def offer(self, entry: Entry, effect: OfferTask) -> None:
        self._offers[entry.state.key.run_id, effect.queue.kind, effect.event_id] = (entry, effect)

    def dropped(self, entry: Entry, effect: DropTask) -> None:
        """The task has been taken, or is of no use: matching need not hold it any more."""
        self._offers.pop((entry.state.key.run_id, effect.kind, effect.event_id), None)
        queue = entry.offered.pop((effect.kind, effect.event_id), None)
        if queue is not None:
            self._withdrawn.append((entry, queue, effect.event_id))

    def reserved(
        self, entry: Entry, effect: OfferTask, reservation: Reservation, started: object
    ) -> None:
        """The task is that of the poller that waited for it."""
        if isinstance(started, WorkflowTaskStarted):
            ready = _with_history(entry, started, sticky=started.sticky)
            if ready is not None:
                reservation.fulfil(entry.state.key, ready)
                return
        self._reserved.append((entry, effect, reservation, started))

    def delivery(self, entry: Entry, effect: Delivery) -> None:
        self._deliveries.append((entry, effect))

    def deleted(self, entry: Entry) -> None:
        self._deleted.append(entry.state.key.run_id)

    def concerns(self, run_id: str) -> bool:
        """Whether somebody is to be told of that run as it is after this batch."""
        return run_id in self._touched or run_id in self._looked_at

    def give_up(self) -> None:
        """The commit failed."""
        for _, _, reservation, _ in self._reserved:
            reservation.return_()
        for entry in self._touched.values():
            self._writer.cache.drop(entry.state.key)

    def let_out(self) -> None:
        for entry in self._touched.values():
            self._keep(entry)
        for entry, _, reservation, started in self._reserved:
            reservation.fulfil(entry.state.key, started)
        self._tell_callers()
        self._tell_matching()
        for entry, delivery in self._deliveries:
            if not self._writer.deliver(entry.state.key, delivery):
                self._writer.has_left_deliveries = True
        for entry in self._touched.values():
            self._writer.watchers.notify(entry.state)
        for run_id in self._deleted:
            self._writer.watchers.forget(run_id)
        if self._batch.has_records and self._writer.on_records is not None:
            self._writer.on_records()

    def _keep(self, entry: Entry) -> None:
        state = entry.state
        entry.is_new = False
        self._writer.cache.weigh(entry)
        if state.is_running and state.armed_at:
            self._writer.wakes.add(state.key, state.armed_at)

    def _tell_callers(self) -> None:
        for work, value in self._answers:
            _tell(work, value)
        for work, why in self._refusals:
            if not work.answer.done():
                work.answer.set_exception(why)
        for work, entry, question in self._questions:
            _answer_question(work, entry, question)
        for watch, entry, satisfied in self._watches:
            self._writer.watchers.add(entry.state, satisfied, watch.answer)

    def _tell_matching(self) -> None:
        matching = self._writer.matching
        for entry, queue, event_id in self._withdrawn:
            matching.withdraw(queue, entry.state.key, event_id)
        for entry, effect in self._offers.values():
            entry.offered[effect.queue.kind, effect.event_id] = effect.queue
            matching.offer(task_of(entry, effect, self._batch.at))


def _with_history(
    entry: Entry, started: WorkflowTaskStarted, *, sticky: bool
) -> WorkflowTaskStarted | None:
    """None where some of it is in the store only."""
    first = started.previous_started_event_id + 1 if sticky else 1
    events = entry.events(first, started.last_event_id)
    if events is None:
        return None
    return msgspec.structs.replace(started, events_from=first, events=tuple(events))


def task_of(entry: Entry, effect: OfferTask, at: int) -> Task:
    urgency = effect.urgency
    return Task(
        run=entry.state.key,
        queue=effect.queue,
        event_id=effect.event_id,
        attempt=effect.attempt,
        priority=urgency.priority,
        key=urgency.key,
        weight=urgency.weight,
        sticky=effect.sticky,
        offered_at=at,
        prefers_ramp=effect.prefers_ramp,
    )


def _tell(work: Work, value: object) -> None:
    if work.answer.done():
        return
    if isinstance(value, Refuse):
        work.answer.set_exception(value.error)
    else:
        work.answer.set_result(value)


def _answer_question(work: Work, entry: Entry, question: Callable[[RunState], Any]) -> None:
    if work.answer.done():
        return
    try:
        work.answer.set_result(question(entry.state))
    except Exception as problem:  # noqa: BLE001  it is the asker's, not the writer's
        work.answer.set_exception(problem)
