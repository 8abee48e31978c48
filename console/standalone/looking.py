"""Which of them an address means: a page of a kind, or one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.text import capfirst

from console.gateway import columns, indexed, standalone, standalone_details
from console.gateway import query as queries
from console.gateway.activities import AttemptPage
from console.gateway.channel import GatewayError, Trouble
from console.gateway.counting import Counted
from console.gateway.namespaces import Attributes
from console.gateway.query import UNSORTABLE, Sorting
from console.gateway.standalone import ACTIVITIES, KINDS, Key, Kind, Page
from console.gateway.standalone_details import Detail
from console.standalone.forms import SearchForm
from console.ui.pages import BadToken, Pager, place
from console.ui.refusals import Refusal
from search.query.errors import QueryError
from search.query.parser import parse

COUNT_SECONDS = 5
ABSENT = {
    "activities": "This server runs no activities that stand alone: an older one has none, and"
    " others have them turned off.",
    "operations": "This server runs no Nexus operations that stand alone: an older one has none,"
    " and others have them turned off.",
}


@dataclass(frozen=True, slots=True)
class Search:
    """`says`: why the query is not answered, with the offset of the fault where one is known.

    `absent`: why there are none at all.
    """

    kind: Kind
    query: str
    page: Page
    pager: Pager
    at: datetime
    #: search attributes that may have a column, each with its type, and those that have one
    known: Mapping[str, str] = field(default_factory=dict)
    cols: tuple[str, ...] = ()
    says: str = ""
    wrong_at: int | None = None
    absent: str = ""
    #: attribute of a column -> how the list stands by it, where the server sorts
    sortings: Mapping[str, Sorting] = field(default_factory=dict)


def kind_of(name: str) -> Kind:
    if name not in KINDS:
        raise Refusal(404, "What stands alone is an activity or an operation.")
    return KINDS[name]


def search(namespace: str, kind: Kind, form: SearchForm, address: Mapping[str, str]) -> Search:
    query, size = form.asked
    number, token, behind, says = _place(address)
    wrong_at, absent, page = None, "", Page((), b"")
    try:
        parse(query)
        page = standalone.find(namespace, kind, query, size, token)
    except QueryError as error:
        says, wrong_at = f"{error.message}. {capfirst(error.hint)}".strip(), error.position
    except GatewayError as error:
        absent = ABSENT[kind.name] if error.trouble is Trouble.UNSUPPORTED else ""
        if not absent and error.trouble is not Trouble.INVALID:
            raise
        says = "" if absent else says or str(error)
    attributes = standalone.attributes(namespace, kind)
    known = {} if absent else dict(sorted(attributes.custom.items()))
    cols = tuple(one for one in form.columns if one in known)
    shown, here = len(page.executions), address.get("token", "")
    fixed = {"q": query} | ({"cols": columns.written(cols)} if cols else {})
    pager = Pager(number, size, shown, page.next_token, fixed, behind, here)
    at = timezone.now()
    sortings = _sortings(query, attributes)
    return Search(kind, query, page, pager, at, known, cols, says, wrong_at, absent, sortings)


def _sortings(query: str, attributes: Attributes) -> dict[str, Sorting]:
    if not attributes.ours:
        return {}
    named = indexed.searchable(attributes)
    kinds = {**named.system, **named.custom}
    return {
        name: queries.sorting(query, name) for name, kind in kinds.items() if kind not in UNSORTABLE
    }


def _place(address: Mapping[str, str]) -> tuple[int, bytes, tuple[str, ...], str]:
    try:
        return (*place(dict(address)), "")
    except BadToken:
        return 1, b"", (), "The page in this address cannot be read, so this is the first one."


def by_status(namespace: str, kind: Kind, query: str) -> Counted | None:
    """None where the server has none, or does not take the query: the page itself says so."""
    plain = queries.without_order(query).strip()
    try:
        return standalone.by_status(namespace, kind, plain, COUNT_SECONDS)
    except GatewayError as error:
        if error.trouble in {Trouble.INVALID, Trouble.UNSUPPORTED}:
            return None
        raise


def one(namespace: str, kind: str, alone_id: str, run_id: str) -> Detail:
    key = Key(namespace, kind_of(kind), alone_id, run_id)
    with _found(key):
        return standalone_details.describe(key)


def activity(namespace: str, kind: str, alone_id: str, run_id: str) -> Detail:
    key = activity_key(namespace, kind, alone_id, run_id)
    with _found(key):
        return standalone_details.describe(key)


def activity_key(namespace: str, kind: str, alone_id: str, run_id: str) -> Key:
    """For what the protocol knows of activities alone."""
    if kind_of(kind) is not ACTIVITIES:
        raise Refusal(404, "The protocol knows this of activities, not of Nexus operations.")
    return Key(namespace, ACTIVITIES, alone_id, run_id)


def attempts(key: Key, token: str) -> AttemptPage | None:
    """None: this server keeps only the last failure."""
    with _found(key):
        return standalone_details.attempts(key, token)


@contextmanager
def _found(key: Key) -> Iterator[None]:
    noun = "activity" if key.kind is ACTIVITIES else "operation"
    try:
        yield
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of the {noun} {key.id} in {key.namespace}."
            raise Refusal(404, says, error.detail) from error
        if error.trouble is Trouble.UNSUPPORTED:
            raise Refusal(501, ABSENT[key.kind.name], error.detail) from error
        raise
