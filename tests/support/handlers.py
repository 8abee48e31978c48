"""A scripted Nexus handler over raw gRPC, and the endpoint that leads to it.

    handler = ScriptedHandler(server, queue, endpoint)
    await handler.begin()
    await handler.on_request(sync(text(1)))

Each call waits for one request and answers it, as a worker's SDK would.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Callback, Link, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.failure.v1 import Failure
from temporalio.api.nexus.v1 import (
    CancelOperationResponse,
    Endpoint,
    EndpointSpec,
    EndpointTarget,
    HandlerError,
    Response,
    StartOperationRequest,
    StartOperationResponse,
    UnsuccessfulOperationError,
)
from temporalio.api.nexus.v1 import Failure as NexusFailure
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollNexusTaskQueueRequest,
    PollNexusTaskQueueResponse,
    RespondNexusTaskCompletedRequest,
    RespondNexusTaskFailedRequest,
    StartWorkflowExecutionRequest,
)

from tests.support.commands import command

if TYPE_CHECKING:
    from tests.support.engine import Server

POLL_SECONDS = 15.0
#: As an SDK names the operation to the server that will call back.
OPERATION_HEADER = "nexus-operation-token"


def endpoint_of(words: str) -> str:
    """A name that an endpoint may have."""
    return "endpoint-" + re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def sync(result: Payloads | None = None) -> Response:
    said = StartOperationResponse.Sync()
    if result is not None:
        said.payload.CopyFrom(result.payloads[0])
    return Response(start_operation=StartOperationResponse(sync_success=said))


def started(token: str = "token") -> Response:
    said = StartOperationResponse.Async(operation_token=token)
    return Response(start_operation=StartOperationResponse(async_success=said))


def ended(state: str, message: str) -> Response:
    """The older way: `state` is failed or canceled."""
    error = UnsuccessfulOperationError(operation_state=state, failure=NexusFailure(message=message))
    return Response(start_operation=StartOperationResponse(operation_error=error))


def ended_with(failure: Failure) -> Response:
    return Response(start_operation=StartOperationResponse(failure=failure))


def canceled() -> Response:
    return Response(cancel_operation=CancelOperationResponse())


class ScriptedHandler:
    def __init__(self, server: Server, queue: str, endpoint: str) -> None:
        self.server = server
        self.queue = queue
        self.endpoint = endpoint

    async def begin(self) -> Endpoint:
        """Make the endpoint."""
        worker = EndpointTarget.Worker(namespace=self.server.namespace, task_queue=self.queue)
        spec = EndpointSpec(name=self.endpoint, target=EndpointTarget(worker=worker))
        asked = CreateNexusEndpointRequest(spec=spec)
        return (await self.server.operator.CreateNexusEndpoint(asked)).endpoint

    def operation(self, **given: Any) -> Command:
        """The command that asks for one."""
        named = {"endpoint": self.endpoint, "service": "payments", "operation": "charge"}
        return command("schedule_nexus_operation", **(named | given))

    async def poll(self, within: float = POLL_SECONDS) -> PollNexusTaskQueueResponse:
        return await self.server.workflows.PollNexusTaskQueue(
            PollNexusTaskQueueRequest(
                namespace=self.server.namespace,
                task_queue=TaskQueue(name=self.queue),
                identity="scripted",
            ),
            timeout=within,
        )

    async def answer(self, task: PollNexusTaskQueueResponse, response: Response) -> None:
        await self.server.workflows.RespondNexusTaskCompleted(
            RespondNexusTaskCompletedRequest(
                namespace=self.server.namespace,
                identity="scripted",
                task_token=task.task_token,
                response=response,
            )
        )

    async def refuse(self, task: PollNexusTaskQueueResponse, kind: str, message: str) -> None:
        await self.server.workflows.RespondNexusTaskFailed(
            RespondNexusTaskFailedRequest(
                namespace=self.server.namespace,
                identity="scripted",
                task_token=task.task_token,
                error=HandlerError(error_type=kind, failure=NexusFailure(message=message)),
            )
        )

    async def on_request(self, response: Response) -> PollNexusTaskQueueResponse:
        task = await self.poll()
        assert task.task_token, f"no request came to {self.queue}"
        await self.answer(task, response)
        return task

    async def start_run(
        self,
        asked: StartOperationRequest,
        workflow_id: str,
        queue: str,
        *,
        token: str = "",
        links: tuple[Link, ...] = (),
        **given: Any,
    ) -> WorkflowExecution:
        """Start a run whose end is the operation's, as an SDK's handler does."""
        header = dict(asked.callback_header)
        if token:
            header[OPERATION_HEADER] = token
        callback = Callback(nexus=Callback.Nexus(url=asked.callback, header=header), links=links)
        begun = await self.server.workflows.StartWorkflowExecution(
            StartWorkflowExecutionRequest(
                namespace=self.server.namespace,
                workflow_id=workflow_id,
                workflow_type=WorkflowType(name="Scripted"),
                task_queue=TaskQueue(name=queue),
                request_id=asked.request_id,
                completion_callbacks=[callback],
                **given,
            )
        )
        return WorkflowExecution(workflow_id=workflow_id, run_id=begun.run_id)
