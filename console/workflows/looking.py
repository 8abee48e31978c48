"""A look at one run.

Its history as far as it is known, grouped, with why it stands where it stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from console.gateway import events as gateway
from console.gateway.events import Event, Field
from console.gateway.payloads import Failure
from console.gateway.runs import RunDetail
from console.ui.htmx import version_of
from console.workflows import eventrows, runpage
from console.workflows.causes import leaf
from console.workflows.causes.standing import Standing
from console.workflows.groups import ICONS, KINDS, Group, grouped, near, shown
from console.workflows.reading import Known, read
from console.workflows.timeline import WORDS, Axis, Row, axis, row

WINDOW = 100
#: Open steps that are shown above a long timeline, so that live work is always in sight.
PINNED_MAX = 20


@dataclass(frozen=True, slots=True)
class Look:
    standing: Standing
    axis: Axis
    rows: list[Row]
    pinned: list[Row]
    total: int
    first: int
    next: int | None
    tasks: int
    known: Known
    length: int
    kinds: list[tuple[str, str]]
    version: str


def look(
    run: RunDetail, asked: Mapping[str, Any], now: datetime, sees: Callable[[str], bool]
) -> Look:
    """`sees`: whether the person may look into a namespace, where a child may live."""
    summary = run.summary
    known = read(summary.key, summary.history_length)
    groups = groups_of(run, known)
    end = summary.closed_at or now
    only = frozenset({asked["kind"]}) if asked["kind"] in KINDS else frozenset()
    wanted = shown(groups, only, asked["tasks"] or only == {"task"})
    first = asked["first"] or 0
    part = wanted[first : first + WINDOW]
    scale = axis(known.events, groups, end, is_open=summary.is_open, fold=not asked["unfold"])
    gateway.prepare(known.events[-1:] if not summary.is_open else [])
    stands = leaf.look(run, groups, known.events, leaf.Walk(sees, now))
    return Look(
        standing=stands,
        axis=scale,
        rows=[row(group, scale, end) for group in part],
        pinned=_pinned(wanted, first, scale, end),
        total=len(wanted),
        first=first,
        next=first + WINDOW if first + WINDOW < len(wanted) else None,
        tasks=sum(1 for group in groups if group.category == "task"),
        known=known,
        length=summary.history_length,
        kinds=_kinds(groups),
        version=_version(run, known, stands),
    )


def _pinned(wanted: list[Group], first: int, scale: Axis, end: datetime) -> list[Row]:
    if first or len(wanted) <= WINDOW:
        return []
    below = (group for group in wanted[WINDOW:] if group.is_open)
    return [row(group, scale, end) for group, _ in zip(below, range(PINNED_MAX), strict=False)]


def _kinds(groups: list[Group]) -> list[tuple[str, str]]:
    there = {group.category for group in groups} - {"task"}
    return [(kind, word) for kind, word in KINDS.items() if kind in there]


def _version(run: RunDetail, known: Known, stands: Standing) -> str:
    """Changes with what is shown, not with the clock: countdowns run in the page."""
    tries = [(a.id, a.attempt, a.state, a.paused, a.next_try_at) for a in run.activities]
    summary = run.summary
    told = [(w.polling, w.backlog) for w in [stands.workers] if w]
    return version_of(
        summary.status, summary.history_length, known.last_id, tries, stands.facts, told
    )


#: Groups of closed runs never change; the events they were made of say whether they still hold.
_groups_kept: "WeakKeyDictionary[Known, tuple[int, list[Group]]]" = WeakKeyDictionary()


def groups_of(run: RunDetail, known: Known) -> list[Group]:
    events = known.events
    if run.summary.is_open:
        return grouped(events, run.activities)
    kept = _groups_kept.get(known)
    if kept is None or kept[0] != len(events):
        kept = _groups_kept[known] = (len(events), grouped(events))
    return kept[1]


def group(run: RunDetail, event_id: int) -> runpage.GroupDetail | None:
    known = read(run.summary.key, run.summary.history_length)
    found = near(groups_of(run, known), event_id)
    if found is None:
        return None
    return runpage.group_detail(
        found, ICONS[found.category], WORDS.get(found.outcome, found.outcome)
    )


@dataclass(frozen=True, slots=True)
class EventDetail:
    id: int
    kind: str
    at: datetime
    facts: list[Field]
    values: list[Field]
    failures: list[tuple[str, Failure]]
    steps: list[eventrows.Step]


def event_detail(events: list[Event], event: Event) -> EventDetail:
    every = gateway.fields(event)
    return EventDetail(
        id=event.id,
        kind=event.kind,
        at=event.at,
        facts=[one for one in every if not one.values and one.failure is None],
        values=[one for one in every if one.values],
        failures=[(one.name, one.failure) for one in every if one.failure is not None],
        steps=eventrows.steps(events, event.head),
    )


def pending_version(run: RunDetail) -> str:
    return version_of(run.activities, run.children, run.task)
