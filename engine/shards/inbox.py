"""Inbox: what waits for a writer, in the order that it came; bounded.

Patient works go after all others, and a few at a time: who comes next waits behind no crowd.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from engine.shards.works import Work

PATIENT_AT_ONCE = 8
#: In a batch that somebody waits for.
PATIENT_BESIDE_OTHERS = 2


class Inbox:
    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._works: deque[Work] = deque()
        self._patient: deque[Work] = deque()
        self._stirred = asyncio.Event()

    def __len__(self) -> int:
        return len(self._works) + len(self._patient)

    @property
    def pressing(self) -> int:
        """So many are not patient."""
        return len(self._works)

    def put(self, work: Work) -> bool:
        """False where there is no room."""
        if len(self) >= self.maxsize:
            return False
        (self._patient if work.patient else self._works).append(work)
        self._stirred.set()
        return True

    def put_back(self, works: Sequence[Work]) -> None:
        """What was taken and not done goes first again; it has had its room before."""
        self._works.extendleft(reversed(works))
        if works:
            self._stirred.set()

    def take(self, most: int, beside: int = 0) -> list[Work]:
        """`beside` works that press are in their batch already."""
        works = [self._works.popleft() for _ in range(min(len(self._works), most))]
        share = PATIENT_BESIDE_OTHERS if works or beside else PATIENT_AT_ONCE
        room = min(most - len(works), share, len(self._patient))
        works += [self._patient.popleft() for _ in range(room)]
        if not len(self):
            self._stirred.clear()
        return works

    def empty(self) -> list[Work]:
        """All that waits."""
        works = [*self._works, *self._patient]
        self._works.clear()
        self._patient.clear()
        self._stirred.clear()
        return works

    def stir(self) -> None:
        """Let `wait` return although nothing came."""
        self._stirred.set()

    async def wait(self, seconds: float) -> None:
        """Until something is there, or the time is over."""
        if len(self):
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return
