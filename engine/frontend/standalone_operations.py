"""Standalone Nexus operations: started, described, awaited, ended."""

from __future__ import annotations

from typing import Any

from temporalio.api.enums.v1 import NexusOperationIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import NexusOperationIdReusePolicy as Reuse
from temporalio.api.enums.v1 import NexusOperationWaitStage as Stage
from temporalio.api.history.v1 import (
    NexusOperationScheduledEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.workflowservice.v1 import (
    DeleteNexusOperationExecutionRequest,
    DeleteNexusOperationExecutionResponse,
    DescribeNexusOperationExecutionRequest,
    DescribeNexusOperationExecutionResponse,
    PollNexusOperationExecutionRequest,
    PollNexusOperationExecutionResponse,
    RequestCancelNexusOperationExecutionRequest,
    RequestCancelNexusOperationExecutionResponse,
    StartNexusOperationExecutionRequest,
    StartNexusOperationExecutionResponse,
    TerminateNexusOperationExecutionRequest,
    TerminateNexusOperationExecutionResponse,
)

from engine.core.inputs import Start
from engine.core.keys import RunKey, operation_run
from engine.core.operation_commands import RESERVED_HEADERS
from engine.core.state import RunState
from engine.core.transitions.standalone_operation import parts as parts_of
from engine.errors import (
    AlreadyStarted,
    InvalidArgument,
    NotFound,
    OperationAlreadyStarted,
)
from engine.frontend import (
    attributes,
    changes,
    standalone_checks,
    standalone_ending,
    standalone_operation_rows,
)
from engine.frontend.parts import Parts
from engine.frontend.reading import extent
from engine.namespaces import Namespace
from engine.ports import StartPolicy
from engine.protocol.ids import is_uuid

STARTED = Stage.NEXUS_OPERATION_WAIT_STAGE_STARTED
_TIMES = ("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout")
_NAMES = ("operation_id", "endpoint", "service", "operation")


async def start(
    parts: Parts, request: StartNexusOperationExecutionRequest
) -> StartNexusOperationExecutionResponse:
    namespace = await parts.namespace(request.namespace)
    _check(parts, request)
    at, run_id = parts.clock.now(), parts.clock.new_id()
    request_id = request.request_id or parts.clock.new_id()
    given = Start(
        at=at,
        attributes=_first_event(parts, namespace, request, run_id),
        operation=await _scheduled(parts, request, request_id),
        request_id=request_id,
        user_metadata=request.user_metadata if request.HasField("user_metadata") else None,
    )
    # The protocol gives these policies the numbers that a workflow's have.
    policy = StartPolicy(
        reuse=request.id_reuse_policy or Reuse.NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE,
        conflict=request.id_conflict_policy or Conflict.NEXUS_OPERATION_ID_CONFLICT_POLICY_FAIL,
    )
    key = operation_run(namespace.id, request.operation_id, run_id)
    try:
        answer = await parts.shards.start(key, given, policy)
    except AlreadyStarted as there:
        raise OperationAlreadyStarted(
            "nexus operation execution already started: "
            f"request_id={there.start_request_id}, run_id={there.run_id}",
            there.run_id,
            there.start_request_id,
        ) from there
    return StartNexusOperationExecutionResponse(
        run_id=answer.run_id, started=answer.run_id == run_id
    )


def _check(parts: Parts, request: StartNexusOperationExecutionRequest) -> None:
    limits = parts.limits
    for name in _NAMES:
        value = getattr(request, name)
        if not value:
            raise InvalidArgument(f"{name} is required")
        standalone_checks.length(name, value, limits)
    standalone_checks.length("request_id", request.request_id, limits)
    standalone_checks.length("identity", request.identity, limits)
    for name in _TIMES:
        if getattr(request, name).ToNanoseconds() < 0:
            raise InvalidArgument(f"{name} is invalid: negative duration")
    for name in request.nexus_header:
        if name.lower() in RESERVED_HEADERS:
            raise InvalidArgument(f'nexus_header contains a disallowed key: "{name}"')
    if sum(len(name) + len(value) for name, value in request.nexus_header.items()) > (
        limits.nexus_header_bytes_max
    ):
        raise InvalidArgument("nexus_header exceeds size limit")
    size, most = request.input.ByteSize(), limits.payload_bytes_max
    if size > most:
        raise InvalidArgument(f"input exceeds size limit. Length={size} Limit={most}")
    standalone_checks.metadata(request)
    if request.id_reuse_policy not in Reuse.values():
        raise InvalidArgument(f"unsupported ID reuse policy: {request.id_reuse_policy}")
    if request.id_conflict_policy not in Conflict.values():
        raise InvalidArgument(f"unsupported ID conflict policy: {request.id_conflict_policy}")
    if request.completion_callbacks:
        raise InvalidArgument("completion callbacks are not enabled for this namespace")


def _first_event(
    parts: Parts, namespace: Namespace, request: StartNexusOperationExecutionRequest, run_id: str
) -> WorkflowExecutionStartedEventAttributes:
    first = WorkflowExecutionStartedEventAttributes(
        original_execution_run_id=run_id,
        first_execution_run_id=run_id,
        attempt=1,
        identity=request.identity,
    )
    if request.search_attributes.indexed_fields:
        typed = attributes.typed(request.search_attributes, namespace, parts.limits)
        first.search_attributes.CopyFrom(typed)
    return first


async def _scheduled(
    parts: Parts, request: StartNexusOperationExecutionRequest, request_id: str
) -> NexusOperationScheduledEventAttributes:
    endpoint = await parts.endpoints.named(request.endpoint)
    if endpoint is None:
        raise NotFound(f"could not find Nexus endpoint by name: {request.endpoint}")
    scheduled = NexusOperationScheduledEventAttributes(
        endpoint=request.endpoint,
        endpoint_id=endpoint.id,
        service=request.service,
        operation=request.operation,
        request_id=request_id,
        nexus_header={name.lower(): value for name, value in request.nexus_header.items()},
    )
    if request.HasField("input"):
        scheduled.input.CopyFrom(request.input)
    whole = request.schedule_to_close_timeout.ToNanoseconds()
    for name in _TIMES:
        if given := getattr(request, name).ToNanoseconds():
            getattr(scheduled, name).FromNanoseconds(min(given, whole or given))
    return scheduled


async def _key(parts: Parts, request: Any) -> RunKey:
    namespace = await parts.namespace(request.namespace)
    if not request.operation_id:
        raise InvalidArgument("operation_id is required")
    for name in ("operation_id", "identity", "request_id", "reason"):
        standalone_checks.length(name, getattr(request, name, ""), parts.limits)
    if request.run_id and not is_uuid(request.run_id):
        raise InvalidArgument("run_id is not a valid UUID")
    return operation_run(namespace.id, request.operation_id, request.run_id)


async def describe(
    parts: Parts, request: DescribeNexusOperationExecutionRequest
) -> DescribeNexusOperationExecutionResponse:
    key = await _key(parts, request)
    if request.long_poll_token:
        if not request.run_id:
            raise InvalidArgument("run_id is required when long_poll_token is provided")
        if not await changes.changed(parts, key, request.long_poll_token):
            return DescribeNexusOperationExecutionResponse()
    at = parts.clock.now()
    return await parts.shards.inspect(
        key,
        lambda state: standalone_operation_rows.described(state, request, changes.token(state), at),
    )


async def poll(
    parts: Parts, request: PollNexusOperationExecutionRequest
) -> PollNexusOperationExecutionResponse:
    key = await _key(parts, request)
    if request.wait_stage not in Stage.values():
        raise InvalidArgument(f"unsupported wait_stage: {request.wait_stage}")
    run_id, _, _ = await parts.shards.inspect(key, extent)
    key = key._replace(run_id=run_id)

    def satisfied(state: RunState) -> bool:
        is_started = request.wait_stage == STARTED and parts_of(state)[1].started_at
        return bool(is_started) or not state.is_running

    if not await changes.awaited(parts, key, satisfied):
        return PollNexusOperationExecutionResponse()
    return await parts.shards.inspect(key, standalone_operation_rows.reached)


async def request_cancel(
    parts: Parts, request: RequestCancelNexusOperationExecutionRequest
) -> RequestCancelNexusOperationExecutionResponse:
    key = await _key(parts, request)
    await standalone_ending.request_cancel(parts, key, request, request.reason)
    return RequestCancelNexusOperationExecutionResponse()


async def terminate(
    parts: Parts, request: TerminateNexusOperationExecutionRequest
) -> TerminateNexusOperationExecutionResponse:
    key = await _key(parts, request)
    await standalone_ending.terminate(parts, key, request, request.reason)
    return TerminateNexusOperationExecutionResponse()


async def delete(
    parts: Parts, request: DeleteNexusOperationExecutionRequest
) -> DeleteNexusOperationExecutionResponse:
    key = await _key(parts, request)
    await standalone_ending.delete(parts, key, "Delete nexus operation execution")
    return DeleteNexusOperationExecutionResponse()
