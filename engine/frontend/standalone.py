"""Standalone activities: described, awaited, ended; how they begin is `standalone_starting`.

A long poll that is over before there is news is answered with an empty response.
"""

from __future__ import annotations

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

from engine.errors import InvalidArgument
from engine.frontend import changes, standalone_checks, standalone_ending, standalone_rows
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
    reason = standalone_checks.reason(request, parts.limits)
    await standalone_ending.request_cancel(parts, key, request, reason)
    return RequestCancelActivityExecutionResponse()


async def terminate(
    parts: Parts, request: TerminateActivityExecutionRequest
) -> TerminateActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    reason = standalone_checks.reason(request, parts.limits)
    await standalone_ending.terminate(parts, key, request, reason)
    return TerminateActivityExecutionResponse()


async def delete(
    parts: Parts, request: DeleteActivityExecutionRequest
) -> DeleteActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    await standalone_ending.delete(parts, key, "Delete activity execution")
    return DeleteActivityExecutionResponse()
