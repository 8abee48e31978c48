"""Whether a commit should wait a moment for company. Pure.

A commit costs the same whether it carries one work or twenty. Where callers come one by one, each
waiting for the last, nobody would join and waiting is loss; where many are under way at once, a
pause shorter than a commit saves most of the commits. Which it is, the last batches tell.
"""

from __future__ import annotations

#: The more come together, the longer the next ones are waited for: so much for each, up to a bound.
PAUSE_EACH_SECONDS, PAUSE_SECONDS_MAX = 0.001, 0.005
#: Batches of more works than this, on average, have company to wait for.
WORKS_MEAN_MIN = 1.75
#: So many are company enough.
WAITING_MAX = 32
#: The weight of the newest batch in the average.
NEWEST = 0.1


class Pace:
    def __init__(self) -> None:
        self._works_mean = 1.0

    def note(self, works: int) -> None:
        """A batch has carried so many works."""
        self._works_mean += NEWEST * (works - self._works_mean)

    def pause_seconds(self, waiting: int) -> float:
        """How long to wait before `waiting` works are taken; 0 for not at all."""
        if self._works_mean < WORKS_MEAN_MIN or waiting >= WAITING_MAX:
            return 0.0
        return min(PAUSE_SECONDS_MAX, PAUSE_EACH_SECONDS * self._works_mean)
