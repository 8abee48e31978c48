"""All task queues of this node: `ports.Matching`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec

from engine.clock import Clock
from engine.core.effects import Urgency
from engine.core.keys import WORKFLOW, QueueKey, RunKey
from engine.core.routing import UNROUTED, Route
from engine.core.state import RunState
from engine.core.versioning import queue_key
from engine.errors import EngineError
from engine.matching.actor import QueueActor, Reserved, retire
from engine.matching.backlog import Backlog, by_priority
from engine.matching.ordering import Orders
from engine.matching.polled import Polled
from engine.matching.queries import Queries
from engine.matching.queue import is_direct
from engine.matching.versions import Versions, is_of, is_of_ramp, of_ramp, plain_of
from engine.ports import Attendance, Poller, QueueReport, Shards, Task

log = logging.getLogger(__name__)

OFFER_AGAIN_SECONDS = 0.2
# More sticky tasks than these wait for their own time-out instead of being looked up at once.
DIVERSIONS_MAX = 500
# Workers that have shut down, kept so that a poll that was on its way ends at once too.
ENDED_KEPT_MAX = 1_000
# Idle queues are forgotten when there are so many, and again when there are twice as many.
QUEUES_SWEPT_MIN = 1_000


NOBODY = Attendance(has_pollers=False, polled_at=0)


class Door(Protocol):
    """Where a task goes that does not stay in its queue."""

    def divert(self, task: Task) -> None:
        """A sticky task that its worker will not come for."""

    def take_in(self, task: Task) -> None:
        """One that the store keeps under another queue's name."""


class TaskQueues:
    def __init__(self, backlog: Backlog, clock: Clock) -> None:
        self.queries = Queries(clock)
        self.backlog = backlog
        self.clock = clock
        self._shards: Shards | None = None
        # Where there are several nodes, a task that leaves its queue may go to another one.
        self.door: Door = self
        self._actors: dict[QueueKey, QueueActor] = {}
        self._sweep_at = QUEUES_SWEPT_MIN
        self._diversions: set[asyncio.Task[None]] = set()
        self._ended: dict[tuple[str, str], None] = {}
        self.orders = Orders(lambda: self._actors)
        self.versions = Versions(lambda: self._actors, self.leave, partial(_move, self))
        self.polled = Polled(lambda: self._actors, clock)

    def introduce(self, shards: Shards) -> None:
        """Shards know matching and matching knows shards: this closes the ring."""
        self._shards = shards

    def _actor(self, queue: QueueKey) -> QueueActor:
        actor = self._actors.get(queue)
        if actor is None:
            if len(self._actors) >= self._sweep_at:
                _sweep(self)
            actor = self._actors[queue] = _new(self, queue)
        return actor

    def offer(self, task: Task) -> None:
        place = _place_of(self, task)
        if task.sticky and (place is None or not self.has_pollers(place)):
            self.door.divert(task)
        else:
            self._actor(place or task.queue).offer(task)

    def offer_again(self, task: Task) -> None:
        asyncio.get_running_loop().call_later(OFFER_AGAIN_SECONDS, self.offer, task)

    def divert(self, task: Task) -> None:
        """The worker that knows the run is gone: any worker of the normal queue may have it.

        Where that does not succeed, the task's schedule-to-start time-out, which is the run's own,
        moves it later.
        """
        if len(self._diversions) >= DIVERSIONS_MAX:
            return
        diversion = asyncio.get_running_loop().create_task(self._offer_to_normal(task))
        self._diversions.add(diversion)
        diversion.add_done_callback(self._diversions.discard)

    async def _offer_to_normal(self, task: Task) -> None:
        assert self._shards is not None, "the server introduces shards before it serves"
        try:
            name = await self._shards.inspect(task.run, _normal_queue)
        except EngineError as refusal:
            log.debug("a sticky task stays where it is: %s", refusal.message)
            return
        queue = task.queue._replace(name=name)
        self.door.take_in(msgspec.structs.replace(task, queue=queue, sticky=False))

    def route_of(self, queue: QueueKey) -> Route:
        return self.versions.routes.get(queue, UNROUTED)

    def take_in(self, task: Task) -> None:
        place = _place_of(self, task)
        self._actor(place or task.queue).take_in(task)

    def withdraw(self, queue: QueueKey, run: RunKey, event_id: int) -> None:
        for actor in self.versions.sides(queue):
            actor.queue.window.withdraw(run, event_id)

    def withdraw_query(self, queue: QueueKey, query_id: str) -> None:
        for actor in self.versions.sides(queue):
            actor.queue.withdraw_query(query_id)

    def nudge(self, queue: QueueKey) -> None:
        """Tasks were committed that this node was not offered."""
        for actor in self.versions.sides(queue):
            actor.queue.window.forget()
            actor.match()

    def has_pollers(self, queue: QueueKey) -> bool:
        actor = self._actors.get(queue)
        return actor is not None and actor.has_pollers

    async def attendance(self, queue: QueueKey) -> Attendance:
        found = [actor.attendance for actor in self.versions.sides(queue)]
        return max(found, key=lambda each: (each.has_pollers, each.polled_at), default=NOBODY)

    def reserve(
        self, queue: QueueKey, run: RunKey, urgency: Urgency, *, prefers_ramp: bool = False
    ) -> Reserved | None:
        place = self.versions.place(queue, run.workflow_id, prefers_ramp=prefers_ramp)
        actor = self._actors.get(place) if place is not None else None
        return None if actor is None else actor.reserve(urgency)

    async def poll(self, queue: QueueKey, poller: Poller, seconds: float) -> Task | None:
        if poller.instance and (queue.namespace_id, poller.instance) in self._ended:
            return None
        if self.versions.routes or poller.version:
            own, beside = self.versions.places(queue, poller)
            also = None if beside is None else self._actor(beside)
            if poller.normal and queue in (own, beside):
                self._actor(queue).owner = poller
            return await self._actor(own).poll(poller, seconds, also)
        return await self._actor(queue).poll(poller, seconds)

    def end_polls(self, namespace_id: str, instance: str) -> None:
        self._ended[namespace_id, instance] = None
        if len(self._ended) > ENDED_KEPT_MAX:
            del self._ended[next(iter(self._ended))]
        for key, actor in list(self._actors.items()):
            if key.namespace_id == namespace_id:
                actor.end_polls(lambda poller: poller.instance == instance)
                actor.seen.forget(instance)

    def leave(self, queue: QueueKey) -> None:
        for key in [key for key in self._actors if key == queue or is_of(queue, key)]:
            actor = self._actors.pop(key)
            actor.end_polls(lambda _: True)
            for task in actor.queue.drain():
                self.offer(task)

    def give_up_queues(self, is_meant: Callable[[QueueKey], bool]) -> list[Task]:
        """These are another node's now; what no store has of them."""
        gone = [queue for queue in self._actors if is_meant(queue)]
        return [task for queue in gone for task in retire(self._actors.pop(queue))]

    async def describe(self, queue: QueueKey) -> QueueReport:
        actor = self._actors.get(queue) or _new(self, queue)
        ramp = self._actors.get(of_ramp(queue))
        if ramp is None:
            report = await _described(actor, self.backlog)
        else:
            report = await _of_both(actor, ramp, self.backlog)
        for key, other in list(self._actors.items()):
            if is_of(queue, key) and other is not ramp:
                report = _together(report, await _described(other, self.backlog))
        return report


def _place_of(queues: TaskQueues, task: Task) -> QueueKey | None:
    workflow_id, prefers_ramp = task.run.workflow_id, task.prefers_ramp
    return queues.versions.place(task.queue, workflow_id, prefers_ramp=prefers_ramp)


def _sweep(queues: TaskQueues) -> None:
    kept = {key: actor for key, actor in queues._actors.items() if not actor.is_idle}
    queues._actors = kept
    queues._sweep_at = max(QUEUES_SWEPT_MIN, 2 * len(kept))


def _new(queues: TaskQueues, place: QueueKey) -> QueueActor:
    key = plain_of(place) if is_of_ramp(place) else place
    sieve = partial(queues.versions.meant, place)
    actor = QueueActor(key, queues.backlog, queues.clock, sieve)
    queues.orders.begin(place, actor)
    return actor


def _move(queues: TaskQueues, task: Task) -> None:
    if is_direct(task):
        queues.offer(task)
    else:
        queues.take_in(task)


async def _described(actor: QueueActor, backlog: Backlog) -> QueueReport:
    is_in_store = actor.queue.window.is_in_store
    return actor.report(await backlog.count(actor.key) if is_in_store else None)


async def _of_both(actor: QueueActor, ramp: QueueActor, backlog: Backlog) -> QueueReport:
    """The store counts both sides of a ramp as one."""
    if actor.queue.window.is_in_store or ramp.queue.window.is_in_store:
        return _together(actor.report(await backlog.count(actor.key)), ramp.report(()))
    return _together(actor.report(), ramp.report())


def _together(one: QueueReport, other: QueueReport) -> QueueReport:
    """A queue, and what is pinned to a version of its workers."""
    known = {(seen.poller.identity, seen.poller.version) for seen in one.pollers}
    others = [
        seen for seen in other.pollers if (seen.poller.identity, seen.poller.version) not in known
    ]
    return QueueReport(
        pollers=(*one.pollers, *others),
        waiting=by_priority((*one.waiting, *other.waiting)),
        added_per_second=_sums(one.added_per_second, other.added_per_second),
        dispatched_per_second=_sums(one.dispatched_per_second, other.dispatched_per_second),
        rate_max=one.rate_max,
        is_rate_set=one.is_rate_set,
        is_limiting=one.is_limiting or other.is_limiting,
    )


def _sums(one: dict[int, float], other: dict[int, float]) -> dict[int, float]:
    return {key: one.get(key, 0.0) + other.get(key, 0.0) for key in one.keys() | other.keys()}


def _normal_queue(state: RunState) -> str:
    return queue_key(state, state.queue, WORKFLOW).name
