"""Gateway dataclasses -> template rows; pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway.task_queues import Poller, Queue, Side
from console.ui import words

#: A poll lasts a minute; who has not asked for longer than this has gone.
GONE_AFTER = timedelta(seconds=90)
#: Work that waits longer than this while somebody polls: the workers do not keep up.
LATE_AFTER = timedelta(seconds=5)


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
        return self.state in {"starving", "retrying"}


@dataclass(frozen=True, slots=True)
class PollerRow:
    identity: str
    tasks: str
    build: str
    last_seen_at: datetime | None
    gone: bool


def rows(
    known: Iterable[tuple[Queue, int]], now: datetime, name: str, only_trouble: bool
) -> list[QueueRow]:
    """Those whose name holds `name`, the worst first."""
    every = (row(queue, running, now) for queue, running in known if name in queue.name)
    return sorted((one for one in every if one.in_trouble or not only_trouble), key=_worst_first)


def _worst_first(row: QueueRow) -> tuple[int, int, str]:
    order = ("starving", "retrying", "ok", "waiting")
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


def poller_rows(queue: Queue, now: datetime) -> list[PollerRow]:
    rows = [
        PollerRow(one.identity, tasks, one.build, one.last_seen_at, one not in alive(side, now))
        for tasks, side in (("Workflow", queue.workflow), ("Activity", queue.activity))
        for one in side.pollers
    ]
    return sorted(rows, key=lambda one: (one.gone, one.identity, one.tasks))


def _state(queue: Queue, running: int, workflow: int, activity: int) -> tuple[str, str, str]:
    """(shape, word, the sentence about the trouble)"""
    sides = (("workflow", queue.workflow, workflow), ("activity", queue.activity, activity))
    starving = [
        f"{words.plural(side.backlog, name + ' task')} waiting{_for(side)}"
        for name, side, pollers in sides
        if side.backlog and not pollers
    ]
    if starving:
        return "starving", "Starving", f"Nobody asks for the {words.join(starving)}."
    if running and not workflow and not activity:
        cannot = f"{words.plural(running, 'running workflow')} cannot go on"
        return "retrying", "No worker", f"No worker polls it: {cannot} when woken."
    oldest = max(
        filter(None, (queue.workflow.backlog_age, queue.activity.backlog_age)), default=timedelta()
    )
    if oldest > LATE_AFTER:
        return "retrying", "Falls behind", ""
    return ("ok", "Keeps up", "") if workflow or activity else ("waiting", "Nobody polls", "")


def _for(side: Side) -> str:
    return f" for {words.span(side.backlog_age)}" if side.backlog_age else ""


def _builds(pollers: list[Poller]) -> str:
    counted = Counter(one.build for one in pollers if one.build)
    return ", ".join(build for build, _ in counted.most_common(3))
