"""One step under way: numbers the facts, applies them, and gathers what is asked of the shell.

Transitions read `turn.state` and never write it: `add`, `record` and `mark` do, through `apply`.
"""

from __future__ import annotations

from typing import NamedTuple

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from engine.core import scheduled
from engine.core.apply import apply, apply_mark
from engine.core.effects import Effect, Reply
from engine.core.limits import Limits
from engine.core.marks import Buffered, Flushed, Mark, Withdrawn
from engine.core.rules import Rules
from engine.core.state import Activity, Child, Operation, RunState, WorkflowTask


class Marked(NamedTuple):
    """`mark` was made when `after_event_id` was the last event."""

    after_event_id: int
    mark: Mark


_STARTS = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED: (
        "activity_task_started_event_attributes",
        "scheduled_event_id",
    ),
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED: (
        "child_workflow_execution_started_event_attributes",
        "initiated_event_id",
    ),
}


def wire(event: HistoryEvent, started_ids: dict[int, int]) -> None:
    """Give the end of an activity or child the id of its start, where both were held back.

    `started_ids` maps the scheduled or initiated event to the started one.
    """
    if start := _STARTS.get(event.event_type):
        started_ids[getattr(getattr(event, start[0]), start[1])] = event.event_id
        return
    field = event.WhichOneof("attributes")
    attributes = getattr(event, field) if field else None
    if attributes is None or getattr(attributes, "started_event_id", None) != 0:
        return
    head = getattr(attributes, "scheduled_event_id", 0) or getattr(
        attributes, "initiated_event_id", 0
    )
    attributes.started_event_id = started_ids.get(head, 0)


class Left(NamedTuple):
    task: WorkflowTask | None
    activities: list[tuple[int, Activity]]
    children: list[Child]
    operations: list[Operation]


class Turn:
    def __init__(self, state: RunState, at: int, limits: Limits, rules: Rules = ()) -> None:
        self.state = state
        self.at = at
        self.limits = limits
        self.rules = rules
        # Whose event is made next: it has what the worker says of it.
        self.command: Command | None = None
        self.events: list[HistoryEvent] = []
        self.marks: list[Marked] = []
        self.effects: list[Effect] = []
        # What was pending when the run closed, for those who clear up after it.
        self.left: Left | None = None
        # A run made by a reset takes its place, with those who wait for its end.
        self.is_displaced = False

    def new(self, event_type: EventType.ValueType, at: int = 0) -> HistoryEvent:
        """An event without its number yet; `add` or `record` it when it is filled in."""
        event = HistoryEvent(event_type=event_type)
        event.event_time.FromNanoseconds(at or self.at)
        if self.command is not None:
            if self.command.HasField("user_metadata"):
                event.user_metadata.CopyFrom(self.command.user_metadata)
            event.event_group_markers.extend(self.command.event_group_markers)
            self.command = None
        return event

    def add(self, event: HistoryEvent) -> HistoryEvent:
        event.event_id = self.state.next_event_id
        apply(self.state, event)
        self.events.append(event)
        return event

    def close(self, event: HistoryEvent) -> None:
        state = self.state
        self.left = Left(
            state.task,
            list(state.activities.items()),
            list(state.children.values()),
            list(state.operations.values()),
        )
        self.add(event)

    def record(self, event: HistoryEvent) -> None:
        """Add the event, or hold it back while a worker runs a workflow task."""
        task = self.state.task
        if task is not None:
            if task.started_at:
                self.mark(Buffered(event=event))
                return
            if task.speculative:
                self.write_down(task)
        self.add(event)

    def write_down(self, task: WorkflowTask, attempt: int = 1) -> None:
        """Give a held task the event that says when it was scheduled."""
        self.add(
            scheduled.event(self.state, task.queue, task.scheduled_at, attempt, sticky=task.sticky)
        )

    def withdraw_timer_fired(self, timer_id: str) -> int:
        """Drop a held-back TimerFired; the id of its TimerStarted, or 0 if there was none."""
        for event in self.state.buffered:
            fired = event.timer_fired_event_attributes
            if fired.timer_id == timer_id:
                self.mark(Withdrawn(timer_id=timer_id))
                return fired.started_event_id
        return 0

    def flush(self) -> list[HistoryEvent]:
        """Write what was held back while a workflow task ran."""
        held_back = list(self.state.buffered)
        if not held_back:
            return []
        self.mark(Flushed())
        started_ids: dict[int, int] = {}
        for held in held_back:
            # Its mark may be of this turn too, and is to be kept as it was.
            event = HistoryEvent()
            event.CopyFrom(held)
            event.event_id = self.state.next_event_id
            wire(event, started_ids)
            self.add(event)
        return held_back

    def mark(self, mark: Mark) -> None:
        apply_mark(self.state, mark)
        self.marks.append(Marked(self.state.last_event_id, mark))

    def ask(self, effect: Effect) -> None:
        self.effects.append(effect)

    def reply(self, value: object) -> None:
        self.effects.append(Reply(value))
