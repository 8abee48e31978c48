"""Facts -> rows under their headings, and addresses of the runs page; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse

from console.cohorts.looking import Cohort, Shared
from console.gateway.conditions import equals


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


def runs_url(namespace: str, query: str) -> str:
    return f"{reverse('workflows:runs', args=[namespace])}?{urlencode({'q': query})}"


def status_links(namespace: str, found: Cohort) -> list[tuple[str, int, str]]:
    return [
        (status, count, runs_url(namespace, _also(found.query, status)))
        for status, count in found.by_status
    ]


def _also(query: str, status: str) -> str:
    condition = equals("ExecutionStatus", status)
    return query if condition in query else " AND ".join(filter(None, [query, condition]))
