"""Counts -> rows and bars, each with the query of the runs that it counts; pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from console.gateway import lists
from console.gateway.conditions import equals, narrowed
from console.gateway.runs import Counts, Group
from console.overview.looking import Overview, Part, Window
from console.ui import axis, words
from console.ui.axis import Count
from search.query.parser import GROUPS_MAX

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
    #: what is not shown, in words
    more: str
    at: datetime | None
    says: str


def parts(found: Overview, of: str) -> tuple[tuple[str, str, Rows], ...]:
    """(what it is counted by, its heading, its rows)"""
    kind, nouns = lists.TYPES[of], lists.NOUNS[of]
    return tuple(
        (attribute, title, rows(part, attribute, found.query, nouns, is_list=is_list))
        for attribute, title, part, is_list in (
            ("ExecutionStatus", "By status", found.status, False),
            (kind, "By type", found.types, False),
            (found.by, "By attribute", found.attribute, found.is_list),
        )
    )


def rows(
    part: Part, attribute: str, query: str, nouns: tuple[str, str], *, is_list: bool = False
) -> Rows:
    """The largest first. A run with several values counts for each, so shares are of all runs."""
    if part.counted is None:
        return Rows((), 0, "", None, part.says)
    counts = part.counted.counts
    total = counts.total or sum(group.count for group in counts.groups)
    ordered = sorted(counts.groups, key=lambda group: -group.count)
    shown = ordered[:ROWS_MAX]
    more = _more(counts, shown, is_list=is_list, nouns=nouns)
    found = tuple(_row(group, attribute, query, total) for group in shown)
    return Rows(found, total, more, part.counted.at, "")


def _more(counts: Counts, shown: Sequence[Group], *, is_list: bool, nouns: tuple[str, str]) -> str:
    """Of more values than are counted nobody knows how many; of a list not even whether."""
    hidden = len(counts.groups) - len(shown)
    if hidden <= 0:
        return ""
    many = words.plural(hidden, "value")
    is_full = len(counts.groups) >= GROUPS_MAX
    if is_list:
        return f"{'at least ' if is_full else ''}{many} more; a run counts for each of its own"
    counted = sum(group.count for group in counts.groups)
    total = max(counts.total, counted)
    beyond = "more than " if total > counted else ""
    rest = words.plural(total - sum(group.count for group in shown), *nouns)
    return f"{beyond}{many} more, {rest}"


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
    ticks = axis.ticks(window.begin, window.end)
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
