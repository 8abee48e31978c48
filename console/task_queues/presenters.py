"""Gateway dataclasses -> template rows; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway.queue_limits import WITH_RATES, Limits, Rate
from console.gateway.task_queues import Backlog, Poller, Queue, Side
from console.ui import words
from console.ui.htmx import version_of

#: A poll lasts a minute; who has not asked for longer than this has gone.
GONE_AFTER = timedelta(seconds=90)
#: Work that waits longer than this while somebody polls: the workers do not keep up.
LATE_AFTER = timedelta(seconds=5)
NONE = timedelta()


@dataclass(frozen=True, slots=True)
class QueueRow:
    name: str
    state: str
    word: str
    trouble: str
    tasks: str
    backlog: int
    oldest: timedelta | None
    workflow_pollers: int
    activity_pollers: int
    builds: str
    running: int
    added: float
    dispatched: float

    @property
    def in_trouble(self) -> bool:
        return self.state in {"starving", "paused", "retrying"}


@dataclass(frozen=True, slots=True)
class PollerRow:
    identity: str
    tasks: str
    build: str
    last_seen_at: datetime | None
    gone: bool


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One kind of a queue's tasks. `holds`: what bounds them now, and whose bound it is."""

    kind: str
    holds: str
    #: tasks wait for the bound right now
    is_reached: bool
    #: (what was set, who set it, why, when)
    rates: tuple[tuple[str, Rate], ...]
    weights: str


@dataclass(frozen=True, slots=True)
class PriorityRow:
    priority: int
    says: str
    workflow: int
    activity: int
    oldest: timedelta | None


#: The protocol's usual priority, of those that none was said of.
USUAL = 3
MORE_WEIGHTS = 8


def limit_rows(sides: Mapping[str, Side]) -> list[LimitRow]:
    return [_limit_row(kind, side.limits) for kind, side in sides.items()]


def _limit_row(kind: str, limits: Limits) -> LimitRow:
    told = (("", limits.rate), ("for each key ", limits.key_rate))
    rates = tuple((_said(before, rate), rate) for before, rate in told if rate.at is not None)
    return LimitRow(kind, _holds(kind, limits), limits.is_reached, rates, _weights(limits))


def _holds(kind: str, limits: Limits) -> str:
    if limits.rate.per_second is not None:
        return f"{plain(limits.rate.per_second)} a second"
    if limits.effective is not None and limits.is_by_workers:
        return f"{plain(limits.effective)} a second, as its workers ask"
    return "no limit" if kind in WITH_RATES else "workflow tasks have no rate"


def _said(before: str, rate: Rate) -> str:
    much = "no limit" if rate.per_second is None else f"{plain(rate.per_second)} a second"
    return f"{before}{much}"


def _weights(limits: Limits) -> str:
    first = [f"{key} {plain(one)}" for key, one in list(limits.weights.items())[:MORE_WEIGHTS]]
    more = len(limits.weights) - len(first)
    return ", ".join([*first, *([f"{more} more"] if more else [])])


def weight_lines(weights: Mapping[str, float]) -> str:
    return "\n".join(f"{key} {plain(one)}" for key, one in weights.items())


def plain(value: float) -> str:
    """10, 0.5"""
    return f"{value:.6g}"


def seen(limits: Limits) -> str:
    """Changes when somebody sets anything."""
    return version_of(limits.rate, limits.key_rate, sorted(limits.weights.items()))


def priority_rows(queue: Queue) -> list[PriorityRow]:
    """Empty where all that waits is of the usual priority."""
    workflow = {one.priority: one for one in queue.workflow.by_priority if one.count}
    activity = {one.priority: one for one in queue.activity.by_priority if one.count}
    found = sorted(workflow.keys() | activity.keys())
    return [] if found in ([], [USUAL]) else [_priority(n, workflow, activity) for n in found]


def _priority(
    number: int, workflow: Mapping[int, Backlog], activity: Mapping[int, Backlog]
) -> PriorityRow:
    both = [one[number] for one in (workflow, activity) if number in one]
    return PriorityRow(
        number,
        {1: "goes first", USUAL: "as usual", 5: "goes last"}.get(number, ""),
        workflow[number].count if number in workflow else 0,
        activity[number].count if number in activity else 0,
        max(filter(None, (one.age for one in both)), default=None),
    )


def rows(
    known: Iterable[tuple[Queue, int]], now: datetime, name: str, only_trouble: bool
) -> list[QueueRow]:
    """Those whose name holds `name`, the worst first."""
    every = (row(queue, running, now) for queue, running in known if name in queue.name)
    return sorted((one for one in every if one.in_trouble or not only_trouble), key=_worst_first)


def _worst_first(row: QueueRow) -> tuple[int, int, str]:
    order = ("starving", "paused", "retrying", "ok", "waiting")
    return order.index(row.state), -row.backlog, row.name


def row(queue: Queue, running: int, now: datetime) -> QueueRow:
    workflow, activity = alive(queue.workflow, now), alive(queue.activity, now)
    state, word, trouble = _state(queue, running, len(workflow), len(activity))
    return QueueRow(
        name=queue.name,
        state=state,
        word=word,
        trouble=trouble,
        tasks={(True, True): "Both", (True, False): "Workflow", (False, True): "Activity"}.get(
            (bool(workflow), bool(activity)), ""
        ),
        backlog=queue.workflow.backlog + queue.activity.backlog,
        oldest=max(
            filter(None, (queue.workflow.backlog_age, queue.activity.backlog_age)), default=None
        ),
        workflow_pollers=len(workflow),
        activity_pollers=len(activity),
        builds=_builds(workflow + activity),
        running=running,
        added=queue.workflow.added_per_second + queue.activity.added_per_second,
        dispatched=queue.workflow.dispatched_per_second + queue.activity.dispatched_per_second,
    )


def alive(side: Side, now: datetime) -> list[Poller]:
    return [one for one in side.pollers if one.last_seen_at and now - one.last_seen_at < GONE_AFTER]


def poller_rows(sides: Mapping[str, Side], now: datetime) -> list[PollerRow]:
    rows = [
        PollerRow(
            one.identity,
            kind.capitalize(),
            one.build,
            one.last_seen_at,
            one not in alive(side, now),
        )
        for kind, side in sides.items()
        for one in side.pollers
    ]
    return sorted(rows, key=lambda one: (one.gone, one.identity, one.tasks))


def _state(queue: Queue, running: int, workflow: int, activity: int) -> tuple[str, str, str]:
    """(shape, word, the sentence about the trouble)"""
    sides = (("workflow", queue.workflow, workflow), ("activity", queue.activity, activity))
    held = [f"{name} tasks" for name, side, _ in sides if side.limits.rate.per_second == 0]
    if held:
        return "paused", "Held", f"Its rate is set to 0: no {words.join(held)} go out."
    starving = [
        _waiting(name, side) for name, side, pollers in sides if side.backlog and not pollers
    ]
    if starving:
        return "starving", "Starving", f"Nobody asks for the {words.join(starving)}."
    if running and not workflow and not activity:
        cannot = f"{words.plural(running, 'running workflow')} cannot go on"
        return "retrying", "No worker", f"No worker polls it: {cannot} when woken."
    late = [(name, side) for name, side, _ in sides if (side.backlog_age or NONE) > LATE_AFTER]
    if late:
        return "retrying", "Falls behind", _late(late)
    return ("ok", "Keeps up", "") if workflow or activity else ("waiting", "Nobody polls", "")


def _late(sides: list[tuple[str, Side]]) -> str:
    waiting = [_waiting(name, side) for name, side in sides]
    is_bound = any(side.limits.is_reached for _, side in sides)
    why = "Its rate is reached" if is_bound else "Its workers are behind"
    return f"{why}: {words.join(waiting)}."


def _waiting(name: str, side: Side) -> str:
    return f"{words.plural(side.backlog, name + ' task')} waiting{_for(side)}"


def _for(side: Side) -> str:
    return f" for {words.span(side.backlog_age)}" if side.backlog_age else ""


def _builds(pollers: list[Poller]) -> str:
    counted = Counter(one.build for one in pollers if one.build)
    return ", ".join(build for build, _ in counted.most_common(3))
