"""A look at one run.

Its history as far as it is known, grouped, with why it stands where it stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from console.gateway import events as gateway
from console.gateway.runs import RunDetail
from console.ui.htmx import version_of
from console.workflows import lanes, runpage
from console.workflows.causes import leaf
from console.workflows.causes.standing import Standing
from console.workflows.groups import ICONS, Group, grouped, near
from console.workflows.lanes import Lanes
from console.workflows.reading import Known, read
from console.workflows.timeline import WORDS

WINDOW = 100


@dataclass(frozen=True, slots=True)
class Look:
    standing: Standing
    lanes: Lanes
    known: Known
    length: int
    version: str


def look(
    run: RunDetail, asked: Mapping[str, Any], now: datetime, sees: Callable[[str], bool]
) -> Look:
    """`sees`: whether the person may look into a namespace, where a child may live."""
    summary = run.summary
    known = read(summary.key, summary.history_length)
    groups = groups_of(run, known)
    end = summary.closed_at or now
    gateway.prepare(known.events[-1:] if not summary.is_open else [])
    stands = leaf.look(run, groups, known.events, leaf.Walk(sees, now))
    return Look(
        standing=stands,
        lanes=lanes.window(known.events, groups, asked, end, is_open=summary.is_open),
        known=known,
        length=summary.history_length,
        version=_version(run, known, stands),
    )


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
    return group_in(run, read(run.summary.key, run.summary.history_length), event_id)


def group_in(run: RunDetail, known: Known, event_id: int) -> runpage.GroupDetail | None:
    found = near(groups_of(run, known), event_id)
    if found is None:
        return None
    return runpage.group_detail(
        found, ICONS[found.category], WORDS.get(found.outcome, found.outcome)
    )


def pending_version(run: RunDetail) -> str:
    return version_of(run.activities, run.children, run.task)
