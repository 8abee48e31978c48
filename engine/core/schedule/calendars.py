"""When a wall clock shows what a calendar asks for.

A moment matches when the local time there does. So a time that the clock skips in spring has no
moment, and one that it shows twice in autumn has two.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

YEAR_MIN, YEAR_MAX = 2000, 2100
DAY, HOUR, MINUTE = 86_400, 3_600, 60
_EPOCH_DAY = date(1970, 1, 1).toordinal()
#: A local day lies within so many seconds around the same day in UTC, whatever the zone.
_AHEAD_MAX, _BEHIND_MAX = 15 * HOUR, 13 * HOUR


class Calendar(NamedTuple):
    """Each field's values in ascending order; `weekdays` counts from Sunday, 0."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    years: tuple[int, ...]
    weekdays: frozenset[int]

    def matches(self, moment: int, zone: tzinfo) -> bool:
        local = datetime.fromtimestamp(moment, zone)
        return (
            local.second in self.seconds
            and local.minute in self.minutes
            and local.hour in self.hours
            and self.has(local.date())
        )

    def has(self, day: date) -> bool:
        return (
            day.day in self.days
            and day.month in self.months
            and day.year in self.years
            and day.isoweekday() % 7 in self.weekdays
        )

    def until(self, moment: int, zone: tzinfo) -> int:
        """From one that matches: the last of those after it that match without a gap, as far as
        whole minutes, hours and the day tell."""
        if len(self.seconds) < MINUTE:
            return moment
        local = datetime.fromtimestamp(moment, zone)
        if len(self.minutes) < HOUR // MINUTE:
            return moment + MINUTE - 1 - local.second
        if len(self.hours) < DAY // HOUR:
            return moment + HOUR - 1 - local.minute * MINUTE - local.second
        day = local.date().toordinal() - _EPOCH_DAY
        ends = (high for low, high, _ in spans(zone, day) if low <= moment < high)
        # A zone that somebody made up may have more changes in a day than are looked for.
        return next(ends, moment + 1) - 1

    def next(self, after: int, zone: tzinfo) -> int | None:
        """The first matching moment (seconds since the epoch) later than `after`."""
        first = datetime.fromtimestamp(after, zone).date()
        for day in self._days_from(first):
            for low, high, offset in spans(zone, day.toordinal() - _EPOCH_DAY):
                midnight = (day.toordinal() - _EPOCH_DAY) * DAY - offset
                found = self._clock_from(max(low, after + 1) - midnight)
                if found is not None and midnight + found < high:
                    return midnight + found
        return None

    def _days_from(self, first: date) -> Iterator[date]:
        for year in self.years[bisect_left(self.years, first.year) :]:
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                yield from (day for day in _month(year, month, self.days)
                            if day >= first and day.isoweekday() % 7 in self.weekdays)  # fmt: skip

    def _clock_from(self, second: int) -> int | None:
        """The first matching second of a day that is not before `second`."""
        hour, rest = divmod(second, HOUR)
        for h in self.hours[bisect_left(self.hours, hour) :]:
            minute, lowest = divmod(rest, MINUTE) if h == hour else (0, 0)
            for m in self.minutes[bisect_left(self.minutes, minute) :]:
                s = _at_least(self.seconds, lowest if m == minute else 0)
                if s is not None:
                    return h * HOUR + m * MINUTE + s
        return None


def _at_least(values: Sequence[int], least: int) -> int | None:
    place = bisect_left(values, least)
    return values[place] if place < len(values) else None


def _month(year: int, month: int, days: frozenset[int]) -> Iterator[date]:
    for day in sorted(days):
        try:
            yield date(year, month, day)
        except ValueError:
            return


Span = tuple[int, int, int]


def spans(zone: tzinfo, day: int) -> tuple[Span, ...]:
    """The moments of a local day: (from, to, the offset that holds there), one or two of them."""
    if zone is UTC:
        return ((day * DAY, (day + 1) * DAY, 0),)
    return _spans(zone, day)


@lru_cache(maxsize=8_192)
def _spans(zone: tzinfo, day: int) -> tuple[Span, ...]:
    midnight = day * DAY
    low, high = midnight - _AHEAD_MAX, midnight + DAY + _BEHIND_MAX
    before, after = _offset(zone, low), _offset(zone, high)
    if before == after:
        return ((midnight - before, midnight - before + DAY, before),)
    change = _change(zone, low, high, before)
    sides = ((low, change, before), (change, high, after))
    clipped = (
        (max(start, midnight - offset), min(end, midnight - offset + DAY), offset)
        for start, end, offset in sides
    )
    return tuple(span for span in clipped if span[0] < span[1])


def _change(zone: tzinfo, low: int, high: int, before: int) -> int:
    """The first moment at which the offset is not what it was `before`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: tzinfo, moment: int) -> int:
    """Told by the clock: `utcoffset` refuses what is more than a day."""
    local = datetime.fromtimestamp(moment, zone).replace(tzinfo=UTC)
    return int(local.timestamp()) - moment
