"""What callers may say of standalone activities; refused in the words of the official server."""

from __future__ import annotations

from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import ActivityIdConflictPolicy, ActivityIdReusePolicy
from temporalio.api.workflowservice.v1 import StartActivityExecutionRequest

from engine.core.keys import RunKey, activity_run
from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.frontend.parts import Parts
from engine.protocol.ids import is_uuid
from engine.protocol.times import nanoseconds

SUMMARY_BYTES_MAX, DETAILS_BYTES_MAX = 400, 20_000
_TIMES = {
    "schedule_to_close_timeout": "ScheduleToCloseTimeout",
    "schedule_to_start_timeout": "ScheduleToStartTimeout",
    "start_to_close_timeout": "StartToCloseTimeout",
    "heartbeat_timeout": "HeartbeatTimeout",
}


async def key(parts: Parts, request: Any) -> RunKey:
    """The activity that a request names; without a run id, the current one of that id."""
    namespace = await parts.namespace(request.namespace)
    if not request.activity_id:
        raise InvalidArgument("activity ID is required")
    length("activity ID", request.activity_id, parts.limits)
    for field, word in (("identity", "identity"), ("request_id", "request ID")):
        length(word, getattr(request, field, ""), parts.limits)
    if request.run_id and not is_uuid(request.run_id):
        raise InvalidArgument("invalid run id: must be a valid UUID")
    return activity_run(namespace.id, request.activity_id, request.run_id)


def length(word: str, value: str, limits: Limits) -> None:
    if len(value) > limits.id_length_max:
        raise InvalidArgument(
            f"{word} exceeds length limit. Length={len(value)} Limit={limits.id_length_max}"
        )
    checks.without_nul(word, value)


def start(request: StartActivityExecutionRequest, limits: Limits) -> None:
    if not request.HasField("task_queue"):
        raise InvalidArgument("taskQueue is not set")
    for word, value in (
        ("activityId", request.activity_id),
        ("activityType", request.activity_type.name),
    ):
        if not value:
            raise InvalidArgument(f"{word} is not set")
        length(word, value, limits)
    length("request ID", request.request_id, limits)
    length("identity", request.identity, limits)
    if not request.task_queue.name:
        raise InvalidArgument("missing task queue name")
    checks.queue(request.task_queue, limits)
    _times(request)
    checks.retry_policy(request.retry_policy)
    not_negative("StartDelay", request.start_delay)
    try:
        checks.priority(request.priority)
    except InvalidArgument as bad:
        raise InvalidArgument(f"invalid priorities: {bad.message}") from bad
    if request.input.ByteSize() > limits.payload_bytes_max:
        raise InvalidArgument("input exceeds length limit")
    checks.blob(request.header, limits)
    metadata(request)
    _policies(request)


def not_negative(word: str, given: Duration) -> int:
    length_ns = nanoseconds(given)
    if length_ns < 0:
        raise InvalidArgument(f"invalid {word}: negative duration")
    return length_ns


def _times(request: StartActivityExecutionRequest) -> None:
    given = {word: not_negative(word, getattr(request, name)) for name, word in _TIMES.items()}
    if not (given["StartToCloseTimeout"] or given["ScheduleToCloseTimeout"]):
        raise InvalidArgument(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity."
            f" ActivityId={request.activity_id} ActivityType={request.activity_type.name}"
        )


def metadata(request: Any) -> None:
    for name, most in (("summary", SUMMARY_BYTES_MAX), ("details", DETAILS_BYTES_MAX)):
        size = getattr(request.user_metadata, name).ByteSize()
        if size > most:
            raise InvalidArgument(
                f"user_metadata.{name} exceeds size limit. Length={size} Limit={most}"
            )


def _policies(request: StartActivityExecutionRequest) -> None:
    if request.id_reuse_policy not in ActivityIdReusePolicy.values():
        raise InvalidArgument(f"unsupported ID reuse policy: {request.id_reuse_policy}")
    if request.id_conflict_policy not in ActivityIdConflictPolicy.values():
        raise InvalidArgument(f"unsupported ID conflict policy: {request.id_conflict_policy}")
    attach = request.on_conflict_options
    if attach.attach_completion_callbacks and not attach.attach_request_id:
        raise InvalidArgument(
            "on_conflict_options: attach_completion_callbacks requires attach_request_id to be set"
        )
    if request.completion_callbacks:
        raise InvalidArgument("completion callbacks are not enabled for this namespace")


def reason(request: Any, limits: Limits) -> str:
    given: str = request.reason
    if len(given) > limits.payload_bytes_max:
        raise InvalidArgument("reason exceeds length limit")
    checks.without_nul("reason", given)
    return given


def change(request: Any) -> ActivityOptions | None:
    """The options that are to be taken over; None: those that it was started with."""
    if request.restore_original:
        if request.update_mask.paths:
            raise InvalidArgument("Both UpdateMask and RestoreOriginal are provided")
        return None
    if not request.HasField("activity_options"):
        raise InvalidArgument("ActivityOptions are not provided")
    if not request.HasField("update_mask"):
        raise InvalidArgument("UpdateMask is not provided")
    options: ActivityOptions = request.activity_options
    return options
