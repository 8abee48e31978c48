"""Gateway dataclasses -> template rows; pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from console.gateway import columns, masks
from console.gateway import query as queries
from console.gateway.counting import Counted
from console.gateway.standalone import ACTIVITIES, Execution, Key
from console.gateway.standalone_details import Detail
from console.offering import options
from console.offering.act_keys import KEYS
from console.standalone.looking import Search
from console.ui import words


@dataclass(frozen=True, slots=True)
class Words:
    """What one kind is called on its pages."""

    title: str
    one: str
    many: str
    does: str
    at: str
    note: str
    example: str


WORDS: Mapping[str, Words] = {
    "activities": Words(
        "Standalone activities", "activity", "activities", "Type", "Task queue",
        "activities that a caller started without a workflow",
        "ExecutionStatus = 'Running' AND ActivityType = '…'",
    ),
    "operations": Words(
        "Nexus operations", "operation", "operations", "Operation", "Endpoint",
        "operations that a caller started without a workflow",
        "ExecutionStatus = 'Running' AND Endpoint = '…'",
    ),
}  # fmt: skip
#: in the order of what needs a person first
STATUS_ORDER = (
    "Failed", "TimedOut", "Paused", "Running", "Completed", "Canceled", "Terminated",
)  # fmt: skip
RUNS_NOW = frozenset({"started", "cancel_requested", "pause_requested"})
STATES = {
    "scheduled": ("running", "Waits for a worker"),
    "started": ("running", "Runs"),
    "cancel_requested": ("canceled", "Cancellation asked for"),
    "pause_requested": ("paused", "Pause asked for"),
    "paused": ("paused", "Paused"),
    "backing_off": ("retrying", "Waits to retry"),
    "blocked": ("paused", "Blocked"),
}


@dataclass(frozen=True, slots=True)
class CountLink:
    status: str
    count: int
    url: str


def address(query: str, size: int | None = None, cols: Sequence[str] = ()) -> str:
    more = {"size": size, "cols": columns.written(cols)}
    return "?" + urlencode({"q": query} | {name: value for name, value in more.items() if value})


@dataclass(frozen=True, slots=True)
class Heading:
    label: str
    head: str = ""
    url: str = ""
    sorted: str = ""
    arrow: str = ""


def headings(found: Search) -> list[Heading]:
    """A click sorts by it, where the server sorts by this attribute."""
    names = WORDS[found.kind.name]
    is_activity = found.kind is ACTIVITIES
    by = [
        ("ExecutionStatus", "Status", ""),
        ("ActivityId" if is_activity else "OperationId", "Id", ""),
        ("ActivityType" if is_activity else "Operation", names.does, ""),
        ("TaskQueue" if is_activity else "Endpoint", names.at, ""),
        ("StartTime", "Started", ""),
        ("CloseTime", "Closed", "cell-late"),
        ("ExecutionDuration", "Took", "number"),
        *((name, name, "") for name in found.cols),
    ]
    return [_heading(found, *one) for one in by]


def _heading(found: Search, name: str, label: str, head: str) -> Heading:
    now = found.sortings.get(name)
    if now is None:
        return Heading(label, head)
    url = address(now.turned, found.pager.size, found.cols)
    return Heading(label, head, url, now.word, now.arrow)


@dataclass(frozen=True, slots=True)
class Cell:
    """`url` filters by it; what the query asks for already leads nowhere."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Further:
    """Of a column that was chosen. `links` are its values, where many can have the same."""

    value: Any
    links: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    url: str
    one: Execution
    status: Cell
    does: Cell
    at: Cell
    more: tuple[Further, ...]

    @property
    def mark(self) -> str:
        """What a selected row sends to a bulk operation; a run id holds no blank."""
        return f"{self.one.key.run_id} {self.one.key.id}"


def row(found: Search, one: Execution) -> Row:
    is_activity = found.kind is ACTIVITIES
    asked = queries.conditions(found.query)

    def cell(name: str, text: str, value: str = "", kind: str = "Keyword") -> Cell:
        condition = queries.equal(name, kind, value or text)
        if condition in asked or masks.is_in(text):
            return Cell(text, "")
        narrowed = queries.narrowed(found.query, condition)
        return Cell(text, address(narrowed, found.pager.size, found.cols))

    def further(name: str) -> Further:
        value, kind = one.attributes.get(name), found.known[name]
        if value is None or kind not in queries.FILTERS:
            return Further(value)
        each = value if isinstance(value, list) else [value]
        texts = (text if isinstance(text, str) else json.dumps(text) for text in each)
        return Further(value, tuple(cell(name, text, kind=kind) for text in texts))

    return Row(
        url=url_of("one", one.key),
        one=one,
        status=cell("ExecutionStatus", one.status),
        does=cell("ActivityType", one.does)
        if is_activity
        else cell("Operation", one.does, one.does.rpartition(".")[2]),
        at=cell("TaskQueue" if is_activity else "Endpoint", one.at),
        more=tuple(map(further, found.cols)),
    )


def url_of(view: str, key: Key) -> str:
    at = [key.namespace, key.kind.name, key.id, key.run_id]
    return reverse(f"standalone:{view}", args=at)


def page(found: Search) -> dict[str, Any]:
    return {
        "search": found,
        "words": WORDS[found.kind.name],
        "tabs": [(name, one.title, name == found.kind.name) for name, one in WORDS.items()],
        "rows": [row(found, one) for one in found.page.executions],
        "headings": headings(found),
        "cols": columns.written(found.cols),
        "chips": chips(found),
        "new_chip": opens(found),
        # of views and exports
        "asked_of": f"{address(found.query, None, found.cols)}&of={found.kind.name}",
        "pieces": queries.pieces(found.query, found.wrong_at),
    }


def chips(found: Search) -> list[dict[str, Any]]:
    return [
        {
            "pieces": chip.pieces,
            "opens": f"{opens(found)}&at={at}",
            "url": address(chip.without, found.pager.size, found.cols),
        }
        for at, chip in enumerate(queries.chips(found.query))
    ]


def opens(found: Search) -> str:
    """Of the dialog of a filter, a new one."""
    return f"{address(found.query, found.pager.size, found.cols)}&alone={found.kind.name}"


def sizes(found: Search, offered: tuple[int, ...]) -> list[tuple[int, bool, str]]:
    size = found.pager.size
    return [(one, one == size, address(found.query, one, found.cols)) for one in offered]


def counts(found: Counted | None, query: str) -> list[CountLink]:
    if found is None:
        return []
    by_status = {str(one.values[0]): one.count for one in found.counts.groups if one.values}
    return [
        CountLink(
            status,
            by_status[status],
            address(queries.narrowed(query, f"ExecutionStatus = '{status}'")),
        )
        for status in STATUS_ORDER
        if by_status.get(status)
    ]


def state_of(one: Detail) -> tuple[str, str]:
    """(shape, word): of one under way what it does now, else how it ended."""
    if one.summary.closed_at:
        return words.status(one.summary.status)
    if one.summary.key.kind is not ACTIVITIES and one.state == "started":
        return "running", "Its handler works on it"
    if one.state == "scheduled" and one.failure:
        return "retrying", "Waits to retry"
    if one.cancel or one.cancel_reason:
        return STATES["cancel_requested"]
    return STATES.get(one.state, words.status(one.summary.status))


def is_running(one: Detail) -> bool:
    """An attempt of it runs."""
    return one.state in RUNS_NOW


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    word: str
    url: str
    danger: bool = False
    #: it waits behind the dots where there are many
    is_apart: bool = False

    @property
    def right(self) -> str:
        is_end = self.name in {"cancel", "terminate", "delete"}
        if self.name == "options":
            return "activity.change"
        return f"standalone.{self.name}" if is_end else f"activity.{self.name}"

    @property
    def key(self) -> str:
        return "" if self.is_apart else KEYS.get(self.name, "")


def acts(one: Detail) -> list[Act]:
    """What is possible now; the server itself has the last word."""
    key, is_open = one.summary.key, not one.summary.closed_at
    helped = is_open and key.kind is ACTIVITIES
    is_paused = one.state in {"paused", "pause_requested"}
    possible = [
        ("try", "Try now…", helped and not is_paused and not is_running(one)),
        ("resume", "Resume…", helped and is_paused),
        ("pause", "Pause…", helped and not is_paused),
        ("options", "Change options…", helped),
        ("complete", "Complete by hand…", helped),
        ("fail", "Fail by hand…", helped and is_running(one)),
        ("cancel", "Cancel…", is_open),
        ("terminate", "Terminate…", is_open),
        ("delete", "Delete…", True),
    ]
    dangers, apart = {"fail", "terminate", "delete"}, {"options", "complete", "fail", "delete"}
    return [
        Act(name, word, url_of(name, key), name in dangers, is_open and name in apart)
        for name, word, is_possible in possible
        if is_possible
    ]


def start_like(key: Key) -> str:
    """Operations are started by code that waits for them."""
    if key.kind is not ACTIVITIES:
        return ""
    url = reverse("standalone:start", args=[key.namespace])
    return f"{url}?{urlencode({'like': key.id, 'run': key.run_id})}"


def detail(one: Detail) -> dict[str, Any]:
    key = one.summary.key
    return {
        "one": one,
        "row": one.summary,
        "words": WORDS[key.kind.name],
        "kind": key.kind,
        "is_activity": key.kind is ACTIVITIES,
        "state": state_of(one),
        "running": is_running(one),
        "options": options.rows(one.options, but=("task_queue",)),
        "alone": key,
        "cancel": one.cancel.replace("_", " "),
    }
