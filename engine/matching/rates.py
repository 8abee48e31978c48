"""How fast tasks may go, and how fast they do; the time is given."""

from __future__ import annotations

from math import exp

SECOND = 1_000_000_000
METER_SPAN_SECONDS = 30.0
#: Later than any time.
NEVER = 1 << 62


class Bucket:
    """At most `rate` a second on average, and at most one second's worth (or 1) at once."""

    __slots__ = ("filled_at", "rate", "tokens", "weight")

    def __init__(self, rate: float, weight: float = 1.0) -> None:
        self.rate = rate
        # Of the key that it is for, as its last task had it.
        self.weight = weight
        self.tokens = max(rate, 1.0) if rate > 0 else 0.0
        self.filled_at = 0

    def take(self, now: int) -> bool:
        self._fill(now)
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def opens_at(self, now: int) -> int:
        """When the next token is there: 0 for now, `NEVER` where none comes."""
        self._fill(now)
        if self.tokens >= 1.0:
            return 0
        if self.rate <= 0:
            return NEVER
        return now + int((1.0 - self.tokens) / self.rate * SECOND) + 1

    def change(self, rate: float) -> None:
        if rate != self.rate:
            self.rate = rate
            self.tokens = min(self.tokens, max(rate, 1.0)) if rate > 0 else 0.0

    def _fill(self, now: int) -> None:
        if self.filled_at and self.rate > 0:
            gained = max(0, now - self.filled_at) / SECOND * self.rate
            self.tokens = min(self.tokens + gained, max(self.rate, 1.0))
        self.filled_at = now


class Meter:
    """Events a second, where what lies further back than the span hardly counts."""

    __slots__ = ("at", "rate")

    def __init__(self) -> None:
        self.rate = 0.0
        self.at = 0

    def add(self, now: int) -> None:
        self.rate = self.per_second(now) + 1 / METER_SPAN_SECONDS
        self.at = now

    def per_second(self, now: int) -> float:
        age = max(0, now - self.at) / SECOND
        return self.rate * exp(-age / METER_SPAN_SECONDS)


class Meters:
    """One for each priority."""

    __slots__ = ("_by_priority",)

    def __init__(self) -> None:
        self._by_priority: dict[int, Meter] = {}

    def add(self, now: int, priority: int) -> None:
        meter = self._by_priority.get(priority)
        if meter is None:
            meter = self._by_priority[priority] = Meter()
        meter.add(now)

    def per_second(self, now: int) -> dict[int, float]:
        return {priority: meter.per_second(now) for priority, meter in self._by_priority.items()}
