"""Update-with-start: one call that starts a run, or finds it running, and updates it.

Where there is a run to be started, its first event and the update are committed together.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, TypeVar

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
from engine.errors import Done, EngineError, InvalidArgument, NotFound, OperationsFailed
from engine.frontend import starting, updates
from engine.frontend.parts import Parts
from engine.frontend.starting import Opening
from engine.ports import StartAnswer

FAILED = "Update-with-Start could not be executed."

T = TypeVar("T")
Part = StartWorkflowExecutionRequest | UpdateWorkflowExecutionRequest
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
    opening = await _tried(_opened(parts, request.namespace, start))
    workflow_id = "" if isinstance(opening, EngineError) else start.workflow_id
    asked = await _tried(_checked(parts, request.namespace, workflow_id, update))
    if isinstance(opening, EngineError) or isinstance(asked, EngineError):
        raise OperationsFailed(FAILED, (_refusal(opening), _refusal(asked)))
    return await _executed(parts, opening, asked, update)


async def _tried(check: Awaitable[T]) -> T | EngineError:
    """Each of the two is told what is wrong with it."""
    try:
        return await check
    except EngineError as refusal:
        return refusal


def _refusal(found: object) -> EngineError | None:
    return found if isinstance(found, EngineError) else None


async def _opened(parts: Parts, namespace: str, start: StartWorkflowExecutionRequest) -> Opening:
    _set_namespace(start, namespace)
    opening = await starting.opened(parts, start)
    if start.cron_schedule:
        raise InvalidArgument("CronSchedule is not allowed.")
    if start.request_eager_execution:
        raise InvalidArgument("RequestEagerExecution is not supported.")
    if start.workflow_start_delay.ToNanoseconds() > 0:
        raise InvalidArgument("WorkflowStartDelay is not supported.")
    return opening


async def _checked(
    parts: Parts,
    namespace: str,
    workflow_id: str,
    update: UpdateWorkflowExecutionRequest,
) -> UpdateRequest:
    """`workflow_id`: of the start, where that may be carried out."""
    _set_namespace(update, namespace)
    await parts.run_of(namespace, update, "workflow_execution")
    asked = updates.checked(parts, update)
    if update.first_execution_run_id:
        raise InvalidArgument("FirstExecutionRunId is not allowed.")
    if update.workflow_execution.run_id:
        raise InvalidArgument("RunId is not allowed.")
    if workflow_id not in ("", update.workflow_execution.workflow_id):
        raise InvalidArgument("WorkflowId is not consistent with previous operation(s).")
    return asked


def _set_namespace(operation: Part, namespace: str) -> None:
    if operation.namespace not in ("", namespace):
        raise InvalidArgument("Operation namespace did not match request's namespace.")
    operation.namespace = namespace


class _Known(NamedTuple):
    """A run that has this very update already: whatever the policies say, no other is started."""

    answer: StartAnswer
    is_completed: bool


async def _known(parts: Parts, opening: Opening, asked: UpdateRequest) -> _Known | None:
    def found(state: RunState) -> _Known | None:
        known = state.updates.get(asked.meta.update_id)
        if known is None or not (state.is_running or known.completed_event_id):
            return None
        answer = StartAnswer(run_id=state.key.run_id, started=False, status=state.status)
        return _Known(answer, bool(known.completed_event_id))

    try:
        return await parts.shards.inspect(opening.key._replace(run_id=""), found)
    except NotFound:
        return None


async def _executed(
    parts: Parts, opening: Opening, asked: UpdateRequest, update: UpdateWorkflowExecutionRequest
) -> ExecuteMultiOperationResponse:
    given = msgspec.structs.replace(opening.given, update=asked)
    known = await _known(parts, opening, asked)
    try:
        answer = (
            known.answer if known else await parts.shards.start(opening.key, given, opening.policy)
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
        begun = Done.DONE if answer.started else None
        raise OperationsFailed(FAILED, (begun, refusal)) from refusal
    started = StartWorkflowExecutionResponse(
        run_id=answer.run_id,
        started=answer.started,
        status=answer.status,  # type: ignore[arg-type]
    )
    if answer.started:
        started.first_execution_run_id = answer.run_id
    if known and known.is_completed:
        # Nothing came of this call that it could lead to.
        updated.ClearField("link")
    else:
        started.link.CopyFrom(starting.started_link(opening, answer))
    return ExecuteMultiOperationResponse(
        responses=[Response(start_workflow=started), Response(update_workflow=updated)]
    )
