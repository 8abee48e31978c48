"""The one box: where a pasted text leads. A run, runs of a customer, a queue, a schedule or another
thing that is called so, runs that say so, a query.

A query is one, but for an id that reads as a query of attributes that there are not. What is exact
wins: only when no id and no customer is called so, names of other things are looked for, and
beginnings and words are counted. At most twenty-four calls to the engine.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from console.gateway import indexed, lists, namespaces, standalone, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import names, quoted
from console.gateway.lists import NOUNS, RUNS
from console.gateway.namespaces import Attributes
from console.gateway.query import ID_LENGTH_MAX
from console.gateway.runs import RunKey
from console.gateway.standalone import KINDS
from console.workflows import namesakes
from console.workflows.finding import guarded, unknown_name
from console.workflows.namesakes import Namesake
from search.attributes import words
from search.query.errors import QueryError
from search.query.parser import parse

CUSTOMER = "CustomerId"
#: the right to look at what stands alone
ALONE = "standalone.view"
RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
SAID_LENGTH_MAX = 500
#: Whatever has it is the server's own.
DIVISION = "TemporalNamespaceDivision"
OPERATOR = re.compile(
    r"\s*(=|!=|<|>|(NOT\s+)?(IN|BETWEEN|STARTS_WITH|CONTAINS|LIKE)\b|IS\b)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """A run by its key, or the runs of a query with their count."""

    says: str
    count: int = 1
    key: RunKey | None = None
    query: str = ""
    #: the list that the query is of
    of: str = RUNS
    #: what has no workflow
    alone: standalone.Key | None = None
    #: what is no run at all
    thing: Namesake | None = None


def places(namespace: str, wanted: str, may: Callable[[str, str], bool]) -> list[Place]:
    """None: nothing is known by this text. Several: a person must choose.

    `may`: whether the person may do a verb in a namespace.
    """
    if not wanted:
        return []
    attributes = namespaces.attributes(namespace)
    looks_so = is_query(wanted, attributes)
    if looks_so and unknown_name(wanted, attributes) is None:
        return [Place("this query", query=wanted)]
    key = _by_id(namespace, wanted)
    if looks_so and key is None:
        return [Place("this query", query=wanted)]
    exact = [Place("a run of this id", key=key)] if key else []
    seen = [RUNS, *(KINDS if may(ALONE, namespace) else ())]
    exact += _everywhere(namespace, "of the customer", seen, partial(_of_customer, wanted))
    exact = exact or _alone(namespace, wanted, seen)
    if exact:
        return exact
    things = namesakes.found(namespace, wanted, may) if len(wanted) <= ID_LENGTH_MAX else ()
    begins = f"WorkflowId STARTS_WITH {quoted(wanted)}" if len(wanted) <= ID_LENGTH_MAX else ""
    return [
        *(Place(one.says, thing=one) for one in things),
        *_counted(namespace, "runs whose workflow id begins so", begins),
        *_everywhere(
            namespace, "whose last failure says so", seen, partial(_says, indexed.WORDS, wanted)
        ),
        *_counted(
            namespace,
            "runs whose memo says so",
            guarded(_says(indexed.MEMO_WORDS, wanted, attributes)),
        ),
    ]


def is_query(wanted: str, attributes: Attributes) -> bool:
    """Also one with a fault in it, which is best shown at its place."""
    try:
        found = parse(wanted)
        return bool(found.condition or found.order)
    except QueryError:
        named = names(wanted)[:1]
        known = {**attributes.system, **attributes.custom}
        begins = bool(named) and not wanted[: named[0][1]].replace("NOT", "").strip(" (`")
        if not begins or named[0][0] not in known:
            return False
        rest = wanted[named[0][1] + len(named[0][0]) :].lstrip("`")
        return bool(OPERATOR.match(rest))


def _by_id(namespace: str, wanted: str) -> RunKey | None:
    """The newest run of this workflow id, or the run of this run id."""
    if len(wanted) > ID_LENGTH_MAX:
        return None
    try:
        found = workflows.describe(RunKey(namespace, wanted, "")).summary
        # A server may keep a batch as a run of its own, of the batch's id.
        return None if DIVISION in found.attributes else found.key
    except GatewayError as error:
        if error.trouble not in {Trouble.NOT_FOUND, Trouble.INVALID}:
            raise
    page = workflows.find(namespace, f"RunId = {quoted(wanted)}", 1)
    return page.runs[0].key if page.runs else None


def _alone(namespace: str, wanted: str, seen: Iterable[str]) -> list[Place]:
    """Activities and operations without a workflow have ids of their own, and run ids."""
    if len(wanted) > ID_LENGTH_MAX:
        return []
    kinds = [KINDS[of] for of in seen if of in KINDS]
    found = [standalone.newest(namespace, kind, wanted) for kind in kinds]
    if RUN_ID.fullmatch(wanted) and not any(found):
        found = [standalone.of_run(namespace, kind, wanted) for kind in kinds]
    return [Place(f"one of the {key.kind.name} of this id", alone=key) for key in found if key]


def _everywhere(
    namespace: str, says: str, seen: Iterable[str], condition: Callable[[Attributes], str]
) -> list[Place]:
    """Among the runs, and among what stands alone for who may look at it."""
    return [
        place
        for of in seen
        for place in _counted(
            namespace, f"{NOUNS[of][1]} {says}", condition(lists.attributes(namespace, of)), of
        )
    ]


def _of_customer(wanted: str, attributes: Attributes) -> str:
    """Where the namespace has customers, and this could be the number of one."""
    match attributes.custom.get(CUSTOMER, "") if not indexed.is_hidden(CUSTOMER) else "":
        case "Keyword" | "KeywordList" if len(wanted) <= ID_LENGTH_MAX:
            return f"{CUSTOMER} = {quoted(wanted)}"
        case "Int" if re.fullmatch(r"\d{1,18}", wanted):
            return f"{CUSTOMER} = {wanted}"
        case _:
            return ""


def _says(name: str, wanted: str, attributes: Attributes) -> str:
    """Of a long text its beginning, up to a whole word: a value has its longest, too."""
    said = wanted if len(wanted) <= SAID_LENGTH_MAX else wanted[:SAID_LENGTH_MAX].rpartition(" ")[0]
    if name not in attributes.system or not words(said) or indexed.is_hidden(name):
        return ""
    return f"{name} CONTAINS {quoted(said)}"


def _counted(namespace: str, says: str, query: str, of: str = RUNS) -> list[Place]:
    try:
        count = lists.count(namespace, of, query).counts.total if query else 0
    except GatewayError as error:
        if of == RUNS or error.trouble not in {Trouble.INVALID, Trouble.UNSUPPORTED}:
            raise
        count = 0
    return [Place(says, count, query=query, of=of)] if count else []
