"""Standalone Nexus operations as the protocol describes, lists and counts them."""

from __future__ import annotations

from typing import cast

from temporalio.api.common.v1 import SearchAttributes
from temporalio.api.enums.v1 import (
    NexusOperationCancellationState,
    NexusOperationWaitStage,
    PendingNexusOperationState,
)
from temporalio.api.enums.v1 import NexusOperationExecutionStatus as Status
from temporalio.api.nexus.v1 import (
    NexusOperationExecutionCancellationInfo,
    NexusOperationExecutionInfo,
    NexusOperationExecutionListInfo,
)
from temporalio.api.workflowservice.v1 import (
    CountNexusOperationExecutionsRequest,
    CountNexusOperationExecutionsResponse,
    DescribeNexusOperationExecutionRequest,
    DescribeNexusOperationExecutionResponse,
    ListNexusOperationExecutionsRequest,
    ListNexusOperationExecutionsResponse,
    PollNexusOperationExecutionResponse,
)

from engine.core.apply_standalone_operation import failure_of
from engine.core.deadlines import expiration_of
from engine.core.keys import operation_of
from engine.core.state import Cancellation, Operation, RunState
from engine.core.transitions.standalone_operation import parts as parts_of
from engine.core.visibility import (
    ENDPOINT,
    OPERATION,
    OPERATION_ID,
    SERVICE,
    division_of_operations,
)
from engine.frontend import operations, visibility
from engine.frontend.parts import Parts
from engine.frontend.rows import add_end, stamp
from engine.namespaces import Namespace
from engine.protocol.copying import copy_set
from engine.protocol.times import timestamp
from search.attributes import STATUSES, CustomAttributes, ValueType
from search.records import VisibilityRecord

State = PendingNexusOperationState
CancelState = NexusOperationCancellationState
_CLOSED = NexusOperationWaitStage.NEXUS_OPERATION_WAIT_STAGE_CLOSED
_STARTED = NexusOperationWaitStage.NEXUS_OPERATION_WAIT_STAGE_STARTED
_STATUS: dict[str, Status.ValueType] = {
    "Running": Status.NEXUS_OPERATION_EXECUTION_STATUS_RUNNING,
    "Completed": Status.NEXUS_OPERATION_EXECUTION_STATUS_COMPLETED,
    "Failed": Status.NEXUS_OPERATION_EXECUTION_STATUS_FAILED,
    "Canceled": Status.NEXUS_OPERATION_EXECUTION_STATUS_CANCELED,
    "Terminated": Status.NEXUS_OPERATION_EXECUTION_STATUS_TERMINATED,
    "TimedOut": Status.NEXUS_OPERATION_EXECUTION_STATUS_TIMED_OUT,
}

_OF_CANCELLATION = (
    "last_attempt_complete_time",
    "last_attempt_failure",
    "next_attempt_schedule_time",
)


def described(
    state: RunState, request: DescribeNexusOperationExecutionRequest, token: bytes, at: int
) -> DescribeNexusOperationExecutionResponse:
    """`at`: now, for how long it has been going on."""
    scheduled = parts_of(state)[1].scheduled.nexus_operation_scheduled_event_attributes
    response = DescribeNexusOperationExecutionResponse(
        run_id=state.key.run_id, info=_info(state, at), long_poll_token=token
    )
    if request.include_input and scheduled.HasField("input"):
        response.input.CopyFrom(scheduled.input)
    if request.include_outcome and not state.is_running:
        _add_outcome(state, response)
    return response


def reached(state: RunState) -> PollNexusOperationExecutionResponse:
    """How far it has come, and how it ended if it has."""
    response = PollNexusOperationExecutionResponse(
        run_id=state.key.run_id,
        wait_stage=_STARTED if state.is_running else _CLOSED,
        operation_token=parts_of(state)[1].token,
    )
    if not state.is_running:
        _add_outcome(state, response)
    return response


def _add_outcome(
    state: RunState,
    response: DescribeNexusOperationExecutionResponse | PollNexusOperationExecutionResponse,
) -> None:
    assert state.closing is not None, "it has ended"
    failure = failure_of(state.closing)
    if failure is not None:
        response.failure.CopyFrom(failure)
    else:
        result = state.closing.nexus_operation_completed_event_attributes.result
        response.result.CopyFrom(result)


def _info(state: RunState, at: int) -> NexusOperationExecutionInfo:
    _, operation, standalone = parts_of(state)
    scheduled = operation.scheduled.nexus_operation_scheduled_event_attributes
    assert state.start is not None, "a run was started"
    info = NexusOperationExecutionInfo(
        operation_id=operation_of(state.key.workflow_id),
        run_id=state.key.run_id,
        endpoint=scheduled.endpoint,
        service=scheduled.service,
        operation=scheduled.operation,
        status=_STATUS[STATUSES[state.status]],
        attempt=operation.attempt,
        schedule_time=timestamp(operation.scheduled_at),
        expiration_time=timestamp(expiration_of(operation)),
        close_time=timestamp(state.closed_at),
        last_attempt_complete_time=timestamp(operation.answered_at),
        last_attempt_failure=operation.failure,
        request_id=scheduled.request_id,
        operation_token=operation.token,
        state_transition_count=state.transitions_count,
        state_size_bytes=state.history_bytes,
        search_attributes=SearchAttributes(indexed_fields=state.search_attributes),
        nexus_header=scheduled.nexus_header,
        user_metadata=state.user_metadata,
        links=standalone.links,
        identity=state.start.identity,
    )
    for name in operations.TIMES:
        if scheduled.HasField(name):  # type: ignore[arg-type]
            getattr(info, name).CopyFrom(getattr(scheduled, name))
    info.execution_duration.FromNanoseconds((state.closed_at or at) - operation.scheduled_at)
    if state.is_running:
        _add_state(info, operation)
    if operation.cancellation is not None:
        info.cancellation_info.CopyFrom(_cancellation(operation, operation.cancellation))
        info.cancellation_info.reason = standalone.cancel_reason
    return info


def _add_state(info: NexusOperationExecutionInfo, operation: Operation) -> None:
    """A try that is under way counts."""
    info.state = operations.state_of(operation)
    if info.state == State.PENDING_NEXUS_OPERATION_STATE_SCHEDULED:
        info.attempt += 1
    elif info.state == State.PENDING_NEXUS_OPERATION_STATE_BACKING_OFF:
        info.next_attempt_schedule_time.FromNanoseconds(operation.retry_at)


def _cancellation(
    operation: Operation, given: Cancellation
) -> NexusOperationExecutionCancellationInfo:
    """As a workflow's is told; a try that is under way counts, and its time is not told."""
    told = operations.cancellation(given, is_known=bool(operation.started_at))
    info = NexusOperationExecutionCancellationInfo(state=told.state, attempt=told.attempt)
    if told.state == CancelState.NEXUS_OPERATION_CANCELLATION_STATE_SCHEDULED:
        info.attempt += 1
    copy_set(told, info, _OF_CANCELLATION)
    return info


async def list_all(
    parts: Parts, request: ListNexusOperationExecutionsRequest
) -> ListNexusOperationExecutionsResponse:
    namespace = await parts.namespace(request.namespace)
    where = (division_of_operations(namespace.id), _custom(namespace))
    page = await visibility.page_of(
        parts, where, request.query, request.page_size, request.next_page_token
    )
    return ListNexusOperationExecutionsResponse(
        operations=map(_row, page.records), next_page_token=page.next_page_token
    )


def _custom(namespace: Namespace) -> CustomAttributes:
    own = dict.fromkeys((OPERATION_ID, ENDPOINT, SERVICE, OPERATION), ValueType.KEYWORD)
    return {**namespace.custom, **own}


def _row(record: VisibilityRecord) -> NexusOperationExecutionListInfo:
    named = cast(dict[str, str], record.custom[ValueType.KEYWORD])
    row = NexusOperationExecutionListInfo(
        operation_id=record.workflow_id,
        run_id=record.run_id,
        endpoint=named[ENDPOINT],
        service=named[SERVICE],
        operation=named[OPERATION],
        schedule_time=stamp(record.start_time),
        status=_STATUS[record.status],
        search_attributes=SearchAttributes.FromString(record.search_attributes),
    )
    if record.close_time is not None:
        add_end(row, record, record.close_time)
    return row


async def count(
    parts: Parts, request: CountNexusOperationExecutionsRequest
) -> CountNexusOperationExecutionsResponse:
    namespace = await parts.namespace(request.namespace)
    found = await visibility.counted(
        parts, division_of_operations(namespace.id), _custom(namespace), request.query
    )
    return CountNexusOperationExecutionsResponse.FromString(found.SerializeToString())
