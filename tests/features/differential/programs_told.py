"""Who is told what: links to what a call has brought, those who wait for an update, and what a
workflow asks of the service itself.

Differences that are kept: who asks for an update that no worker has yet is told how it ends, as
well as who brought it; the dev server forgets that it is to be told. What such a call brings stands
in the history right after the acceptance, not after all else of that task, and Describe says where
it is; the dev server says for good that it is held back.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Callback, Link, Payload, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.nexus.v1 import StartOperationRequest
from temporalio.api.protocol.v1 import Message
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    PollWorkflowTaskQueueResponse,
    SignalWithStartWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionResponse,
    SignalWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import command, complete, text
from tests.support.handlers import (
    OPERATION_HEADER,
    ScriptedHandler,
    endpoint_of,
    started,
    sync,
)
from tests.support.update_messages import acceptance, completion, rejection


async def _describe(stage: Stage, run: WorkflowExecution) -> None:
    """Note which events the calls have brought, and who waits."""
    asked = DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    found = await stage.server.workflows.DescribeWorkflowExecution(asked)
    brought = found.workflow_extended_info.request_id_infos
    named = sorted(each for each in brought if each.startswith("call "))
    for name in named:
        told = brought[name]
        stage.note(name, told.event_type)
        if told.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED:
            stage.note(told.event_id, told.buffered)
    waiting = sorted(found.callbacks, key=lambda each: each.request_id)
    for callback in waiting:
        stage.note("callback", callback.state, callback.attempt)
        stage.show(callback.trigger)


async def _signal(stage: Stage, run: WorkflowExecution, request_id: str = "") -> None:
    asked = SignalWorkflowExecutionRequest(
        namespace="default", workflow_execution=run, signal_name="go", request_id=request_id
    )
    await stage.hear(stage.server.workflows.SignalWorkflowExecution(asked))


async def a_signal_is_found_by_its_request(stage: Stage) -> None:
    run = await stage.start()
    await _signal(stage, run, "call 1")
    task = await stage.worker.poll()
    await _signal(stage, WorkflowExecution(workflow_id=run.workflow_id), "call 2")
    await _signal(stage, run)
    await _signal(stage, run, "call 1")
    await _describe(stage, run)
    await stage.worker.answer(task)
    await stage.worker.on_task(complete())
    await stage.closed(run)
    await _describe(stage, run)
    await _signal(stage, run, "call 2")
    await _signal(stage, run, "call 3")


async def a_signal_that_starts_is_found_by_its_request(stage: Stage) -> None:
    run = stage.also(stage.workflow_id())
    for number in (1, 2):
        asked = SignalWithStartWorkflowExecutionRequest(
            namespace="default", workflow_id=run.workflow_id, signal_name="go",
            workflow_type=WorkflowType(name="Scripted"), task_queue=TaskQueue(name=stage.queue),
            request_id=f"call {number}", identity="scripted",
        )  # fmt: skip
        await stage.hear(stage.server.workflows.SignalWithStartWorkflowExecution(asked))
    await _describe(stage, run)
    await stage.worker.on_task(complete())


async def _handler(stage: Stage) -> ScriptedHandler:
    """Of an endpoint that only this play has."""
    name = endpoint_of(stage.workflow_id(""))
    handler = ScriptedHandler(stage.server, f"{stage.queue} of handlers", name)
    await handler.begin()
    return handler


class _Updated:
    """A run that is asked for an update by the handler of another one's operation."""

    def __init__(self, stage: Stage, handler: ScriptedHandler) -> None:
        self.stage = stage
        self.handler = handler
        self.target = stage.part("target")
        self.run = WorkflowExecution()
        self.callers: list[tuple[Stage, WorkflowExecution]] = []

    async def begin(self) -> None:
        self.run = await self.target.start()
        await self.target.worker.on_task()

    async def call(self) -> StartOperationRequest:
        """What the handler is asked for one more caller."""
        caller = self.stage.part(f"caller {len(self.callers) + 1}")
        self.callers.append((caller, await caller.start()))
        await caller.worker.on_task(self.handler.operation())
        task = await self.handler.on_request(started("token"))
        return task.request.start_operation

    def update(self, asked: StartOperationRequest, name: str, **given: Any) -> Any:
        header = {**asked.callback_header, OPERATION_HEADER: "token"}
        callback = Callback(
            nexus=Callback.Nexus(url=asked.callback, header=header), links=_links(asked)
        )
        request = Request(
            meta=Meta(update_id="u", identity="Alice"),
            input=Input(name="adjust", args=text(5)),
            request_id=name,
            completion_callbacks=[callback],
        )
        return asyncio.ensure_future(
            self.stage.hear(
                self.stage.server.workflows.UpdateWorkflowExecution(
                    UpdateWorkflowExecutionRequest(
                        namespace="default", workflow_execution=self.run, request=request,
                        wait_policy=WaitPolicy(lifecycle_stage=given.get("stage", 2)),
                    )
                )
            )
        )  # fmt: skip

    async def ends(self, *, done: bool = True) -> None:
        """Each caller is told."""
        for caller, run in self.callers:
            await caller.until_seen(
                run, "NexusOperationCompleted" if done else "NexusOperationFailed"
            )
            await caller.worker.on_task(complete())
            await caller.show_links(run)
        await self.target.show_links(self.run)
        await _describe(self.target, self.run)


def _links(asked: StartOperationRequest) -> list[Link]:
    """As an SDK's handler reads them."""
    found = []
    for link in asked.links:
        _, _, _, namespace, _, workflow_id, run_id, _ = link.url.partition("?")[0].split("/", 7)[
            0:8
        ]
        event = re.search(r"eventID=(\d+)", link.url)
        where = Link.WorkflowEvent(namespace=namespace, workflow_id=workflow_id, run_id=run_id)
        where.event_ref.event_id = int(event.group(1)) if event else 0
        found.append(Link(workflow_event=where))
    return found


def _says(*messages: Message) -> list[Command]:
    return [command("protocol_message", message_id=message.id) for message in messages]


async def _answer(
    stage: Stage, task: PollWorkflowTaskQueueResponse, *messages: Message, ends: bool = False
) -> None:
    commands = _says(*messages)
    if ends:
        commands.append(complete())
    await stage.worker.answer(task, *commands, messages=messages)


async def _updated(stage: Stage) -> _Updated:
    updated = _Updated(stage, await _handler(stage))
    await updated.begin()
    return updated


async def an_update_tells_who_waits_for_it(stage: Stage) -> None:
    updated = await _updated(stage)
    asked = await updated.call()
    call = updated.update(asked, "call 1")
    task = await updated.target.worker.poll()
    await _answer(updated.target, task, acceptance(task.messages[0]))
    await call
    await _describe(updated.target, updated.run)
    await _signal(updated.target, updated.run)
    again = await updated.target.worker.poll()
    await _answer(updated.target, again, completion(task.messages[0], "done"))
    await updated.ends()


async def an_update_tells_of_its_failure_at_once(stage: Stage) -> None:
    updated = await _updated(stage)
    call = updated.update(await updated.call(), "call 1", stage=3)
    task = await updated.target.worker.poll()
    await _answer(updated.target, task, rejection(task.messages[0], "too much"))
    await call


async def a_run_that_closes_tells_who_waits_for_its_update(stage: Stage) -> None:
    updated = await _updated(stage)
    call = updated.update(await updated.call(), "call 1")
    task = await updated.target.worker.poll()
    await _answer(updated.target, task, acceptance(task.messages[0]), ends=True)
    await call
    await updated.ends(done=False)


async def another_waits_for_an_update_that_is_under_way(stage: Stage) -> None:
    updated = await _updated(stage)
    call = updated.update(await updated.call(), "call 1")
    task = await updated.target.worker.poll()
    await _answer(updated.target, task, acceptance(task.messages[0]))
    await call
    asked = await updated.call()
    await updated.update(asked, "call 2")
    await updated.update(asked, "call 2")
    await updated.update(asked, "")
    await _signal(updated.target, updated.run)
    again = await updated.target.worker.poll()
    await _answer(updated.target, again, completion(task.messages[0], "done"))
    await updated.update(asked, "call 3")
    await updated.ends()


async def another_waits_for_an_update_that_a_worker_has(stage: Stage) -> None:
    updated = await _updated(stage)
    first, second = await updated.call(), await updated.call()
    call = updated.update(first, "call 1")
    task = await updated.target.worker.poll()
    other = updated.update(second, "call 2")
    await asyncio.sleep(0)
    await updated.stage.server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=updated.run)
    )
    await _answer(updated.target, task, acceptance(task.messages[0]))
    await asyncio.gather(call, other)
    await _signal(updated.target, updated.run)
    again = await updated.target.worker.poll()
    await _answer(updated.target, again, completion(task.messages[0], "done"))
    await updated.ends()


_SERVICE = "temporal.api.workflowservice.v1.WorkflowService"


def _asks_itself(request: Any, **given: Any) -> Command:
    named = {
        "endpoint": "__temporal_system",
        "service": _SERVICE,
        "operation": "SignalWithStartWorkflowExecution",
        "input": Payload(
            metadata={
                "encoding": b"binary/protobuf",
                "messageType": request.DESCRIPTOR.full_name.encode(),
            },
            data=request.SerializeToString(),
        ),
    }
    return command("schedule_nexus_operation", **(named | given))


def _other(stage: Stage, **given: Any) -> SignalWithStartWorkflowExecutionRequest:
    named = {
        "workflow_id": stage.workflow_id("other"),
        "workflow_type": WorkflowType(name="Scripted"),
        "task_queue": TaskQueue(name=f"{stage.queue} of others"),
        "signal_name": "go",
        "signal_input": text("hello"),
        "identity": "scripted",
    }
    return SignalWithStartWorkflowExecutionRequest(**(named | given))


async def a_workflow_signals_and_starts_another(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(_asks_itself(_other(stage)))
    task = await stage.worker.on_task(_asks_itself(_other(stage)))
    await stage.worker.on_task(complete())
    other = stage.also(stage.workflow_id("other"))
    await stage.show_links(run)
    await stage.show_links(other)
    for event in task.history.events:
        result = event.nexus_operation_completed_event_attributes.result
        if result.data:
            stage.note(sorted(result.metadata.items()))
            stage.show(SignalWithStartWorkflowExecutionResponse.FromString(result.data))


async def _refused_command(stage: Stage, *commands: Command) -> None:
    await stage.start()
    task = await stage.worker.poll()
    await stage.tries(stage.worker.answer(task, *commands))
    await stage.worker.on_task(complete())


async def a_workflow_asks_for_no_operation_of_the_service(stage: Stage) -> None:
    await _refused_command(stage, _asks_itself(_other(stage), operation="StartWorkflowExecution"))


async def a_workflow_asks_for_no_service(stage: Stage) -> None:
    await _refused_command(stage, _asks_itself(_other(stage), service="payments"))


async def a_workflow_asks_the_service_with_a_header(stage: Stage) -> None:
    await _refused_command(stage, _asks_itself(_other(stage), nexus_header={"tenant": "t"}))


async def a_workflow_asks_the_service_for_another_namespace(stage: Stage) -> None:
    await _refused_command(stage, _asks_itself(_other(stage, namespace="other")))


async def a_workflow_asks_the_service_with_a_request_id(stage: Stage) -> None:
    await _refused_command(stage, _asks_itself(_other(stage, request_id="mine")))


async def a_workflow_asks_the_service_without_a_signal(stage: Stage) -> None:
    await _refused_command(stage, _asks_itself(_other(stage, signal_name="")))


async def a_workflow_asks_the_service_what_it_cannot_read(stage: Stage) -> None:
    unread = Payload(metadata={"encoding": b"binary/plain"}, data=b"?")
    await stage.start()
    task = await stage.worker.poll()
    asked = _asks_itself(_other(stage), input=unread)
    stage.note("refused", await stage.refused(stage.worker.answer(task, asked)))
    await stage.worker.on_task(complete())


async def a_handler_that_signals_leads_back(stage: Stage) -> None:
    """What it says of links stands in the caller's history, also where it ends at once."""
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation())
    response = sync(text("done"))
    url = "temporal:///namespaces/default/workflows/other/r/history?eventType=WorkflowExecutionSignaled&referenceType=RequestIdReference&requestID=call"
    response.start_operation.sync_success.links.add(
        url=url, type="temporal.api.common.v1.Link.WorkflowEvent"
    )
    await handler.on_request(response)
    await stage.worker.on_task(complete())
    await stage.show_links(run)
