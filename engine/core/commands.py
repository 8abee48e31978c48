"""May a worker's commands be carried out? Looked at as a whole, before the first one changes state.

A task whose commands are refused fails with the refusal's cause, and its commands are as if
they had never been sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType as C
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause

from engine.core import cron
from engine.core.limits import Limits
from engine.core.state import RunState


class Refusal(NamedTuple):
    cause: Cause.ValueType
    message: str
    # Sending it again would not help: the run is terminated.
    is_final: bool = False


class Review:
    """What the commands seen so far would have done."""

    def __init__(self, state: RunState, limits: Limits) -> None:
        self.state = state
        self.limits = limits
        self.commands = 0
        self.activity_ids = set[str]()
        self.timer_ids = set[str]()
        self.canceled_timer_ids = set[str]()
        self.activities = len(state.activities)
        self.children = len(state.children)
        self.signals = len(state.signals_out)
        self.cancels = len(state.cancels_out)


Checker = Callable[[Review, Any], Refusal | None]
# A task that is held writes three events when it completes.
COMPLETION_EVENTS_MAX = 3
CLOSING = frozenset(
    {
        C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
        C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
        C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
    }
)


def review(state: RunState, commands: list[Command], limits: Limits) -> Refusal | None:
    seen = Review(state, limits)
    for command in commands:
        seen.commands += 1
        field = command.WhichOneof("attributes")
        checker = CHECKERS.get(command.command_type)
        if checker is None:
            name = C.Name(command.command_type)
            return Refusal(
                Cause.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED, f"unsupported command {name}"
            )
        if field is None:
            return Refusal(
                Cause.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED,
                f"{C.Name(command.command_type)} has no attributes",
            )
        attributes = getattr(command, field)
        refusal = checker(seen, attributes) or _too_large(seen, command, attributes)
        if refusal is not None:
            return refusal
    if state.buffered and any(command.command_type in CLOSING for command in commands):
        return Refusal(Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, "UnhandledCommand")
    return None


_SIZED = {
    C.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: (
        "input", Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES),
    C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: (
        "result", Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: (
        "input", Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES),
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: (
        "input", Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: (
        "input", Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: (
        "upserted_memo",
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES),
}  # fmt: skip


def _too_large(seen: Review, command: Command, attributes: Any) -> Refusal | None:
    if command.command_type not in _SIZED:
        return None
    field, cause = _SIZED[command.command_type]
    if getattr(attributes, field).ByteSize() <= seen.limits.payload_bytes_max:
        return None
    named = f"{type(attributes).__name__}.{field} exceeds size limit."
    return Refusal(cause, named, is_final=True)


def _fine(seen: Review, attributes: Any) -> Refusal | None:
    return None


def _activity(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES
    activity_id = attributes.activity_id
    named = (("ActivityId", activity_id), ("ActivityType", attributes.activity_type.name),
             ("TaskQueue", attributes.task_queue.name))  # fmt: skip
    for word, value in named:
        if not value:
            return Refusal(cause, f"{word} is not set on ScheduleActivityTaskCommand.")
    if not (
        attributes.schedule_to_close_timeout.ToNanoseconds()
        or attributes.start_to_close_timeout.ToNanoseconds()
    ):
        return Refusal(
            cause,
            "A valid StartToClose or ScheduleToCloseTimeout is not set on "
            f"ScheduleActivityTaskCommand. ActivityId={activity_id} "
            f"ActivityType={attributes.activity_type.name}",
        )
    if activity_id in seen.activity_ids or activity_id in seen.state.activity_ids:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_SCHEDULE_ACTIVITY_DUPLICATE_ID,
            f"activity id {activity_id!r} is in use",
        )
    seen.activity_ids.add(activity_id)
    seen.activities += 1
    if seen.activities > seen.limits.pending_activities_max:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_ACTIVITIES_LIMIT_EXCEEDED,
            f"the number of pending activities, {seen.limits.pending_activities_max}, has reached "
            "the per-workflow limit",
        )
    return None


def _cancel_activity(seen: Review, attributes: Any) -> Refusal | None:
    # It may have been scheduled by a command just before this one.
    end = seen.state.next_event_id + COMPLETION_EVENTS_MAX + seen.commands
    if not 0 < attributes.scheduled_event_id < end:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES,
            f"no activity was scheduled by event {attributes.scheduled_event_id}",
        )
    return None


def _timer(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES
    if not attributes.timer_id:
        return Refusal(cause, "TimerId is not set on StartTimerCommand.")
    if (
        not attributes.HasField("start_to_fire_timeout")
        or attributes.start_to_fire_timeout.ToNanoseconds() < 0
    ):
        return Refusal(
            cause,
            "An invalid StartToFireTimeout is set on StartTimerCommand. "
            f"TimerId={attributes.timer_id}",
        )
    pending = attributes.timer_id in seen.state.timers
    if attributes.timer_id in seen.timer_ids or (
        pending and attributes.timer_id not in seen.canceled_timer_ids
    ):
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_START_TIMER_DUPLICATE_ID,
            f"timer id {attributes.timer_id!r} is in use",
        )
    seen.timer_ids.add(attributes.timer_id)
    return None


def _cancel_timer(seen: Review, attributes: Any) -> Refusal | None:
    timer_id = attributes.timer_id
    fired_unseen = any(
        event.timer_fired_event_attributes.timer_id == timer_id for event in seen.state.buffered
    )
    if timer_id in seen.timer_ids or timer_id in seen.state.timers or fired_unseen:
        seen.timer_ids.discard(timer_id)
        seen.canceled_timer_ids.add(timer_id)
        return None
    return Refusal(
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES,
        f"timer {timer_id!r} is not pending",
    )


def _child(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES
    if not attributes.workflow_id:
        return Refusal(cause, "Required field WorkflowId is not set on command.")
    if not attributes.workflow_type.name:
        return Refusal(cause, "Required field WorkflowType is not set on command.")
    try:
        cron.check(attributes.cron_schedule)
    except cron.CronError as problem:
        return Refusal(cause, str(problem))
    seen.children += 1
    if seen.children > seen.limits.pending_children_max:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED,
            "the number of pending child workflow executions, "
            f"{seen.limits.pending_children_max}, has reached the per-workflow limit",
        )
    return None


def _signal_external(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES
    if not attributes.execution.workflow_id:
        return Refusal(cause, "WorkflowId is not set on SignalExternalWorkflowExecutionCommand.")
    if not attributes.signal_name:
        return Refusal(cause, "SignalName is not set on SignalExternalWorkflowExecutionCommand.")
    seen.signals += 1
    if seen.signals > seen.limits.pending_signals_out_max:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_SIGNALS_LIMIT_EXCEEDED,
            f"the number of pending signals to external workflows, "
            f"{seen.limits.pending_signals_out_max}, has reached the per-workflow limit",
        )
    return None


def _cancel_external(seen: Review, attributes: Any) -> Refusal | None:
    if not attributes.workflow_id:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES,
            "WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand.",
        )
    seen.cancels += 1
    if seen.cancels > seen.limits.pending_cancels_out_max:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED,
            f"the number of pending requests to cancel external workflows, "
            f"{seen.limits.pending_cancels_out_max}, has reached the per-workflow limit",
        )
    return None


def _fail(seen: Review, attributes: Any) -> Refusal | None:
    if not attributes.HasField("failure"):
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES,
            "Failure is not set on FailWorkflowExecutionCommand.",
        )
    return None


def _marker(seen: Review, attributes: Any) -> Refusal | None:
    if not attributes.marker_name:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES,
            "MarkerName is not set on RecordMarkerCommand.",
        )
    return None


def _attributes(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES
    fields = attributes.search_attributes.indexed_fields
    limits = seen.limits
    if not fields:
        return Refusal(cause, "IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.")
    if len(fields) > limits.search_attributes_count_max:
        return Refusal(cause, f"more than {limits.search_attributes_count_max} search attributes")
    for name, payload in fields.items():
        if len(payload.data) > limits.search_attribute_value_bytes_max:
            return Refusal(cause, f"search attribute {name} exceeds size limit")
    return None


CHECKERS: dict[int, Checker] = {
    C.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: _activity,
    C.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK: _cancel_activity,
    C.COMMAND_TYPE_START_TIMER: _timer,
    C.COMMAND_TYPE_CANCEL_TIMER: _cancel_timer,
    C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: _fine,
    C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: _fail,
    C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: _fine,
    C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: _fine,
    C.COMMAND_TYPE_RECORD_MARKER: _marker,
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: _child,
    C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: _signal_external,
    C.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION: _cancel_external,
    C.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: _attributes,
    C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: _fine,
    C.COMMAND_TYPE_PROTOCOL_MESSAGE: _fine,
}
