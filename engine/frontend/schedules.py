"""Schedules: made, read, changed; what they do by themselves is `background/schedules.py`."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import SearchAttributes
from temporalio.api.enums.v1 import WorkflowIdReusePolicy
from temporalio.api.schedule.v1 import Schedule, SchedulePatch
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    CreateScheduleResponse,
    DeleteScheduleRequest,
    DeleteScheduleResponse,
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    ListScheduleMatchingTimesRequest,
    ListScheduleMatchingTimesResponse,
    PatchScheduleRequest,
    PatchScheduleResponse,
    UpdateScheduleRequest,
    UpdateScheduleResponse,
)

from engine.core.schedule import spec
from engine.core.schedule.state import (
    CATCHUP_DEFAULT,
    CATCHUP_MAX,
    CATCHUP_MIN,
    ScheduleState,
)
from engine.core.schedule.step import Change, Input, Patch, Wake
from engine.core.schedule.wording import BadSpec
from engine.errors import InvalidArgument
from engine.frontend import attributes, checks, schedule_rows
from engine.frontend.parts import Parts
from engine.namespaces import Namespace

MATCHING_TIMES_MAX = 1_000
#: Not said, or said as what it is.
_ALLOWING = (0, WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
TOKEN_BYTES = 8
#: Of a patch alone, as the official server has it: other notes are as long as a schedule may be.
NOTES_BYTES_MAX = 1_000


async def create(parts: Parts, request: CreateScheduleRequest) -> CreateScheduleResponse:
    namespace = await parts.namespace(request.namespace)
    _check_id(parts, request.schedule_id)
    checks.length("RequestId", request.request_id, parts.limits)
    checks.memo(request.memo, parts.limits)
    at = parts.clock.now()
    state = ScheduleState(
        namespace_id=namespace.id,
        schedule_id=request.schedule_id,
        id=parts.clock.new_id(),
        request_id=request.request_id or parts.clock.new_id(),
        schedule=_checked(parts, namespace, request.schedule),
        memo=request.memo,
        search_attributes=_typed(parts, namespace, request.search_attributes),
        created_at=at,
        done_until=at,
    )
    first: Input = Wake(at=at)
    if request.HasField("initial_patch"):
        checks.blob(request.initial_patch, parts.limits)
        first = Patch(at=at, request_id=state.request_id, patch=request.initial_patch)
    await parts.schedules.create(state, first)
    return CreateScheduleResponse(conflict_token=_token(1))


async def describe(parts: Parts, request: DescribeScheduleRequest) -> DescribeScheduleResponse:
    namespace = await parts.namespace(request.namespace)
    _check_id(parts, request.schedule_id)
    state = await parts.schedules.read(namespace.id, request.schedule_id)
    return DescribeScheduleResponse(
        schedule=state.schedule,
        info=schedule_rows.info(state),
        memo=schedule_rows.memo(state),
        search_attributes=schedule_rows.search_attributes(state),
        conflict_token=_token(state.version),
    )


async def update(parts: Parts, request: UpdateScheduleRequest) -> UpdateScheduleResponse:
    """A token that is not the current one refuses the change: another's would be lost."""
    namespace = await parts.namespace(request.namespace)
    _check_id(parts, request.schedule_id)
    checks.length("RequestId", request.request_id, parts.limits)
    checks.memo(request.memo, parts.limits)
    given = Change(
        at=parts.clock.now(),
        request_id=request.request_id,
        version=_version(request.conflict_token),
        schedule=_checked(parts, namespace, request.schedule),
        search_attributes=(
            _typed(parts, namespace, request.search_attributes)
            if request.HasField("search_attributes")
            else None
        ),
        memo=request.memo if request.HasField("memo") else None,
    )
    await parts.schedules.tell(namespace.id, request.schedule_id, given)
    return UpdateScheduleResponse()


async def patch(parts: Parts, request: PatchScheduleRequest) -> PatchScheduleResponse:
    namespace = await parts.namespace(request.namespace)
    _check_id(parts, request.schedule_id)
    checks.length("RequestId", request.request_id, parts.limits)
    if not request.HasField("patch"):
        raise InvalidArgument("Patch is not set on request.")
    _check_notes(request.patch)
    checks.blob(request.patch, parts.limits)
    request_id = request.request_id or parts.clock.new_id()
    given = Patch(at=parts.clock.now(), request_id=request_id, patch=request.patch)
    state = await parts.schedules.tell(namespace.id, request.schedule_id, given)
    await parts.schedules.settled(state)
    return PatchScheduleResponse()


async def delete(parts: Parts, request: DeleteScheduleRequest) -> DeleteScheduleResponse:
    namespace = await parts.namespace(request.namespace)
    _check_id(parts, request.schedule_id)
    await parts.schedules.delete(namespace.id, request.schedule_id)
    return DeleteScheduleResponse()


async def matching_times(
    parts: Parts, request: ListScheduleMatchingTimesRequest
) -> ListScheduleMatchingTimesResponse:
    namespace = await parts.namespace(request.namespace)
    _check_id(parts, request.schedule_id)
    if not request.HasField("start_time") or not request.HasField("end_time"):
        raise InvalidArgument("StartTime or EndTime is not set on request.")
    state = await parts.schedules.read(namespace.id, request.schedule_id)
    # As the protocol's own server has it: the start itself is not within, the end is.
    after, until = request.start_time.ToNanoseconds(), request.end_time.ToNanoseconds()
    compiled, found = state.spec(), list[Timestamp]()
    while len(found) < MATCHING_TIMES_MAX:
        time = compiled.next_time(after)
        if time is None or time.actual > until:
            break
        found.append(schedule_rows.stamp(time.actual))
        after = time.nominal
    return ListScheduleMatchingTimesResponse(start_time=found)


def _check_id(parts: Parts, schedule_id: str) -> None:
    checks.named("ScheduleId", schedule_id, parts.limits)


def _check_notes(given: SchedulePatch) -> None:
    if max(len(given.pause.encode()), len(given.unpause.encode())) > NOTES_BYTES_MAX:
        raise InvalidArgument("Schedule notes exceeds limit.")


def _typed(parts: Parts, namespace: Namespace, given: SearchAttributes) -> SearchAttributes:
    return attributes.typed(given, namespace, parts.limits)


def _checked(parts: Parts, namespace: Namespace, given: Schedule) -> Schedule:
    """As it is kept: read, checked, and with the defaults that hold."""
    checks.blob(given, parts.limits)
    made = Schedule()
    made.CopyFrom(given)
    _check_action(parts, namespace, made)
    try:
        made.spec.CopyFrom(spec.canonical(given.spec))
    except BadSpec as bad:
        raise InvalidArgument(f"Invalid schedule spec: {bad}") from bad
    _set_policies(made)
    made.state.SetInParent()
    return made


def _check_action(parts: Parts, namespace: Namespace, made: Schedule) -> None:
    if not made.action.HasField("start_workflow"):
        raise InvalidArgument("Only StartWorkflow action is supported for schedules")
    action, limits = made.action.start_workflow, parts.limits
    checks.length("WorkflowId", action.workflow_id, limits)
    checks.named("WorkflowType", action.workflow_type.name, limits)
    action.task_queue.CopyFrom(checks.queue(action.task_queue, limits))
    checks.timeout("WorkflowExecutionTimeoutSeconds", action.workflow_execution_timeout)
    checks.timeout("WorkflowRunTimeoutSeconds", action.workflow_run_timeout)
    checks.timeout("WorkflowTaskTimeoutSeconds", action.workflow_task_timeout)
    if action.HasField("retry_policy"):
        checks.retry_policy(action.retry_policy)
    if action.workflow_id_reuse_policy not in _ALLOWING:
        raise InvalidArgument("Scheduled workflow must not contain WorkflowIDReusePolicy")
    if action.cron_schedule:
        raise InvalidArgument("Scheduled workflow must not contain CronSchedule")
    if action.HasField("search_attributes"):
        # Described with their types, as they will be on the runs.
        action.search_attributes.CopyFrom(_typed(parts, namespace, action.search_attributes))


def _set_policies(made: Schedule) -> None:
    policies = made.policies
    if policies.overlap_policy not in schedule_rows.Overlap.values():
        raise InvalidArgument("Unknown ScheduleOverlapPolicy.")
    if not policies.overlap_policy:
        policies.overlap_policy = schedule_rows.Overlap.SCHEDULE_OVERLAP_POLICY_SKIP
    window = policies.catchup_window.ToNanoseconds()
    kept = min(max(window, CATCHUP_MIN), CATCHUP_MAX) if window else CATCHUP_DEFAULT
    policies.catchup_window.FromNanoseconds(kept)


def _token(version: int) -> bytes:
    return version.to_bytes(TOKEN_BYTES, "big")


def _version(token: bytes) -> int:
    """0 where there is none; one that is none of ours is never the current one."""
    if not token:
        return 0
    return int.from_bytes(token, "big") if len(token) == TOKEN_BYTES else -1
