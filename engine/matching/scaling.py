"""Whether a worker is to poll with more hands or with fewer, told with the task that a poll got.

    the poll waited long for a task that is new     one fewer: it was idle
    tasks wait, or come faster than they go         one more, so often a second for each poller
    a rate holds the tasks back                     as many: more would only wait

The numbers are the official server's.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.matching.rates import SECOND, Bucket

IDLE_NS = 1 * SECOND
OLD_NS = SECOND // 5
MORE_PER_SECOND = 10.0
ADDED_TO_DISPATCHED = 1.2


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A queue as a task leaves it; `oldest_at` is 0 where nothing else waits."""

    oldest_at: int
    added_per_second: float
    dispatched_per_second: float
    is_limiting: bool


class Scaling:
    def __init__(self) -> None:
        self._bucket = Bucket(MORE_PER_SECOND)

    def hint(
        self, asked_at: int, offered_at: int, now: int, pollers: int, look: Callable[[], Seen]
    ) -> int:
        """By how many pollers to go up. `look` is asked only where the answer may be yes."""
        if now - asked_at >= IDLE_NS and offered_at >= asked_at:
            return -1
        self._bucket.change(MORE_PER_SECOND * max(1, pollers))
        if not self._bucket.take(now):
            return 0
        seen = look()
        if seen.is_limiting:
            return 0
        is_old = seen.oldest_at != 0 and now - seen.oldest_at > OLD_NS
        is_behind = seen.added_per_second > ADDED_TO_DISPATCHED * seen.dispatched_per_second
        return 1 if is_old or is_behind else 0
