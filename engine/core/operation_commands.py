"""May the commands about Nexus operations be carried out? Part of `commands`."""

from __future__ import annotations

from typing import Any

from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause
from temporalio.api.history.v1 import HistoryEvent

from engine.core.command_parts import COMPLETION_EVENTS_MAX, Refusal, Review
from engine.protocol.nexus import SYSTEM_ENDPOINT

_SCHEDULE = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_NEXUS_OPERATION_ATTRIBUTES
_CANCEL = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_NEXUS_OPERATION_ATTRIBUTES
_NAME = "ScheduleNexusOperationCommandAttributes"
_TIMES = {
    "schedule_to_close_timeout": "ScheduleToCloseTimeout",
    "schedule_to_start_timeout": "ScheduleToStartTimeout",
    "start_to_close_timeout": "StartToCloseTimeout",
}
#: What the engine says itself in a handler's header.
RESERVED_HEADERS = ("request-timeout", "operation-timeout", "nexus-request-id", "nexus-link")


def schedule(seen: Review, attributes: Any) -> Refusal | None:
    if attributes.endpoint not in seen.endpoints:
        return Refusal(_SCHEDULE, f'endpoint "{attributes.endpoint}" not found')
    if attributes.endpoint == SYSTEM_ENDPOINT and attributes.nexus_header:
        return Refusal(
            _SCHEDULE, f"{_NAME}.NexusHeader must be empty when using {SYSTEM_ENDPOINT} endpoint"
        )
    refusal = (
        _bad_names(seen, attributes) or _bad_times(attributes) or _bad_header(seen, attributes)
    )
    if refusal is not None:
        return refusal
    seen.operations += 1
    if seen.operations > seen.limits.pending_operations_max:
        return Refusal(
            Cause.WORKFLOW_TASK_FAILED_CAUSE_PENDING_NEXUS_OPERATIONS_LIMIT_EXCEEDED,
            f"workflow has reached the pending nexus operation limit of "
            f"{seen.limits.pending_operations_max} for this namespace",
        )
    return None


def _bad_names(seen: Review, attributes: Any) -> Refusal | None:
    for name in ("service", "operation"):
        value = getattr(attributes, name)
        if len(value) > seen.limits.nexus_name_length_max:
            return Refusal(
                _SCHEDULE,
                f"{_NAME}.{name.capitalize()} exceeds length limit of "
                f"{seen.limits.nexus_name_length_max}",
            )
        if "\0" in value:
            return Refusal(_SCHEDULE, f"{_NAME}.{name.capitalize()} contains a NUL character")
    return None


def _bad_times(attributes: Any) -> Refusal | None:
    for field, name in _TIMES.items():
        if getattr(attributes, field).ToNanoseconds() < 0:
            return Refusal(_SCHEDULE, f"{_NAME}.{name} is invalid: negative duration")
    return None


def _bad_header(seen: Review, attributes: Any) -> Refusal | None:
    header = attributes.nexus_header
    for name in header:
        if name.lower() in RESERVED_HEADERS:
            return Refusal(
                _SCHEDULE, f'{_NAME}.NexusHeader contains a disallowed header key: "{name}"'
            )
    if sum(len(name) + len(value) for name, value in header.items()) > (
        seen.limits.nexus_header_bytes_max
    ):
        return Refusal(_SCHEDULE, f"{_NAME}.NexusHeader exceeds size limit")
    return None


def request_cancel(seen: Review, attributes: Any) -> Refusal | None:
    event_id = attributes.scheduled_event_id
    operation = seen.state.operations.get(event_id)
    asked = operation is not None and operation.cancellation is not None
    if asked or event_id in seen.canceled_operations:
        return Refusal(
            _CANCEL,
            "cancelation was already requested for an operation with scheduled event ID "
            f"{event_id}",
        )
    if operation is None and not _may_have_been(seen, event_id):
        return Refusal(
            _CANCEL,
            "requested cancelation for a non-existing or already completed operation with "
            f"scheduled event ID of {event_id}",
        )
    seen.canceled_operations.add(event_id)
    return None


def _may_have_been(seen: Review, event_id: int) -> bool:
    """It was scheduled by a command just before this one, or has ended and is not known to."""
    first = seen.state.next_event_id
    return first <= event_id < first + COMPLETION_EVENTS_MAX + seen.commands or any(
        _ended(event) == event_id for event in seen.state.buffered
    )


def _ended(event: HistoryEvent) -> int:
    """The event that scheduled the operation whose end this is; 0 if it is no such end."""
    field = event.WhichOneof("attributes") or ""
    if not field.startswith("nexus_operation_"):
        return 0
    return int(getattr(event, field).scheduled_event_id)
