"""The first time that is left where much is excluded: a day at a time, its seconds as bits.

A clock (seconds, minutes and hours of a calendar) is a number with a bit for each second of a day.
Which calendars have a day is told by one bit for each of them; few different days recur. So a day
that is wholly excluded costs a look, however many calendars exclude it together.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

from engine.core.schedule.calendars import (
    DAY,
    HOUR,
    MINUTE,
    YEAR_MAX,
    YEAR_MIN,
    Calendar,
    spans,
)

#: What one question may cost: a look at each day of a century, and as much again. A look is a
#: microsecond or less; to add up the seconds of a calendar, or of an interval, is like so many.
LOOKS_MAX = 75_000
LOOKS_OF_CLOCK, LOOKS_OF_INTERVAL = 4, 20
#: Sums of seconds that are kept, each of some ten kilobytes.
KEPT_MAX = 64
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_WHOLE = (1 << DAY) - 1


class GivenUp(Exception):
    """The question costs too much."""


class Interval(NamedTuple):
    every: int
    phase: int

    def next(self, after: int) -> int:
        return ((after - self.phase) // self.every + 1) * self.every + self.phase


class Looks:
    def __init__(self) -> None:
        self.left = LOOKS_MAX

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise GivenUp


class Days:
    """Which of some calendars have a day, and which of its seconds these have together."""

    def __init__(self, calendars: Iterable[Calendar]) -> None:
        distinct = list(dict.fromkeys(calendars))
        self._clocks = [(one.hours, one.minutes, one.seconds) for one in distinct]
        self._years = {at: _bits(distinct, "years", at) for at in range(YEAR_MIN, YEAR_MAX + 1)}
        self._months = [_bits(distinct, "months", month) for month in range(13)]
        self._days = [_bits(distinct, "days", day) for day in range(32)]
        self._weekdays = [_bits(distinct, "weekdays", weekday) for weekday in range(7)]
        self._kept: dict[int, int] = {}

    def of_month(self, year: int, month: int) -> int:
        return self._years.get(year, 0) & self._months[month]

    def of(self, among: int, day: int, weekday: int) -> int:
        return among & self._days[day] & self._weekdays[weekday]

    def seconds(self, some: int, looks: Looks) -> int:
        """Of these calendars, as bits."""
        found = self._kept.get(some)
        if found is None:
            found, left = 0, some
            while left and found != _WHOLE:
                lowest = left & -left
                looks.spend(LOOKS_OF_CLOCK)
                found |= _clock(*self._clocks[lowest.bit_length() - 1])
                left ^= lowest
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            self._kept[some] = found
        return found


def _bits(calendars: Sequence[Calendar], field: str, value: int) -> int:
    return sum(1 << at for at, one in enumerate(calendars) if value in getattr(one, field))


@lru_cache(maxsize=256)
def _clock(hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int]) -> int:
    minute = sum(1 << second for second in seconds)
    hour = sum(minute << at * MINUTE for at in minutes)
    return sum(hour << at * HOUR for at in hours)


class Left:
    """What is asked for, less what is excluded."""

    def __init__(
        self,
        included: Iterable[Calendar],
        excluded: Iterable[Calendar],
        intervals: Iterable[Interval],
        zone: tzinfo,
    ) -> None:
        self._included = Days(included)
        self._excluded = Days(excluded)
        self._intervals = list(dict.fromkeys(intervals))
        self._zone = zone
        #: (calendars that include, calendars that exclude) -> the seconds that are left
        self._kept: dict[tuple[int, int], int] = {}

    def first(self, after: int) -> int | None:
        """The first moment later than `after`; None where there is none, or it costs too much."""
        looks = Looks()
        try:
            for day, included, excluded in self._days(after, looks):
                blocked = self._excluded.seconds(excluded, looks)
                if blocked == _WHOLE:
                    continue
                free = self._free(included, excluded, blocked, looks)
                found = self._of_day(day, after, free, blocked, looks)
                if found is not None:
                    return found
        except GivenUp:
            return None
        # Nothing is excluded in the years that no calendar has.
        over, _, _ = spans(self._zone, date(YEAR_MAX + 1, 1, 1).toordinal() - _EPOCH_DAY)[0]
        return min((one.next(max(after, over - 1)) for one in self._intervals), default=None)

    def _days(self, after: int, looks: Looks) -> Iterator[tuple[int, int, int]]:
        """(day since the epoch, calendars that include it, calendars that exclude it)"""
        first = datetime.fromtimestamp(after, self._zone).date()
        for year in range(max(first.year, YEAR_MIN), YEAR_MAX + 1):
            for month in range(first.month if year == first.year else 1, 13):
                included = self._included.of_month(year, month)
                if not included and not self._intervals:
                    continue
                excluded = self._excluded.of_month(year, month)
                begins, length = monthrange(year, month)
                before = date(year, month, 1).toordinal() - _EPOCH_DAY - 1
                starts = first.day if (year, month) == (first.year, first.month) else 1
                looks.spend(length)
                for day in range(starts, length + 1):
                    # Python's weeks begin on Monday, a calendar's on Sunday.
                    weekday = (begins + day) % 7
                    mine = self._included.of(included, day, weekday)
                    if mine or self._intervals:
                        yield before + day, mine, self._excluded.of(excluded, day, weekday)

    def _free(self, included: int, excluded: int, blocked: int, looks: Looks) -> int:
        found = self._kept.get((included, excluded))
        if found is None:
            looks.spend(LOOKS_OF_CLOCK)
            found = self._included.seconds(included, looks) & ~blocked
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            self._kept[included, excluded] = found
        return found

    def _of_day(self, day: int, after: int, free: int, blocked: int, looks: Looks) -> int | None:
        if not free and not self._intervals:
            return None
        looks.spend(LOOKS_OF_INTERVAL)
        for low, high, offset in spans(self._zone, day):
            midnight, begin = day * DAY - offset, max(low, after + 1)
            if begin >= high:
                continue
            found = _lowest(free, begin - midnight, high - midnight)
            for interval in self._intervals:
                looks.spend(LOOKS_OF_INTERVAL)
                start = interval.next(begin - 1) - midnight
                # Later than what is found already it is of no interest.
                end = high - midnight if found is None else found
                other = _lowest(_steps(start, interval.every, end) & ~blocked, 0, end)
                found = found if other is None else other
            if found is not None:
                return midnight + found
        return None


def _lowest(seconds: int, begin: int, end: int) -> int | None:
    """The first of these that is not before `begin`, and before `end`."""
    rest = seconds >> begin
    if not rest:
        return None
    found = begin + (rest & -rest).bit_length() - 1
    return found if found < end else None


def _steps(start: int, every: int, end: int) -> int:
    """Each second from `start` on by `every`, before `end`."""
    if start >= end:
        return 0
    made, count, wanted = 1, 1, -((start - end) // every)
    while count < wanted:
        made |= made << count * every
        count *= 2
    return (made & (1 << end - start) - 1) << start
