"""Counts -> rows and bars, each with the query of the runs that it counts; pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from console.gateway import lists
from console.gateway.conditions import equals, narrowed
from console.gateway.runs import Group
from console.overview.looking import Overview, Part, Window
from console.ui import axis, words
from console.ui.axis import Count

ROWS_MAX = 20
BAD = frozenset({"Failed", "TimedOut"})


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


def parts(found: Overview, of: str) -> tuple[tuple[str, str, Rows], ...]:
    """(what it is counted by, its heading, its rows)"""
    kind = lists.TYPES[of]
    return tuple(
        (attribute, title, rows(part, attribute, found.query))
        for attribute, title, part in (
            ("ExecutionStatus", "By status", found.status),
            (kind, "By type", found.types),
            (found.by, "By attribute", found.attribute),
        )
    )


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
class Times:
    bars: tuple[axis.Bar, ...]
    ticks: tuple[axis.Tick, ...]
    total: int
    failed: int
    at: datetime | None
    says: str


def both_times(found: Overview, of: str) -> tuple[tuple[str, Times], ...]:
    return tuple(
        (title, times(part, attribute, found.window, found.query, lists.NOUNS[of]))
        for title, attribute, part in (
            ("Starts", "StartTime", found.starts),
            ("Ends", "CloseTime", found.ends),
        )
    )


def times(part: Part, attribute: str, window: Window, query: str, nouns: tuple[str, str]) -> Times:
    """`attribute`: StartTime or CloseTime, which the counts are by; `nouns`: one, many."""
    if part.counted is None:
        return Times((), (), 0, 0, None, part.says)
    every, bad = Counter[datetime](), Counter[datetime]()
    for group in part.counted.counts.groups:
        at = datetime.fromisoformat(str(group.values[0])).astimezone(UTC)
        every[at] += group.count
        bad[at] += group.count if group.values[1] in BAD else 0
    most = max(every.values(), default=0)
    bars = tuple(
        _bar(at, Count(count, bad[at], most), attribute, window, query)
        for at, count in sorted(every.items())
    )
    total, failed = sum(every.values()), sum(bad.values())
    verb = "ended" if attribute == "CloseTime" else "started"
    says = f"{words.plural(total, *nouns)} {verb} in {window.words}; at most {most:,} at a time"
    ticks = axis.ticks(window.begin, window.end, partial(_label, window))
    return Times(bars, ticks, total, failed, part.counted.at, says)


def _bar(at: datetime, count: Count, attribute: str, window: Window, query: str) -> axis.Bar:
    whole = (window.end - window.begin) / window.step
    # the last bucket is not over yet: its bar ends with the axis
    width = 100 / whole * 0.75
    begin, end = f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at + window.step:%Y-%m-%dT%H:%M:%SZ}"
    return axis.bar(
        (at - window.begin) / window.step / whole * (100 - width),
        width,
        count,
        f"{words.local(at):%Y-%m-%d %H:%M}: {count.all:,}"
        + (f", {count.bad:,} failed" if count.bad else ""),
        narrowed(query, f"{attribute} >= '{begin}' AND {attribute} < '{end}'"),
    )


def _label(window: Window, moments: Sequence[datetime], index: int) -> str:
    is_short = (window.end - window.begin).days < axis.TICKS
    return moments[index].strftime("%d %b %H:%M" if is_short else "%d %b")
