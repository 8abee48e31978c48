"""Updates: send one and wait for the stage that the caller wants, or come back and ask.

    admitted ──▶ accepted ──▶ completed
        └──────▶ refused (no event; kept for a while for those who wait)

Who waits longer than a long poll lasts is answered with the stage reached, and asks again.
"""

from __future__ import annotations

from temporalio.api.common.v1 import Link, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Outcome, UpdateRef
from temporalio.api.update.v1 import Request as UpdateRequest
from temporalio.api.workflowservice.v1 import (
    PollWorkflowExecutionUpdateRequest,
    PollWorkflowExecutionUpdateResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from engine.core.effects import UpdateStage
from engine.core.inputs import AdmitUpdate
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import InvalidArgument, NotFound, PermissionDenied, RunNotFound
from engine.frontend import callbacks, calls, checks
from engine.frontend.parts import Parts
from engine.protocol import failures, nexus

ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
# Of an update that was accepted by a run that then closed without an answer to it.
UNFINISHED = Outcome(failure=failures.unfinished_update())


async def update(
    parts: Parts, request: UpdateWorkflowExecutionRequest
) -> UpdateWorkflowExecutionResponse:
    key = await parts.run_of(request.namespace, request, "workflow_execution")
    asked = checked(parts, request)
    wanted = request.wait_policy.lifecycle_stage or ACCEPTED
    if request.first_execution_run_id:
        await _check_chain(parts, key, request.first_execution_run_id)
    reached = await _sent(parts, key, asked)
    key = key._replace(run_id=reached.run_id)
    reached = await _awaited(parts, key, asked.meta.update_id, wanted, reached)
    return UpdateWorkflowExecutionResponse(
        update_ref=_reference(key, asked.meta.update_id),
        stage=reached.stage,  # type: ignore[arg-type]
        outcome=reached.outcome,
        link=_link(request.namespace, key, asked, reached),
    )


async def poll(
    parts: Parts, request: PollWorkflowExecutionUpdateRequest
) -> PollWorkflowExecutionUpdateResponse:
    await parts.namespace(request.namespace)
    if not request.HasField("update_ref"):
        raise InvalidArgument("UpdateRef is not set on request.")
    if not request.update_ref.workflow_execution.workflow_id:
        raise InvalidArgument("Can't load workflow execution.  WorkflowId not set.")
    key = await parts.run_key(request.namespace, request.update_ref.workflow_execution)
    update_id = request.update_ref.update_id
    reached = await parts.shards.inspect(key, lambda state: stage_of(state, update_id))
    if reached is None:
        raise NotFound(f'update "{update_id}" not found')
    key = key._replace(run_id=reached.run_id)
    wanted = request.wait_policy.lifecycle_stage
    reached = await _awaited(parts, key, update_id, wanted, reached)
    return PollWorkflowExecutionUpdateResponse(
        update_ref=_reference(key, update_id),
        stage=reached.stage,  # type: ignore[arg-type]
        outcome=reached.outcome,
    )


def checked(parts: Parts, request: UpdateWorkflowExecutionRequest) -> UpdateRequest:
    asked = UpdateRequest()
    asked.CopyFrom(request.request)
    if not asked.HasField("meta"):
        raise InvalidArgument("Update meta is not set on request.")
    checks.length("UpdateId", asked.meta.update_id, parts.limits)
    if not asked.HasField("input"):
        raise InvalidArgument("Update input is not set on request.")
    if not asked.input.name:
        raise InvalidArgument("Update name is not set on request.")
    checks.blob(asked.input.args, parts.limits)
    wanted = request.wait_policy.lifecycle_stage
    if wanted == ADMITTED:
        raise PermissionDenied(
            "UpdateWorkflowExecution issued asynchronously and waiting on update admitted"
            " is not supported."
        )
    if wanted not in Stage.values():
        raise InvalidArgument("Unknown lifecycle stage in WaitPolicy.")
    if asked.completion_callbacks and not asked.request_id:
        raise InvalidArgument(
            "invalid *update.Request: request_id is required when completion_callbacks are set"
        )
    callbacks.check(asked.completion_callbacks, parts.limits)
    asked.meta.update_id = asked.meta.update_id or parts.clock.new_id()
    return asked


async def _check_chain(parts: Parts, key: RunKey, first_run_id: str) -> None:
    def first(state: RunState) -> str:
        assert state.start is not None
        return state.start.first_execution_run_id

    if await parts.shards.inspect(key, first) != first_run_id:
        raise RunNotFound("workflow execution not found")


def stage_of(state: RunState, update_id: str) -> UpdateStage | None:
    """How far the update has come; None if the run does not know it (any more)."""
    run_id = state.key.run_id
    refusal = state.refusals.get(update_id)
    if refusal is not None:
        return UpdateStage(run_id=run_id, stage=COMPLETED, outcome=Outcome(failure=refusal))
    known = state.updates.get(update_id)
    if known is None:
        return None
    if known.completed_event_id:
        return UpdateStage(run_id=run_id, stage=COMPLETED, outcome=known.outcome)
    if not known.accepted_event_id:
        return UpdateStage(run_id=run_id, stage=ADMITTED)
    if not state.is_running:
        return UpdateStage(run_id=run_id, stage=COMPLETED, outcome=UNFINISHED)
    return UpdateStage(run_id=run_id, stage=ACCEPTED)


async def _sent(parts: Parts, key: RunKey, asked: UpdateRequest) -> UpdateStage:
    """A run that has closed takes no update, but still tells of one that it took."""
    try:
        reached: UpdateStage = await parts.shards.submit(
            key, AdmitUpdate(at=parts.clock.now(), request=asked)
        )
    except RunNotFound:
        known = await parts.shards.inspect(key, lambda state: stage_of(state, asked.meta.update_id))
        if known is None or known.stage < COMPLETED:
            raise
        return known
    return reached


async def _awaited(
    parts: Parts, key: RunKey, update_id: str, wanted: int, reached: UpdateStage
) -> UpdateStage:
    if reached.stage >= wanted:
        return reached

    def satisfied(state: RunState) -> bool:
        stage = stage_of(state, update_id)
        return stage is None or stage.stage >= wanted or not state.is_running

    await parts.shards.wait(key, satisfied, calls.seconds_left(parts.config.long_poll_seconds))
    now, is_running = await parts.shards.inspect(
        key, lambda state: (stage_of(state, update_id), state.is_running)
    )
    if now is None or (now.stage < ACCEPTED and not is_running):
        raise NotFound("workflow update was aborted by closing workflow")
    return now


def _link(namespace: str, key: RunKey, asked: UpdateRequest, reached: UpdateStage) -> Link | None:
    """To the event that the update has in the history; one that failed may have none."""
    if reached.stage < ACCEPTED:
        return None
    if reached.outcome is not None and reached.outcome.HasField("failure"):
        run = Link.Workflow(
            namespace=namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            reason="Update rejected",
        )
        return Link(workflow=run)
    accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    return nexus.to_request(namespace, key.workflow_id, key.run_id, asked.request_id, accepted)


def _reference(key: RunKey, update_id: str) -> UpdateRef:
    return UpdateRef(
        workflow_execution=WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id),
        update_id=update_id,
    )
