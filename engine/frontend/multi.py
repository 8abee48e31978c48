"""Update-with-start: one call that starts a run, or finds it running, and updates it.

Where there is a run to be started, its first event and the update are committed together.
"""

from __future__ import annotations

import msgspec
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.update.v1 import Request as UpdateRequest
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    ExecuteMultiOperationResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionRequest,
)

from engine.core.state import RunState
from engine.errors import EngineError, InvalidArgument, NotFound, OperationsFailed
from engine.frontend import starting, updates
from engine.frontend.parts import Parts
from engine.frontend.starting import Opening
from engine.ports import StartAnswer

FAILED = "Update-with-Start could not be executed."

Response = ExecuteMultiOperationResponse.Response


async def execute(
    parts: Parts, request: ExecuteMultiOperationRequest
) -> ExecuteMultiOperationResponse:
    await parts.namespace(request.namespace)
    kinds = [operation.WhichOneof("operation") for operation in request.operations]
    if kinds != ["start_workflow", "update_workflow"]:
        raise InvalidArgument("Operations have to be exactly [Start, Update].")
    start = request.operations[0].start_workflow
    update = request.operations[1].update_workflow
    try:
        opening = await _opened(parts, start)
    except EngineError as refusal:
        raise OperationsFailed(FAILED, (refusal, None)) from refusal
    try:
        asked = _checked(parts, start, update)
    except EngineError as refusal:
        raise OperationsFailed(FAILED, (None, refusal)) from refusal
    return await _executed(parts, opening, asked, update)


async def _opened(parts: Parts, start: StartWorkflowExecutionRequest) -> Opening:
    if start.cron_schedule:
        raise InvalidArgument("CronSchedule is not allowed.")
    if start.request_eager_execution:
        raise InvalidArgument("RequestEagerExecution is not supported.")
    if start.HasField("workflow_start_delay"):
        raise InvalidArgument("WorkflowStartDelay is not supported.")
    return await starting.opened(parts, start)


def _checked(
    parts: Parts, start: StartWorkflowExecutionRequest, update: UpdateWorkflowExecutionRequest
) -> UpdateRequest:
    if update.workflow_execution.workflow_id != start.workflow_id:
        raise InvalidArgument("WorkflowId is not consistent with previous operation(s).")
    return updates.checked(parts, update)


async def _attached(parts: Parts, opening: Opening, asked: UpdateRequest) -> StartAnswer | None:
    """The run that has this very update already: whatever the policies say, no other is started."""

    def found(state: RunState) -> StartAnswer | None:
        known = state.updates.get(asked.meta.update_id)
        if known is None or not (state.is_running or known.completed_event_id):
            return None
        return StartAnswer(run_id=state.key.run_id, started=False, status=state.status)

    try:
        return await parts.shards.inspect(opening.key._replace(run_id=""), found)
    except NotFound:
        return None


async def _executed(
    parts: Parts, opening: Opening, asked: UpdateRequest, update: UpdateWorkflowExecutionRequest
) -> ExecuteMultiOperationResponse:
    given = msgspec.structs.replace(opening.given, update=asked)
    try:
        answer = await _attached(parts, opening, asked) or await parts.shards.start(
            opening.key, given, opening.policy
        )
    except EngineError as refusal:
        raise OperationsFailed(FAILED, (refusal, None)) from refusal
    # A run that was there already takes the update as any other; where it is new, or this call
    # is sent again, the update is known by its id.
    update.workflow_execution.CopyFrom(
        WorkflowExecution(workflow_id=opening.key.workflow_id, run_id=answer.run_id)
    )
    update.request.CopyFrom(asked)
    try:
        updated = await updates.update(parts, update)
    except EngineError as refusal:
        raise OperationsFailed(FAILED, (None, refusal)) from refusal
    started = StartWorkflowExecutionResponse(
        run_id=answer.run_id,
        started=answer.started,
        status=answer.status,  # type: ignore[arg-type]
    )
    return ExecuteMultiOperationResponse(
        responses=[Response(start_workflow=started), Response(update_workflow=updated)]
    )
