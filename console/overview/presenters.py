"""Counts -> rows and bars, each with the query of the runs that it counts; pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from console.gateway.conditions import equals
from console.gateway.runs import Group
from console.overview.looking import Part, Window, narrowed
from console.ui import words

ROWS_MAX = 20
HEIGHT = 40.0
BAR_LEAST = 1.2
BAD = frozenset({"Failed", "TimedOut"})
TICKS = 4


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    count: int
    share: float
    query: str


@dataclass(frozen=True, slots=True)
class Rows:
    rows: tuple[Row, ...]
    total: int
    #: groups that are not shown, and their runs
    more: int
    rest: int
    at: datetime | None
    says: str


def rows(part: Part, attribute: str, query: str) -> Rows:
    """The largest first. A run with several values counts for each, so shares are of all runs."""
    if part.counted is None:
        return Rows((), 0, 0, 0, None, part.says)
    counts = part.counted.counts
    total = counts.total or sum(group.count for group in counts.groups)
    ordered = sorted(counts.groups, key=lambda group: -group.count)
    shown, hidden = ordered[:ROWS_MAX], ordered[ROWS_MAX:]
    return Rows(
        tuple(_row(group, attribute, query, total) for group in shown),
        total,
        len(hidden),
        sum(group.count for group in hidden),
        part.counted.at,
        "",
    )


def _row(group: Group, attribute: str, query: str, total: int) -> Row:
    value = group.values[0] if group.values else None
    condition = equals(attribute, value)
    name = "none" if value is None else str(value)
    return Row(name, group.count, 100 * group.count / max(total, 1), narrowed(query, condition))


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    y: float
    height: float
    bad_y: float
    bad_height: float
    says: str
    query: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Times:
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    total: int
    at: datetime | None
    says: str


def times(part: Part, window: Window, query: str) -> Times:
    if part.counted is None:
        return Times((), (), 0, None, part.says)
    every, bad = Counter[datetime](), Counter[datetime]()
    for group in part.counted.counts.groups:
        at = datetime.fromisoformat(str(group.values[0])).astimezone(UTC)
        every[at] += group.count
        bad[at] += group.count if group.values[1] in BAD else 0
    most = max(every.values(), default=0)
    bars = tuple(
        _bar(at, (count, bad[at], most), window, query) for at, count in sorted(every.items())
    )
    total = sum(every.values())
    says = f"{words.plural(total, 'run')} started in {window.words}; at most {most:,} at a time"
    return Times(bars, _ticks(window), total, part.counted.at, says)


def _bar(at: datetime, count: tuple[int, int, int], window: Window, query: str) -> Bar:
    every, bad, most = count
    whole = (window.end - window.begin) / window.step
    # the last bucket is not over yet: its bar ends with the axis
    width = 100 / whole * 0.75
    height = max(every / most * HEIGHT, BAR_LEAST)
    bad_height = height * bad / every
    begin, end = f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at + window.step:%Y-%m-%dT%H:%M:%SZ}"
    return Bar(
        x=round((at - window.begin) / window.step / whole * (100 - width), 2),
        width=round(width, 2),
        y=round(HEIGHT - height, 1),
        height=round(height - bad_height, 1),
        bad_y=round(HEIGHT - bad_height, 1),
        bad_height=round(bad_height, 1),
        says=f"{words.local(at):%Y-%m-%d %H:%M}: {every:,}" + (f", {bad:,} failed" if bad else ""),
        query=narrowed(query, f"StartTime >= '{begin}' AND StartTime < '{end}'"),
    )


def _ticks(window: Window) -> tuple[Tick, ...]:
    length = window.end - window.begin
    form = "%d %b %H:%M" if length.days < TICKS else "%d %b"
    ticks = [
        Tick(
            index * 100 / TICKS,
            words.local(window.begin + length / TICKS * index).strftime(form),
            "middle" if index else "start",
        )
        for index in range(TICKS)
    ]
    return (*ticks, Tick(100.0, "now", "end"))
