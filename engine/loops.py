"""How a loop beside the others is ended."""

from __future__ import annotations

import asyncio
from typing import Any

ASKED_AGAIN_SECONDS = 1.0


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
