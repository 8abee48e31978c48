"""What somebody asked of a run from outside, as its history tells: whoever they were, by whichever
door they came.

What the engine does by itself (policies, schedules) and what other workflows ask for is no act of
a person. A reset copies a history: what stands before it was done to another run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from temporalio.api.enums.v1 import WorkflowTaskFailedCause

from console.gateway import events, once, versions
from console.gateway.events import Event

ITSELF = ("history-", "temporal-scheduler-", "temporal-sys-", "worker-service")
RESET = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
ACTIVITY = ("ActivityTaskCompleted", "ActivityTaskFailed")
#: event -> the verb, and where its message keeps a name and a reason
VERBS = {
    "WorkflowExecutionSignaled": ("run.signal", "signal_name", ""),
    "WorkflowExecutionTerminated": ("run.terminate", "", "reason"),
    "WorkflowExecutionCancelRequested": ("run.cancel", "", "cause"),
    "WorkflowExecutionPaused": ("run.pause", "", "reason"),
    "WorkflowExecutionUnpaused": ("run.resume", "", "reason"),
    "WorkflowExecutionUpdateAccepted": ("run.update", "accepted_request.input.name", ""),
    "WorkflowExecutionOptionsUpdated": (
        "run.version",
        "versioning_override.pinned.version.build_id",
        "",
    ),
    "WorkflowTaskFailed": ("run.reset", "", "failure.message"),
    "ActivityTaskCompleted": ("activity.complete", "", ""),
    "ActivityTaskFailed": ("activity.fail", "", ""),
}
SAYS_LENGTH_MAX = 500
NAME_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class Asked:
    event_id: int
    at: datetime
    verb: str
    #: of the signal, the update, the activity
    name: str
    identity: str
    reason: str
    #: what the caller sent along to be known by
    ids: frozenset[str]


def asked(history: Iterable[Event]) -> list[Asked]:
    """Oldest first."""
    known = sorted(history, key=lambda event: event.id)
    began = next((i for i in reversed(range(len(known))) if _is_reset(known[i])), 0)
    by_id = {event.id: event for event in known}
    found = (_asked(event, by_id) for event in known[began:])
    return [one for one in found if one is not None and not _by_itself(one)]


def _asked(event: Event, by_id: dict[int, Event]) -> Asked | None:
    if event.kind not in VERBS or not _is_from_outside(event, by_id):
        return None
    verb, named, says = VERBS[event.kind]
    opened = by_id.get(event.head) if event.kind in ACTIVITY else None
    identity = events.identity(event)
    ids = {*events.asked_under(event), *once.carried(event).split(), *identity.split()}
    return Asked(
        event.id,
        event.at,
        verb,
        (events.name(opened) if opened else events.text(event, named))[:NAME_LENGTH_MAX],
        identity,
        events.text(event, says)[:SAYS_LENGTH_MAX],
        frozenset(one.strip("()\"'") for one in ids if one),
    )


def _by_itself(one: Asked) -> bool:
    """A reset is always somebody's; the engine signs it where they gave no name."""
    return one.verb != "run.reset" and one.identity.startswith(ITSELF)


def _is_from_outside(event: Event, by_id: dict[int, Event]) -> bool:
    if event.kind == "WorkflowTaskFailed":
        return _is_reset(event)
    if event.kind in ACTIVITY:
        return _by_hand(event, by_id)
    if event.kind == "WorkflowExecutionOptionsUpdated":
        return versions.is_said_in(event.attributes)
    return not _by_a_workflow(event)


def _by_a_workflow(event: Event) -> bool:
    return bool(events.text(event, "external_workflow_execution.workflow_id"))


def _is_reset(event: Event) -> bool:
    return event.kind == "WorkflowTaskFailed" and event.attributes.cause == RESET


def _by_hand(event: Event, by_id: dict[int, Event]) -> bool:
    """By another than the worker that began it; or nobody had begun it, and the engine says so by
    a start without a request.
    """
    started = by_id.get(event.attributes.started_event_id)
    if started is None or started.kind != "ActivityTaskStarted":
        return False
    is_made_up = not events.text(started, "request_id")
    return is_made_up or events.identity(started) != events.identity(event)
