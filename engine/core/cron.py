"""Cron schedules of workflows: five fields, `@every`, `@hourly` and their like, `CRON_TZ=`.

Pure: the time comes in, the next time goes out.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

SECOND = 1_000_000_000
#: Every value of every field, written out, is shorter; its expressions take long over long texts.
LENGTH_MAX = 1_000
#: With it the next time is still a number of nanoseconds in 64 bits.
_EVERY_MAX = 2**62
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ZONE = re.compile(r"^(?:CRON_TZ|TZ)=(\S+)\s+(.*)$")
_STEP = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000,
    "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
}  # fmt: skip


class CronError(ValueError):
    """The schedule cannot be read; the message says which and why."""


def next_delay(schedule: str, started_at: int, now: int) -> int:
    """Nanoseconds from `now` to the next time after it; `@every` counts from `started_at`."""
    if len(schedule) > LENGTH_MAX:
        raise CronError(f"a cron schedule has more than {LENGTH_MAX} characters")
    zone, expression = _split(schedule)
    if expression.startswith("@every "):
        every = _duration(schedule, expression[len("@every ") :])
        return _whole_seconds(every - (now - started_at) % every)
    moment = datetime.fromtimestamp(now / SECOND, tz=zone)
    try:
        found = next(CronSim(_NAMED.get(expression, expression), moment))
    except (CronSimError, StopIteration) as problem:
        raise CronError(f"invalid cron schedule {schedule!r}") from problem
    return _whole_seconds(int(found.timestamp()) * SECOND - now)


def _whole_seconds(delay: int) -> int:
    return max(-(-delay // SECOND), 1) * SECOND


def check(schedule: str) -> None:
    if schedule:
        next_delay(schedule, 0, SECOND)


def _split(schedule: str) -> tuple[tzinfo, str]:
    matched = _ZONE.match(schedule.strip())
    if matched is None:
        return UTC, schedule.strip()
    try:
        return ZoneInfo(matched[1]), matched[2].strip()
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise CronError(f"unknown time zone in cron schedule {schedule!r}") from problem


def _duration(schedule: str, text: str) -> int:
    found = _STEP.findall(text)
    parts = [float(number) * _UNITS[unit] for number, unit in found]
    is_whole = "".join(number + unit for number, unit in found) == text.strip()
    if not found or not is_whole or sum(parts) > _EVERY_MAX:
        raise CronError(f"invalid duration in cron schedule {schedule!r}")
    # Temporal rounds to whole seconds and takes no less than one.
    return max(sum(map(int, parts)) // SECOND, 1) * SECOND
