"""Long polls on a run without a workflow: until there is news of it, or it is over."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import InvalidArgument
from engine.frontend import calls
from engine.frontend.parts import Parts
from engine.protocol import tokens
from engine.protocol.tokens import ChangeToken

_BAD_POLL = "invalid long poll token"


def token(state: RunState) -> bytes:
    return tokens.encode(ChangeToken(state.key.run_id, state.transitions_count))


async def changed(parts: Parts, key: RunKey, given: bytes) -> bool:
    """Whether there is more than the token's owner knows; waits for it."""
    run_id = await parts.shards.inspect(key, lambda state: state.key.run_id)
    known = tokens.decode(ChangeToken, given, _BAD_POLL)
    if known.run_id != run_id:
        raise InvalidArgument(_BAD_POLL)

    def satisfied(state: RunState) -> bool:
        return state.transitions_count > known.changes_count or not state.is_running

    return await awaited(parts, key, satisfied)


async def awaited(parts: Parts, key: RunKey, satisfied: Callable[[RunState], bool]) -> bool:
    seconds = calls.seconds_left(parts.config.long_poll_seconds)
    if await parts.shards.wait(key, satisfied, seconds):
        return True
    return await parts.shards.inspect(key, satisfied)
