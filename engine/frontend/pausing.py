"""Pause a run, and let it go on."""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    PauseWorkflowExecutionRequest,
    PauseWorkflowExecutionResponse,
    UnpauseWorkflowExecutionRequest,
    UnpauseWorkflowExecutionResponse,
)

from engine.core.inputs import PauseRun, ResumeRun
from engine.core.keys import RunKey
from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.frontend.parts import Parts

Request = PauseWorkflowExecutionRequest | UnpauseWorkflowExecutionRequest


async def pause(
    parts: Parts, request: PauseWorkflowExecutionRequest
) -> PauseWorkflowExecutionResponse:
    key = await _key(parts, request)
    given = PauseRun(
        at=parts.clock.now(),
        identity=request.identity,
        reason=request.reason,
        request_id=request.request_id,
    )
    await parts.shards.submit(key, given)
    return PauseWorkflowExecutionResponse()


async def unpause(
    parts: Parts, request: UnpauseWorkflowExecutionRequest
) -> UnpauseWorkflowExecutionResponse:
    key = await _key(parts, request)
    given = ResumeRun(
        at=parts.clock.now(),
        identity=request.identity,
        reason=request.reason,
        request_id=request.request_id,
    )
    await parts.shards.submit(key, given)
    return UnpauseWorkflowExecutionResponse()


async def _key(parts: Parts, request: Request) -> RunKey:
    await parts.namespace(request.namespace)
    _check(request, parts.limits)
    if not request.workflow_id:
        raise InvalidArgument("Can't load workflow execution.  WorkflowId not set.")
    return await parts.run_key(request.namespace, _run(request))


def _check(request: Request, limits: Limits) -> None:
    for name, given in (
        ("reason", request.reason),
        ("request id", request.request_id),
        ("identity", request.identity),
    ):
        if len(given) > limits.id_length_max:
            raise InvalidArgument(f"{name} is too long.")


def _run(request: Request) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=request.workflow_id, run_id=request.run_id)
