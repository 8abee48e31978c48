"""Standalone activities as the protocol describes, lists and counts them."""

from __future__ import annotations

from typing import cast

from temporalio.api.activity.v1 import (
    ActivityExecutionInfo,
    ActivityExecutionListInfo,
    ActivityExecutionOutcome,
)
from temporalio.api.common.v1 import ActivityType, SearchAttributes
from temporalio.api.enums.v1 import ActivityExecutionStatus as Status
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    CountActivityExecutionsResponse,
    DescribeActivityExecutionRequest,
    DescribeActivityExecutionResponse,
    ListActivityExecutionsRequest,
    ListActivityExecutionsResponse,
)

from engine.core import activity_options, deadlines
from engine.core.keys import activity_of
from engine.core.state import Activity, RunState, Standalone
from engine.core.transitions.standalone import parts as parts_of
from engine.core.visibility import ACTIVITY_TYPE, OF_ACTIVITY, division_of_activities
from engine.frontend import visibility
from engine.frontend.parts import Parts
from engine.frontend.rows import add_end, stamp
from engine.namespaces import Namespace
from engine.protocol.times import timestamp
from search.attributes import STATUSES, CustomAttributes, ValueType
from search.records import VisibilityRecord

State = PendingActivityState
_STATUS: dict[str, Status.ValueType] = {
    "Running": Status.ACTIVITY_EXECUTION_STATUS_RUNNING,
    "Completed": Status.ACTIVITY_EXECUTION_STATUS_COMPLETED,
    "Failed": Status.ACTIVITY_EXECUTION_STATUS_FAILED,
    "Canceled": Status.ACTIVITY_EXECUTION_STATUS_CANCELED,
    "Terminated": Status.ACTIVITY_EXECUTION_STATUS_TERMINATED,
    "TimedOut": Status.ACTIVITY_EXECUTION_STATUS_TIMED_OUT,
    "Paused": Status.ACTIVITY_EXECUTION_STATUS_PAUSED,
}
_TIMES = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "retry_policy",
)


def described(
    state: RunState, request: DescribeActivityExecutionRequest, token: bytes
) -> DescribeActivityExecutionResponse:
    """With as much of what may be large as was asked for."""
    scheduled = parts_of(state)[1].scheduled.activity_task_scheduled_event_attributes
    response = DescribeActivityExecutionResponse(
        run_id=state.key.run_id, info=_info(state), long_poll_token=token
    )
    if not request.include_heartbeat_details:
        response.info.ClearField("heartbeat_details")
    if not request.include_last_failure:
        response.info.ClearField("last_failure")
    if request.include_input and scheduled.HasField("input"):
        response.input.CopyFrom(scheduled.input)
    if request.include_outcome and not state.is_running:
        response.outcome.CopyFrom(outcome(state))
    return response


def _info(state: RunState) -> ActivityExecutionInfo:
    _, activity, standalone = parts_of(state)
    info = ActivityExecutionInfo(
        activity_id=activity_of(state.key.workflow_id),
        run_id=state.key.run_id,
        activity_type=ActivityType(name=activity.activity_type),
        status=_status(state),
        run_state=_run_state(state, activity, standalone),
        task_queue=activity.queue,
        attempt=activity.attempt,
        last_heartbeat_time=timestamp(standalone.beat_at),
        last_started_time=timestamp(standalone.started_at),
        schedule_time=timestamp(activity.scheduled_at),
        execution_time=timestamp(state.execution_at),
        expiration_time=timestamp(deadlines.expiration(activity, standalone)),
        close_time=timestamp(state.closed_at),
        last_worker_identity=activity.last_identity,
        last_attempt_complete_time=timestamp(standalone.ended_at),
        total_heartbeat_count=standalone.beats_count,
        sdk_name=standalone.sdk_name,
        sdk_version=standalone.sdk_version,
        canceled_reason=standalone.cancel_reason,
        state_transition_count=state.transitions_count,
        state_size_bytes=state.history_bytes,
        search_attributes=SearchAttributes(indexed_fields=state.search_attributes),
        user_metadata=state.user_metadata,
        links=standalone.links,
    )
    if standalone.version:
        deployment, _, build_id = standalone.version.partition(":")
        info.last_deployment_version.deployment_name = deployment
        info.last_deployment_version.build_id = build_id
    _add_options(info, activity)
    _add_what_may_be(info, state)
    return info


def _status(state: RunState) -> Status.ValueType:
    if not state.is_running:
        return _STATUS[STATUSES[state.status]]
    _, activity, standalone = parts_of(state)
    is_paused = standalone.paused_at and not activity.started_at
    return _STATUS["Paused" if is_paused else "Running"]


def _run_state(state: RunState, activity: Activity, standalone: Standalone) -> State.ValueType:
    if not state.is_running:
        return State.PENDING_ACTIVITY_STATE_UNSPECIFIED
    if not activity.started_at:
        return (
            State.PENDING_ACTIVITY_STATE_PAUSED
            if standalone.paused_at
            else State.PENDING_ACTIVITY_STATE_SCHEDULED
        )
    if activity.cancel_requested:
        return State.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
    if standalone.paused_at:
        return State.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED
    return State.PENDING_ACTIVITY_STATE_STARTED


def _add_options(info: ActivityExecutionInfo, activity: Activity) -> None:
    options = activity_options.of(activity)
    scheduled = activity.scheduled.activity_task_scheduled_event_attributes
    for name in _TIMES:
        getattr(info, name).CopyFrom(getattr(options, name))
    if options.HasField("priority"):
        info.priority.CopyFrom(options.priority)
    if scheduled.HasField("header"):
        info.header.CopyFrom(scheduled.header)


def _add_what_may_be(info: ActivityExecutionInfo, state: RunState) -> None:
    _, activity, standalone = parts_of(state)
    assert state.start is not None, "a run was started"
    if standalone.start_delay_ns or state.start.HasField("first_workflow_task_backoff"):
        info.start_delay.FromNanoseconds(standalone.start_delay_ns)
    if activity.beat is not None and activity.beat.payloads:
        info.heartbeat_details.CopyFrom(activity.beat)
    if activity.last_failure is not None and activity.last_failure.ByteSize():
        info.last_failure.CopyFrom(activity.last_failure)
    if state.closed_at:
        info.execution_duration.FromNanoseconds(max(0, state.closed_at - activity.scheduled_at))
    elif activity.retry_at and not (activity.started_at or standalone.paused_at):
        info.next_attempt_schedule_time.FromNanoseconds(activity.retry_at)
        if activity.attempt > 1:
            since = activity.retry_at - standalone.ended_at
            info.current_retry_interval.FromNanoseconds(since)


def outcome(state: RunState) -> ActivityExecutionOutcome:
    """How it ended; asked of one that has."""
    assert state.closing is not None, "it has ended"
    closing, told = state.closing, ActivityExecutionOutcome()
    match closing.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            told.result.CopyFrom(closing.activity_task_completed_event_attributes.result)
        case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            failed = closing.activity_task_failed_event_attributes
            told.failure.CopyFrom(failed.failure)
            told.retry_state = failed.retry_state
        case EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
            timed_out = closing.activity_task_timed_out_event_attributes
            told.failure.CopyFrom(timed_out.failure)
            told.retry_state = timed_out.retry_state
        case EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
            canceled = closing.activity_task_canceled_event_attributes
            told.failure.message = "Activity canceled"
            told.failure.canceled_failure_info.identity = canceled.identity
            if canceled.HasField("details"):
                told.failure.canceled_failure_info.details.CopyFrom(canceled.details)
        case _:
            terminated = closing.workflow_execution_terminated_event_attributes
            told.failure.message = terminated.reason
            told.failure.terminated_failure_info.identity = terminated.identity
    return told


async def list_all(
    parts: Parts, request: ListActivityExecutionsRequest
) -> ListActivityExecutionsResponse:
    namespace = await parts.namespace(request.namespace)
    where = (_division(namespace), _custom(namespace))
    page = await visibility.page_of(
        parts, where, request.query, request.page_size, request.next_page_token
    )
    return ListActivityExecutionsResponse(
        executions=map(_row, page.records), next_page_token=page.next_page_token
    )


def _division(namespace: Namespace) -> str:
    return division_of_activities(namespace.id)


def _custom(namespace: Namespace) -> CustomAttributes:
    return {**namespace.custom, **OF_ACTIVITY}


def _row(record: VisibilityRecord) -> ActivityExecutionListInfo:
    kind = cast(str, record.custom[ValueType.KEYWORD][ACTIVITY_TYPE])
    row = ActivityExecutionListInfo(
        activity_id=record.workflow_id,
        run_id=record.run_id,
        activity_type=ActivityType(name=kind),
        status=_STATUS[record.status],
        task_queue=record.task_queue,
        schedule_time=stamp(record.start_time),
        execution_time=stamp(record.execution_time),
        search_attributes=SearchAttributes.FromString(record.search_attributes),
    )
    if record.close_time is not None:
        add_end(row, record, record.close_time)
    return row


async def count(
    parts: Parts, request: CountActivityExecutionsRequest
) -> CountActivityExecutionsResponse:
    namespace = await parts.namespace(request.namespace)
    found = await visibility.counted(parts, _division(namespace), _custom(namespace), request.query)
    return CountActivityExecutionsResponse.FromString(found.SerializeToString())
