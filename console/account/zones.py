"""The time zones that one can choose, and the one in which a request is answered."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest

#: What the browser says of itself, so that the first page is right.
COOKIE = "zone"
UTC = "UTC"
#: Names that are other names' old or turned round ones (Etc/GMT+1 is west of Greenwich).
REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


@cache
def known() -> frozenset[str]:
    return frozenset({UTC, *available_timezones()})


@cache
def choices() -> tuple[str, ...]:
    """UTC first, then those that are named by a place."""
    return (UTC, *sorted(name for name in known() if name.partition("/")[0] in REGIONS))


def of_browser(request: HttpRequest) -> str:
    """Empty when it says none that we know."""
    said = request.COOKIES.get(COOKIE, "")
    return said if said in known() else ""


def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name if name in known() else UTC)
