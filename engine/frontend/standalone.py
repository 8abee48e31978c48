"""Standalone activities: described, awaited, ended; how they begin is `standalone_starting`.

A long poll that is over before there is news is answered with an empty response.
"""

from __future__ import annotations

from contextlib import suppress

from temporalio.api.workflowservice.v1 import (
    DeleteActivityExecutionRequest,
    DeleteActivityExecutionResponse,
    DescribeActivityExecutionRequest,
    DescribeActivityExecutionResponse,
    PollActivityExecutionRequest,
    PollActivityExecutionResponse,
    RequestCancelActivityExecutionRequest,
    RequestCancelActivityExecutionResponse,
    TerminateActivityExecutionRequest,
    TerminateActivityExecutionResponse,
)

from engine.core.inputs import RequestCancel, Terminate
from engine.errors import FailedPrecondition, InvalidArgument
from engine.frontend import changes, standalone_checks, standalone_rows
from engine.frontend.parts import Parts
from engine.frontend.reading import extent


async def describe(
    parts: Parts, request: DescribeActivityExecutionRequest
) -> DescribeActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    if request.long_poll_token:
        if not request.run_id:
            raise InvalidArgument("run id is required when long poll token is provided")
        if not await changes.changed(parts, key, request.long_poll_token):
            return DescribeActivityExecutionResponse()
    return await parts.shards.inspect(
        key, lambda state: standalone_rows.described(state, request, changes.token(state))
    )


async def poll(
    parts: Parts, request: PollActivityExecutionRequest
) -> PollActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    run_id, _, _ = await parts.shards.inspect(key, extent)
    key = key._replace(run_id=run_id)
    if not await changes.awaited(parts, key, lambda state: not state.is_running):
        return PollActivityExecutionResponse()
    outcome = await parts.shards.inspect(key, standalone_rows.outcome)
    return PollActivityExecutionResponse(run_id=run_id, outcome=outcome)


async def request_cancel(
    parts: Parts, request: RequestCancelActivityExecutionRequest
) -> RequestCancelActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    given = RequestCancel(
        at=parts.clock.now(),
        cause=standalone_checks.reason(request, parts.limits),
        identity=request.identity,
        request_id=request.request_id or parts.clock.new_id(),
    )
    await parts.shards.submit(key, given)
    return RequestCancelActivityExecutionResponse()


async def terminate(
    parts: Parts, request: TerminateActivityExecutionRequest
) -> TerminateActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    given = Terminate(
        at=parts.clock.now(),
        reason=standalone_checks.reason(request, parts.limits),
        identity=request.identity,
        request_id=request.request_id or parts.clock.new_id(),
    )
    await parts.shards.submit(key, given)
    return TerminateActivityExecutionResponse()


async def delete(
    parts: Parts, request: DeleteActivityExecutionRequest
) -> DeleteActivityExecutionResponse:
    """One that is not over is terminated first; somebody else may have ended it just now."""
    key = await standalone_checks.key(parts, request)
    run_id, _, is_running = await parts.shards.inspect(key, extent)
    key = key._replace(run_id=run_id)
    if is_running:
        given = Terminate(at=parts.clock.now(), reason="Delete activity execution")
        with suppress(FailedPrecondition):
            await parts.shards.submit(key, given)
    await parts.shards.delete(key)
    return DeleteActivityExecutionResponse()
