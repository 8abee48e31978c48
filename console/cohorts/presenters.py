"""Facts -> rows under their headings, and addresses of their list; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from console.cohorts.looking import Cohort, Shared
from console.gateway.conditions import equals
from console.ui import paths


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    label: str
    value: str
    count: int | None
    chosen: bool
    #: nobody else has it
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def sections(shared: Sequence[Shared]) -> list[Section]:
    return [
        Section(title, tuple(_row(one) for one in ones))
        for title, ones in groupby(shared, lambda one: one.fact.group)
    ]


def _row(one: Shared) -> Row:
    fact = one.fact
    alone = one.count is not None and one.count <= 1
    return Row(fact.key, fact.label, fact.value, one.count, one.chosen, alone)


def status_links(namespace: str, of: str, found: Cohort) -> list[tuple[str, int, str]]:
    return [
        (status, count, paths.of_list(namespace, of, _also(found.query, status)))
        for status, count in found.by_status
    ]


def _also(query: str, status: str) -> str:
    condition = equals("ExecutionStatus", status)
    return query if condition in query else " AND ".join(filter(None, [query, condition]))
