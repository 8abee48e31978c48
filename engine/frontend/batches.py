"""Batch operations: started, stopped, told of; what they do is `background/batches.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from temporalio.api.batch.v1 import BatchOperationInfo
from temporalio.api.common.v1 import Execution, WorkflowExecution
from temporalio.api.enums.v1 import BatchOperationState as State
from temporalio.api.enums.v1 import BatchOperationType as Type
from temporalio.api.enums.v1 import ExecutionType
from temporalio.api.workflowservice.v1 import (
    DescribeBatchOperationRequest,
    DescribeBatchOperationResponse,
    ListBatchOperationsRequest,
    ListBatchOperationsResponse,
    StartBatchOperationRequest,
    StartBatchOperationResponse,
    StopBatchOperationRequest,
    StopBatchOperationResponse,
)

from engine.background import batch_acts
from engine.clock import Clock
from engine.core.visibility import OF_ACTIVITY
from engine.errors import InvalidArgument, Unsupported
from engine.frontend import checks, visibility
from engine.frontend.parts import Parts
from engine.protocol import times
from engine.store.batches import Batch
from search.attributes import CustomAttributes
from search.query.check import check
from search.query.errors import QueryError
from search.query.parser import parse

EXECUTIONS_MAX = 1_000
PAGE_ROWS_MAX = 1_000
SECOND = 1_000_000_000
#: Before the newest.
_FIRST = (2**63 - 1, "")
_WORKFLOW = ExecutionType.EXECUTION_TYPE_WORKFLOW
_ACTIVITY = ExecutionType.EXECUTION_TYPE_ACTIVITY
_TYPES: Mapping[str, Type.ValueType] = {
    "cancel_activities_operation": Type.BATCH_OPERATION_TYPE_CANCEL_ACTIVITY,
    "cancellation_operation": Type.BATCH_OPERATION_TYPE_CANCEL_WORKFLOW,
    "delete_activities_operation": Type.BATCH_OPERATION_TYPE_DELETE_ACTIVITY,
    "deletion_operation": Type.BATCH_OPERATION_TYPE_DELETE_WORKFLOW,
    "reset_activities_operation": Type.BATCH_OPERATION_TYPE_RESET_ACTIVITY,
    "reset_operation": Type.BATCH_OPERATION_TYPE_RESET_WORKFLOW,
    "signal_operation": Type.BATCH_OPERATION_TYPE_SIGNAL_WORKFLOW,
    "terminate_activities_operation": Type.BATCH_OPERATION_TYPE_TERMINATE_ACTIVITY,
    "termination_operation": Type.BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW,
    "unpause_activities_operation": Type.BATCH_OPERATION_TYPE_UNPAUSE_ACTIVITY,
    "update_activity_options_operation": Type.BATCH_OPERATION_TYPE_UPDATE_ACTIVITY_OPTIONS,
    "update_workflow_options_operation": (
        Type.BATCH_OPERATION_TYPE_UPDATE_WORKFLOW_EXECUTION_OPTIONS
    ),
}
_NO_ACTIVITY = "Either activity type must be set, or match all should be set to true"
_NO_OPTIONS = "Either activity type must be set, or restore original should be set to true"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last batch of the page before."""

    started_at: int
    job_id: str


async def start(parts: Parts, request: StartBatchOperationRequest) -> StartBatchOperationResponse:
    namespace = await parts.namespace(request.namespace)
    meant = _meant(request)
    checks.named("JobId", request.job_id, parts.limits)
    checks.without_nul("Reason", request.reason)
    _check_operation(parts, request)
    for run in meant.executions:
        checks.workflow_id(run.workflow_id, parts.limits)
        checks.without_nul("RunId", run.run_id)
    if meant.visibility_query:
        custom = namespace.custom
        if batch_acts.is_of_activities(meant):
            custom = {**custom, **OF_ACTIVITY}
        _check_query(parts.clock, custom, meant.visibility_query)
    await parts.batches.start(namespace.id, meant)
    return StartBatchOperationResponse()


def _meant(request: StartBatchOperationRequest) -> StartBatchOperationRequest:
    """As it is kept: the runs that are named, named in one way."""
    ways = [bool(request.visibility_query), bool(request.executions)]
    ways.append(bool(request.target_executions))
    if not any(ways) or not request.reason or request.WhichOneof("operation") is None:
        raise InvalidArgument(
            "must provide required parameters: BatchType,Reason,Namespace,"
            " AND one of (Query OR Executions OR TargetExecutions)"
        )
    if sum(ways) > 1:
        raise InvalidArgument(
            "visibility query, executions, and target executions are mutually exclusive"
        )
    if len(request.executions) + len(request.target_executions) > EXECUTIONS_MAX:
        raise InvalidArgument(f"more than {EXECUTIONS_MAX} executions")
    rate = request.max_operations_per_second
    if rate < 0 or not math.isfinite(rate):
        raise InvalidArgument("MaxOperationsPerSecond is not a rate")
    made = StartBatchOperationRequest()
    made.CopyFrom(request)
    made.ClearField("target_executions")
    wanted = _type(request)
    made.executions.extend(_named(each, wanted) for each in request.target_executions)
    return made


def _type(request: StartBatchOperationRequest) -> ExecutionType.ValueType:
    return _ACTIVITY if batch_acts.is_of_activities(request) else _WORKFLOW


def _named(given: Execution, wanted: ExecutionType.ValueType) -> WorkflowExecution:
    if given.type not in (ExecutionType.EXECUTION_TYPE_UNSPECIFIED, wanted):
        kind = ExecutionType.Name(wanted).removeprefix("EXECUTION_TYPE_").lower()
        raise InvalidArgument(f"the operation is for executions of the type {kind}")
    return WorkflowExecution(workflow_id=given.business_id, run_id=given.run_id)


def _check_operation(parts: Parts, request: StartBatchOperationRequest) -> None:
    kind = batch_acts.kind_of(request)
    if kind not in batch_acts.ACTS:
        raise Unsupported(f"{kind} is not known to this server")
    operation = getattr(request, kind)
    checks.blob(operation, parts.limits)
    if hasattr(operation, "identity"):
        checks.length("Identity", operation.identity, parts.limits)
    _CHECKS.get(kind, _anything_goes)(operation)


def _anything_goes(_operation: Any) -> None:
    """The operation says nothing that could be wrong."""


def _check_signal(operation: Any) -> None:
    if not operation.signal:
        raise InvalidArgument("must provide signal name")


def _check_reset(operation: Any) -> None:
    if batch_acts.reset_options(operation).WhichOneof("target") is None:
        raise InvalidArgument(
            "batch reset missing target"
            if operation.HasField("options")
            else "unknown batch reset type Unspecified"
        )


def _check_unpause(operation: Any) -> None:
    if operation.WhichOneof("activity") is None:
        raise InvalidArgument("activity filter must be set")
    if not operation.type and not operation.match_all:
        raise InvalidArgument(_NO_ACTIVITY)


def _check_reset_activities(operation: Any) -> None:
    if operation.WhichOneof("activity") is None:
        raise InvalidArgument("must provide ActivityType or MatchAll")
    if not operation.type and not operation.match_all:
        raise InvalidArgument(_NO_ACTIVITY)


def _check_options(operation: Any) -> None:
    has_options = operation.HasField("activity_options")
    if operation.restore_original and (has_options or operation.HasField("update_mask")):
        raise InvalidArgument("cannot set both activity options and restore original")
    if not operation.restore_original and not has_options:
        raise InvalidArgument(_NO_OPTIONS)
    if not operation.type and not operation.match_all:
        raise InvalidArgument(_NO_OPTIONS)


def _check_run_options(operation: Any) -> None:
    if not operation.HasField("workflow_execution_options"):
        raise InvalidArgument("must provide UpdateOptions")
    if not operation.HasField("update_mask"):
        raise InvalidArgument("must provide UpdateMask")


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "reset_activities_operation": _check_reset_activities,
    "reset_operation": _check_reset,
    "signal_operation": _check_signal,
    "unpause_activities_operation": _check_unpause,
    "update_activity_options_operation": _check_options,
    "update_workflow_options_operation": _check_run_options,
}


def _check_query(clock: Clock, custom: CustomAttributes, query: str) -> None:
    """One that names what is not known is refused now; the dev server's batch fails later."""
    try:
        parsed = parse(visibility.checked(query))
        if parsed.order or parsed.group:
            raise InvalidArgument(
                "invalid visibility query: a batch is neither ordered nor grouped"
            )
        check(parsed, custom, datetime.fromtimestamp(clock.now() / SECOND, UTC))
    except QueryError as trouble:
        raise InvalidArgument(f"invalid visibility query: {trouble}") from trouble


async def stop(parts: Parts, request: StopBatchOperationRequest) -> StopBatchOperationResponse:
    namespace = await parts.namespace(request.namespace)
    checks.named("JobId", request.job_id, parts.limits)
    checks.named("Reason", request.reason, parts.limits)
    checks.length("Identity", request.identity, parts.limits)
    await parts.batches.stop(namespace.id, request.job_id, request.reason, request.identity)
    return StopBatchOperationResponse()


async def describe(
    parts: Parts, request: DescribeBatchOperationRequest
) -> DescribeBatchOperationResponse:
    namespace = await parts.namespace(request.namespace)
    checks.named("JobId", request.job_id, parts.limits)
    batch = await parts.batches.read(namespace.id, request.job_id)
    asked = StartBatchOperationRequest.FromString(batch.request)
    operation = getattr(asked, batch_acts.kind_of(asked))
    return DescribeBatchOperationResponse(
        operation_type=_TYPES[batch_acts.kind_of(asked)],
        job_id=batch.job_id,
        state=_state(batch),
        start_time=times.timestamp(batch.started_at),
        close_time=times.timestamp(batch.closed_at or 0),
        total_operation_count=batch.total,
        complete_operation_count=batch.completed,
        failure_operation_count=batch.failures,
        identity=getattr(operation, "identity", ""),
        reason=asked.reason,
        query=asked.visibility_query,
        executions=[
            Execution(type=_type(asked), business_id=run.workflow_id, run_id=run.run_id)
            for run in asked.executions
        ],
    )


async def list_all(
    parts: Parts, request: ListBatchOperationsRequest
) -> ListBatchOperationsResponse:
    """The newest first."""
    namespace = await parts.namespace(request.namespace)
    size = request.page_size if 0 < request.page_size < PAGE_ROWS_MAX else PAGE_ROWS_MAX
    found = await parts.batches.page(namespace.id, _place(request.next_page_token), size + 1)
    token = b""
    if len(found) > size:
        last = found[size - 1]
        token = msgspec.json.encode(Place(last.started_at, last.job_id))
    return ListBatchOperationsResponse(
        operation_info=map(_entry, found[:size]), next_page_token=token
    )


def _place(token: bytes) -> tuple[int, str]:
    if not token:
        return _FIRST
    try:
        place = msgspec.json.decode(token, type=Place)
    except msgspec.MsgspecError:
        raise InvalidArgument("invalid next_page_token") from None
    checks.without_nul("next_page_token", place.job_id)
    return min(place.started_at, _FIRST[0]), place.job_id


def _entry(batch: Batch) -> BatchOperationInfo:
    asked = StartBatchOperationRequest.FromString(batch.request)
    return BatchOperationInfo(
        job_id=batch.job_id,
        state=_state(batch),
        start_time=times.timestamp(batch.started_at),
        close_time=times.timestamp(batch.closed_at or 0),
        operation_type=_TYPES[batch_acts.kind_of(asked)],
    )


def _state(batch: Batch) -> State.ValueType:
    if batch.closed_at is None:
        return State.BATCH_OPERATION_STATE_RUNNING
    if batch.failed:
        return State.BATCH_OPERATION_STATE_FAILED
    return State.BATCH_OPERATION_STATE_COMPLETED
