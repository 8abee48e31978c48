"""May a worker's commands be carried out? Looked at as a whole, before the first one changes state.

A task whose commands are refused fails with the refusal's cause, and its commands are as if
they had never been sent.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from google.protobuf.message import Message
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType as C
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause
from temporalio.api.history.v1 import HistoryEvent

from engine.core import command_parts as parts
from engine.core import cron, operation_commands
from engine.core.command_parts import COMPLETION_EVENTS_MAX, Refusal, Review
from engine.core.limits import Limits
from engine.core.state import RunState
from engine.errors import InvalidArgument

_ENDS_OF_ACTIVITY = ("schedule_to_close_timeout", "start_to_close_timeout")
_ACTIVITY_TIMES = (*_ENDS_OF_ACTIVITY, "schedule_to_start_timeout", "heartbeat_timeout")
_RUN_TIMES = ("workflow_execution_timeout", "workflow_run_timeout", "workflow_task_timeout")
_NEXT_RUN_TIMES = ("workflow_run_timeout", "workflow_task_timeout", "backoff_start_interval")
Checker = Callable[[Review, Any], Refusal | None]
CLOSING = frozenset(
    {
        C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
        C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
        C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
    }
)


def review(
    state: RunState, commands: list[Command], limits: Limits, endpoints: Container[str] = ()
) -> Refusal | None:
    """Raises InvalidArgument where the request is no answer to a task; then that still runs.

    `endpoints`: the names of Nexus endpoints that there are, of those that the commands name.
    """
    _check_order(commands)
    seen = Review(state, limits, endpoints)
    for command in commands:
        seen.commands += 1
        field, checker, cause = CHECKERS[command.command_type]
        if command.WhichOneof("attributes") != field:
            return Refusal(cause, f"{field} is not set on command.")
        attributes = getattr(command, field)
        refusal = checker(seen, attributes) or _too_large(seen, command, attributes, cause)
        if refusal is not None:
            return refusal
    if state.buffered and any(command.command_type in CLOSING for command in commands):
        return Refusal(Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, "UnhandledCommand")
    return None


def _check_order(commands: list[Command]) -> None:
    for number, command in enumerate(commands, 1):
        if command.command_type not in CHECKERS:
            raise InvalidArgument(f"unknown command type {command.command_type}")
        if command.command_type in CLOSING and number < len(commands):
            raise InvalidArgument("invalid command sequence: a command follows the closing one")


# The parts of a command that carry what the workflow's code made; headers are not among them.
_SIZED: dict[int, tuple[str, ...]] = {
    C.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: ("input",),
    C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: ("result",),
    C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: ("failure",),
    C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: ("input", "memo"),
    C.COMMAND_TYPE_RECORD_MARKER: ("details",),
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: ("input", "memo"),
    C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: ("input",),
    C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: ("upserted_memo",),
    C.COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION: ("input",),
}
_MEMOS = ("memo", "upserted_memo")


def _too_large(
    seen: Review, command: Command, attributes: Any, cause: Cause.ValueType
) -> Refusal | None:
    limits = seen.limits
    if attributes.ByteSize() <= min(limits.payload_bytes_max, limits.memo_bytes_max):
        return None
    for field in _SIZED.get(command.command_type, ()):
        bound = limits.memo_bytes_max if field in _MEMOS else limits.payload_bytes_max
        if _size_of(getattr(attributes, field)) > bound:
            named = f"{type(attributes).__name__}.{field} exceeds size limit."
            return Refusal(cause, named, is_final=True)
    return None


def _size_of(part: Any) -> int:
    """Of a message, or of a marker's details, which are messages by name."""
    if isinstance(part, Message):
        return part.ByteSize()
    return sum(len(name) + payloads.ByteSize() for name, payloads in part.items())


def _fine(seen: Review, attributes: Any) -> Refusal | None:
    return None


def _activity(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES
    activity_id = attributes.activity_id
    refusal = (
        parts.names(
            seen, cause,
            ActivityId=activity_id,
            ActivityType=attributes.activity_type.name,
            TaskQueue=attributes.task_queue.name,
        )
        or parts.queue(seen, cause, attributes.task_queue.name)
        or parts.times(cause, attributes, *_ACTIVITY_TIMES)
        or parts.policy(cause, attributes.retry_policy)
    )  # fmt: skip
    if refusal is not None:
        return refusal
    if not any(getattr(attributes, name).ToNanoseconds() for name in _ENDS_OF_ACTIVITY):
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
    if _may_be_cancelled(seen, attributes.scheduled_event_id):
        seen.canceled_activities.add(attributes.scheduled_event_id)
        return None
    return Refusal(
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES,
        f"no activity of event {attributes.scheduled_event_id} is there to be cancelled",
    )


def _may_be_cancelled(seen: Review, scheduled_event_id: int) -> bool:
    """Once, while it is pending, or has ended and its worker could not know."""
    state = seen.state
    if scheduled_event_id in seen.canceled_activities:
        return False
    activity = state.activities.get(scheduled_event_id)
    if activity is not None:
        return not activity.cancel_requested
    # It may have been scheduled by a command just before this one.
    end = state.next_event_id + COMPLETION_EVENTS_MAX + seen.commands
    return state.next_event_id <= scheduled_event_id < end or any(
        _ended_activity(event) == scheduled_event_id for event in state.buffered
    )


def _ended_activity(event: HistoryEvent) -> int:
    """The event that scheduled the activity whose end this is; 0 if it is no such end."""
    field = event.WhichOneof("attributes") or ""
    if not field.startswith("activity_task_"):
        return 0
    return int(getattr(event, field).scheduled_event_id)


def _timer(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES
    refusal = parts.names(seen, cause, TimerId=attributes.timer_id) or parts.times(
        cause, attributes, "start_to_fire_timeout"
    )
    if refusal is not None:
        return refusal
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
    refusal = (
        parts.names(
            seen, cause,
            WorkflowId=attributes.workflow_id,
            WorkflowType=attributes.workflow_type.name,
        )
        or parts.queue(seen, cause, attributes.task_queue.name)
        or parts.times(cause, attributes, *_RUN_TIMES)
        or parts.policy(cause, attributes.retry_policy)
    )  # fmt: skip
    if refusal is not None:
        return refusal
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
    if not attributes.signal_name:
        return Refusal(cause, "SignalName is not set on command.")
    refusal = parts.names(seen, cause, WorkflowId=attributes.execution.workflow_id) or parts.run_id(
        cause, attributes.execution.run_id
    )
    if refusal is not None:
        return refusal
    seen.signals += 1
    if seen.signals > seen.limits.pending_signals_out_max:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_SIGNALS_LIMIT_EXCEEDED,
            f"the number of pending signals to external workflows, "
            f"{seen.limits.pending_signals_out_max}, has reached the per-workflow limit",
        )
    return None


def _cancel_external(seen: Review, attributes: Any) -> Refusal | None:
    cause = (
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES
    )
    refusal = parts.names(seen, cause, WorkflowId=attributes.workflow_id) or parts.run_id(
        cause, attributes.run_id
    )
    if refusal is not None:
        return refusal
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
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES
    return parts.names(seen, cause, MarkerName=attributes.marker_name)


def _next_run(seen: Review, attributes: Any) -> Refusal | None:
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES
    return (
        parts.bounds(seen, cause, WorkflowType=attributes.workflow_type.name)
        or parts.queue(seen, cause, attributes.task_queue.name)
        or parts.times(cause, attributes, *_NEXT_RUN_TIMES)
        or parts.policy(cause, attributes.retry_policy)
    )


def _properties(seen: Review, attributes: Any) -> Refusal | None:
    if not attributes.HasField("upserted_memo"):
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES,
            "UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.",
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


# By command: its attributes, who looks at them, and the cause where there are none.
CHECKERS: dict[int, tuple[str, Checker, Cause.ValueType]] = {
    C.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: (
        "schedule_activity_task_command_attributes", _activity,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES),
    C.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK: (
        "request_cancel_activity_task_command_attributes", _cancel_activity,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES),
    C.COMMAND_TYPE_START_TIMER: (
        "start_timer_command_attributes", _timer,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES),
    C.COMMAND_TYPE_CANCEL_TIMER: (
        "cancel_timer_command_attributes", _cancel_timer,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES),
    C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: (
        "complete_workflow_execution_command_attributes", _fine,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: (
        "fail_workflow_execution_command_attributes", _fail,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: (
        "cancel_workflow_execution_command_attributes", _fine,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: (
        "continue_as_new_workflow_execution_command_attributes", _next_run,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES),
    C.COMMAND_TYPE_RECORD_MARKER: (
        "record_marker_command_attributes", _marker,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES),
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: (
        "start_child_workflow_execution_command_attributes", _child,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: (
        "signal_external_workflow_execution_command_attributes", _signal_external,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION: (
        "request_cancel_external_workflow_execution_command_attributes", _cancel_external,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES),
    C.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: (
        "upsert_workflow_search_attributes_command_attributes", _attributes,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES),
    C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: (
        "modify_workflow_properties_command_attributes", _properties,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES),
    C.COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION: (
        "schedule_nexus_operation_command_attributes", operation_commands.schedule,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_NEXUS_OPERATION_ATTRIBUTES),
    C.COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION: (
        "request_cancel_nexus_operation_command_attributes", operation_commands.request_cancel,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_NEXUS_OPERATION_ATTRIBUTES),
    C.COMMAND_TYPE_PROTOCOL_MESSAGE: (
        "protocol_message_command_attributes", _fine,
        Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE),
}  # fmt: skip
