"""Messages on their way to one other node, in order, until it has them or is gone.

put ──▶ waiting ──one batch at a time──▶ there
           │ no room                        │ it does not answer: the same batch again
           └──▶ only the queue's name is kept, to be nudged
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from engine.cluster import messages
from engine.core.keys import QueueKey
from engine.errors import EngineError

BATCH_MAX = 500
LINE_MAX = 20_000
AGAIN_SECONDS = 0.2

Send = Callable[[list[messages.Told]], Awaitable[None]]


class Line:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[messages.Told] = deque()
        self._left: dict[QueueKey, None] = {}
        self._stirred = asyncio.Event()
        self._running = asyncio.get_running_loop().create_task(self._run())

    def put(self, message: messages.Told) -> None:
        if len(self._waiting) < LINE_MAX:
            self._waiting.append(message)
        elif (queue := messages.queue_of(message)) is not None:
            self._left[queue] = None
        self._stirred.set()

    def end(self) -> None:
        """What waits is lost: the node is gone, and another has its queues."""
        self._running.cancel()

    async def _run(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while batch := self._batch():
                await self._deliver(batch)

    def _batch(self) -> list[messages.Told]:
        if not self._waiting:
            nudges: list[messages.Told] = [messages.Nudge(queue) for queue in self._left]
            self._left.clear()
            return nudges
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX))]

    async def _deliver(self, batch: list[messages.Told]) -> None:
        while True:
            try:
                await self._send(batch)
            except EngineError:
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return
