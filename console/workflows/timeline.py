"""Groups -> lanes of an SVG in percent. Time where nothing happened is folded. Pure.

The axis is cut at the longest waits: a stretch without any event that no activity fills, and that
takes a tenth of the whole. A fold has a fixed width; the stretches between share the rest, each by
the root of its length, so that seconds stay visible beside days. Within a stretch the axis is
linear.
"""

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway import events as gateway
from console.gateway import summaries
from console.gateway.events import Event
from console.ui import words
from console.workflows.groups import ICONS, KINDS, Group

FOLD_WIDTH = 4.0
FOLDS_MAX = 6
FOLD_SHARE = 0.1
FOLD_LEAST = timedelta(seconds=10)
ROOT = 0.4
BAR_LEAST = 0.5
#: of an axis that has not ended: how much lies ahead of now at most
AHEAD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Stretch:
    begin: datetime
    end: datetime
    left: float
    width: float
    folded: bool

    @property
    def label(self) -> str:
        """A fold is narrow: the larger of its two units says enough."""
        said = words.span(self.end - self.begin)
        number, unit = said.split()[:2]
        return f"{float(number):.0f} {unit}" if self.folded else said

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


@dataclass(frozen=True, slots=True)
class Axis:
    stretches: tuple[Stretch, ...]
    now: datetime | None

    def x(self, at: datetime) -> float:
        """Percent from the left."""
        index = bisect_right(self.stretches, at, key=lambda one: one.begin) - 1
        stretch = self.stretches[max(index, 0)]
        length = (stretch.end - stretch.begin).total_seconds()
        share = (at - stretch.begin).total_seconds() / length if length > 0 else 0.0
        return round(stretch.left + stretch.width * min(max(share, 0.0), 1.0), 2)

    @property
    def now_x(self) -> float | None:
        return self.x(self.now) if self.now else None

    @property
    def folds(self) -> list[Stretch]:
        return [one for one in self.stretches if one.folded]

    @property
    def open_stretches(self) -> list[Stretch]:
        return [one for one in self.stretches if not one.folded]


def axis(
    events: Sequence[Event], groups: Sequence[Group], end: datetime, *, is_open: bool, fold: bool
) -> Axis:
    """`end` is now for an open run, and the close of a closed one."""
    begin = events[0].at if events else end
    finish = _finish(groups, begin, end) if is_open else end
    cuts = _folds(events, groups, begin, end) if fold else []
    edges = [begin, *(edge for cut in cuts for edge in cut), finish]
    spans = [(edges[i], edges[i + 1], i % 2 == 1) for i in range(len(edges) - 1)]
    room = 100.0 - FOLD_WIDTH * len(cuts)
    weights = [0.0 if folded else _weight(start, stop) for start, stop, folded in spans]
    total = sum(weights) or 1.0
    left, stretches = 0.0, []
    for (start, stop, folded), weight in zip(spans, weights, strict=True):
        width = FOLD_WIDTH if folded else room * weight / total
        stretches.append(Stretch(start, stop, round(left, 3), round(width, 3), folded))
        left += width
    return Axis(tuple(stretches), end if is_open else None)


def _weight(start: datetime, stop: datetime) -> float:
    return float(max((stop - start).total_seconds(), 0.001) ** ROOT)


def _finish(groups: Sequence[Group], begin: datetime, now: datetime) -> datetime:
    """A little beyond now: as far as the next try, when that is near."""
    tries = [g.pending.next_try_at for g in groups if g.pending and g.pending.next_try_at]
    ahead = max(tries, default=now) - now
    most = max((now - begin) * AHEAD_SHARE, timedelta(milliseconds=100))
    return now + min(max(ahead, most * 0.1), most)


def _folds(
    events: Sequence[Event], groups: Sequence[Group], begin: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    least = max((end - begin) * FOLD_SHARE, FOLD_LEAST)
    moments = [event.at for event in events] + [end]
    gaps = [
        (before, after) for before, after in itertools.pairwise(moments) if after - before >= least
    ]
    busy = (
        [(g.head.at, g.ended_at or end) for g in groups if g.category == "activity"] if gaps else []
    )
    idle = [
        (before, after)
        for before, after in gaps
        if not any(start <= before and stop >= after for start, stop in busy)
    ]
    longest = sorted(idle, key=lambda gap: gap[0] - gap[1])[:FOLDS_MAX]
    margin = FOLD_LEAST / 10
    return sorted((before + margin, after - margin) for before, after in longest)


@dataclass(frozen=True, slots=True)
class Mark:
    """One shape of a lane: rect, line, point or ring, with the sheet's class."""

    shape: str
    tone: str
    x: float
    to: float = 0.0

    @property
    def width(self) -> float:
        return round(max(self.to - self.x, BAR_LEAST), 2)


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    category: str
    icon: str
    kind: str
    name: str
    #: what this step is for, among those of its name
    about: str
    note: str
    warns: bool
    outcome: str
    took: timedelta | None
    marks: tuple[Mark, ...]
    says: str
    #: where it stands among all, in percent
    place: float = 0.0


TONES = {
    "failed": "bar-bad",
    "timed-out": "bar-bad",
    "terminated": "bar-bad",
    "retrying": "bar-warn",
}
WORDS = {
    "completed": "completed",
    "failed": "failed",
    "timed-out": "timed out",
    "canceled": "canceled",
    "terminated": "terminated",
    "running": "still going",
    "retrying": "retrying",
    "paused": "paused",
    "left": "left when the run ended",
    "cancel-requested": "requested",
}


def row(group: Group, scale: Axis, end: datetime, place: float = 0.0) -> Row:
    outcome = group.outcome
    point = group.category in {"signal", "marker", "run", "other"}
    took = None if point else (group.ended_at or end) - group.head.at
    about = summaries.of(group.head)
    called = f"{group.name} “{about}”" if about else group.name
    says = f"{KINDS[group.category]} {called}, {WORDS.get(outcome, outcome)}"
    return Row(
        id=group.id,
        category=group.category,
        icon=ICONS[group.category],
        kind=KINDS[group.category],
        name=group.name,
        about=about,
        note=_note(group, outcome),
        warns=outcome == "retrying",
        outcome=outcome,
        took=took,
        marks=tuple(_marks(group, scale, end)),
        says=says + (f" after {words.span(took)}" if took is not None and group.closing else ""),
        place=place,
    )


def _note(group: Group, outcome: str) -> str:
    if group.attempt > 1:
        return f"attempt {group.attempt}" if outcome == "retrying" else f"{group.attempt} attempts"
    return gateway.text(group.head, "workflow_type.name") if group.category == "child" else ""


def _marks(group: Group, scale: Axis, end: datetime) -> list[Mark]:
    x, stop = scale.x(group.head.at), scale.x(group.ended_at or end)
    match group.category:
        case "signal" | "marker" | "run" | "other":
            return [Mark("point", "point", x)]
        case "update":
            return [
                Mark("point", "point", x),
                Mark("thin", TONES.get(group.outcome, "bar"), x, stop),
            ]
        case "timer":
            tone = "wait" if group.closing else "wait wait-on"
            return [Mark("line", tone, x, stop), Mark("tick", tone, x), Mark("tick", tone, stop)]
        case "child" | "nexus":
            return [Mark("child", _child_tone(group), x, stop)]
        case "activity":
            return _attempts(group, scale, x, stop)
        case _:
            return [Mark("rect", TONES.get(group.outcome, "bar"), x, stop)]


def _child_tone(group: Group) -> str:
    return TONES.get(group.outcome, "bar-child")


def _attempts(group: Group, scale: Axis, x: float, stop: float) -> list[Mark]:
    """A bar; with attempts before the last one a line leads to it, ahead of now it is dashed."""
    pending = group.pending if group.closing is None else None
    if pending is not None and pending.failing:
        return _retrying(pending.started_at, pending.next_try_at, scale, x)
    tone = TONES.get(group.outcome, "bar-live" if group.is_open else "bar")
    started = group.started
    if group.attempt > 1 and started is not None:
        last = scale.x(started.at)
        return [
            Mark("line", "wait", x, stop),
            Mark("rect", "bar", x, x),
            Mark("rect", tone, last, stop),
        ]
    return [Mark("rect", tone, x, stop)]


def _retrying(
    started: datetime | None, next_try: datetime | None, scale: Axis, x: float
) -> list[Mark]:
    now = scale.now_x or 100.0
    last = scale.x(started) if started else now
    marks = [Mark("line", "wait wait-warn", x, now), Mark("rect", "bar-warn", x, x)]
    marks.append(Mark("rect", "bar-warn", last, last))
    if next_try is not None:
        ahead = scale.x(next_try)
        marks += [
            Mark("line", "wait wait-warn ahead", now, ahead),
            Mark("ring", "ring-warn", ahead),
        ]
    return marks
