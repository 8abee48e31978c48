"""What the rules read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.gateway.events import Event
from console.gateway.metadata import Handlers
from console.gateway.runs import PendingActivity, RunDetail, RunKey
from console.gateway.task_queues import Poller, Queue, Side
from console.workflows.causes.standing import Standing, Workers
from console.workflows.groups import Group

#: A worker polls again within a minute, or it is gone, or it takes no more.
GONE_AFTER = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Followed:
    """A child, and what holds it up; `others` are open beside it."""

    key: RunKey
    standing: Standing
    others: int


@dataclass(frozen=True, slots=True)
class Facts:
    """`queues`: those that were asked and answered, by name. `is_whole`: all events were read."""

    run: RunDetail
    groups: Sequence[Group]
    now: datetime
    queues: Mapping[str, Queue] = field(default_factory=dict)
    first: Event | None = None
    handlers: Handlers | None = None
    child: Followed | None = None
    is_whole: bool = False

    @property
    def queue(self) -> Queue | None:
        return self.queues.get(self.run.summary.task_queue)

    def queue_of(self, activity: PendingActivity) -> Queue | None:
        return self.queues.get(activity.task_queue or self.run.summary.task_queue)

    def open(self, category: str) -> list[Group]:
        return [group for group in self.groups if group.category == category and group.is_open]


def alive(side: Side, now: datetime) -> int:
    return len(polling(side, now))


def polling(side: Side, now: datetime) -> set[str]:
    return {one.identity for one in at_hand(side, now)}


def at_hand(side: Side, now: datetime) -> list[Poller]:
    return [
        one
        for one in side.pollers
        if one.last_seen_at is not None and now - one.last_seen_at < GONE_AFTER
    ]


def workers(queue: Queue, activity: PendingActivity | None, now: datetime) -> Workers:
    side = queue.activity if activity else queue.workflow
    seen = [one.last_seen_at for one in side.pollers if one.last_seen_at]
    return Workers(
        queue=queue.name,
        backlog=side.backlog,
        polling=alive(side, now),
        last_seen_at=max(seen, default=None),
        last_tried_by=activity.worker if activity else "",
    )
