"""Runs that are paused, each in another place where a run can wait; and how each goes on.

    run.hold()        it comes to its place, and is paused
    run.meanwhile()   what happens to it while it is paused
    run.go_on()       it is resumed, and ends as it would have

`server` may be another one each time. A run's queue is named like it.
"""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    PauseWorkflowExecutionRequest,
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
    SignalWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
)

from tests.support.commands import complete, failed, retries, schedule_activity, start_timer, text
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.worker import ScriptedWorker


class Held:
    """Before a worker had its first task."""

    def __init__(self, server: Server, workflow_id: str) -> None:
        self.server = server
        self.id = workflow_id

    @property
    def worker(self) -> ScriptedWorker:
        return ScriptedWorker(self.server, self.id)

    async def hold(self) -> None:
        self.run = await self.server.start(self.id, self.id)
        await self.reach()
        await self.server.workflows.PauseWorkflowExecution(
            PauseWorkflowExecutionRequest(
                namespace="default", workflow_id=self.id, request_id="pause"
            )
        )

    async def go_on(self) -> None:
        await self.server.workflows.UnpauseWorkflowExecution(
            UnpauseWorkflowExecutionRequest(namespace="default", workflow_id=self.id)
        )
        await self.end()
        events = await self.server.history(self.run)
        assert [event.event_id for event in events] == list(range(1, len(events) + 1))
        names = [name for name in map(name_of, events) if not name.startswith("WorkflowTask")]
        assert names[-1] == "WorkflowExecutionCompleted"
        assert len(names) == len(set(names)), names

    async def reach(self) -> None:
        pass

    async def meanwhile(self) -> None:
        pass

    async def end(self) -> None:
        await self.worker.on_task(complete())

    async def until_seen(self, name: str) -> None:
        await eventually_async(
            lambda: self.server.history(self.run),
            lambda events: name in map(name_of, events),
            within=10,
        )


class Idle(Held):
    """It waits for a signal, which comes."""

    async def reach(self) -> None:
        await self.worker.on_task()

    async def meanwhile(self) -> None:
        run = WorkflowExecution(workflow_id=self.id)
        await self.server.workflows.SignalWorkflowExecution(
            SignalWorkflowExecutionRequest(
                namespace="default", workflow_execution=run, signal_name="go", request_id="once"
            )
        )


class Timed(Held):
    """Its timer fires."""

    async def reach(self) -> None:
        await self.worker.on_task(start_timer("t", 1))

    async def meanwhile(self) -> None:
        await self.until_seen("TimerFired")


class Charging(Held):
    """Its activity waits for a worker."""

    async def reach(self) -> None:
        await self.worker.on_task(schedule_activity("charge", self.id))

    async def end(self) -> None:
        await self.worker.on_activity(text("charged"))
        await self.worker.on_task(complete())


class Charged(Held):
    """A worker has its activity, and ends it."""

    task: PollActivityTaskQueueResponse

    async def reach(self) -> None:
        await self.worker.on_task(schedule_activity("charge", self.id))
        self.task = await self.worker.poll_activity()

    async def meanwhile(self) -> None:
        await self.worker.complete_activity(self.task, text("charged"))


class Retrying(Charging):
    """The back-off of its activity ends."""

    async def reach(self) -> None:
        await self.worker.on_task(
            schedule_activity("charge", self.id, retry_policy=retries(0.3, attempts=2))
        )
        await self.worker.fail_activity(await self.worker.poll_activity(), failed("no"))


class Deciding(Charging):
    """A worker has its task, and answers it with a command."""

    task: PollWorkflowTaskQueueResponse

    async def reach(self) -> None:
        self.task = await self.worker.poll()

    async def meanwhile(self) -> None:
        await self.worker.answer(self.task, schedule_activity("charge", self.id))


PLACES = (Held, Idle, Timed, Charging, Charged, Retrying, Deciding)
