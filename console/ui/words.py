"""How the console writes times, spans, sizes and statuses.

Presenters and template filters use the same. Times are in the zone of the person who looks, which
each request sets; outside of a request in UTC.
"""

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone

#: protocol status -> (the shape's name in the sheet, the word)
STATUSES = {
    "Running": ("running", "Running"),
    "Completed": ("completed", "Completed"),
    "Failed": ("failed", "Failed"),
    "Canceled": ("canceled", "Canceled"),
    "Terminated": ("terminated", "Terminated"),
    "ContinuedAsNew": ("continued", "Continued as new"),
    "TimedOut": ("timed-out", "Timed out"),
    "Paused": ("paused", "Paused"),
    "Retrying": ("retrying", "Retrying"),
}


def status(name: str) -> tuple[str, str]:
    return STATUSES.get(name, ("unknown", name or "Unknown"))


def span(length: timedelta | None) -> str:
    """The two largest units: 240 ms, 12.4 s, 40 m 53 s, 12 h 42 m, 31 d 0 h."""
    if length is None:
        return ""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def whole(length: timedelta | None) -> str:
    """Of a length that somebody set, in whole units only: 90 minutes, 1 day."""
    if length is None:
        return ""
    seconds = int(length.total_seconds())
    for name, unit in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % unit == 0:
            return plural(seconds // unit, name)
    return plural(seconds, "second")


def local(at: datetime) -> datetime:
    return timezone.localtime(at)


def clock(at: datetime | None) -> str:
    return local(at).strftime("%H:%M:%S") if at else ""


def day(at: datetime | None) -> str:
    return local(at).strftime("%Y-%m-%d") if at else ""


def zone(at: datetime) -> str:
    """As it is called at that time: CET in winter, CEST in summer; UTC-03 if it has no name."""
    name = local(at).strftime("%Z")
    return f"UTC{name}" if name[:1] in "+-" else name


def exactly(at: datetime) -> str:
    """For a tooltip: to the microsecond, with the zone; and in UTC where that is another."""
    here = f"{local(at):%Y-%m-%d %H:%M:%S.%f} {zone(at)}"
    there = "" if not local(at).utcoffset() else f", {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return here + there


def size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KiB"
    return f"{count / 1024 / 1024:.1f} MiB"


def number(count: float) -> str:
    return f"{count:,}"


PLAIN_AMOUNT = re.compile(r"(?<![\w.,])[1-9][0-9]{3,39}(?=(\.[0-9]+)? [A-Z]{3}\b)")


def amounts(text: str) -> str:
    """`9000.00 EUR`, as contract, ledger and audit keep it -> `9,000.00 EUR`, as it is read."""
    return PLAIN_AMOUNT.sub(lambda whole: f"{int(whole[0]):,}", text)


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def join(parts: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def either(parts: list[str]) -> str:
    """a, b or c."""
    return " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
