"""The near future of a writer's runs: a bounded heap over `runs.wake_at`.

Only what is due within the window is in memory; ten million sleeping runs cost rows, not memory.
Waking a run too early or twice is harmless, so entries are replaced rather than searched for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from heapq import heappop, heappush

from engine.core.keys import RunKey

SECOND = 1_000_000_000
WINDOW_NS = 30 * SECOND
ENTRIES_MAX = 10_000


class Wakes:
    def __init__(self) -> None:
        self._heap: list[tuple[int, RunKey]] = []
        # When each run is due; an entry of the heap that says otherwise is stale.
        self._due: dict[RunKey, int] = {}
        # Up to then every wake-up of the database is in the heap.
        self.known_until = 0
        # What was added since the store was asked, which its answer may not hold.
        self._added: dict[RunKey, int] | None = None
        self._is_sooner = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: RunKey, at: int) -> None:
        if self._added is not None:
            self._added[key] = at
        if at > self.known_until or self._due.get(key) == at:
            return
        if len(self._due) >= ENTRIES_MAX:
            # No room: from there on the store knows better.
            self.known_until = at - 1
            return
        if not self._heap or at < self._heap[0][0]:
            self._is_sooner.set()
        self._put(key, at)

    def _put(self, key: RunKey, at: int) -> None:
        self._due[key] = at
        heappush(self._heap, (at, key))

    def take_due(self, now: int, most: int) -> list[RunKey]:
        due: list[RunKey] = []
        while self._heap and self._heap[0][0] <= now and len(due) < most:
            at, key = heappop(self._heap)
            if self._due.get(key) == at:
                del self._due[key]
                due.append(key)
        return due

    def wants_refill(self, now: int) -> bool:
        return self.known_until < now + WINDOW_NS // 2 and len(self._due) < ENTRIES_MAX // 2

    def begin_refill(self) -> None:
        self._added = {}

    def end_refill(self, sleepers: Iterable[tuple[RunKey, int]], until: int) -> None:
        added, self._added = self._added, None
        if added is None:
            # Shards came or went meanwhile: the store is asked again.
            return
        self._heap, self._due = [], {}
        self.known_until = until
        for key, at in sleepers:
            self._put(key, at)
        for key, at in added.items():
            self.add(key, at)

    async def wait(self, now: int, seconds_max: float) -> None:
        """Until the next is due, as far as is known now, or the time is over."""
        self._is_sooner.clear()
        seconds = seconds_max
        if self._heap:
            seconds = min(seconds, max(self._heap[0][0] - now, 0) / SECOND)
        try:
            async with asyncio.timeout(seconds):
                await self._is_sooner.wait()
        except TimeoutError:
            return

    def clear(self) -> None:
        self._heap, self._due = [], {}
        self._added = None
        self.known_until = 0
