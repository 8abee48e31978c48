"""One engine node without its door: writers, task queues and deliveries over a real database.

    async with node(url) as one:
        run = await one.start("order-1")
        await one.on_task(complete(text("done")))

It works the runs as a worker would, by the inputs that the frontend makes of a worker's calls.
Two nodes over one database are two owners who want the same shards.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.workflowservice.v1 import (
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)

from engine.clock import Clock, SystemClock
from engine.core import inputs
from engine.core.effects import ActivityStarted, WorkflowTaskStarted
from engine.core.inputs import ActivityTarget
from engine.core.keys import ACTIVITY, WORKFLOW, QueueKey, RunKey
from engine.core.limits import DEFAULT, Limits
from engine.core.state import RunState
from engine.errors import NamespaceNotFound, NotFound
from engine.matching.backlog import StoredBacklog
from engine.matching.registry import TaskQueues
from engine.ports import Poller, StartAnswer, StartPolicy, Task, events_of
from engine.shards.actor import Writer
from engine.shards.supervisor import Supervisor
from engine.store import migrate
from engine.store.pool import open_readers
from tests.support.eventually import eventually_async

SHARDS = 8
NAMESPACE = "00000000-0000-4000-8000-00000000000a"
QUEUE = "orders"
POLL_SECONDS = 10.0
PLENTY = 1 << 30
REFUSE_DUPLICATE = StartPolicy(
    reuse=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    conflict=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
)


class Node:
    def __init__(self, supervisor: Supervisor, matching: TaskQueues, clock: Clock) -> None:
        self.supervisor = supervisor
        self.shards = supervisor.router
        self.matching = matching
        self.clock = clock

    @property
    def writer(self) -> Writer:
        return self.supervisor.writers[0]

    async def owns_all(self) -> bool:
        return len(self.writer.owned) == SHARDS

    async def owns_again(self, takeovers: int) -> None:
        """Its connection was ended when its writer had taken over so many times."""

        async def has() -> bool:
            return self.writer.counters.takeovers > takeovers and await self.owns_all()

        await eventually_async(has)

    # -- callers

    def attributes(self, queue: str, **given: Any) -> WorkflowExecutionStartedEventAttributes:
        attributes = WorkflowExecutionStartedEventAttributes(**given)
        attributes.workflow_type.name = "Order"
        attributes.task_queue.name = queue
        attributes.workflow_task_timeout.FromSeconds(10)
        return attributes

    async def start(self, workflow_id: str, request_id: str = "", **how: Any) -> RunKey:
        answer = await self.begin(workflow_id, request_id, **how)
        return RunKey(NAMESPACE, workflow_id, answer.run_id)

    async def begin(
        self,
        workflow_id: str,
        request_id: str = "",
        policy: StartPolicy = REFUSE_DUPLICATE,
        queue: str = QUEUE,
        **first: Any,
    ) -> StartAnswer:
        """`first`: what its first event says besides."""
        run_id = self.clock.new_id()
        attributes = self.attributes(
            queue, first_execution_run_id=run_id, original_execution_run_id=run_id, **first
        )
        given = inputs.Start(
            at=self.clock.now(), attributes=attributes, request_id=request_id or run_id
        )
        return await self.shards.start(RunKey(NAMESPACE, workflow_id, run_id), given, policy)

    async def signal(self, run: RunKey, name: str = "paid", request_id: str = "") -> None:
        given = inputs.Signal(
            at=self.clock.now(), name=name, input=Payloads(), request_id=request_id
        )
        await self.shards.submit(run, given)

    async def terminate(self, run: RunKey) -> None:
        await self.shards.submit(run, inputs.Terminate(at=self.clock.now(), reason="enough"))

    # -- a worker

    async def poll(
        self, queue: str = QUEUE, kind: str = WORKFLOW, within: float = POLL_SECONDS
    ) -> Task | None:
        """A task, started for us; None if none came."""
        poller = Poller(identity="worker", request_id=self.clock.new_id())
        key = QueueKey(NAMESPACE, queue, kind)
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + within
        while True:
            task = await self.matching.poll(key, poller, max(0.0, ends_at - loop.time()))
            if task is None or task.started is not None:
                return task
            begin = inputs.StartWorkflowTask if kind == WORKFLOW else inputs.StartActivity
            given = begin(
                at=self.clock.now(),
                scheduled_event_id=task.event_id,
                attempt=task.attempt,
                request_id=poller.request_id,
                identity=poller.identity,
            )
            try:
                reply = await self.shards.submit(task.run, given)
            except NotFound:
                continue
            return msgspec.structs.replace(task, started=reply)

    async def on_task(self, *commands: Command, queue: str = QUEUE, **answer: Any) -> RunKey:
        """Answer the next workflow task with these commands; the run that it was of."""
        task = await self.poll(queue)
        assert task is not None, "no workflow task came"
        await self.answer(task, *commands, **answer)
        return task.run

    async def answer(self, task: Task, *commands: Command, **answer: Any) -> Any:
        started: WorkflowTaskStarted = task.started
        given = inputs.CompleteWorkflowTask(
            at=self.clock.now(),
            scheduled_event_id=started.scheduled_event_id,
            started_event_id=started.started_event_id,
            attempt=started.attempt,
            started_at=started.started_at,
            request=RespondWorkflowTaskCompletedRequest(
                commands=commands, identity="worker", **answer
            ),
        )
        return await self.shards.submit(task.run, given)

    async def fail(self, task: Task, failure: Failure) -> None:
        started: WorkflowTaskStarted = task.started
        given = inputs.FailWorkflowTask(
            at=self.clock.now(),
            scheduled_event_id=started.scheduled_event_id,
            started_event_id=started.started_event_id,
            attempt=started.attempt,
            started_at=started.started_at,
            request=RespondWorkflowTaskFailedRequest(failure=failure, identity="worker"),
        )
        await self.shards.submit(task.run, given)

    async def beat(self, task: Task, details: Payloads) -> None:
        given = inputs.Heartbeat(at=self.clock.now(), target=_target(task), details=details)
        await self.shards.submit(task.run, given)

    async def on_activity(
        self, queue: str = QUEUE, failure: Failure | None = None, result: Payloads | None = None
    ) -> RunKey:
        task = await self.poll(queue, ACTIVITY)
        assert task is not None, "no activity task came"
        at, target = self.clock.now(), _target(task)
        given: inputs.Input = inputs.CompleteActivity(
            at=at, target=target, result=result or Payloads(), identity="worker"
        )
        if failure is not None:
            given = inputs.FailActivity(at=at, target=target, failure=failure, identity="worker")
        await self.shards.submit(task.run, given)
        return task.run

    # -- what came of it

    async def history(self, run: RunKey) -> list[HistoryEvent]:
        named, last = await self.shards.inspect(run, _position)
        return events_of(await self.shards.history(named, 1, last, PLENTY))

    async def status(self, run: RunKey) -> int:
        found: int = await self.shards.inspect(run, lambda state: state.status)
        return found


def _target(task: Task) -> ActivityTarget:
    started: ActivityStarted = task.started
    return ActivityTarget(scheduled_event_id=started.scheduled.event_id, attempt=started.attempt)


def _position(state: RunState) -> tuple[RunKey, int]:
    return state.key, state.last_event_id


@asynccontextmanager
async def node(
    *urls: str,
    clock: Clock | None = None,
    limits: Limits = DEFAULT,
    outbox: bool = False,
    shard_count: int = SHARDS,
    standby: bool = False,
) -> AsyncIterator[Node]:
    """`standby`: another node has the shards; this one waits for them to come free."""
    clock = clock or SystemClock()
    migrate.migrate(urls, shard_count)
    pools = [await open_readers(url) for url in urls]
    matching = TaskQueues(StoredBacklog(pools), clock)

    async def namespace_id(name: str) -> str:
        if name != "default":
            raise NamespaceNotFound(name)
        return NAMESPACE

    supervisor = Supervisor(
        list(zip(urls, pools, strict=True)),
        matching,
        clock,
        limits,
        shard_count=shard_count,
        outbox=outbox,
        namespace_id=namespace_id,
        rules_of=lambda _: (),
    )
    matching.introduce(supervisor.router)
    supervisor.start()
    one = Node(supervisor, matching, clock)
    try:
        if not standby:
            await eventually_async(one.owns_all)
        yield one
    finally:
        await supervisor.end()
        for pool in pools:
            await pool.close()
