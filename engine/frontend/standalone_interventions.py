"""Operators at one activity by its id: pause, unpause, reset, change options.

It is a standalone one, or one of the workflow that the request names.
"""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    PauseActivityExecutionRequest,
    PauseActivityExecutionResponse,
    ResetActivityExecutionRequest,
    ResetActivityExecutionResponse,
    UnpauseActivityExecutionRequest,
    UnpauseActivityExecutionResponse,
    UpdateActivityExecutionOptionsRequest,
    UpdateActivityExecutionOptionsResponse,
)

from engine.core import activity_options
from engine.core.effects import ActivitiesChanged
from engine.core.inputs import ChangeActivities, PauseActivities, RenewActivities, Which
from engine.core.keys import RunKey
from engine.frontend import standalone_checks
from engine.frontend.parts import Parts


async def _key(parts: Parts, request: Any) -> RunKey:
    key = await standalone_checks.key(parts, request)
    if not request.workflow_id:
        return key
    run = WorkflowExecution(workflow_id=request.workflow_id, run_id=request.run_id)
    return await parts.run_key(request.namespace, run)


def _which(request: Any) -> Which:
    return Which(activity_id=request.activity_id)


async def pause(
    parts: Parts, request: PauseActivityExecutionRequest
) -> PauseActivityExecutionResponse:
    given = PauseActivities(
        at=parts.clock.now(),
        which=_which(request),
        identity=request.identity,
        reason=standalone_checks.reason(request, parts.limits),
        request_id=request.request_id or parts.clock.new_id(),
    )
    await parts.shards.submit(await _key(parts, request), given)
    return PauseActivityExecutionResponse()


async def unpause(
    parts: Parts, request: UnpauseActivityExecutionRequest
) -> UnpauseActivityExecutionResponse:
    given = RenewActivities(
        at=parts.clock.now(),
        which=_which(request),
        resets=False,
        jitter_ns=standalone_checks.not_negative("jitter", request.jitter),
        seed=parts.clock.new_id(),
    )
    await parts.shards.submit(await _key(parts, request), given)
    return UnpauseActivityExecutionResponse()


async def reset(
    parts: Parts, request: ResetActivityExecutionRequest
) -> ResetActivityExecutionResponse:
    given = RenewActivities(
        at=parts.clock.now(),
        which=_which(request),
        resets=True,
        forgets_beat=request.reset_heartbeat,
        keeps_paused=request.keep_paused,
        restores_options=request.restore_original_options,
        jitter_ns=standalone_checks.not_negative("jitter", request.jitter),
        seed=parts.clock.new_id(),
    )
    await parts.shards.submit(await _key(parts, request), given)
    return ResetActivityExecutionResponse()


async def update_options(
    parts: Parts, request: UpdateActivityExecutionOptionsRequest
) -> UpdateActivityExecutionOptionsResponse:
    key = await _key(parts, request)
    options = standalone_checks.change(request)
    if request.workflow_id and options is not None:
        activity_options.check_paths(request.update_mask.paths)
    given = ChangeActivities(
        at=parts.clock.now(),
        which=_which(request),
        options=options,
        paths=tuple(request.update_mask.paths),
    )
    changed: ActivitiesChanged = await parts.shards.submit(key, given)
    return UpdateActivityExecutionOptionsResponse(activity_options=changed.options)
