"""Gateway dataclasses -> template rows; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from console.gateway import conditions
from console.gateway import query as queries
from console.gateway.admin import Index
from console.gateway.runs import Problem, RunSummary
from console.gateway.standalone import Kind
from console.ui import paths, words
from console.workflows.finding import RETRYING, Search, Summary
from console.workflows.places import Place

#: how many ways out an empty result offers; each costs a count
NEAREST_MAX = 3
WAITS = {
    "activity": "an activity",
    "timer": "a timer",
    "child": "a child workflow",
    "operation": "a Nexus operation",
    "signal": "a signal",
}


@dataclass(frozen=True, slots=True)
class RunRow:
    workflow_id: str
    run_id: str
    status: str
    type: str
    task_queue: str
    started_at: datetime | None
    closed_at: datetime | None
    duration: timedelta | None
    failing: str
    because: str
    attempt: int
    next_try_at: datetime | None
    #: The attempt is one that the index has heard of; there may have been more since.
    is_at_least: bool

    @property
    def mark(self) -> str:
        """What a selected row sends to a bulk operation; a run id holds no blank."""
        return f"{self.run_id} {self.workflow_id}"


def run_row(run: RunSummary, now: datetime) -> RunRow:
    problem = run.problem or Problem()
    failing = run.is_open and problem.failing_count > 0
    return RunRow(
        workflow_id=run.key.workflow_id,
        run_id=run.key.run_id,
        status=status_of(run),
        type=run.type,
        task_queue=run.task_queue,
        started_at=run.started_at,
        closed_at=run.closed_at,
        duration=(run.closed_at or now) - run.started_at if run.started_at else None,
        failing=words.join(list(problem.failing_types)) if failing else waiting(run.problem),
        because=because(problem) if failing or run.status in {"Failed", "TimedOut"} else "",
        attempt=problem.attempt_max if failing or not run.is_open else 0,
        next_try_at=_ahead(problem.next_retry_at, now) if failing else None,
        is_at_least=failing,
    )


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    """The index learns of a problem, not of each attempt: a try in the past says nothing."""
    return at if at is not None and at > now else None


def status_of(run: RunSummary) -> str:
    failing = run.status == "Running" and run.problem is not None and run.problem.failing_count > 0
    return "Retrying" if failing else run.status


def waiting(problem: Problem | None) -> str:
    if problem is None or not problem.waiting_on:
        return ""
    return "waits for " + words.join([WAITS.get(one, one) for one in problem.waiting_on])


def because(problem: Problem) -> str:
    return ": ".join(filter(None, (problem.failure_type, problem.failure_message)))


def address(query: str, cols: str, size: int | None = None) -> str:
    """Of the runs page. Its question stands there even where it is empty."""
    more = {"cols": cols, "size": size}
    return "?" + urlencode({"q": query} | {name: value for name, value in more.items() if value})


def found_url(namespace: str, alone: Kind | None) -> str:
    """The page that a chip was opened on, without its question."""
    if alone is None:
        return reverse("workflows:runs", args=[namespace])
    return reverse("standalone:list", args=[namespace, alone.name])


@dataclass(frozen=True, slots=True)
class CountLink:
    status: str
    count: int
    url: str
    note: str = ""


#: in the order of what needs a person first
STATUS_ORDER = (
    "Failed",
    "TimedOut",
    "Running",
    "Paused",
    "Completed",
    "Canceled",
    "Terminated",
    "ContinuedAsNew",
)


def count_links(summary: Summary, query: str, cols: str) -> list[CountLink]:
    """What retries first: it is running, and yet it is trouble."""
    running = summary.by_status.get("Running", 0)
    links = [
        CountLink(
            status,
            summary.by_status[status],
            _narrowed(query, f"ExecutionStatus = '{status}'", cols),
        )
        for status in STATUS_ORDER
        if summary.by_status.get(status)
    ]
    if not summary.retrying:
        return links
    of_running = f"of {running:,} running"
    url = _narrowed(query, RETRYING, cols)
    return [CountLink("Retrying", summary.retrying, url, of_running), *links]


def behind(index: Index | None) -> str:
    """What the rows and counts lack, where that is worth a word."""
    if index is None or not index.is_behind:
        return ""
    wait = f"{words.plural(index.rows, 'change')} wait{'s' if index.rows == 1 else ''}"
    return f"The index is {words.span(index.lag)} behind: {wait} to be searched."


def _narrowed(query: str, condition: str, cols: str) -> str:
    return address(queries.narrowed(query, condition), cols)


def chip_links(query: str, cols: str, size: int | None = None) -> list[dict[str, Any]]:
    return [
        {
            "pieces": chip.pieces,
            "opens": f"{address(query, cols, size)}&at={at}",
            "url": address(chip.without, cols, size),
            "without": chip.without,
        }
        for at, chip in enumerate(queries.chips(query))
    ]


def size_links(search: Search, sizes: tuple[int, ...]) -> list[tuple[int, bool, str]]:
    return [
        (one, one == search.pager.size, address(search.query, search.cols, one)) for one in sizes
    ]


def place_url(namespace: str, place: Place) -> str:
    if thing := place.thing:
        return reverse(thing.view, args=thing.place)
    if key := place.alone:
        return reverse("standalone:one", args=[namespace, key.kind.name, key.id, key.run_id])
    if place.key:
        return reverse("workflows:run", args=[namespace, place.key.workflow_id, place.key.run_id])
    return paths.page_of(namespace, place.of) + address(place.query, "")


def nowhere_url(namespace: str, wanted: str) -> str:
    """Nothing is called so: the page of runs says it, and what begins so may still come."""
    condition = f"WorkflowId STARTS_WITH {conditions.quoted(wanted)}" if wanted else ""
    return reverse("workflows:runs", args=[namespace]) + address(condition, "")
