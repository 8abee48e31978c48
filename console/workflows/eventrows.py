"""Events -> rows of the events page: a window, counts by kind, the map at the side. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from console.gateway import encoded, summaries
from console.gateway import events as gateway
from console.gateway.events import Event
from console.ui import words
from console.workflows import minimap
from console.workflows.groups import ICONS, KINDS
from console.workflows.searching import Snippet

WINDOW = 100
#: Windows that one page takes while its reader scrolls; then a link begins a page anew. A hundred
#: rows take a browser twenty megabytes.
WINDOWS_MAX = 3
TROUBLE = frozenset({"failed", "timed-out", "terminated", "start-failed"})
KIND_ORDER = (
    "activity",
    "task",
    "timer",
    "signal",
    "child",
    "update",
    "marker",
    "external",
    "nexus",
    "run",
)


@dataclass(frozen=True, slots=True)
class EventRow:
    id: int
    at: datetime
    since: timedelta | None
    kind: str
    icon: str
    summary: str
    note: str
    tone: str
    linked: str
    thread: str
    #: where it stands among all, in percent
    place: float = 0.0
    #: since the run began
    into: timedelta | None = None
    snippet: Snippet | None = None


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    word: str
    icon: str
    count: int


@dataclass(frozen=True, slots=True)
class Window:
    rows: list[EventRow]
    total: int
    before_id: int | None
    after_id: int | None


def matching(events: Sequence[Event], kind: str, *, newest: bool) -> list[Event]:
    found = [event for event in events if event.category == kind] if kind in KINDS else list(events)
    return found[::-1] if newest else found


def window(
    found: Sequence[Event],
    event_id: int | None,
    first: int | None,
    *,
    head: int,
    heads: Mapping[int, Event],
    where: Callable[[Event], Snippet | None] | None = None,
    length: int = 0,
) -> Window:
    """The rows around `event_id`, or from position `first` on; `heads` gives followers a name.

    `where` tells what stands in an event of what was searched for.
    """
    at = _position(found, event_id) if event_id else None
    start = max(at - WINDOW // 2, 0) if at is not None else (first or 1) - 1
    part = found[start : start + WINDOW]
    encoded.prepare_failures(part)
    before = [found[start - 1] if 0 < start <= len(found) else None, *part]
    threads = _threads([event.head == head for event in part]) if head else [""] * len(part)
    rows = [
        replace(
            _row(event, before[index], (head, threads[index]), heads),
            place=minimap.place(event.id - 1, length),
            snippet=where(event) if where else None,
        )
        for index, event in enumerate(part)
    ]
    return Window(
        rows=rows,
        total=len(found),
        before_id=max(start - WINDOW, 0) + 1 if start > 0 else None,
        after_id=start + WINDOW + 1 if start + WINDOW < len(found) else None,
    )


@dataclass(frozen=True, slots=True)
class Turns:
    """From one hit to the next, and back."""

    total: int
    number: int
    previous_id: int | None
    next_id: int | None


def turns(found: Sequence[Event], event_id: int | None) -> Turns:
    at = _position(found, event_id) if event_id else None
    if at is None:
        return Turns(len(found), 0, None, found[0].id if found else None)
    return Turns(
        total=len(found),
        number=at + 1,
        previous_id=found[at - 1].id if at else None,
        next_id=found[at + 1].id if at + 1 < len(found) else None,
    )


def _position(found: Sequence[Event], event_id: int) -> int | None:
    """Where the event stands, or the one nearest to it. They are in order, up or down."""
    if not found:
        return None
    sign = 1 if found[0].id <= found[-1].id else -1
    after = bisect_left(found, sign * event_id, key=lambda event: sign * event.id)
    near = (index for index in (after - 1, after) if 0 <= index < len(found))
    return min(near, key=lambda index: abs(found[index].id - event_id))


def _row(
    event: Event,
    previous: Event | None,
    linked: tuple[int, str],
    heads: Mapping[int, Event],
) -> EventRow:
    summary, note, is_bad = described(event, heads.get(event.head))
    began = heads.get(1)
    head, thread = linked
    return EventRow(
        id=event.id,
        at=event.at,
        since=_between(previous, event),
        kind=event.kind,
        icon=ICONS[event.category],
        summary=summary,
        note=note,
        tone="bad" if is_bad or event.step in TROUBLE else "",
        linked=_linked(event, head),
        thread=thread,
        into=_between(began, event) if event.id > 1 else None,
    )


def _between(one: Event | None, other: Event) -> timedelta | None:
    """In whichever order they are listed. What was held back has an earlier time: that is none."""
    if one is None:
        return None
    first, then = sorted((one, other), key=lambda event: event.id)
    return max(then.at - first.at, timedelta())


#: where the thread runs through a row of the gutter: the path of its SVG
THREADS = {"first": "M14 14V28", "last": "M14 0V14", "between": "M14 0V28"}


def _threads(linked: list[bool]) -> list[str]:
    """From the first linked row to the last, through those between."""
    if linked.count(True) < 2:
        return [""] * len(linked)
    first = linked.index(True)
    last = len(linked) - 1 - linked[::-1].index(True)
    places = {first: "first", last: "last"}
    return [
        THREADS[places.get(index, "between")] if first <= index <= last else ""
        for index in range(len(linked))
    ]


def _linked(event: Event, head: int) -> str:
    if not head or event.head != head:
        return ""
    return "head" if event.id == head else "follower"


def described(event: Event, opener: Event | None) -> tuple[str, str, bool]:
    """(what it is about, what is worth saying, whether that is a failure)"""
    about = gateway.name(opener) if opener is not None and opener.category not in UNNAMED else ""
    about = "" if about == event.kind else about
    failure = gateway.failure(event)
    if failure is not None:
        return about, f"{failure.type}: {failure.message}", True
    match event.kind:
        case "TimerStarted":
            return words.span(gateway.delay(event)), gateway.text(event, "timer_id"), False
        case "ActivityTaskStarted" | "WorkflowTaskStarted":
            return about, f"attempt {gateway.attempt(event) or 1}", False
        case "WorkflowTaskScheduled":
            return gateway.text(event, "task_queue.name"), "", False
        case _:
            return about, summaries.of(event) or gateway.identity(event), False


UNNAMED = frozenset({"task", "timer"})


def counts(events: Sequence[Event]) -> list[KindCount]:
    found = Counter(event.category for event in events)
    return [
        KindCount(kind, KINDS[kind], ICONS[kind], found[kind]) for kind in KIND_ORDER if found[kind]
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """An event of the same group, in the details of another."""

    id: int
    step: str
    at: datetime
    later: timedelta | None


def steps(events: Sequence[Event], head: int) -> list[Step]:
    group = [event for event in events if event.head == head]
    return [
        Step(event.id, event.step, event.at, event.at - group[0].at if index else None)
        for index, event in enumerate(group)
    ]


#: Events that one workflow task led to, as links.
COMMANDS_MAX = 50


def commands(events: Sequence[Event], event: Event) -> list[Event]:
    """What a completed workflow task asked for: the events that name it, right after it."""
    if event.kind != "WorkflowTaskCompleted":
        return []
    after = bisect_left(events, event.id + 1, key=lambda one: one.id)
    return [
        one
        for one in events[after : after + COMMANDS_MAX]
        if gateway.text(one, "workflow_task_completed_event_id") == str(event.id)
    ]
