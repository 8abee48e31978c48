"""Steer a run from outside: signal, cancel, terminate, delete. Each is one input to the run.

The identity that the caller gives stands in the event. A request id makes a signal or a
cancellation happen once, however often it is sent.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DeleteWorkflowExecutionResponse,
    RequestCancelWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionResponse,
    SignalWorkflowExecutionRequest,
    SignalWorkflowExecutionResponse,
    TerminateWorkflowExecutionRequest,
    TerminateWorkflowExecutionResponse,
)

from engine.core.inputs import RequestCancel, Signal, Terminate
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import RunNotFound
from engine.frontend import checks
from engine.frontend.parts import Parts
from engine.frontend.reading import extent
from engine.protocol import nexus


async def signal(
    parts: Parts, request: SignalWorkflowExecutionRequest
) -> SignalWorkflowExecutionResponse:
    key = await parts.run_of(request.namespace, request, "workflow_execution")
    checks.named("SignalName", request.signal_name, parts.limits)
    checks.length("RequestId", request.request_id, parts.limits)
    checks.blob(request.input, parts.limits)
    given = Signal(
        at=parts.clock.now(),
        name=request.signal_name,
        input=request.input,
        identity=request.identity,
        header=request.header if request.HasField("header") else None,
        request_id=request.request_id,
        links=tuple(request.links),
    )
    run_id = await parts.shards.submit(key, given)
    link = nexus.to_request(
        request.namespace,
        key.workflow_id,
        run_id,
        request.request_id,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    )
    return SignalWorkflowExecutionResponse(link=link)


async def request_cancel(
    parts: Parts, request: RequestCancelWorkflowExecutionRequest
) -> RequestCancelWorkflowExecutionResponse:
    key = await parts.run_of(request.namespace, request, "workflow_execution")
    checks.length("RequestId", request.request_id, parts.limits)
    key = await _in_chain(parts, key, request.first_execution_run_id)
    given = RequestCancel(
        at=parts.clock.now(),
        cause=request.reason,
        identity=request.identity,
        request_id=request.request_id or parts.clock.new_id(),
        links=tuple(request.links),
    )
    await parts.shards.submit(key, given)
    return RequestCancelWorkflowExecutionResponse()


async def terminate(
    parts: Parts, request: TerminateWorkflowExecutionRequest
) -> TerminateWorkflowExecutionResponse:
    key = await parts.run_of(request.namespace, request, "workflow_execution")
    checks.blob(request.details, parts.limits)
    key = await _in_chain(parts, key, request.first_execution_run_id)
    given = Terminate(
        at=parts.clock.now(),
        reason=request.reason,
        details=request.details if request.HasField("details") else None,
        identity=request.identity,
        links=tuple(request.links),
    )
    await parts.shards.submit(key, given)
    return TerminateWorkflowExecutionResponse()


async def delete(
    parts: Parts, request: DeleteWorkflowExecutionRequest
) -> DeleteWorkflowExecutionResponse:
    key = await parts.run_of(request.namespace, request, "workflow_execution")
    run_id, _, is_running = await parts.shards.inspect(key, extent)
    key = key._replace(run_id=run_id)
    if is_running:
        given = Terminate(at=parts.clock.now(), reason="Delete workflow execution")
        await parts.shards.submit(key, given)
    await parts.shards.delete(key)
    return DeleteWorkflowExecutionResponse()


async def _in_chain(parts: Parts, key: RunKey, first_run_id: str) -> RunKey:
    """The run itself, once it is known to descend from `first_run_id` (if that is given).

    Between the question and the input the run may continue as new; then the input finds it
    closed and is refused, which is what its caller asked for.
    """
    if not first_run_id:
        return key
    run_id, first = await parts.shards.inspect(key, _run_and_first)
    if first != first_run_id:
        raise RunNotFound("workflow execution not found")
    return key._replace(run_id=run_id)


def _run_and_first(state: RunState) -> tuple[str, str]:
    assert state.start is not None
    return state.key.run_id, state.start.first_execution_run_id
