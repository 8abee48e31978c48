"""History events -> groups: an activity with all its events is one, so is a timer, a child, a
signal.

A group is classified by its *outcome*, not by the event that opened it. What the history does not
say
(attempts that failed and will be tried again) comes from the run's pending activities; an event
that
closes a group always beats them, in whatever order the two were read. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.gateway import events as gateway
from console.gateway.events import Event
from console.gateway.runs import PendingActivity
from console.ui import words

CLOSING = frozenset(
    {
        "completed",
        "failed",
        "timed-out",
        "canceled",
        "terminated",
        "start-failed",
        "continued-as-new",
    }
)
POINTS = frozenset({"signal", "marker", "run", "other"})
#: category -> the icon of the sheet
ICONS = {
    "activity": "k-activity",
    "timer": "k-timer",
    "child": "k-child",
    "signal": "k-signal",
    "external": "k-signal",
    "external-cancel": "k-signal",
    "update": "k-update",
    "marker": "k-marker",
    "nexus": "k-child",
    "task": "k-task",
    "run": "k-run",
    "other": "k-marker",
}
KINDS = {
    "activity": "Activity",
    "timer": "Timer",
    "child": "Child",
    "signal": "Signal",
    "external": "Signal sent",
    "external-cancel": "Cancellation sent",
    "update": "Update",
    "marker": "Marker",
    "nexus": "Nexus operation",
    "task": "Workflow task",
    "run": "Run",
    "other": "Other",
}


@dataclass(slots=True)
class Group:
    head: Event
    events: list[Event] = field(default_factory=list)
    pending: PendingActivity | None = None
    #: When the run ended, where it did so before this did.
    left_at: datetime | None = None

    @property
    def id(self) -> int:
        return self.head.id

    @property
    def category(self) -> str:
        return self.head.category

    @property
    def closing(self) -> Event | None:
        return next((event for event in reversed(self.events) if event.step in CLOSING), None)

    @property
    def started(self) -> Event | None:
        return next((event for event in reversed(self.events) if event.step == "started"), None)

    @property
    def outcome(self) -> str:
        """completed, failed, timed-out, canceled, terminated; left, by a run that ended first.

        Open ones: running, retrying, paused.
        """
        closing = self.closing
        if closing is not None:
            return {"start-failed": "failed", "continued-as-new": "completed"}.get(
                closing.step, self._failed_update(closing) or closing.step
            )
        if self.category in POINTS:
            return self.head.step if self.head.step == "cancel-requested" else "completed"
        if self.left_at is not None:
            return "left"
        if self.pending is not None:
            return (
                "paused"
                if self.pending.paused
                else "retrying"
                if self.pending.failing
                else "running"
            )
        return "running"

    @staticmethod
    def _failed_update(closing: Event) -> str:
        is_update = closing.category == "update"
        return "failed" if is_update and gateway.failure(closing) is not None else ""

    @property
    def is_open(self) -> bool:
        return self.outcome in {"running", "retrying", "paused"}

    @property
    def attempt(self) -> int:
        if self.closing is None and self.pending is not None:
            return self.pending.attempt
        return gateway.attempt(self.started) if self.started is not None else 1

    @property
    def ended_at(self) -> datetime | None:
        return self.closing.at if self.closing else self.left_at

    @property
    def fires_at(self) -> datetime | None:
        """When an open timer will fire."""
        delay = gateway.delay(self.head) if self.head.kind == "TimerStarted" else None
        return self.head.at + delay if delay is not None else None

    @property
    def name(self) -> str:
        if self.category == "timer":
            return f"timer of {words.span(gateway.delay(self.head) or timedelta())}"
        if self.category == "child":
            return gateway.text(self.head, "workflow_id")
        if self.category == "run":
            return f"Run {self.head.step.replace('-', ' ')}"
        return gateway.name(self.head)


def grouped(events: Sequence[Event], pending: Iterable[PendingActivity] = ()) -> list[Group]:
    """In the order of their heads. A follower whose head was not read yet waits for it."""
    groups: dict[int, Group] = {}
    for event in events:
        if event.head == event.id:
            groups[event.id] = Group(event, [event])
        elif event.head in groups:
            groups[event.head].events.append(event)
    _merge(groups, pending)
    if events and events[-1].category == "run" and events[-1].step in CLOSING:
        for group in groups.values():
            group.left_at = events[-1].at
    return list(groups.values())


def _merge(groups: dict[int, Group], pending: Iterable[PendingActivity]) -> None:
    waiting = {activity.id: activity for activity in pending}
    if not waiting:
        return
    for group in groups.values():
        if group.category == "activity" and group.closing is None:
            group.pending = waiting.get(gateway.text(group.head, "activity_id"))


def shown(groups: Sequence[Group], categories: frozenset[str], tasks: bool) -> list[Group]:
    """Workflow tasks and the run's own start are left out unless asked for."""
    hidden = frozenset() if tasks else frozenset({"task"})
    return [
        group
        for group in groups
        if group.category not in hidden
        and (not categories or group.category in categories)
        and group.head.kind != "WorkflowExecutionStarted"
    ]


def is_quiet(group: Group, types: frozenset[str]) -> bool:
    """Of a type that says little, and ended well."""
    return group.category == "activity" and group.name in types and group.outcome == "completed"


def near(groups: Sequence[Group], event_id: int) -> Group | None:
    return next((group for group in groups if any(e.id == event_id for e in group.events)), None)
