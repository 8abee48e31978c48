"""Which of them an address means: a page of a kind, or one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from console.gateway import query as queries
from console.gateway import standalone, standalone_details
from console.gateway.channel import GatewayError, Trouble
from console.gateway.counting import Counted
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
    #: search attributes that may have a column, and those that have one
    known: tuple[str, ...] = ()
    cols: tuple[str, ...] = ()
    says: str = ""
    wrong_at: int | None = None
    absent: str = ""


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
        says, wrong_at = f"{error.message}. {error.hint}".strip(), error.position
    except GatewayError as error:
        absent = ABSENT[kind.name] if error.trouble is Trouble.UNSUPPORTED else ""
        if not absent and error.trouble is not Trouble.INVALID:
            raise
        says = "" if absent else says or str(error)
    known = () if absent else tuple(sorted(standalone.attributes(namespace, kind).custom))
    cols = tuple(one for one in form.cols if one in known)
    shown, here = len(page.executions), address.get("token", "")
    fixed = {"q": query} | ({"col": cols} if cols else {})
    pager = Pager(number, size, shown, page.next_token, fixed, behind, here)
    at = timezone.now()
    return Search(kind, query, page, pager, at, known, cols, says, wrong_at, absent)


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
    try:
        return standalone_details.describe(key)
    except GatewayError as error:
        noun = "activity" if key.kind is ACTIVITIES else "operation"
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of the {noun} {alone_id} in {namespace}."
            raise Refusal(404, says, error.detail) from error
        if error.trouble is Trouble.UNSUPPORTED:
            raise Refusal(501, ABSENT[kind], error.detail) from error
        raise


def activity(namespace: str, kind: str, alone_id: str, run_id: str) -> Detail:
    """For what the protocol knows of activities alone."""
    if kind_of(kind) is not ACTIVITIES:
        raise Refusal(404, "The protocol knows this of activities, not of Nexus operations.")
    return one(namespace, kind, alone_id, run_id)
