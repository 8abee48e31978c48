"""What people write (calendar strings, cron strings) -> structured calendars and intervals.

cron fields:  5  minute hour day month weekday
              6  ... and year
              7  second ... and year
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from temporalio.api.schedule.v1 import (
    CalendarSpec,
    IntervalSpec,
    Range,
    StructuredCalendarSpec,
)

from engine.core.schedule.calendars import YEAR_MAX, YEAR_MIN

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september",
         "october", "november", "december"), 1,
    )
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, name in enumerate(
        ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    )
}
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
SECOND = 1_000_000_000
_ZONE = re.compile(r"(?:CRON_TZ|TZ)=(\S+)\s+(.*)", re.DOTALL)
_PREFIX_LETTERS_MIN = 3
SUNDAY_TOO = 7
#: Every value of every field, written out, is shorter; its expressions take long over long texts.
TEXT_LENGTH_MAX = 1_000
#: Of one field, each of which has fewer values.
RANGES_MAX = 200
#: A step, in the protocol, and nanoseconds.
_STEP_MAX, _NANOSECONDS_MAX = 2**31 - 1, 2**63 - 1
COMMENT_LENGTH_MAX = 200


class BadSpec(ValueError):
    """The specification cannot be read; the message says which part and why."""


class Field(NamedTuple):
    """`default` is what an empty field means: a number, or all."""

    name: str
    low: int
    high: int
    default: str
    words: Mapping[str, int] = {}


FIELDS = (
    Field("second", 0, 59, "0"),
    Field("minute", 0, 59, "0"),
    Field("hour", 0, 23, "0"),
    Field("day_of_month", 1, 31, "*"),
    Field("month", 1, 12, "*", _MONTHS),
    Field("year", YEAR_MIN, YEAR_MAX, "*"),
    # Sunday is 0, and 7 as well.
    Field("day_of_week", 0, 7, "*", _WEEKDAYS),
)
_BY_NAME = {field.name: field for field in FIELDS}
_LABELS = {"day_of_month": "DayOfMonth", "day_of_week": "DayOfWeek"}


class Cron(NamedTuple):
    """One cron string: a calendar or an interval, and the zone that it names."""

    calendar: StructuredCalendarSpec | None
    interval: IntervalSpec | None
    zone: str


def structured(given: CalendarSpec) -> StructuredCalendarSpec:
    texts = {field.name: getattr(given, field.name) for field in FIELDS}
    return _calendar(texts, given.comment)


def _calendar(texts: Mapping[str, str], comment: str) -> StructuredCalendarSpec:
    if len(comment) > COMMENT_LENGTH_MAX:
        raise BadSpec("invalid calendar spec: comment is too long")
    made = StructuredCalendarSpec(comment=comment)
    for field in FIELDS:
        getattr(made, field.name).extend(_ranges(field, texts.get(field.name, "")))
    return made


def _ranges(field: Field, text: str) -> list[Range]:
    """An empty list is "all of them", where that is what an empty field means."""
    if len(text) > TEXT_LENGTH_MAX:
        raise BadSpec(f"{_label(field)} has more than {TEXT_LENGTH_MAX} characters")
    text = text.strip() or field.default
    if text == "*":
        # A year of all years, days and months included, is no restriction.
        return [] if field.name == "year" else [_whole(field)]
    return [span for part in text.split(",") for span in _spans(field, part)]


def _spans(field: Field, text: str) -> list[Range]:
    """Sunday is told as 0, also where it was written as 7."""
    span = _range(field, text)
    if field.name != "day_of_week" or span.end < SUNDAY_TOO:
        return [span]
    days = range(span.start, span.end + 1, span.step)
    sunday = [Range(start=0, end=0, step=1)] if SUNDAY_TOO in days else []
    if span.start == SUNDAY_TOO:
        return sunday
    return [*sunday, Range(start=span.start, end=SUNDAY_TOO - 1, step=span.step)]


def _whole(field: Field) -> Range:
    high = 6 if field.name == "day_of_week" else field.high
    return Range(start=field.low, end=high, step=1)


def _range(field: Field, text: str) -> Range:
    span, slash, step_text = text.partition("/")
    step = _step(field, step_text) if slash else 1
    if span == "*":
        return Range(start=field.low, end=_whole(field).end, step=step)
    start_text, dash, end_text = span.partition("-")
    start = _value(field, start_text)
    if dash:
        end = _value(field, end_text)
        if end < start:
            raise BadSpec(_bad_end(field))
    else:
        # `5/10` goes on to the end.
        end = _whole(field).end if slash else start
    return Range(start=start, end=end, step=step)


def _step(field: Field, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _STEP_MAX:
        raise BadSpec(f"{_label(field)} has invalid Step")
    return int(text)


def _bad_end(field: Field) -> str:
    return f"{_label(field)} End is before Start or not in range [{field.low}-{field.high}]"


def _value(field: Field, text: str) -> int:
    word = text.strip().lower()
    if len(word) >= _PREFIX_LETTERS_MIN:
        for name, number in field.words.items():
            if name.startswith(word):
                return number
    return _number(field, word, field.low, field.high)


def _number(field: Field, text: str, low: int, high: int) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or not low <= int(text) <= high:
        raise BadSpec(f"{_label(field)} is not in range [{low}-{high}]")
    return int(text)


def _label(field: Field) -> str:
    return _LABELS.get(field.name) or field.name.capitalize()


def cron(text: str) -> Cron:
    if len(text) > TEXT_LENGTH_MAX:
        raise BadSpec(f"CronString has more than {TEXT_LENGTH_MAX} characters")
    zone = ""
    body, _, comment = text.partition("#")
    body, comment = body.strip(), comment.strip()
    if matched := _ZONE.fullmatch(body):
        zone, body = matched[1], matched[2].strip()
    if body.startswith("@every "):
        # By no clock, so in no zone.
        return Cron(None, _every(body), "")
    fields = _NAMED.get(body.lower(), body).split()
    names: Sequence[str] = ("minute", "hour", "day_of_month", "month", "day_of_week")
    if len(fields) == 6:
        names = (*names, "year")
    elif len(fields) == 7:
        names = ("second", *names, "year")
    elif len(fields) != 5:
        raise BadSpec("CronString does not have 5-7 fields")
    return Cron(_calendar(dict(zip(names, fields, strict=True)), comment), None, zone)


def _every(text: str) -> IntervalSpec:
    every_text, slash, phase_text = text.removeprefix("@every ").strip().partition("/")
    made = IntervalSpec()
    made.interval.FromNanoseconds(_duration(every_text))
    if slash:
        made.phase.FromNanoseconds(_duration(phase_text))
    return made


_STEP = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_UNITS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND,
    "h": 3_600 * SECOND, "d": 86_400 * SECOND,
}  # fmt: skip


def _duration(text: str) -> int:
    """`1h30m` in nanoseconds; a bare 0 needs no unit."""
    text = text.strip()
    found = _STEP.findall(text)
    parts = [float(number) * _UNITS[unit] for number, unit in found]
    is_whole = bool(found) and "".join(number + unit for number, unit in found) == text
    if (text != "0" and not is_whole) or sum(parts) > _NANOSECONDS_MAX:
        raise BadSpec(f'time: invalid duration "{text}"')
    return sum(map(int, parts))


def check(given: StructuredCalendarSpec) -> StructuredCalendarSpec:
    """It stays as it was given; what an empty field means, `values` knows."""
    if len(given.comment) > COMMENT_LENGTH_MAX:
        raise BadSpec("invalid calendar spec: comment is too long")
    for field in FIELDS:
        spans = getattr(given, field.name)
        if len(spans) > RANGES_MAX:
            says = f"{_label(field)} has more than {RANGES_MAX} ranges"
            raise BadSpec(f"invalid calendar spec: {says}")
        for span in spans:
            _check_span(field, span)
    return given


def _check_span(field: Field, span: Range) -> None:
    """An end of 0 is none: the span is its start alone."""
    low, high, label = field.low, field.high, _label(field)
    if not low <= span.start <= high:
        raise BadSpec(f"invalid calendar spec: {label} Start is not in range [{low}-{high}]")
    if span.end and not span.start <= span.end <= high:
        raise BadSpec(f"invalid calendar spec: {_bad_end(field)}")
    if span.step < 0:
        raise BadSpec(f"invalid calendar spec: {label} has invalid Step")


def values(given: StructuredCalendarSpec, name: str) -> list[int]:
    """Ascending, each once; none given: all (or what an empty field means)."""
    spans = list(getattr(given, name)) or _ranges(_BY_NAME[name], "")
    spans = spans or [_whole(_BY_NAME[name])]
    found = {
        value
        for span in spans
        for value in range(span.start, max(span.end, span.start) + 1, span.step or 1)
    }
    if name == "day_of_week":
        found = {value % 7 for value in found}
    return sorted(found)
