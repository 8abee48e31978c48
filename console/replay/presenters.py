"""Steps and plan -> template rows and sentences; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.replay import planner
from console.replay.planner import Plan, Step
from console.ui import words

#: So many steps are drawn; the others fold, but for those around the point.
DRAWN_MAX = 60
AROUND = 18
AT_THE_ENDS = 5
NAMED_MAX = 6
BUILD_LETTERS = 16


@dataclass(frozen=True, slots=True)
class StepRow:
    event_id: int
    icon: str
    name: str
    detail: str
    css: str
    is_point: bool
    chosen: bool
    bad: bool
    tag: str
    tone: str
    at: datetime | None
    end: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    steps: int
    points: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cut:
    point: int


Row = StepRow | Fold | Cut


@dataclass(frozen=True, slots=True)
class Marks:
    """What the plan says of single steps, by their event ids."""

    point: int = 0
    reapplied: frozenset[int] = frozenset()
    still_running: frozenset[int] = frozenset()
    under_way: frozenset[int] = frozenset()
    going_on: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    status: str
    glyph: str
    head: str
    rest: str
    text: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    event_id: int
    name: str
    key: str
    if_again: str


def rows(every: Sequence[Step], plan: Plan | None, unfold: bool) -> list[Row]:
    drawn, marks = _drawn(every, plan, unfold), _marks(plan)
    result: list[Row] = []
    folded: list[Step] = []
    for place, step in enumerate(every):
        if place in drawn:
            result += _folded(folded)
            folded = []
            result.append(_row(step, marks))
        else:
            folded.append(step)
        if plan and step.event_id == plan.point:
            result.append(Cut(plan.point))
    return result + _folded(folded)


def _marks(plan: Plan | None) -> Marks:
    if plan is None:
        return Marks()
    return Marks(
        plan.point,
        _ids((*plan.signals, *plan.updates)),
        _ids(plan.children_on),
        _ids(step for step in plan.again if step.event_id < plan.point),
        _ids(plan.timers_on),
    )


def _ids(some: Iterable[Step]) -> frozenset[int]:
    return frozenset(step.event_id for step in some)


def _drawn(every: Sequence[Step], plan: Plan | None, unfold: bool) -> set[int]:
    count = len(every)
    if unfold or count <= DRAWN_MAX:
        return set(range(count))
    at = next(
        (place for place, step in enumerate(every) if plan and step.event_id == plan.point), count
    )
    ends = {*range(AT_THE_ENDS), *range(count - AT_THE_ENDS, count)}
    return ends | set(range(max(0, at - AROUND), min(count, at + AROUND + 1)))


def _folded(some: list[Step]) -> list[Row]:
    if not some:
        return []
    points = sum(step.is_point for step in some)
    return [Fold(len(some), points, some[0].event_id, some[-1].event_id)]


ICONS = {"external": "k-signal", "nexus": "k-child"}


def _row(step: Step, marks: Marks) -> StepRow:
    tag, tone = _tag(step, marks)
    bad = step.ended in {"failed-task", "failed", "timed-out"}
    return StepRow(
        event_id=step.event_id,
        icon=ICONS.get(step.kind, f"k-{step.kind}"),
        name=step.name,
        detail=_detail(step),
        css="dropped" if marks.point and step.event_id > marks.point else "kept",
        is_point=step.is_point,
        chosen=step.event_id == marks.point,
        bad=bad,
        tag=tag,
        tone=tone,
        at=step.at if step.kind in {"run", "task"} else None,
        end=step.ended.replace("-", " ") if bad and step.ended != "failed-task" else "",
    )


def _detail(step: Step) -> str:
    if step.ended == "failed-task":
        return f"attempt {step.attempts}, {step.detail}" if step.attempts > 1 else step.detail
    if step.is_point:
        return f"build {step.build[:BUILD_LETTERS]}" if step.build else ""
    return step.detail


def _tag(step: Step, marks: Marks) -> tuple[str, str]:
    if step.event_id in marks.reapplied:
        return "applied again", "good"
    if step.event_id in marks.still_running:
        return "still runs", "warn"
    if step.event_id in marks.under_way:
        return ", ".join(filter(None, ("under way at this point", step.effect.does))), "warn"
    if step.event_id in marks.going_on:
        return "goes on", ""
    return step.effect.says, step.effect.tone


def verdicts(plan: Plan, current: str) -> list[Verdict]:
    """`current`: another run of this workflow id that is open now."""
    made = [_kept(plan), _again(plan)]
    if plan.undone:
        made.append(_undone(plan))
    made += [
        _warning(
            f"Child {step.name} keeps running",
            "A reset does not stop it. A second one under the same id is refused while it is open.",
        )
        for step in plan.children_on[:NAMED_MAX]
    ]
    if plan.children_again:
        made.append(_live("Children start again", names(plan.children_again)))
    if plan.externals:
        made.append(_warning("Sent to other workflows again", names(plan.externals)))
    if plan.timers_again or plan.timers_on:
        made.append(_live("Timers", _timers(plan)))
    if plan.cancel_forgotten:
        made.append(_live("The cancel request is forgotten", "The new run is not asked to cancel."))
    if current:
        made.append(_warning("Another run of this id is open", f"{current} is ended by the reset."))
    return made


def _kept(plan: Plan) -> Verdict:
    what = names(plan.kept)
    return Verdict(
        "completed", "completed", "Kept", ", with their results",
        f"{what}. None of it runs again." if what else "No activity had ended before this point.",
    )  # fmt: skip


def _again(plan: Plan) -> Verdict:
    what = names(plan.again)
    code = "whatever the code that is deployed now does instead"
    return _live("Runs again", f"{what}, or {code}." if what else f"No activity; {code}.")


def _undone(plan: Plan) -> Verdict:
    sure = [step for step in plan.undone if step.effect.key]
    risky = [step for step in plan.undone if not step.effect.key]
    parts = []
    if risky:
        parts.append(f"{names(risky)} {_did(risky)} already and shows no idempotency key.")
    if sure:
        parts.append(f"{names(sure)} sends its key again; whether that is safe, the receiver says.")
    return _warning("Cannot be undone", " ".join(parts))


def _did(some: Sequence[Step]) -> str:
    return "ran" if len(some) == 1 else "have run"


def _timers(plan: Plan) -> str:
    parts = []
    if plan.timers_on:
        count = words.plural(len(plan.timers_on), "timer")
        parts.append(f"{count} of before {'goes' if len(plan.timers_on) == 1 else 'go'} on")
    if plan.timers_again:
        count = words.plural(len(plan.timers_again), "timer")
        parts.append(f"{count} {'starts' if len(plan.timers_again) == 1 else 'start'} over")
    return ", ".join(parts).capitalize() + "."


def names(some: Sequence[Step]) -> str:
    counted = planner.counted(some)
    parts = [name if count == 1 else f"{name} × {count:,}" for name, count in counted[:NAMED_MAX]]
    if len(counted) > NAMED_MAX:
        parts.append(f"{len(counted) - NAMED_MAX} more kinds")
    return words.join(parts)


def keys(every: Sequence[Step], plan: Plan) -> list[KeyRow]:
    """What moves money, and what a second time would come to."""
    money = [step for step in every if step.effect.does == "moves money"]
    return [
        KeyRow(step.event_id, step.name, step.effect.key, _if_again(step, plan)) for step in money
    ][-NAMED_MAX:]


def _if_again(step: Step, plan: Plan) -> str:
    if step in plan.kept:
        return "stays, is not repeated"
    if step.effect.key:
        return "the same key again, if the code sends it"
    return "happens twice" if step.ended else "goes on"


def _live(head: str, text: str) -> Verdict:
    return Verdict("live", "retrying", head, "", text)


def _warning(head: str, text: str) -> Verdict:
    return Verdict("retrying", "starving", head, "", text)
