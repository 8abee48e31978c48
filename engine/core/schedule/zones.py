"""Whose clock a spec's calendars are read by: a zone of that name, or the one that it brings along.

What is brought along is a TZif file. It is believed whatever it says; `calendars` holds good for
any offset.
"""

from __future__ import annotations

import struct
from datetime import UTC, tzinfo
from functools import lru_cache
from io import BytesIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from temporalio.api.schedule.v1 import ScheduleSpec

from engine.core.schedule.wording import BadSpec

#: The largest zone that there is, with all of its years written out, has 4 KB.
ZONE_BYTES_MAX = 64 * 1024
#: Zones that are read once for all steps of their schedules; another is read each time.
ZONES_READ_MAX = 128
#: What the reader says of files that end too soon, or count what they do not have.
_UNREADABLE = (
    ValueError,
    struct.error,
    AssertionError,
    IndexError,
    EOFError,
    OverflowError,
    OSError,
)


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
        return ZoneInfo.from_file(BytesIO(file))
    except _UNREADABLE:
        raise BadSpec("malformed time zone information") from None
