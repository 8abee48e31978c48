"""Inbox: what waits for a writer, in the order that it came; bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from engine.shards.works import Work


class Inbox:
    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._works: deque[Work] = deque()
        self._stirred = asyncio.Event()

    def __len__(self) -> int:
        return len(self._works)

    def put(self, work: Work) -> bool:
        """False where there is no room."""
        if len(self._works) >= self.maxsize:
            return False
        self._works.append(work)
        self._stirred.set()
        return True

    def put_back(self, works: Sequence[Work]) -> None:
        """What was taken and not done goes first again; it has had its room before."""
        self._works.extendleft(reversed(works))
        if works:
            self._stirred.set()

    def take(self, most: int) -> list[Work]:
        works = [self._works.popleft() for _ in range(min(len(self._works), most))]
        if not self._works:
            self._stirred.clear()
        return works

    def stir(self) -> None:
        """Let `wait` return although nothing came."""
        self._stirred.set()

    async def wait(self, seconds: float) -> None:
        """Until something is there, or the time is over."""
        if self._works:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return
