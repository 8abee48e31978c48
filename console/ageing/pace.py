"""How long those of one type take: percentiles over a bounded sample of those that ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from console.gateway import ages, counting, lists
from console.gateway.conditions import equals

#: The newest closed ones of a type; a percentile is one of their lengths, by nearest rank.
SAMPLE_RUNS = 500
#: A pace changes slowly, and a list of so many costs more than a count.
PACE_SECONDS = 600
#: What was ended from outside, or by its time-out, does not say how long the work takes.
ALONE_BY_THEMSELVES = "ExecutionStatus IN ('Completed', 'Failed')"
BY_THEMSELVES = "ExecutionStatus IN ('Completed', 'Failed', 'ContinuedAsNew')"


@dataclass(frozen=True, slots=True)
class Pace:
    """`count`: of how many runs; `at`: when they were read."""

    count: int
    p50: timedelta
    p95: timedelta
    p99: timedelta
    at: datetime


def pace(namespace: str, of: str, kind: str, *, sorts: bool) -> Pace | None:
    """None where none of the type ended by itself. Other servers list what closed last first."""
    ended = BY_THEMSELVES if of == lists.RUNS else ALONE_BY_THEMSELVES
    query = f"{equals(lists.TYPES[of], kind)} AND {ended}"
    question = f"{query} ORDER BY CloseTime DESC" if sorts else query
    answer = counting.once(
        namespace,
        f"lengths of {SAMPLE_RUNS} {of}: {question}",
        lambda: ages.lengths(namespace, of, question, SAMPLE_RUNS),
        PACE_SECONDS,
    )
    if not answer.found:
        return None
    ordered = sorted(answer.found)
    p50, p95, p99 = (percentile(ordered, percent) for percent in (50, 95, 99))
    return Pace(len(ordered), p50, p95, p99, answer.at)


def percentile(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """The least of them that so many percent do not exceed."""
    return ordered[ceil(len(ordered) * percent / 100) - 1]
