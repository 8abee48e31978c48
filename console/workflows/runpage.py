"""What the pages of one run share: its head, its facts, its tabs; relations and payloads. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse

from console.gateway import events as gateway
from console.gateway import masks, summaries, versions
from console.gateway.conditions import equals
from console.gateway.events import Event
from console.gateway.payloads import Failure, Place, Value
from console.gateway.runs import PAUSED, Pause, RunDetail, RunKey, RunSummary, failing_first
from console.gateway.versions import Versioning
from console.ui.pages import numbered
from console.workflows.groups import Group
from console.workflows.presenters import status_of

TABS = ("timeline", "events", "pending", "relations", "payloads", "activity")
#: of the protocol's limit for one history; from here on the page says that it fills up
LENGTH_MAX = 51_200
LENGTH_WARNS = 40_000


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """`says`: how it stays or moves, by its code or by what was said of it."""

    deployment: str
    build: str
    says: str


#: What the facts of the version and of a pause tell in words.
TOLD_IN_WORDS = frozenset(
    {
        "TemporalPauseInfo",
        "BuildIds",
        "TemporalUsedWorkerDeploymentVersions",
        "TemporalWorkerDeployment",
        "TemporalWorkerDeploymentVersion",
        "TemporalWorkflowVersioningBehavior",
    }
)


#: Longer values are texts, of which hardly another run has the same.
ALIKE_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Attribute:
    """`place`: where it can be revealed."""

    name: str
    value: Any
    place: Place | None

    @property
    def alike(self) -> str:
        """The query that finds all runs with this value; empty where it would not."""
        is_one = isinstance(self.value, str | bool | int) and self.value != ""
        if not is_one or self.place or len(str(self.value)) > ALIKE_CHARACTERS_MAX:
            return ""
        return equals(self.name, self.value)


@dataclass(frozen=True, slots=True)
class Head:
    namespace: str
    workflow_id: str
    run_id: str
    status: str
    type: str
    task_queue: str
    started_at: datetime | None
    closed_at: datetime | None
    duration: timedelta | None
    is_open: bool
    build: str
    events: int
    size: int
    parent: RunKey | None
    cancel_requested: bool
    attributes: Sequence[Attribute]
    tabs: tuple[Tab, ...]
    full: str
    #: of the timeline; the pages of its events and steps lie below it
    url: str
    #: the run that goes on from this one since it was reset
    reset_run_id: str = ""
    about: str = ""
    details: str = ""
    template: str = "workflows/head.html"
    #: the name of the file that it was opened from, if it was
    file: str = ""
    #: whose workers do it, where it is of a version
    version: Version | None = None
    pause: Pause | None = None

    @property
    def is_paused(self) -> bool:
        return self.status == PAUSED


def head(run: RunDetail, tab: str, now: datetime, acts: int | None) -> Head:
    """`acts`: what people did to it; None for who may not read that."""
    shown = [name for name in TABS if name != "activity" or acts is not None]
    summary = run.summary
    counts = {
        "events": summary.history_length,
        "pending": len(run.activities) + len(run.children) + len(run.operations),
        "activity": acts or 0,
    }
    status = status_of(summary)
    failing = summary.is_open and any(activity.failing for activity in run.activities)
    return Head(
        namespace=summary.key.namespace,
        workflow_id=summary.key.workflow_id,
        run_id=summary.key.run_id,
        status="Retrying" if failing and status == "Running" else status,
        type=summary.type,
        task_queue=summary.task_queue,
        started_at=summary.started_at,
        closed_at=summary.closed_at,
        duration=(summary.closed_at or now) - summary.started_at if summary.started_at else None,
        is_open=summary.is_open,
        build=summary.build,
        reset_run_id=run.reset_run_id,
        about=run.about,
        details=run.details,
        events=summary.history_length,
        size=summary.history_bytes,
        parent=summary.parent,
        cancel_requested=run.cancel_requested and summary.is_open,
        attributes=[one for one in attributes(summary) if one.name not in TOLD_IN_WORDS],
        pause=run.pause,
        version=version_of(versions.of(run.told)) if run.told is not None else None,
        tabs=tuple(_tab(summary.key, name, tab, counts) for name in shown),
        full=_full(summary),
        url=reverse(
            "workflows:run",
            args=[summary.key.namespace, summary.key.workflow_id, summary.key.run_id],
        ),
    )


def link_facts(summary: RunSummary) -> dict[str, str]:
    """The pieces that an address out of this console may hold."""
    return {
        "namespace": summary.key.namespace,
        "workflow_id": summary.key.workflow_id,
        "run_id": summary.key.run_id,
        "type": summary.type,
        "task_queue": summary.task_queue,
    }


def version_of(told: Versioning) -> Version | None:
    pinned = told.override.version if told.override else None
    shown = pinned or told.version
    if shown is None and told.override is None:
        return None
    if told.override is None:
        says = told.behavior
    else:
        says = "pinned by hand" if pinned else "by hand: moves with its queue"
    if pinned and told.version and told.version != pinned:
        says += f", was on {told.version.build}"
    return Version(shown.deployment if shown else "", shown.build if shown else "", says)


def file_head(run: RunDetail, number: UUID, name: str, tab: str, now: datetime) -> Head:
    """Of a history from a file: it has a timeline and events, and nothing can be done to it."""
    made = head(run, tab, now, 0)
    namespace = run.summary.key.namespace
    url = reverse("histories:history", args=[namespace, number])
    tabs = (
        Tab("Timeline", url, tab == "timeline"),
        Tab("Events", f"{url}events/", tab == "events", run.summary.history_length),
    )
    return replace(made, tabs=tabs, url=url, template="histories/head.html", file=name)


def _tab(key: RunKey, name: str, current: str, counts: Mapping[str, int]) -> Tab:
    view = "workflows:run" if name == "timeline" else f"workflows:{name}"
    url = reverse(view, args=[key.namespace, key.workflow_id, key.run_id])
    return Tab(name.capitalize(), url, name == current, counts.get(name))


def _full(summary: RunSummary) -> str:
    if summary.history_length < LENGTH_WARNS:
        return ""
    share = f"{summary.history_length:,} of at most {LENGTH_MAX:,} events"
    return f"{share}. The engine ends a run whose history is full; continue-as-new keeps it short."


def attributes(summary: RunSummary) -> list[Attribute]:
    return [
        Attribute(name, value, Place("attributes", name) if masks.is_in(value) else None)
        for name, value in summary.attributes.items()
    ]


@dataclass(frozen=True, slots=True)
class PendingKind:
    type: str
    count: int
    failing: int
    paused: int


#: a run may have as many types pending as activities
KINDS_MAX = 30


def pending(run: RunDetail, address: Mapping[str, str]) -> dict[str, Any]:
    """A page of its activities, what fails first, and a page of its children."""
    activities, pager = numbered(failing_first(run.activities), address, "page", {"children"})
    children, of_children = numbered(
        sorted(run.children, key=lambda one: one.initiated_event_id), address, "children", {"page"}
    )
    kinds = pending_kinds(run)
    return {
        "activities": activities,
        "pager": pager,
        "failing": sum(one.failing for one in kinds),
        "children": children,
        "of_children": of_children,
        "kinds": kinds[:KINDS_MAX],
        "more_kinds": len(kinds[KINDS_MAX:]),
    }


def pending_kinds(run: RunDetail) -> list[PendingKind]:
    """The pending activities by type: those with failing ones first, then the most of them."""
    types = Counter(one.type for one in run.activities)
    failing = Counter(one.type for one in run.activities if one.failing)
    paused = Counter(one.type for one in run.activities if one.paused)
    kinds = [PendingKind(name, count, failing[name], paused[name]) for name, count in types.items()]
    return sorted(kinds, key=lambda one: (-one.failing, -one.count, one.type))


@dataclass(frozen=True, slots=True)
class Chain:
    """The runs before and after this one under the same workflow id, and how it came of them."""

    first_run_id: str
    previous_run_id: str
    next_run_id: str
    #: "continued as new from", "tried again after", "started by cron after", "reset from"
    came: str
    goes: str


#: the protocol's initiator -> how a run came of the one before
CAME = {"1": "continued as new from", "2": "tried again after", "3": "started by cron after"}


def chain(events: Sequence[Event], reset_run_id: str = "") -> Chain:
    started = events[0] if events else None
    close = events[-1] if events else None
    first = gateway.text(started, "first_execution_run_id") if started else ""
    previous = gateway.text(started, "continued_execution_run_id") if started else ""
    came = CAME.get(gateway.text(started, "initiator") if started else "", CAME["1"])
    reset = next((base for base in map(gateway.reset_from, events) if base), "")
    after = gateway.text(close, "new_execution_run_id") if close else ""
    return Chain(
        first,
        reset or previous,
        reset_run_id or after,
        "reset from" if reset else came,
        "was reset into" if reset_run_id else "goes on in",
    )


@dataclass(frozen=True, slots=True)
class Parcel:
    """Data that went into the run or came out of it, with the event that carried it."""

    title: str
    note: str
    event_id: int
    values: tuple[Value, ...]
    failure: Failure | None = None


CARRIES = {
    "WorkflowExecutionStarted": "Input",
    "WorkflowExecutionCompleted": "Result",
    "WorkflowExecutionFailed": "Failure",
    "WorkflowExecutionContinuedAsNew": "Input of the next run",
    "WorkflowExecutionSignaled": "Signal",
    "WorkflowExecutionUpdateAccepted": "Update",
    "WorkflowExecutionUpdateCompleted": "Answer to the update",
    "ActivityTaskScheduled": "Activity input",
    "ActivityTaskCompleted": "Activity result",
    "ActivityTaskFailed": "Activity failure",
    "ChildWorkflowExecutionCompleted": "Child result",
}


def carriers(events: Sequence[Event], *, of_run: bool) -> list[Event]:
    """Those of the run itself, or those of its steps."""
    return [e for e in events if e.kind in CARRIES and (e.category in OF_RUN) == of_run]


def parcels(events: Sequence[Event]) -> list[Parcel]:
    return [_parcel(event) for event in events]


OF_RUN = frozenset({"run", "signal", "update"})


def _parcel(event: Event) -> Parcel:
    name = gateway.name(event)
    return Parcel(
        title=CARRIES[event.kind],
        note="" if name == event.kind else name,
        event_id=event.id,
        values=gateway.input_of(event) or gateway.result_of(event),
        failure=gateway.failure(event),
    )


@dataclass(frozen=True, slots=True)
class GroupDetail:
    """The aside of the timeline: one step with everything that is known of it."""

    title: str
    icon: str
    outcome: str
    word: str
    facts: tuple[tuple[str, str], ...]
    events: tuple[Event, ...]
    input: tuple[Value, ...]
    result: tuple[Value, ...]
    failure: Failure | None
    heartbeat: tuple[Value, ...]
    attempt: int
    next_try_at: datetime | None
    #: of an activity: what its attempts are asked by
    scheduled_event: int = 0


FACTS = (
    ("Activity id", "activity_id"),
    ("Timer id", "timer_id"),
    ("Workflow id", "workflow_id"),
    ("Queue", "task_queue.name"),
    ("By", "identity"),
    ("Update id", "accepted_request.meta.update_id"),
    ("By", "accepted_request.meta.identity"),
)


def group_detail(group: Group, icon: str, word: str) -> GroupDetail:
    gateway.prepare(group.events)
    pending = group.pending if group.closing is None else None
    closing = group.closing
    facts = [("About", summaries.of(group.head))]
    facts += [(name, gateway.text(group.head, path)) for name, path in FACTS]
    facts += gateway.limits(group.head)
    if pending is not None and pending.worker:
        facts.append(("Last worker", pending.worker))
    elif group.started is not None:
        facts.append(("Worker", gateway.identity(group.started)))
    return GroupDetail(
        title=group.name,
        icon=icon,
        outcome=group.outcome,
        word=word,
        facts=tuple(fact for fact in facts if fact[1]),
        events=tuple(group.events),
        input=gateway.input_of(group.head),
        result=gateway.result_of(closing) if closing else (),
        failure=(gateway.failure(closing) if closing else None)
        or (pending.failure if pending else None),
        heartbeat=pending.heartbeat if pending else (),
        attempt=group.attempt,
        next_try_at=pending.next_try_at if pending else None,
        scheduled_event=group.id if group.category == "activity" else 0,
    )
