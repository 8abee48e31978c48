"""How a run without a workflow is ended, whether it is an activity or a Nexus operation."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from engine.core.inputs import RequestCancel, Terminate
from engine.core.keys import RunKey
from engine.errors import FailedPrecondition
from engine.frontend.parts import Parts
from engine.frontend.reading import extent


async def request_cancel(parts: Parts, key: RunKey, request: Any, reason: str) -> None:
    given = RequestCancel(
        at=parts.clock.now(),
        cause=reason,
        identity=request.identity,
        request_id=request.request_id or parts.clock.new_id(),
    )
    await parts.shards.submit(key, given)


async def terminate(parts: Parts, key: RunKey, request: Any, reason: str) -> None:
    given = Terminate(
        at=parts.clock.now(),
        reason=reason,
        identity=request.identity,
        request_id=request.request_id or parts.clock.new_id(),
    )
    await parts.shards.submit(key, given)


async def delete(parts: Parts, key: RunKey, reason: str) -> None:
    """One that is not over is terminated first; somebody else may have ended it just now."""
    run_id, _, is_running = await parts.shards.inspect(key, extent)
    key = key._replace(run_id=run_id)
    if is_running:
        with suppress(FailedPrecondition):
            await parts.shards.submit(key, Terminate(at=parts.clock.now(), reason=reason))
    await parts.shards.delete(key)
