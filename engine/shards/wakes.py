"""The near future of a writer's runs: a bounded heap over `runs.wake_at`.

Only what is due within the window is in memory; ten million sleeping runs cost rows, not memory.
The heap may hold a time that is no longer true: waking too often is harmless.
"""

from __future__ import annotations

from heapq import heappop, heappush

from engine.core.keys import RunKey

SECOND = 1_000_000_000
WINDOW_NS = 30 * SECOND
ENTRIES_MAX = 10_000


class Wakes:
    def __init__(self) -> None:
        self._heap: list[tuple[int, RunKey]] = []
        # Up to then every wake-up of the database is in the heap.
        self.known_until = 0

    def add(self, key: RunKey, at: int) -> None:
        if at <= self.known_until:
            heappush(self._heap, (at, key))

    def take_due(self, now: int, most: int) -> list[RunKey]:
        due: dict[RunKey, None] = {}
        while self._heap and self._heap[0][0] <= now and len(due) < most:
            due[heappop(self._heap)[1]] = None
        return list(due)

    def next_at(self) -> int:
        return self._heap[0][0] if self._heap else 0

    def refill(self, sleepers: list[tuple[RunKey, int]], until: int) -> None:
        self._heap = []
        self.known_until = until
        for key, at in sleepers:
            heappush(self._heap, (at, key))

    def clear(self) -> None:
        self._heap = []
        self.known_until = 0
