"""Telling a run something that it may not be there to hear."""

from __future__ import annotations

import logging

from engine.core.inputs import Input
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import NotFound
from engine.ports import Shards

log = logging.getLogger(__name__)


async def unless_gone(shards: Shards, target: RunKey, given: Input) -> None:
    try:
        await shards.submit(target, given)
    except NotFound:
        log.debug("%s was gone before it could be told", target.workflow_id)


async def is_running(shards: Shards, run: RunKey) -> bool:
    try:
        return await shards.inspect(run, lambda state: state.is_running)
    except NotFound:
        return False


async def heir_of(shards: Shards, run: RunKey) -> RunKey | None:
    """The run that a reset made of one that is closed: what that one waits for is its own now."""
    try:
        if await shards.inspect(run, lambda state: state.is_running):
            return None
        return await shards.inspect(run._replace(run_id=""), _if_reset)
    except NotFound:
        return None


def _if_reset(state: RunState) -> RunKey | None:
    return state.key if state.is_running and state.reset_at else None
