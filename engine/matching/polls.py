"""A poll that waits, and the record of who has polled."""

from __future__ import annotations

import asyncio

from engine.ports import Poller, PollerSeen, Task

SECOND = 1_000_000_000
POLLERS_KEPT_MAX = 1_000
# As long as this after its last poll a worker is shown.
SHOWN_NS = 300 * SECOND
# A worker polls again within moments; one that has not for so long is gone.
RECENT_NS = 10 * SECOND


class Poll:
    __slots__ = ("future", "poller")

    def __init__(self, poller: Poller, future: asyncio.Future[Task | None]) -> None:
        self.poller = poller
        self.future = future

    @property
    def is_waiting(self) -> bool:
        return not self.future.done()

    def give(self, task: Task | None) -> bool:
        if self.future.done():
            return False
        self.future.set_result(task)
        return True

    def refused(self) -> Task | None:
        """The task that was given to a caller who had gone by then."""
        if self.future.done() and not self.future.cancelled():
            return self.future.result()
        return None


class Seen:
    """Pollers by identity, the least recent first."""

    def __init__(self) -> None:
        self.last_at = 0
        self._pollers: dict[str, PollerSeen] = {}

    def note(self, poller: Poller, at: int) -> None:
        self.last_at = at
        self._pollers.pop(poller.identity, None)
        self._pollers[poller.identity] = PollerSeen(poller, at)
        if len(self._pollers) > POLLERS_KEPT_MAX:
            del self._pollers[next(iter(self._pollers))]

    @property
    def count(self) -> int:
        return len(self._pollers)

    def forget(self, instance: str) -> None:
        gone = [name for name, seen in self._pollers.items() if seen.poller.instance == instance]
        for name in gone:
            del self._pollers[name]

    def clear(self) -> None:
        self.last_at = 0
        self._pollers.clear()

    def shown(self, now: int) -> tuple[PollerSeen, ...]:
        recent = [seen for seen in self._pollers.values() if now - seen.at < SHOWN_NS]
        return tuple(reversed(recent))
