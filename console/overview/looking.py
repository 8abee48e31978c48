"""At most five counts a page, each kept for a moment and shared by all who look."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from console.gateway import indexed, lists
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import grouped_by, narrowed, trouble_with
from console.gateway.counting import Counted
from console.gateway.namespaces import Attributes

#: (name, in words, its length, the bucket as the language has it, and its length)
SPANS = (
    ("24h", "the last 24 hours", timedelta(hours=24), "30m", timedelta(minutes=30)),
    ("7d", "the last 7 days", timedelta(days=7), "4h", timedelta(hours=4)),
    ("30d", "the last 30 days", timedelta(days=30), "1d", timedelta(days=1)),
    ("365d", "the last 365 days", timedelta(days=365), "7d", timedelta(days=7)),
)
#: Of the system's own attributes those that many share.
SHARED = (
    "TaskQueue",
    "FailingActivityTypes",
    "LastFailureType",
    "WaitingOn",
    "BuildIds",
    "TemporalScheduledById",
    "Endpoint",
    "Service",
)
GROUPABLE = {"Keyword", "KeywordList", "Bool"}
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`of`: a name of `console.gateway.lists`."""

    of: str
    query: str
    by: str
    span: str


@dataclass(frozen=True, slots=True)
class Part:
    """One count of the page, or why there is none."""

    counted: Counted | None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    begin: datetime
    end: datetime
    step: timedelta
    words: str


@dataclass(frozen=True, slots=True)
class Overview:
    """`trouble`: why nothing was counted, when it is the query's fault."""

    query: str
    by: str
    choices: tuple[str, ...]
    window: Window
    trouble: str
    status: Part
    #: what it is counted by holds several values, and a run counts for each
    is_list: bool = False
    types: Part = Part(None)
    attribute: Part = Part(None)
    starts: Part = Part(None)
    ends: Part = Part(None)


def overview(namespace: str, wanted: Wanted, now: datetime) -> Overview:
    """The count by status comes first: a query that it refuses is not sent with the others."""
    of = wanted.of
    attributes = lists.attributes(namespace, of)
    offered = choices(attributes, of)
    by = wanted.by if wanted.by in offered else next(iter(offered), "")
    window, bucket = window_of(wanted.span, now)
    query, ours = wanted.query, attributes.ours
    trouble = trouble_with(query)
    status = (
        Part(None) if trouble else _part(namespace, of, f"{query} GROUP BY ExecutionStatus", True)
    )
    is_list = {**attributes.custom, **attributes.system}.get(by) == "KeywordList"
    found = Overview(query, by, offered, window, trouble or status.says, status, is_list)
    if found.trouble:
        return found
    absent = Part(None, NOT_OVER_TIME)
    return replace(
        found,
        types=_part(namespace, of, f"{query} {grouped_by(lists.TYPES[of], ours)}", ours),
        attribute=_part(namespace, of, f"{query} {grouped_by(by, ours)}" if by else "", ours),
        starts=_times(namespace, wanted, "StartTime", window, bucket) if ours else absent,
        ends=_times(namespace, wanted, "CloseTime", window, bucket) if ours else absent,
    )


NOT_OVER_TIME = "This server does not count over time."


def _times(namespace: str, wanted: Wanted, attribute: str, window: Window, bucket: str) -> Part:
    condition = narrowed(wanted.query, f"{attribute} >= '{window.begin:%Y-%m-%dT%H:%M:%SZ}'")
    question = f"{condition} GROUP BY BUCKET({attribute}, '{bucket}'), ExecutionStatus"
    return _part(namespace, wanted.of, question, True)


def _part(namespace: str, of: str, question: str, ours: bool) -> Part:
    """Another server's no is to the grouping, since the query itself was counted by status."""
    if not question:
        return Part(None, "There is no attribute that many share.")
    try:
        return Part(lists.count(namespace, of, question.strip()))
    except GatewayError as error:
        if error.trouble is Trouble.BUSY:
            return Part(None, str(error))
        if error.trouble not in {Trouble.INVALID, Trouble.UNSUPPORTED}:
            raise
        return Part(None, str(error) if ours else "This server counts by status only.")


def choices(attributes: Attributes, of: str) -> tuple[str, ...]:
    """The first is looked at unasked. A namespace's own attributes are those of its runs mostly."""
    shared = [name for name in SHARED if attributes.system.get(name) in GROUPABLE]
    own = [name for name, kind in attributes.custom.items() if kind in GROUPABLE]
    names = (*own, *shared) if of == lists.RUNS else (*shared, *own)
    return tuple(name for name in names if not indexed.is_hidden(name))


def window_of(span: str, now: datetime) -> tuple[Window, str]:
    """It begins where a bucket begins, so that all who look within one ask the same question."""
    _, words, length, bucket, step = next((one for one in SPANS if one[0] == span), SPANS[0])
    begin = EPOCH + ((now - length - EPOCH) // step + 1) * step
    return Window(begin, now, step, words), bucket
