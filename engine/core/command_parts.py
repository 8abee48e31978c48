"""What commands have in common: names, queues, times and policies, and how each is refused."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause

from engine.core import retry
from engine.core.keys import is_reserved
from engine.core.limits import Limits
from engine.core.state import RunState
from engine.protocol.ids import is_uuid

RESERVED_QUEUE_PREFIX = "/_sys/"
# A task that is held writes three events when it completes.
COMPLETION_EVENTS_MAX = 3


class Refusal(NamedTuple):
    cause: Cause.ValueType
    message: str
    # Sending it again would not help: the run is terminated.
    is_final: bool = False

    @property
    def words(self) -> str:
        if self.cause == Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND:
            return self.message
        name = Cause.Name(self.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")
        return f"{''.join(word.capitalize() for word in name.split('_'))}: {self.message}"


class Review:
    """What the commands seen so far would have done."""

    def __init__(self, state: RunState, limits: Limits, endpoints: Container[str] = ()) -> None:
        self.state = state
        self.limits = limits
        self.endpoints = endpoints
        self.commands = 0
        self.activity_ids = set[str]()
        self.canceled_activities = set[int]()
        self.timer_ids = set[str]()
        self.canceled_timer_ids = set[str]()
        self.activities = len(state.activities)
        self.children = len(state.children)
        self.signals = len(state.signals_out)
        self.cancels = len(state.cancels_out)
        self.operations = len(state.operations)
        self.canceled_operations = set[int]()


def names(seen: Review, cause: Cause.ValueType, **names: str) -> Refusal | None:
    """Each is set, no longer than an id may be, and such as the store can keep."""
    for name, value in names.items():
        if not value:
            return Refusal(cause, f"{name} is not set on command.")
    return bounds(seen, cause, **names)


def bounds(seen: Review, cause: Cause.ValueType, **names: str) -> Refusal | None:
    for name, value in names.items():
        if len(value) > seen.limits.id_length_max:
            return Refusal(cause, f"{name} on command exceeds length limit.")
        if "\0" in value:
            return Refusal(cause, f"{name} on command contains a NUL character.")
        if name == "WorkflowId" and is_reserved(value):
            return Refusal(cause, f"{name} on command begins with a reserved prefix.")
    return None


def queue(seen: Review, cause: Cause.ValueType, name: str) -> Refusal | None:
    if name.startswith(RESERVED_QUEUE_PREFIX):
        return Refusal(
            cause, f"task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"
        )
    return bounds(seen, cause, TaskQueue=name)


def times(cause: Cause.ValueType, attributes: Any, *fields: str) -> Refusal | None:
    for field in fields:
        if getattr(attributes, field).ToNanoseconds() < 0:
            return Refusal(cause, f"Invalid {field} on command: negative duration")
    return None


def policy(cause: Cause.ValueType, given: RetryPolicy) -> Refusal | None:
    problem = retry.problem(given)
    return Refusal(cause, problem) if problem else None


def run_id(cause: Cause.ValueType, run_id: str) -> Refusal | None:
    if run_id and not is_uuid(run_id):
        return Refusal(cause, "Invalid RunId set on command.")
    return None
