"""A standalone activity, or Nexus operation, at one server, and what is seen of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from temporalio.api import workflowservice
from temporalio.api.common.v1 import ActivityType, Link
from temporalio.api.failure.v1 import Failure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueResponse,
    StartActivityExecutionResponse,
)

from tests.support.commands import failed, seconds
from tests.support.worker import ScriptedWorker

if TYPE_CHECKING:
    from tests.features.differential.stage import Stage

NOWHERE = "00000000-0000-4000-8000-000000000000"
LINK = Link(workflow_event=Link.WorkflowEvent(namespace="default", workflow_id="w", run_id=NOWHERE))
#: Each server counts and measures in its own way.
_OWN = ("state_transition_count", "state_size_bytes", "execution_duration")
_ALL = {
    "include_input": True,
    "include_outcome": True,
    "include_heartbeat_details": True,
    "include_last_failure": True,
}


class Solo:
    def __init__(self, stage: Stage, name: str = "main") -> None:
        self.stage = stage
        self.server = stage.server
        self.id = stage.workflow_id(name)
        self.queue = f"{stage.queue} {name}"
        self.worker = ScriptedWorker(stage.server, self.queue, identity="worker")

    async def call(self, rpc: str, **given: Any) -> Any:
        """Any RPC of the protocol, about this activity or operation."""
        request: Any = getattr(workflowservice.v1, f"{rpc}Request")(namespace="default", **given)
        for name in ("activity_id", "operation_id"):
            if name not in given and hasattr(request, name):
                setattr(request, name, self.id)
        return await getattr(self.server.workflows, rpc)(request)

    async def start(self, **given: Any) -> StartActivityExecutionResponse:
        """Thirty seconds from start to close, unless it is given times of its own."""
        if not any(name.endswith("_close_timeout") for name in given):
            given["start_to_close_timeout"] = seconds(30)
        given.setdefault("activity_type", ActivityType(name="Charge"))
        given.setdefault("task_queue", TaskQueue(name=self.queue))
        found: StartActivityExecutionResponse = await self.call("StartActivityExecution", **given)
        return found

    async def hear(self, rpc: str, **given: Any) -> Any:
        return await self.stage.hear(_told_alike(self.call(rpc, **given)))

    async def tries(self, rpc: str, **given: Any) -> None:
        await self.stage.tries(self.call(rpc, **given))

    async def look(self, **given: Any) -> Any:
        """Note all that is known of it."""
        return await self.hear("DescribeActivityExecution", **{**_ALL, **given})

    async def result(self, **given: Any) -> Any:
        return await self.hear("PollActivityExecution", **given)

    # -- its worker

    async def take(self) -> PollActivityTaskQueueResponse:
        """The next attempt, in the hands of its worker."""
        task = await self.worker.poll_activity()
        assert task.task_token, f"no attempt of {self.id} came"
        return task

    async def begun(self, **given: Any) -> PollActivityTaskQueueResponse:
        await self.start(**given)
        return await self.take()

    async def beat(self, task: PollActivityTaskQueueResponse, **given: Any) -> None:
        await self.tries("RecordActivityTaskHeartbeat", task_token=task.task_token, **given)

    async def fail(
        self, task: PollActivityTaskQueueResponse, failure: Failure | None = None, **given: Any
    ) -> None:
        await self.tries(
            "RespondActivityTaskFailed",
            task_token=task.task_token,
            failure=failure or failed("no money", "NoMoney"),
            identity="who answers",
            **given,
        )

    async def complete(self, task: PollActivityTaskQueueResponse, **given: Any) -> None:
        await self.tries(
            "RespondActivityTaskCompleted",
            task_token=task.task_token,
            identity="who answers",
            **given,
        )


Script = Callable[[Solo], Awaitable[None]]


async def each(stage: Stage, **scripts: Script) -> None:
    """Side by side, each with an activity of its own."""
    await asyncio.gather(*(script(Solo(stage.part(name))) for name, script in scripts.items()))


async def _told_alike(call: Any) -> Message:
    """Without what each server has its own way with."""
    return alike(await call)


def alike(given: Any) -> Any:
    found = type(given)()
    found.CopyFrom(given)
    for field in ("long_poll_token", "task_token", "poller_scaling_decision"):
        if field in found.DESCRIPTOR.fields_by_name:
            found.ClearField(field)
    if "info" in found.DESCRIPTOR.fields_by_name:
        for field in _OWN:
            found.info.ClearField(field)
    return found
