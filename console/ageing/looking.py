"""The board: open runs by type, against the pace of that type; or what stands alone, likewise.

    one count by type ──▶ the pace of each of the first types (kept for minutes)
                              └──▶ how many are older than its p95, its p99, and the oldest of them

A server that does not group by type is asked for lists instead, so its figures are of what these
hold, and say so. Either way a page has at most `CALLS_MAX` calls of the index.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from console.ageing.pace import SAMPLE_RUNS, Pace, pace
from console.gateway import ages, counting, lists, namespaces
from console.gateway.ages import OpenRun, OpenRuns
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import before, equals, grouped_by, narrowed, trouble_with
from console.gateway.counting import Answer

__all__ = ["SAMPLE_RUNS"]

#: The types with most open runs; a query narrows to the others.
TYPES_MAX = 8
#: What a server that does not group is asked for at once.
LISTED_MAX = 1_000
OLDEST_SHOWN = 20
#: by type, a pace for each, two counts and the oldest; the promises are three more
CALLS_MAX = 1 + TYPES_MAX + 3
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
STEP = timedelta(seconds=counting.KEEP_SECONDS)
#: The rest of the page stands when one of its parts has such a trouble.
BORNE = frozenset({Trouble.BUSY, Trouble.SLOW, Trouble.INVALID, Trouble.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Late:
    """Open runs that are older than a percentile; `count` is None where nobody counted."""

    count: int | None
    query: str


@dataclass(frozen=True, slots=True)
class Aged:
    """One type. `says`: why it has no pace."""

    type: str
    open: int
    query: str
    pace: Pace | None
    says: str = ""
    late: tuple[Late, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """`of`: a name of `console.gateway.lists`; `trouble`: why there is nothing; `whole`: all of
    what is late was seen."""

    of: str
    query: str
    sorts: bool
    #: the condition for what has not ended: one that is paused ages as well
    are_open: str
    trouble: str = ""
    at: datetime | None = None
    types: tuple[Aged, ...] = ()
    #: types that are not shown, and their open runs; `beyond`: those of types that are more than
    #: an index counts
    more: int = 0
    rest: int = 0
    beyond: int = 0
    #: False: the counts by type are of the newest LISTED_MAX open runs
    counted: bool = True
    oldest: tuple[OpenRun, ...] = ()
    late_at: datetime | None = None
    whole: bool = True
    says: str = ""


def board(namespace: str, of: str, query: str, now: datetime) -> Board:
    sorts = namespaces.attributes(namespace).ours
    empty = Board(of, query, sorts, lists.are_open(namespace, of), trouble_with(query))
    if empty.trouble:
        return empty
    try:
        by_type, beyond, at, counted = _open_by_type(
            namespace, empty, narrowed(query, empty.are_open)
        )
    except GatewayError as error:
        return replace(empty, trouble=borne(error))
    shown, hidden = by_type[:TYPES_MAX], by_type[TYPES_MAX:]
    found = replace(
        empty,
        at=at,
        counted=counted,
        types=tuple(_aged(namespace, empty, kind, count) for kind, count in shown),
        more=len(hidden),
        rest=sum(count for _, count in hidden) + beyond,
        beyond=beyond,
    )
    try:
        return with_late(namespace, found, rounded(now))
    except GatewayError as error:
        return replace(found, says=borne(error))


def borne(error: GatewayError) -> str:
    if error.trouble not in BORNE:
        raise error
    return str(error)


def rounded(now: datetime) -> datetime:
    """All who look within one step ask the same question."""
    return EPOCH + (now - EPOCH) // STEP * STEP


def _open_by_type(
    namespace: str, page: Board, query: str
) -> tuple[list[tuple[str, int]], int, datetime, bool]:
    """(type, how many) with the most first; how many are of none of these; when; whether all were
    counted."""
    if page.sorts:
        by_type = grouped_by(lists.TYPES[page.of], ours=True)
        counted = lists.count(namespace, page.of, f"{query} {by_type}")
        many = Counter({str(one.values[0]): one.count for one in counted.counts.groups})
        beyond = max(counted.counts.total - many.total(), 0)
        return many.most_common(), beyond, counted.at, True
    listed = _listed(namespace, page.of, query, LISTED_MAX)
    many = Counter(run.type for run in listed.found.runs)
    return many.most_common(), 0, listed.at, listed.found.whole


def _listed(namespace: str, of: str, query: str, most: int) -> Answer[OpenRuns]:
    question = f"open {of}, {most}: {query}"
    return counting.once(namespace, question, lambda: ages.opened(namespace, of, query, most))


def _aged(namespace: str, page: Board, kind: str, count: int) -> Aged:
    """The pace is of all runs of the type, whatever the page is narrowed to."""
    is_it = equals(lists.TYPES[page.of], kind)
    mine = narrowed(page.query, f"{page.are_open} AND {is_it}")
    aged = Aged(kind, count, f"{mine} ORDER BY StartTime ASC" if page.sorts else mine, None)
    try:
        found = pace(namespace, page.of, kind, sorts=page.sorts)
    except GatewayError as error:
        return replace(aged, says=borne(error))
    return replace(aged, pace=found, says="" if found else "none ended by itself yet")


def with_late(namespace: str, found: Board, now: datetime) -> Board:
    """Only of types that have a pace."""
    paced = [one for one in found.types if one.pace]
    if not paced:
        return found
    slow, slowest = (
        narrowed(found.query, f"{found.are_open} AND ({' OR '.join(older)})")
        for older in (
            [_older(found, one.type, one.pace.p95, now) for one in paced if one.pace],
            [_older(found, one.type, one.pace.p99, now) for one in paced if one.pace],
        )
    )
    if found.sorts:
        listed = _listed(namespace, found.of, f"{slow} ORDER BY StartTime ASC", OLDEST_SHOWN)
        counts = [_counted(namespace, found.of, query) for query in (slow, slowest)]
    else:
        listed = _listed(namespace, found.of, slow, LISTED_MAX)
        counts = list(_seen(listed.found.runs, paced, now))
    oldest = sorted(listed.found.runs, key=lambda run: run.started_at)[:OLDEST_SHOWN]
    return replace(
        found,
        types=tuple(_with_counts(one, counts, found, now) for one in found.types),
        oldest=tuple(oldest),
        late_at=listed.at,
        whole=found.sorts or listed.found.whole,
    )


def _older(page: Board, kind: str, length: timedelta, now: datetime) -> str:
    return f"({equals(lists.TYPES[page.of], kind)} AND {before('StartTime', now - length)})"


def _counted(namespace: str, of: str, query: str) -> Counter[str]:
    counted = lists.count(namespace, of, f"{query} GROUP BY {lists.TYPES[of]}")
    return Counter({str(one.values[0]): one.count for one in counted.counts.groups})


def _seen(
    runs: Sequence[OpenRun], paced: Sequence[Aged], now: datetime
) -> tuple[Counter[str], Counter[str]]:
    slowest = {one.type: now - one.pace.p99 for one in paced if one.pace}
    return Counter(run.type for run in runs), Counter(
        run.type for run in runs if run.started_at < slowest[run.type]
    )


def _with_counts(one: Aged, counts: Sequence[Counter[str]], page: Board, now: datetime) -> Aged:
    if one.pace is None:
        return one
    lengths = (one.pace.p95, one.pace.p99)
    late = tuple(
        Late(
            many[one.type],
            narrowed(page.query, f"{page.are_open} AND {_older(page, one.type, length, now)}"),
        )
        for many, length in zip(counts, lengths, strict=True)
    )
    return replace(one, late=late)
