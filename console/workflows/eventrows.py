"""Events -> rows of the events page: a window, counts by kind, the map at the side. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway import encoded, sight
from console.gateway import events as gateway
from console.gateway.events import Event
from console.ui import words
from console.workflows.groups import ICONS, KINDS

WINDOW = 100
BUCKETS = 100
HITS_MAX = 10_000
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


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    word: str
    icon: str
    count: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """One line of the map: where, how much happened, and whether something failed."""

    y: float
    width: float
    failed: bool
    first_id: int


@dataclass(frozen=True, slots=True)
class Window:
    rows: list[EventRow]
    total: int
    before_id: int | None
    after_id: int | None
    hits: int
    hit: int
    previous_hit: int | None
    next_hit: int | None


def matching(events: Sequence[Event], kind: str, text: str, *, newest: bool) -> list[Event]:
    found = [event for event in events if event.category == kind] if kind in KINDS else list(events)
    if text:
        wanted = text.casefold().encode()
        found = [event for event in found if wanted in event.raw.SerializeToString().lower()]
        if sight.current().hidden:  # it may stand only where this person may not look
            found = [event for event in found if wanted in gateway.text_as_seen(event).lower()]
    return found[::-1] if newest else found


def window(
    found: Sequence[Event],
    event_id: int | None,
    first: int | None,
    *,
    head: int,
    heads: Mapping[int, Event],
) -> Window:
    """The rows around `event_id`, or from position `first` on; `heads` gives followers a name."""
    at = _position(found, event_id) if event_id else None
    start = max(at - WINDOW // 2, 0) if at is not None else (first or 1) - 1
    part = found[start : start + WINDOW]
    encoded.prepare_failures(part)
    previous = found[start - 1].at if 0 < start <= len(found) else None
    before = [previous, *(event.at for event in part)]
    threads = _threads([event.head == head for event in part]) if head else [""] * len(part)
    rows = [
        _row(event, before[index], head, heads.get(event.head), threads[index])
        for index, event in enumerate(part)
    ]
    return Window(
        rows=rows,
        total=len(found),
        before_id=max(start - WINDOW, 0) + 1 if start > 0 else None,
        after_id=start + WINDOW + 1 if start + WINDOW < len(found) else None,
        hits=len(found),
        hit=(at or 0) + 1,
        previous_hit=found[at - 1].id if at else None,
        next_hit=found[at + 1].id if at is not None and at + 1 < len(found) else None,
    )


def _position(found: Sequence[Event], event_id: int) -> int | None:
    """Where the event stands, or the one nearest to it."""
    if not found:
        return None
    return min(range(len(found)), key=lambda index: abs(found[index].id - event_id))


def _row(
    event: Event, previous: datetime | None, head: int, opener: Event | None, thread: str
) -> EventRow:
    summary, note, is_bad = described(event, opener)
    return EventRow(
        id=event.id,
        at=event.at,
        since=max(event.at - previous, timedelta()) if previous else None,
        kind=event.kind,
        icon=ICONS[event.category],
        summary=summary,
        note=note,
        tone="bad" if is_bad or event.step in TROUBLE else "",
        linked=_linked(event, head),
        thread=thread,
    )


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
            return about, gateway.identity(event), False


UNNAMED = frozenset({"task", "timer"})


def counts(events: Sequence[Event]) -> list[KindCount]:
    found = Counter(event.category for event in events)
    return [
        KindCount(kind, KINDS[kind], ICONS[kind], found[kind]) for kind in KIND_ORDER if found[kind]
    ]


def buckets(events: Sequence[Event]) -> list[Bucket]:
    """The history in a hundred lines: as wide as the time a line took is short."""
    if len(events) < BUCKETS:
        return []
    size = len(events) / BUCKETS
    parts = [events[int(i * size) : int((i + 1) * size)] for i in range(BUCKETS)]
    lengths = [max((part[-1].at - part[0].at).total_seconds(), 0.001) for part in parts]
    shortest = min(lengths)
    return [
        Bucket(
            y=round(i * 100 / BUCKETS, 2),
            width=round(20 + 75 * (shortest / lengths[i]) ** 0.25, 1),
            failed=any(event.step in TROUBLE for event in part),
            first_id=part[0].id,
        )
        for i, part in enumerate(parts)
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
