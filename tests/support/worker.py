"""A scripted worker over raw gRPC: "on this task, answer these commands".

    worker = ScriptedWorker(server, queue)
    await worker.on_task(schedule_activity("charge", queue))
    await worker.on_activity(result=text("done"))
    await worker.on_task(complete(text("done")))

Each call waits for one task and answers it. It is the SDK's side of the protocol and no more: it
keeps no state of a workflow, so a test can answer what no SDK would.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import TaskQueueKind, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
)

from tests.support.commands import failed

if TYPE_CHECKING:
    from tests.support.engine import Server

POLL_SECONDS = 10.0
ANSWERED = 1
QUERY_FAILED = 2
#: The official server refuses a poll that has less than two seconds.
VAIN_POLL_SECONDS = 2.3


async def _in_vain(poll: Awaitable[Any]) -> bool:
    try:
        return not (await poll).task_token
    except grpc.aio.AioRpcError as over:
        # The time of the call may end before the answer that there is none.
        if over.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
            raise
        return True


class ScriptedWorker:
    """`sticky`: the name of a sticky queue; then `on_task` asks for the runs to stick to it."""

    def __init__(
        self, server: Server, queue: str, identity: str = "scripted", sticky: str = ""
    ) -> None:
        self.server = server
        self.queue = queue
        self.identity = identity
        self.sticky = sticky

    async def poll(
        self, within: float = POLL_SECONDS, *, sticky: bool = False, **given: Any
    ) -> PollWorkflowTaskQueueResponse:
        """The next workflow task; without a token if none came."""
        queue = TaskQueue(name=self.queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
        if sticky:
            queue = TaskQueue(
                name=self.sticky,
                kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY,
                normal_name=self.queue,
            )
        return await self.server.workflows.PollWorkflowTaskQueue(
            PollWorkflowTaskQueueRequest(
                namespace=self.server.namespace, task_queue=queue, identity=self.identity, **given
            ),
            timeout=within,
        )

    async def answer(
        self, task: PollWorkflowTaskQueueResponse, *commands: Command, **given: Any
    ) -> RespondWorkflowTaskCompletedResponse:
        request = RespondWorkflowTaskCompletedRequest(
            namespace=self.server.namespace,
            task_token=task.task_token,
            commands=commands,
            identity=self.identity,
            **given,
        )
        if self.sticky and not request.HasField("sticky_attributes"):
            request.sticky_attributes.worker_task_queue.name = self.sticky
            request.sticky_attributes.worker_task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_STICKY
            request.sticky_attributes.worker_task_queue.normal_name = self.queue
            request.sticky_attributes.schedule_to_start_timeout.FromSeconds(5)
        return await self.server.workflows.RespondWorkflowTaskCompleted(request)

    async def on_task(
        self, *commands: Command, sticky: bool = False, **given: Any
    ) -> PollWorkflowTaskQueueResponse:
        """Wait for a workflow task and answer it with these commands."""
        task = await self.poll(sticky=sticky)
        assert task.task_token, f"no workflow task came to {self.queue}"
        await self.answer(task, *commands, **given)
        return task

    async def fail_task(
        self,
        task: PollWorkflowTaskQueueResponse,
        cause: WorkflowTaskFailedCause.ValueType = (
            WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE
        ),
        message: str = "the code is broken",
    ) -> None:
        await self.server.workflows.RespondWorkflowTaskFailed(
            RespondWorkflowTaskFailedRequest(
                namespace=self.server.namespace,
                task_token=task.task_token,
                cause=cause,
                failure=Failure(message=message),
                identity=self.identity,
            )
        )

    async def poll_activity(
        self, within: float = POLL_SECONDS, **given: Any
    ) -> PollActivityTaskQueueResponse:
        return await self.server.workflows.PollActivityTaskQueue(
            PollActivityTaskQueueRequest(
                namespace=self.server.namespace,
                task_queue=TaskQueue(name=self.queue),
                identity=self.identity,
                **given,
            ),
            timeout=within,
        )

    async def gets_no_task(self) -> bool:
        return await _in_vain(self.poll(VAIN_POLL_SECONDS))

    async def complete_activity(
        self, task: PollActivityTaskQueueResponse, result: Payloads | None = None
    ) -> None:
        await self.server.workflows.RespondActivityTaskCompleted(
            RespondActivityTaskCompletedRequest(
                namespace=self.server.namespace,
                task_token=task.task_token,
                result=result,
                identity=self.identity,
            )
        )

    async def fail_activity(
        self, task: PollActivityTaskQueueResponse, failure: Failure | None = None, **given: Any
    ) -> None:
        await self.server.workflows.RespondActivityTaskFailed(
            RespondActivityTaskFailedRequest(
                namespace=self.server.namespace,
                task_token=task.task_token,
                failure=failure or failed("the card was refused"),
                identity=self.identity,
                **given,
            )
        )

    async def on_activity(
        self, result: Payloads | None = None, failure: Failure | None = None
    ) -> PollActivityTaskQueueResponse:
        """Wait for an activity task; fail it with `failure`, or complete it with `result`."""
        task = await self.poll_activity()
        assert task.task_token, f"no activity task came to {self.queue}"
        if failure is None:
            await self.complete_activity(task, result)
        else:
            await self.fail_activity(task, failure)
        return task

    async def answer_query(
        self,
        task: PollWorkflowTaskQueueResponse,
        result: Payloads | None = None,
        refusal: str = "",
    ) -> None:
        await self.server.workflows.RespondQueryTaskCompleted(
            RespondQueryTaskCompletedRequest(
                namespace=self.server.namespace,
                task_token=task.task_token,
                completed_type=QUERY_FAILED if refusal else ANSWERED,
                query_result=result,
                error_message=refusal,
                failure=failed(refusal) if refusal else None,
            )
        )


#: A process that waits for one workflow task, and does nothing with it.
_POLLS = """
import sys, grpc
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, WorkflowServiceStub
address, queue, identity = sys.argv[1:]
WorkflowServiceStub(grpc.insecure_channel(address)).PollWorkflowTaskQueue(
    PollWorkflowTaskQueueRequest(
        namespace="default", task_queue=TaskQueue(name=queue), identity=identity
    ),
    timeout=60,
)
"""


@contextmanager
def polling_process(address: str, queue: str, identity: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", _POLLS, address, queue, identity])
    try:
        yield process
    finally:
        process.kill()
        process.wait()
