"""Inbox: what waits for a writer, in the order that it came; bounded.

Patient works go after all others. Where nobody else waits they go together, now and then: a commit
costs much the same whatever it carries, and who comes next seldom meets one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from engine.shards.works import Work

PATIENT_AT_ONCE = 16
#: In a batch that somebody waits for.
PATIENT_BESIDE_OTHERS = 2
PATIENT_EVERY_SECONDS = 0.012


class Inbox:
    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._works: deque[Work] = deque()
        self._patient: deque[Work] = deque()
        # When patient works may go again.
        self._patient_at = 0.0
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
        if work.patient:
            self._patient.append(work)
        else:
            self._works.append(work)
        if not work.patient or len(self._patient) == 1:
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
        if self._patient:
            room = min(most - len(works), self._share(bool(works or beside)), len(self._patient))
            works += [self._patient.popleft() for _ in range(room)]
        if not self._works:
            self._stirred.clear()
        return works

    def _share(self, beside_others: bool) -> int:
        now = asyncio.get_running_loop().time()
        if now < self._patient_at:
            return 0
        self._patient_at = now + PATIENT_EVERY_SECONDS
        return PATIENT_BESIDE_OTHERS if beside_others else PATIENT_AT_ONCE

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
        """Until something may be taken, or the time is over."""
        if self._works:
            return
        if self._patient:
            seconds = min(seconds, self._patient_at - asyncio.get_running_loop().time())
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return
