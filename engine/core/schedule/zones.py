"""Whose clock a spec's calendars are read by: a zone of that name, or the one that it brings along.

What is brought along is a TZif file. What is in order (`tzif`) is believed whatever it says;
`calendars` holds good for any offset.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from io import BytesIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError
from zoneinfo import _zoneinfo as in_python  # type: ignore[attr-defined]

from temporalio.api.schedule.v1 import ScheduleSpec

from engine.core.schedule import tzif
from engine.core.schedule.wording import BadSpec

#: The largest zone that there is, with all of its years written out, has 4 KB.
ZONE_BYTES_MAX = 64 * 1024
#: Zones that are read once for all steps of their schedules; another is read each time.
ZONES_READ_MAX = 128
#: Python's reader in C crashes on some of the files that it should refuse.
_Zone: type[ZoneInfo] = in_python.ZoneInfo
#: What the reader says of rules for the years to come that are none.
_UNREADABLE = (ValueError, AssertionError, IndexError, OverflowError)


def of(spec: ScheduleSpec) -> tzinfo:
    """Its name is only a name where the zone comes with it."""
    if spec.timezone_data:
        return _read(spec.timezone_data)
    return _named(spec.timezone_name)


def _named(name: str) -> tzinfo:
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSpec(f"unknown time zone {name}") from None


@lru_cache(maxsize=ZONES_READ_MAX)
def _read(file: bytes) -> tzinfo:
    """One zone for one file: the days of each are remembered by it."""
    if len(file) > ZONE_BYTES_MAX:
        raise BadSpec(f"time zone information has more than {ZONE_BYTES_MAX} bytes")
    try:
        tzif.check(file)
        return _Zone.from_file(BytesIO(file))
    except _UNREADABLE:
        raise BadSpec("malformed time zone information") from None
