"""Loops beside the others: how one is ended, and what is read again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger(__name__)

ASKED_AGAIN_SECONDS = 1.0
#: What another node has changed and could not tell is known so late at most.
REFRESH_SECONDS = 3.0


async def keep_fresh(read: Callable[[], Awaitable[None]], what: str) -> None:
    """Read it every few seconds; what is known stays in use where that fails."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            await read()
        except Exception as trouble:  # noqa: BLE001  the next round asks again
            log.warning("%s cannot be read: %s", what, trouble)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel until each has ended, however it ends.

    A query under way can take the cancellation for its own: its loop then tries again, and would
    never hear of the end if that were said once.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ASKED_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
