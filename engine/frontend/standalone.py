"""Standalone activities: described, awaited, ended; how they begin is `standalone_starting`.

A long poll that is over before there is news is answered with an empty response.
"""

from __future__ import annotations

from collections.abc import Callable
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
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import FailedPrecondition, InvalidArgument
from engine.frontend import calls, standalone_checks, standalone_rows
from engine.frontend.parts import Parts
from engine.frontend.reading import extent
from engine.protocol import tokens
from engine.protocol.tokens import ChangeToken

_BAD_POLL = "invalid long poll token"


async def describe(
    parts: Parts, request: DescribeActivityExecutionRequest
) -> DescribeActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    if request.long_poll_token:
        if not request.run_id:
            raise InvalidArgument("run id is required when long poll token is provided")
        if not await _changed(parts, key, request.long_poll_token):
            return DescribeActivityExecutionResponse()
    return await parts.shards.inspect(
        key, lambda state: standalone_rows.described(state, request, _token(state))
    )


def _token(state: RunState) -> bytes:
    return tokens.encode(ChangeToken(state.key.run_id, state.transitions_count))


async def _changed(parts: Parts, key: RunKey, given: bytes) -> bool:
    """Whether there is more than the token's owner knows; waits for it."""
    run_id = await parts.shards.inspect(key, lambda state: state.key.run_id)
    known = tokens.decode(ChangeToken, given, _BAD_POLL)
    if known.run_id != run_id:
        raise InvalidArgument(_BAD_POLL)

    def satisfied(state: RunState) -> bool:
        return state.transitions_count > known.changes_count or not state.is_running

    return await _awaited(parts, key, satisfied)


async def _awaited(parts: Parts, key: RunKey, satisfied: Callable[[RunState], bool]) -> bool:
    seconds = calls.seconds_left(parts.config.long_poll_seconds)
    if await parts.shards.wait(key, satisfied, seconds):
        return True
    return await parts.shards.inspect(key, satisfied)


async def poll(
    parts: Parts, request: PollActivityExecutionRequest
) -> PollActivityExecutionResponse:
    key = await standalone_checks.key(parts, request)
    run_id, _, _ = await parts.shards.inspect(key, extent)
    key = key._replace(run_id=run_id)
    if not await _awaited(parts, key, lambda state: not state.is_running):
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
