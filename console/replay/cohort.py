"""What follows from a reset of many, told by the first of them, before anything is done.

Each is planned as one alone is, back to each of the usual points that a bulk reset can go to: its
last workflow task, its first, the one before its first failed activity; and to the one that was
chosen, where that is another. Then the plans are added up, by type.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.replay import aims, planner
from console.replay.aims import FAILED, FIRST, LAST, Aim
from console.replay.looking import whole_history
from console.replay.planner import Plan, Step
from console.ui import words

#: Some histories are long: no further run is planned once so many events were read.
EVENTS_MAX = 100_000
NAMED_MAX = 12
CHOSEN = "chosen"
#: heading, which steps of a plan, and what it means
PARTS: tuple[tuple[str, Callable[[Plan], Sequence[Step]], str], ...] = (
    ("Run again", lambda plan: plan.again, "or whatever the code that is deployed now does"),
    (
        "Cannot be undone",
        lambda plan: plan.undone,
        "have changed the world already, by their names and inputs; the console cannot know",
    ),
    ("Signals applied again", lambda plan: plan.signals, "unless you leave them out"),
    ("Updates applied again", lambda plan: plan.updates, "unless you leave them out"),
    (
        "Children that keep running",
        lambda plan: plan.children_on,
        "a second one under the same id is refused while they are open",
    ),
    ("Children that start again", lambda plan: plan.children_again, ""),
    ("Sent to other runs again", lambda plan: plan.externals, ""),
)


@dataclass(frozen=True, slots=True)
class Planned:
    key: RunKey
    last: Plan
    #: None where no activity failed
    failed: Plan | None
    first: Plan
    #: None where the usual ones are all, or this run has no such point
    chosen: Plan | None = None


@dataclass(slots=True)
class Sample:
    planned: list[Planned] = field(default_factory=list)
    #: they have completed no workflow task, so there is no point to go back to
    pointless: int = 0
    gone: int = 0
    #: the heading of the point that was chosen, where it is none of the usual
    aim: str = ""

    @property
    def with_chosen(self) -> int:
        return sum(1 for one in self.planned if one.chosen)

    @property
    def with_failure(self) -> int:
        return sum(1 for one in self.planned if one.failed)

    @property
    def looked_at(self) -> int:
        return len(self.planned) + self.pointless + self.gone


@dataclass(slots=True)
class Count:
    times: int = 0
    runs: int = 0

    @property
    def says(self) -> str:
        if not self.times:
            return ""
        return f"{words.plural(self.times, 'time')} in {words.plural(self.runs, 'run')}"


@dataclass(slots=True)
class Line:
    name: str
    note: str = ""
    tone: str = ""
    last: Count = field(default_factory=Count)
    failed: Count = field(default_factory=Count)
    first: Count = field(default_factory=Count)
    chosen: Count = field(default_factory=Count)
    #: a run where it is so, and the point to which it would go back
    example: tuple[RunKey, int] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    head: str
    says: str
    lines: list[Line]
    more: int


def preview(keys: Sequence[RunKey], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """For the draft of a bulk reset. `told`: what its form says so far."""
    sample = read(keys, aims.of(told))
    return {"sample": sample, "parts": parts(sample.planned)}


def read(keys: Iterable[RunKey], aim: Aim) -> Sample:
    sample, events = Sample(aim="" if aim.is_usual else aim.says), 0
    for key in keys:
        if events >= EVENTS_MAX:
            break
        try:
            history = whole_history(key)
        except GatewayError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            sample.gone += 1
            continue
        events += len(history)
        steps = planner.steps(history)
        if planner.points(steps):
            sample.planned.append(_planned(key, steps, aim))
        else:
            sample.pointless += 1
    return sample


def _planned(key: RunKey, steps: Sequence[Step], aim: Aim) -> Planned:
    points, failed = planner.points(steps), planner.before_failure(steps)
    chosen = None if aim.is_usual else aims.point(steps, aim)
    return Planned(
        key,
        last=planner.plan(steps, points[-1]),
        failed=planner.plan(steps, failed) if failed else None,
        first=planner.plan(steps, points[0]),
        chosen=planner.plan(steps, chosen) if chosen else None,
    )


def parts(planned: Sequence[Planned]) -> list[Part]:
    """Only those of which there is something to say."""
    made = ((head, says, _lines(planned, of)) for head, of, says in PARTS)
    return [
        Part(head, says, lines[:NAMED_MAX], max(0, len(lines) - NAMED_MAX))
        for head, says, lines in made
        if lines
    ]


def _lines(planned: Sequence[Planned], of: Callable[[Plan], Sequence[Step]]) -> list[Line]:
    """By name, the most first."""
    lines: dict[str, Line] = {}
    for one in planned:
        plans = {LAST: one.last, FAILED: one.failed, FIRST: one.first, CHOSEN: one.chosen}
        for way, plan in plans.items():
            if plan:
                _count(lines, one.key, way, plan.point, of(plan))
    return sorted(lines.values(), key=lambda line: (-line.first.times, line.name))


def _count(
    lines: dict[str, Line], key: RunKey, way: str, point: int, steps: Sequence[Step]
) -> None:
    for step in steps:
        # A child is named by its id; alike are those of a type.
        name = step.detail if step.kind == "child" else step.name
        line = lines.setdefault(name, Line(name, example=(key, point)))
        getattr(line, way).times += 1
        if step.effect.is_outside and (not line.note or not step.effect.key):
            line.note, line.tone = step.effect.says, step.effect.tone
    for name in {step.detail if step.kind == "child" else step.name for step in steps}:
        getattr(lines[name], way).runs += 1
