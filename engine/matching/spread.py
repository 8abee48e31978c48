"""The task queues of several nodes: `ports.Matching` where each queue is on one of them.

    a task is committed ──▶ its queue is here?  yes: offered, or handed out in the very commit
                                                no:  told to the node that has it
    nodes come or go    ──▶ polls of queues that moved end, and every queue with tasks is nudged

What is told is a hint: the store has the task, and whoever gets a queue reads it. Between the
change of two nodes' views a hint may go to the wrong one; as each node nudges after its own change,
no task committed before it is forgotten, and those after it go to the right one.

A question, or a task that is started already, cannot travel. The node that has it keeps it under a
claim, and the poller's node comes for it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import assert_never

from temporalio.api.worker.v1 import WorkerHeartbeat

from engine.cluster import messages
from engine.cluster.node import Node
from engine.core.effects import Urgency
from engine.core.keys import QueueKey, RunKey
from engine.core.routing import Route
from engine.matching.backlog import StoredBacklog
from engine.matching.queries import Queries
from engine.matching.registry import OFFER_AGAIN_SECONDS, TaskQueues
from engine.matching.workers import Workers
from engine.ports import (
    Attendance,
    Poller,
    QueueReport,
    Reservation,
    Task,
)

log = logging.getLogger(__name__)

NUDGE_AGAIN_SECONDS = 1.0


class SpreadQueues:
    def __init__(
        self, local: TaskQueues, backlog: StoredBacklog, cluster: Node, workers: Workers
    ) -> None:
        self._local = local
        self._workers = workers
        self._backlog = backlog
        self._cluster = cluster
        self._nudging: asyncio.Task[None] | None = None
        local.door = self
        cluster.on_change(self._rearrange)

    def _elsewhere(self, queue: QueueKey) -> str | None:
        node = self._cluster.of_queue(queue)
        return None if node == self._cluster.here else node

    # -- ports.Matching

    @property
    def queries(self) -> Queries:
        return self._local.queries

    def offer(self, task: Task) -> None:
        node = self._elsewhere(task.queue)
        if node is None:
            self._local.offer(task)
        else:
            is_stored = task.query is None and task.started is None
            fit_to_travel = task if is_stored else self._cluster.claims.keep(task)
            self._cluster.tell(node, messages.Offer(fit_to_travel))

    def offer_again(self, task: Task) -> None:
        asyncio.get_running_loop().call_later(OFFER_AGAIN_SECONDS, self.offer, task)

    def withdraw(self, queue: QueueKey, run: RunKey, event_id: int) -> None:
        node = self._elsewhere(queue)
        if node is None:
            self._local.withdraw(queue, run, event_id)
        else:
            self._cluster.tell(node, messages.Withdraw(queue, run, event_id))

    def withdraw_query(self, queue: QueueKey, query_id: str) -> None:
        self._local.withdraw_query(queue, query_id)
        self._cluster.claims.withdraw(queue, query_id)
        if (node := self._elsewhere(queue)) is not None:
            self._cluster.tell(node, messages.WithdrawQuery(queue, query_id))

    def nudge(self, queue: QueueKey) -> None:
        node = self._elsewhere(queue)
        if node is None:
            self._local.nudge(queue)
        else:
            self._cluster.tell(node, messages.Nudge(queue))

    async def attendance(self, queue: QueueKey) -> Attendance:
        node = self._elsewhere(queue)
        if node is None:
            return await self._local.attendance(queue)
        return await self._cluster.attendance(node, queue)

    def reserve(
        self, queue: QueueKey, run: RunKey, urgency: Urgency, *, prefers_ramp: bool = False
    ) -> Reservation | None:
        if self._elsewhere(queue) is not None:
            return None
        return self._local.reserve(queue, run, urgency, prefers_ramp=prefers_ramp)

    def route_of(self, queue: QueueKey) -> Route:
        return self._local.route_of(queue)

    async def poll(self, queue: QueueKey, poller: Poller, seconds: float) -> Task | None:
        if self._elsewhere(queue) is not None:
            # It moved while the poll was on its way: the worker polls again, and finds it.
            return None
        return await self._local.poll(queue, poller, seconds)

    def end_polls(self, namespace_id: str, instance: str) -> None:
        self._local.end_polls(namespace_id, instance)
        self._cluster.tell_all(messages.EndPolls(namespace_id, instance))

    def leave(self, queue: QueueKey) -> None:
        node = self._elsewhere(queue)
        if node is None:
            self._local.leave(queue)
        else:
            self._cluster.tell(node, messages.Leave(queue))

    async def describe(self, queue: QueueKey) -> QueueReport:
        return await self._local.describe(queue)

    # -- what `TaskQueues` asks of several nodes

    def divert(self, task: Task) -> None:
        """A sticky task whose worker is gone: the node that has the run knows where it goes."""
        node = self._cluster.of_run(task.run)
        if node == self._cluster.here:
            self._local.divert(task)
        else:
            self._cluster.tell(node, messages.Divert(task))

    def take_in(self, task: Task) -> None:
        node = self._elsewhere(task.queue)
        if node is None:
            self._local.take_in(task)
        else:
            self._cluster.tell(node, messages.TakeIn(task))

    # -- from the other nodes

    def hear(self, message: messages.Told) -> None:
        """Taken as it is, whatever this node's own view says."""
        local = self._local
        match message:
            case messages.Offer(task):
                local.offer(task)
            case messages.TakeIn(task):
                local.take_in(task)
            case messages.Divert(task):
                local.divert(task)
            case messages.Withdraw(queue, run, event_id):
                local.withdraw(queue, run, event_id)
            case messages.WithdrawQuery(queue, query_id):
                local.withdraw_query(queue, query_id)
            case messages.Nudge(queue):
                local.nudge(queue)
            case messages.Leave(queue):
                local.leave(queue)
            case messages.EndPolls(namespace_id, instance):
                local.end_polls(namespace_id, instance)
            case messages.Beats(namespace_id, beats):
                self._workers.record(namespace_id, list(map(WorkerHeartbeat.FromString, beats)))
            case _:
                assert_never(message)

    # -- nodes came or went

    def _rearrange(self) -> None:
        for task in self._local.give_up_queues(lambda queue: self._elsewhere(queue) is not None):
            self.offer(task)
        for task in self._cluster.claims.drain():
            self.offer(task)
        if self._nudging is not None:
            self._nudging.cancel()
        self._nudging = asyncio.get_running_loop().create_task(self._nudge_all())

    async def _nudge_all(self) -> None:
        while True:
            try:
                for queue in await self._backlog.queues():
                    self.nudge(queue)
            except Exception as trouble:  # noqa: BLE001  tasks would be forgotten
                log.warning("the queues cannot be read: %s", trouble)
                await asyncio.sleep(NUDGE_AGAIN_SECONDS)
            else:
                return
