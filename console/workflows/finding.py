"""One search.

Rows, page, counts, and what is wrong with the query. The last good rows stay when a query is bad.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from django.utils import timezone

from console.gateway import admin, counting, indexed, namespaces, workflows
from console.gateway.admin import Index
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import names
from console.gateway.counting import Counted
from console.gateway.namespaces import Attributes
from console.gateway.query import name_in_query, narrowed, place_of, without_order
from console.gateway.runs import Counts, RunPage
from console.ui.pages import BadToken, Pager, place
from console.workflows.starts import Histogram, histogram, width_for
from search.attributes import ValueType
from search.query.check import check
from search.query.errors import QueryError
from search.query.nodes import Query
from search.query.parser import parse
from search.query.pinned import pinned

COUNT_SECONDS = 5
UNREADABLE = "%"
#: what a page calls Retrying
RETRYING = "FailingActivityCount > 0 AND ExecutionStatus = 'Running'"
STATUS_GROUP = "GROUP BY ExecutionStatus"


@dataclass(frozen=True, slots=True)
class QueryTrouble:
    """Why a query cannot be answered.

    `position` counts from 1; `instead` is a query that would do.
    """

    says: str
    position: int | None = None
    hint: str = ""
    instead: str = ""

    @property
    def offset(self) -> int | None:
        return None if self.position is None else self.position - 1


@dataclass(frozen=True, slots=True)
class Search:
    query: str
    page: RunPage
    pager: Pager
    at: datetime
    attributes: Attributes
    trouble: QueryTrouble | None = None
    #: As the address has them; empty: the usual ones.
    cols: str = ""

    @property
    def ours(self) -> bool:
        return self.attributes.ours

    @property
    def wrong_at(self) -> int | None:
        return self.trouble.offset if self.trouble else None


@dataclass(frozen=True, slots=True)
class Summary:
    counts: Counts
    at: datetime
    by_status: Mapping[str, int]
    starts: Histogram | None = None
    retrying: int = 0
    index: Index | None = None


def search(
    namespace: str, query: str, size: int, address: Mapping[str, str], cols: str = ""
) -> Search:
    """`address` are the parameters of the page's own address: its place among the pages."""
    attributes = namespaces.attributes(namespace)
    trouble = trouble_with(query, attributes)
    number, token, behind, says = _place(address)
    page = RunPage((), b"")
    if trouble is None:
        try:
            page = workflows.find(namespace, query, size, token)
        except GatewayError as error:
            # some servers take a token that they did not make for a fault of their own
            if token and error.trouble in {Trouble.INVALID, Trouble.BROKEN}:
                return search(namespace, query, size, {"token": UNREADABLE}, cols)
            if error.trouble not in {Trouble.INVALID, Trouble.UNSUPPORTED}:
                raise
            says = says or str(error)
    trouble = trouble or (QueryTrouble(says) if says else None)
    pager = Pager(
        number,
        size,
        len(page.runs),
        page.next_token,
        {"q": query} | ({"cols": cols} if cols else {}),
        behind,
        address.get("token", ""),
    )
    return Search(query, page, pager, timezone.now(), attributes, trouble, cols)


def _place(address: Mapping[str, str]) -> tuple[int, bytes, tuple[str, ...], str]:
    try:
        return (*place(dict(address)), "")
    except BadToken:
        return 1, b"", (), "The page in this address cannot be read, so this is the first one."


def trouble_with(query: str, attributes: Attributes) -> QueryTrouble | None:
    """What can be said without asking the engine: the language, then names, then types."""
    try:
        parsed = parse(query)
        pinned(query, timezone.now())
    except QueryError as error:
        return _trouble(error)
    return (
        unknown_name(query, attributes)
        or _masked(query)
        or _grouped(query)
        or (_mistyped(parsed, attributes) if attributes.ours else _beyond(query))
    )


def _masked(query: str) -> QueryTrouble | None:
    """With its place; the gateway refuses it as well."""
    for name, at in names(query):
        if indexed.is_hidden(name):
            hint = "A reveal on the run's page shows one value, with a reason."
            return QueryTrouble(indexed.says_of(name), at + 1, hint)
        if name == indexed.MEMO_WORDS and (fitting := guarded(query)) != query:
            return QueryTrouble(indexed.says_of(name), at + 1, "Ask of those memos.", fitting)
    return None


def guarded(query: str) -> str:
    """With what has to stand beside the words of memos, for who has masks."""
    named = any(name == indexed.MEMO_WORDS for name, _ in names(query))
    missing = indexed.guard_missing(query) if named else ""
    return narrowed(query, missing) if missing else query


def _grouped(query: str) -> QueryTrouble | None:
    at = place_of(query, "GROUP BY")
    hint = "The counts by status stand above the rows."
    return None if at is None else QueryTrouble("rows are not grouped", at + 1, hint)


#: what only our engine has -> in words, and what to do without
BEYOND = {
    "ORDER BY": ("this server does not sort", "It shows the newest first."),
    "CONTAINS": ("this server does not look inside a text", "STARTS_WITH finds how it begins."),
}


def _beyond(query: str) -> QueryTrouble | None:
    """Said before another server is asked: it would only say no."""
    for word, (says, hint) in BEYOND.items():
        at = place_of(query, word)
        if at is not None:
            instead = without_order(query) if word == "ORDER BY" else ""
            return QueryTrouble(says, at + 1, hint, instead if instead != query else "")
    return None


def _mistyped(parsed: Query, attributes: Attributes) -> QueryTrouble | None:
    known = {**attributes.custom, **(attributes.system if attributes.of_runs else {})}
    custom = {name: ValueType(kind) for name, kind in known.items()}
    try:
        check(parsed, custom, timezone.now())
    except QueryError as error:
        return _trouble(error)
    return None


def _trouble(error: QueryError) -> QueryTrouble:
    position = None if error.position is None else error.position + 1
    return QueryTrouble(error.message, position, error.hint)


#: attribute that only our own engine has -> why
OURS_ALONE = {
    **dict.fromkeys(workflows.OUR_ATTRIBUTES, "Only Perdure's own engine knows what fails now."),
    **dict.fromkeys(
        (indexed.MEMO_WORDS, indexed.MEMO_FIELDS),
        "Only Perdure's own engine reads memos for a search.",
    ),
}


def unknown_name(query: str, attributes: Attributes) -> QueryTrouble | None:
    """The commonest mistake, seen without asking: its place, and the nearest name."""
    known = {**attributes.system, **attributes.custom}
    for name, offset in names(query):
        if name in known:
            continue
        if name in OURS_ALONE:
            says = f"this server does not index {name}"
            return QueryTrouble(says, offset + 1, OURS_ALONE[name])
        return _unknown(query, name, offset, list(known))
    return None


def _unknown(query: str, name: str, offset: int, known: list[str]) -> QueryTrouble:
    says = f"there is no attribute {name}"
    near = get_close_matches(name, known + list(OURS_ALONE), 1, 0.6)
    if not near:
        return QueryTrouble(says, offset + 1, "The namespace's page lists what there is.")
    if near[0] not in known:
        return QueryTrouble(
            says, offset + 1, f"Perdure's own engine has {near[0]}; this server has not."
        )
    end = offset + len(name) + 2 * query.startswith("`", offset)
    instead = query[:offset] + name_in_query(near[0]) + query[end:]
    return QueryTrouble(says, offset + 1, f"Did you mean {near[0]}?", instead)


def summary(namespace: str, query: str) -> Summary:
    """Counts by status, kept a few seconds: few calls for all who look at the same query.

    `at`: when the oldest of its counts was taken; with the namespace's budget spent, some time ago.
    """
    plain = without_order(query).strip()
    counted = by_status(namespace, plain)
    groups = counted.counts.groups
    found = {str(group.values[0]): group.count for group in groups if group.values}
    if not namespaces.attributes(namespace).ours:
        return Summary(counted.counts, counted.at, found)
    retrying = _counted(namespace, narrowed(plain, RETRYING)) if found.get("Running") else None
    starts, drawn_at = _starts(namespace, plain) if counted.counts.total else (None, counted.at)
    return Summary(
        counted.counts,
        min(counted.at, drawn_at, retrying.at if retrying else counted.at),
        found,
        starts,
        retrying.counts.total if retrying else 0,
        # one call more, and only where it can be answered
        admin.glance(),
    )


def by_status(namespace: str, query: str) -> Counted:
    return _counted(namespace, f"{without_order(query).strip()} {STATUS_GROUP}".strip())


def _counted(namespace: str, query: str) -> Counted:
    return counting.count(namespace, query, COUNT_SECONDS)


def _starts(namespace: str, plain: str) -> tuple[Histogram | None, datetime]:
    """Only our own engine counts by time; elsewhere there is no picture."""
    days = _counted(namespace, by_time(plain, "1d"))
    name, step = width_for(days.counts.groups)
    drawn = days if name == "1d" else _counted(namespace, by_time(plain, name))
    return histogram(drawn.counts.groups, step, timezone.now()), min(days.at, drawn.at)


def by_time(plain: str, width: str) -> str:
    return f"{plain} GROUP BY BUCKET(StartTime, '{width}'), ExecutionStatus".strip()
