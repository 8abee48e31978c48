"""When a schedule acts: the union of its calendars and intervals, less its exclusions.

    canonical(spec)           as it is kept and told: strings are read into calendars and intervals
    Spec(spec, seed)          compiled; `next_time(after)` is the same whenever it is asked

All times are nanoseconds since the epoch; what a spec says itself is whole seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.schedule.v1 import IntervalSpec, ScheduleSpec, StructuredCalendarSpec

from engine.core.schedule import wording, zones
from engine.core.schedule.calendars import Calendar
from engine.core.schedule.daily import Interval, Left
from engine.core.schedule.wording import BadSpec

SECOND = 1_000_000_000
#: Calendars and intervals of one spec: each is asked for each time.
PARTS_MAX = 100
#: Excluded moments, or whole spans of them, that are passed over one by one; where there are more
#: of them, it is looked at whole days (`daily`).
EXCLUDED_MAX = 5
#: No action is later, and no jitter longer: twice as many nanoseconds are a number in 64 bits.
LAST = 2**62 // SECOND


class Time(NamedTuple):
    """`nominal` is what the spec says; the action is due at `actual`, later by the jitter."""

    nominal: int
    actual: int


def canonical(given: ScheduleSpec) -> ScheduleSpec:
    """Refused with BadSpec where a part of it cannot be read."""
    _check_count(given)
    made = ScheduleSpec()
    made.CopyFrom(given)
    for strings in ("calendar", "cron_string", "exclude_calendar"):
        made.ClearField(strings)
    del made.structured_calendar[:], made.exclude_structured_calendar[:], made.interval[:]
    made.structured_calendar.extend(map(wording.check, given.structured_calendar))
    made.structured_calendar.extend(map(wording.structured, given.calendar))
    made.exclude_structured_calendar.extend(map(wording.check, given.exclude_structured_calendar))
    made.exclude_structured_calendar.extend(map(wording.structured, given.exclude_calendar))
    made.interval.extend(given.interval)
    _add_crons(made, given.cron_string)
    _check(made)
    return made


def _add_crons(made: ScheduleSpec, texts: Iterable[str]) -> None:
    """A zone is the whole spec's: strings that name it and strings that do not are no one spec."""
    given = {made.timezone_name} if made.timezone_name else set[str]()
    read = [wording.cron(text) for text in texts]
    made.structured_calendar.extend(cron.calendar for cron in read if cron.calendar is not None)
    made.interval.extend(cron.interval for cron in read if cron.interval is not None)
    named = {cron.zone for cron in read}
    is_brought = bool(made.timezone_data and named - {""})
    if is_brought or len(named) > 1 or (named != {""} and len(given | named) > 1):
        raise BadSpec("conflicting timezone names")
    made.timezone_name = made.timezone_name or "".join(named)


def _check_count(given: ScheduleSpec) -> None:
    """Before any of them is read."""
    calendars = len(given.structured_calendar) + len(given.calendar) + len(given.cron_string)
    excluded = len(given.exclude_structured_calendar) + len(given.exclude_calendar)
    if calendars + excluded + len(given.interval) > PARTS_MAX:
        raise BadSpec(f"more than {PARTS_MAX} calendars and intervals")


def _check(made: ScheduleSpec) -> None:
    zones.of(made)
    _check_moment("start", made.start_time)
    _check_moment("end", made.end_time)
    for interval in made.interval:
        _check_interval(interval)
    if _nanoseconds(made.jitter) < 0:
        raise BadSpec("jitter must not be negative")


def _check_moment(name: str, given: Timestamp) -> None:
    try:
        given.ToNanoseconds()
    except ValueError:
        raise BadSpec(f"{name} time is none of the years 1 to 9999") from None


def _check_interval(given: IntervalSpec) -> None:
    every, phase = _nanoseconds(given.interval), _nanoseconds(given.phase)
    if every < SECOND:
        raise BadSpec("interval is too small")
    if phase < 0:
        raise BadSpec("phase is negative")
    if phase >= every:
        raise BadSpec("phase cannot be greater than Interval")


def _nanoseconds(given: Duration) -> int:
    return given.seconds * SECOND + given.nanos


class Spec:
    """Compiled from what `canonical` made; `seed` tells the jitter of one schedule from others."""

    def __init__(self, given: ScheduleSpec, seed: str) -> None:
        self._seed = seed
        self._zone = zones.of(given)
        self._calendars = [_compiled(calendar) for calendar in given.structured_calendar]
        self._excluded = [_compiled(calendar) for calendar in given.exclude_structured_calendar]
        self._intervals = [
            Interval(interval.interval.seconds, interval.phase.seconds)
            for interval in given.interval
        ]
        self._jitter = min(_nanoseconds(given.jitter), LAST * SECOND)
        self._starts = given.start_time.ToNanoseconds() if given.HasField("start_time") else None
        self._ends = given.end_time.ToNanoseconds() if given.HasField("end_time") else None

    def next_time(self, after: int) -> Time | None:
        """The first nominal time later than `after`, with the jitter that it always has."""
        after = max(after, -LAST * SECOND)
        if self._starts is not None:
            # The start itself is within.
            after = max(after, self._starts - 1)
        nominal = self._next_nominal(after // SECOND)
        if nominal is None or (self._ends is not None and nominal * SECOND > self._ends):
            return None
        return Time(nominal * SECOND, nominal * SECOND + self._late_by(nominal))

    def _next_nominal(self, after: int) -> int | None:
        for _ in range(EXCLUDED_MAX):
            found = self._next_included(after)
            if found is None:
                return None
            excluded_until = self._excluded_until(found)
            if excluded_until is None:
                return found
            after = excluded_until
        found = self._left.first(after)
        return found if found is not None and found <= LAST else None

    @cached_property
    def _left(self) -> Left:
        return Left(self._calendars, self._excluded, self._intervals, self._zone)

    def _next_included(self, after: int) -> int | None:
        if after >= LAST:
            return None
        times: list[int | None] = [interval.next(after) for interval in self._intervals]
        # No calendar has a time before 1970; there may be no date to begin from.
        times += [calendar.next(max(after, 0), self._zone) for calendar in self._calendars]
        return min((time for time in times if time is not None and time <= LAST), default=None)

    def _excluded_until(self, moment: int) -> int | None:
        """None where it is not excluded. Whole days are passed over at once."""
        ends = [
            calendar.until(moment, self._zone)
            for calendar in self._excluded
            if calendar.matches(moment, self._zone)
        ]
        return max(ends, default=None)

    def _late_by(self, nominal: int) -> int:
        """Never past the nominal time that follows, so that actions keep their order."""
        if not self._jitter:
            return 0
        most = self._jitter
        following = self._next_nominal(nominal)
        if following is not None:
            most = min(most, (following - nominal) * SECOND)
        named = f"{self._seed}\0{nominal}".encode()
        share = int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big")
        return most * share >> 64


def _compiled(given: StructuredCalendarSpec) -> Calendar:
    return Calendar(
        seconds=tuple(wording.values(given, "second")),
        minutes=tuple(wording.values(given, "minute")),
        hours=tuple(wording.values(given, "hour")),
        days=frozenset(wording.values(given, "day_of_month")),
        months=frozenset(wording.values(given, "month")),
        years=tuple(wording.values(given, "year")),
        weekdays=frozenset(wording.values(given, "day_of_week")),
    )
