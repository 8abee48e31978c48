"""History -> what a reset to each completed workflow task runs again. Pure.

    1 … X-1                     kept, with results: the new run has these events
    X  workflow task completed  fails in the new run; the code decides again from here
    X+1 …                       left behind, but signals and updates are applied again

So what was scheduled before X and had not ended by then is under way again too: its end is among
the events that are left behind.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from console.gateway import events, summaries
from console.gateway.events import Event
from console.gateway.payloads import Value
from console.replay.effects import Effect, effect
from console.ui import words

ENDS = {"completed", "failed", "timed-out", "canceled", "terminated", "start-failed"}
#: What was cancelled did as it was told.
FAILS = {"failed", "timed-out"}
#: What opens a step of the drawing; the rest belongs to the step that its head names.
OPENS = {"activity", "timer", "child", "external", "external-cancel", "update", "nexus"}
NO_EFFECT = Effect()
BRIEF_LETTERS = 120
SHORT_LETTERS = 40
TASK_TROUBLE = {"WorkflowTaskFailed", "WorkflowTaskTimedOut"}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the drawing. `event_id` is where it began, `ended_id` where it ended."""

    event_id: int
    kind: str
    name: str
    detail: str
    at: datetime
    ended_id: int = 0
    ended: str = ""
    ended_at: datetime | None = None
    effect: Effect = NO_EFFECT
    build: str = ""
    #: of a child: where it is, and the run that was started
    namespace: str = ""
    run_id: str = ""
    by: str = ""
    attempts: int = 0

    @property
    def is_point(self) -> bool:
        return self.kind == "task" and self.ended == "completed"

    def began_before(self, point: int) -> bool:
        return self.event_id < point

    def ended_before(self, point: int) -> bool:
        return bool(self.ended_id) and self.ended_id < point


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from a reset to the workflow task that ended at `point`."""

    point: int
    #: Activities whose results the new run already has.
    kept: tuple[Step, ...]
    #: Activities that run (again), be it from the start or because they were under way.
    again: tuple[Step, ...]
    #: Those of them that changed the world already: this cannot be undone, and may happen twice.
    undone: tuple[Step, ...]
    timers_again: tuple[Step, ...]
    timers_on: tuple[Step, ...]
    #: Children that were started after the point, and have not ended.
    children_on: tuple[Step, ...]
    #: Children that were started after the point, and have ended.
    children_again: tuple[Step, ...]
    signals: tuple[Step, ...]
    updates: tuple[Step, ...]
    externals: tuple[Step, ...]
    cancel_forgotten: bool


@dataclass(frozen=True, slots=True)
class UsualPoint:
    word: str
    event_id: int


def steps(history: Iterable[Event]) -> list[Step]:
    found: dict[int, Step] = {}
    for event in history:
        if event.category == "task":
            _task(found, event)
        elif event.category in OPENS and event.head != event.id:
            _continue(found, event)
        elif (step := _opened(event)) is not None:
            found[event.id] = step
    return sorted(found.values(), key=lambda step: step.event_id)


def _task(found: dict[int, Step], event: Event) -> None:
    """A task is a line where it ended well; failures in a row are one line that counts them."""
    if event.kind == "WorkflowTaskCompleted":
        build = events.text(event, "deployment_version.build_id") or events.text(
            event, "worker_version.build_id"
        )
        found[event.id] = Step(
            event.id, "task", "Workflow task", "", event.at, event.id, "completed", build=build
        )
    elif event.kind in TASK_TROUBLE:
        last = max(found, default=0)
        before = found.get(last)
        tries = before.attempts if before and before.ended == "failed-task" else 0
        if tries:
            del found[last]
        failure = events.failure(event)
        says = failure.message if failure else event.kind.removeprefix("WorkflowTask")
        found[event.id] = Step(
            event.id, "task", "Workflow task", says, event.at, event.id, "failed-task",
            attempts=tries + 1,
        )  # fmt: skip


def _continue(found: dict[int, Step], event: Event) -> None:
    step = found.get(event.head)
    if step is not None and event.step in ENDS:
        found[event.head] = replace(step, ended_id=event.id, ended=event.step, ended_at=event.at)
    elif step is not None and event.kind == "ChildWorkflowExecutionStarted":
        found[event.head] = replace(step, run_id=events.text(event, "workflow_execution.run_id"))


def _opened(event: Event) -> Step | None:
    name, at, by = events.name(event), event.at, events.identity(event)
    match event.category:
        case "run" if event.kind == "WorkflowExecutionStarted":
            step = Step(event.id, "run", "Started", name, at)
        case "run":
            step = Step(event.id, "run", words_of(event.kind), "", at, by=by)
        case "activity":
            given = events.input_of(event)
            does = effect(name, given)
            step = Step(event.id, "activity", name, _brief(given), at, effect=does)
        case "timer":
            delay = words.span(events.delay(event))
            step = Step(event.id, "timer", summaries.of(event) or "Timer", delay, at)
        case "child":
            step = Step(
                event.id, "child", events.text(event, "workflow_id"), name, at,
                namespace=events.text(event, "namespace"),
            )  # fmt: skip
        case "signal" | "update" | "external" | "external-cancel" | "nexus" as word:
            kind = word.removesuffix("-cancel")
            step = Step(event.id, kind, name, _brief(events.input_of(event)), at, by=by)
        case _:
            return None
    return step


def words_of(kind: str) -> str:
    """WorkflowExecutionCancelRequested -> Cancel requested"""
    word = kind.removeprefix("WorkflowExecution")
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in word)
    return spaced.strip().capitalize()


def _brief(values: Sequence[Value]) -> str:
    parts = (part for value in values for part in _parts(value.content))
    return ", ".join(part for part in parts if part)[:BRIEF_LETTERS]


def _parts(content: Any) -> list[str]:
    """Amounts first, then what is short; lists and the rest are for the run's own page."""
    if isinstance(content, dict):
        inner = [part for one in content.values() if isinstance(one, dict) for part in _parts(one)]
        if set(content) == {"amount", "currency"}:
            return [f"{content['amount']} {content['currency']}"]
        flat = [f"{name} {one}" for name, one in content.items() if _is_short(one)]
        return inner + flat
    return [str(content)] if _is_short(content) else []


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and 0 < len(str(value)) <= SHORT_LETTERS


def points(every: Sequence[Step]) -> list[int]:
    return [step.event_id for step in every if step.is_point]


def plan(every: Sequence[Step], point: int) -> Plan:
    def of(kind: str) -> list[Step]:
        return [step for step in every if step.kind == kind]

    activities, timers, children = of("activity"), of("timer"), of("child")
    again = [step for step in activities if not step.ended_before(point)]
    dropped = [step for step in children if not step.began_before(point)]
    return Plan(
        point=point,
        kept=tuple(step for step in activities if step.ended_before(point)),
        again=tuple(again),
        undone=tuple(step for step in again if step.effect.is_outside and step.ended),
        timers_again=tuple(step for step in timers if not step.began_before(point)),
        timers_on=tuple(
            step for step in timers if step.began_before(point) and not step.ended_before(point)
        ),
        children_on=tuple(step for step in dropped if not step.ended),
        children_again=tuple(step for step in dropped if step.ended),
        signals=_after(of("signal"), point),
        updates=_after(of("update"), point),
        externals=_after(of("external"), point),
        cancel_forgotten=any(step.name == "Cancel requested" for step in _after(of("run"), point)),
    )


def _after(every: Iterable[Step], point: int) -> tuple[Step, ...]:
    return tuple(step for step in every if not step.began_before(point))


def usual(every: Sequence[Step]) -> list[UsualPoint]:
    """The points that people mostly want: the last good one first."""
    tasks = [step for step in every if step.is_point]
    if not tasks:
        return []
    found = [UsualPoint("the last good workflow task", tasks[-1].event_id)]
    if changed := _before_the_code_changed(tasks):
        found.append(changed)
    if failed := _before_the_first_failed(every, tasks):
        found.append(failed)
    return [*found, UsualPoint("the start", tasks[0].event_id)]


def before_failure(every: Sequence[Step]) -> int | None:
    """Where the first activity that failed for good was decided; None where none did."""
    found = _before_the_first_failed(every, [step for step in every if step.is_point])
    return found.event_id if found else None


def _before_the_code_changed(tasks: Sequence[Step]) -> UsualPoint | None:
    for older, newer in zip(tasks[-2::-1], tasks[:0:-1], strict=False):
        if older.build and newer.build and older.build != newer.build:
            return UsualPoint(f"before the code changed, {newer.build}", older.event_id)
    return None


def _before_the_first_failed(every: Sequence[Step], tasks: Sequence[Step]) -> UsualPoint | None:
    failed = next(
        (step for step in every if step.kind == "activity" and step.ended in FAILS),
        None,
    )
    if failed is None:
        return None
    # Its command was decided by the last workflow task before it.
    decided = [task.event_id for task in tasks if task.event_id < failed.event_id]
    return UsualPoint(f"before the failed {failed.name}", decided[-1]) if decided else None


def counted(some: Iterable[Step]) -> list[tuple[str, int]]:
    return Counter(step.name for step in some).most_common()
