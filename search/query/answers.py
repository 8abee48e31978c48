"""What both backends do alike: what is asked of them, and their rows as an answer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from search.attributes import Attribute, CustomAttributes, ValueType
from search.query import nodes, tokens
from search.query.check import check
from search.query.errors import QueryError
from search.query.parser import GROUPS_MAX, parse
from search.records import Group, Grouped, GroupValue, Page, VisibilityRecord

PAGE_ROWS_MAX = 1_000
#: Groups among which the largest are looked for, where a backend cannot look for them itself.
LOOKED_THROUGH_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ListRequest:
    search: nodes.Search
    after: tokens.Place | None
    page_rows: int
    digest: bytes

    @property
    def rows_wanted(self) -> int:
        """One more than the page holds, to know whether there is another."""
        return self.page_rows + 1


def list_request(
    namespace_id: str,
    query: str,
    custom: CustomAttributes,
    now: datetime,
    *,
    page_size: int,
    page_token: bytes,
) -> ListRequest:
    search = check(parse(query), custom, now)
    if search.group:
        raise QueryError("GROUP BY is for counting, not for a list", hint="count with this query")
    digest = tokens.digest(namespace_id, query)
    after = tokens.read(page_token, digest, search.order)
    return ListRequest(search, after, min(max(page_size, 1), PAGE_ROWS_MAX), digest)


def count_request(query: str, custom: CustomAttributes, now: datetime) -> nodes.Search:
    search = check(parse(query), custom, now)
    if search.group:
        raise QueryError("a query with GROUP BY has a count for each group, not one")
    return search


def page(request: ListRequest, found: Sequence[VisibilityRecord]) -> Page:
    """`found` in the order of the search, and all of `rows_wanted` that there are."""
    records = list(found[: request.page_rows])
    if len(found) <= request.page_rows:
        return Page(records, b"")
    place = tokens.place_of(records[-1], request.search.order)
    return Page(records, tokens.write(request.digest, place))


def merged(
    pages: Iterable[Iterable[VisibilityRecord]], order: tuple[nodes.OrderKey, ...]
) -> list[VisibilityRecord]:
    """Of several databases: sorted by the last key first, since each sort keeps ties."""
    placed = [(tokens.place_of(record, order), record) for each in pages for record in each]
    for index, key in reversed(list(enumerate(order))):
        missing = [entry for entry in placed if entry[0][index] is None]
        there = [entry for entry in placed if entry[0][index] is not None]
        there = sorted(there, key=lambda entry: _at(entry[0], index), reverse=key.descending)
        placed = missing + there if key.missing_first else there + missing
    return [record for _, record in placed]


def _at(place: tokens.Place, index: int) -> Any:
    return place[index]


def is_by_values(search: nodes.Search) -> bool:
    """Whether a backend tells the largest of its groups, however many there are."""
    return len(search.group) == 1 and isinstance(search.group[0], Attribute)


def grouped(
    search: nodes.Search, rows: Iterable[tuple[Sequence[Any], int]], total: int | None = None
) -> Grouped:
    """The largest first, and equal ones by their values, nothing last. The same group may come from
    several databases. `total`: runs that match; None: those of all groups together."""
    counts: Counter[tuple[GroupValue, ...]] = Counter()
    for values, count in rows:
        counts[tuple(map(_group_value, search.group, values))] += count
    if search.largest is None and len(counts) > GROUPS_MAX:
        hint = (
            f"narrow the query, or ask for the largest: ORDER BY COUNT(*) DESC LIMIT {GROUPS_MAX}"
        )
        raise QueryError(f"more than {GROUPS_MAX} groups", hint=hint)
    if len(counts) > LOOKED_THROUGH_MAX:
        message = f"more than {LOOKED_THROUGH_MAX} groups to find the largest among"
        raise QueryError(message, hint="narrow the query")
    ordered = sorted(counts.items(), key=lambda group: (-group[1], tuple(map(_rank, group[0]))))
    found = [Group(values, count) for values, count in ordered[: search.largest]]
    return Grouped(sum(counts.values()) if total is None else total, found)


def _rank(value: GroupValue) -> tuple[bool, str]:
    return value is None, str(value)


def _group_value(key: nodes.GroupKey, value: Any) -> GroupValue:
    if value is not None and isinstance(key, Attribute) and key.type is ValueType.BOOL:
        return bool(value == "true")
    found: GroupValue = value
    return found
