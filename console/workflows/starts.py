"""When the runs of a query began: counts by bucket and status -> bars in percent. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.gateway.runs import Group
from console.ui import words
from console.ui.axis import Bar, Count, Tick, bar, ticks

BAR_WIDTH_MAX = 3.0
BAD = frozenset({"Failed", "TimedOut"})
#: the width of a bucket, and the longest stretch that it is drawn for
WIDTHS = (
    ("10m", timedelta(minutes=10), timedelta(hours=12)),
    ("1h", timedelta(hours=1), timedelta(days=5)),
    ("1d", timedelta(days=1), timedelta(days=10_000)),
)


@dataclass(frozen=True, slots=True)
class Histogram:
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    says: str


def width_for(days: Sequence[Group]) -> tuple[str, timedelta]:
    """The narrowest bucket that still gives few enough bars, judged by the counts per day."""
    moments = [_moment(group) for group in days]
    length = max(moments) - min(moments) + timedelta(days=1) if moments else timedelta()
    return next((name, step) for name, step, longest in WIDTHS if length <= longest)


def histogram(groups: Sequence[Group], step: timedelta, end: datetime) -> Histogram | None:
    """`end` is now; the axis runs from the first bucket to it."""
    if not groups:
        return None
    every, bad = Counter[datetime](), Counter[datetime]()
    for group in groups:
        every[_moment(group)] += group.count
        bad[_moment(group)] += group.count if group.values[1] in BAD else 0
    begin = min(every)
    whole = max((end - begin) / step, 1.0)
    width = min(100 / whole * 0.75, BAR_WIDTH_MAX)
    most = max(every.values())
    room = 100 - width
    bars = [
        bar(
            (at - begin) / step / whole * room,
            width,
            Count(count, bad[at], most),
            f"{words.local(at):%Y-%m-%d %H:%M}: {count:,}",
        )
        for at, count in sorted(every.items())
    ]
    top = every.most_common(1)[0][0]
    return Histogram(
        bars=tuple(bars),
        ticks=ticks(begin, end),
        says=f"Starts from {_label(begin, step)} to now; most, {most:,}, at {_label(top, step)}",
    )


def _label(at: datetime, step: timedelta) -> str:
    at = words.local(at)
    return f"{at:%d %b}" if step >= timedelta(days=1) else f"{at:%d %b %H:%M}"


def _moment(group: Group) -> datetime:
    return datetime.fromisoformat(str(group.values[0])).astimezone(UTC)
