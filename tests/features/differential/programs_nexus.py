"""Nexus operations: how they end, what cancels them, and who is told of a run's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure, NexusHandlerFailureInfo
from temporalio.api.nexus.v1 import Response
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import OnConflictOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    RespondNexusTaskFailedRequest,
)

from tests.features.differential.stage import Program, Stage
from tests.support.commands import command, complete, fail, failed, seconds, text
from tests.support.handlers import (
    ScriptedHandler,
    canceled,
    ended,
    ended_with,
    endpoint_of,
    started,
    sync,
)
from tests.support.history import name_of


async def _handler(stage: Stage) -> ScriptedHandler:
    """Of an endpoint that only this play has."""
    name = endpoint_of(stage.workflow_id(""))
    handler = ScriptedHandler(stage.server, f"{stage.queue} of handlers", name)
    await handler.begin()
    return handler


async def _look(stage: Stage, run: WorkflowExecution) -> None:
    """Note the operations that are pending, and who waits for the run's end."""
    found = await stage.server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    for pending in found.pending_nexus_operations:
        cancel = pending.cancellation_info
        stage.note("pending", pending.state, pending.attempt, pending.operation_token)
        stage.note("cancel", cancel.state, cancel.attempt, cancel.last_attempt_failure.message)
    for callback in found.callbacks:
        stage.note("callback", callback.state, callback.attempt, callback.callback.nexus.url)


async def _ends(stage: Stage, response: Response, **given: Any) -> None:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation(**given))
    await handler.on_request(response)
    await stage.worker.on_task(complete())
    await stage.closed(run)


async def an_operation_ends_at_once(stage: Stage) -> None:
    given = {"input": text(1).payloads[0], "nexus_header": {"Tenant": "t"}}
    await _ends(stage, sync(text("paid")), schedule_to_close_timeout=seconds(60), **given)


async def an_operation_ends_at_once_without_a_result(stage: Stage) -> None:
    await _ends(stage, sync())


async def an_operation_fails_in_the_older_way(stage: Stage) -> None:
    await _ends(stage, ended("failed", "no money"))


async def an_operation_is_cancelled_in_the_older_way(stage: Stage) -> None:
    await _ends(stage, ended("canceled", "not wanted"))


async def an_operation_fails(stage: Stage) -> None:
    await _ends(stage, ended_with(failed("no money", "NoMoney", non_retryable=True)))


async def an_operation_is_cancelled(stage: Stage) -> None:
    failure = Failure(message="not wanted", canceled_failure_info=CanceledFailureInfo())
    await _ends(stage, ended_with(failure))


async def a_handler_refuses_for_good(stage: Stage) -> None:
    handler = await _handler(stage)
    await stage.start()
    await stage.worker.on_task(handler.operation())
    await handler.refuse(await handler.poll(), "BAD_REQUEST", "what is that?")
    await stage.worker.on_task(complete())


async def a_handler_refuses_with_a_failure_of_the_protocol(stage: Stage) -> None:
    handler = await _handler(stage)
    await stage.start()
    await stage.worker.on_task(handler.operation())
    task = await handler.poll()
    info = NexusHandlerFailureInfo(type="NOT_FOUND")
    failure = Failure(message="no such", nexus_handler_failure_info=info, cause=failed("deep"))
    await stage.server.workflows.RespondNexusTaskFailed(
        RespondNexusTaskFailedRequest(
            namespace="default", task_token=task.task_token, failure=failure
        )
    )
    await stage.worker.on_task(complete())


async def a_handler_fails_and_is_asked_again(stage: Stage) -> None:
    handler = await _handler(stage)
    await stage.start()
    await stage.worker.on_task(handler.operation())
    await handler.refuse(await handler.poll(), "INTERNAL", "not now")
    await handler.on_request(sync(text("then")))
    await stage.worker.on_task(complete())


async def an_operation_is_not_ended_in_time(stage: Stage) -> None:
    handler = await _handler(stage)
    await stage.start()
    await stage.worker.on_task(handler.operation(schedule_to_close_timeout=seconds(1)))
    await stage.worker.on_task(complete())


async def an_operation_is_not_started_in_time(stage: Stage) -> None:
    handler = await _handler(stage)
    await stage.start()
    await stage.worker.on_task(handler.operation(schedule_to_start_timeout=seconds(1)))
    await stage.worker.on_task(complete())


async def an_operation_that_was_started_is_not_ended_in_time(stage: Stage) -> None:
    await _started(stage, start_to_close_timeout=seconds(1))
    await stage.worker.on_task(complete())


async def _started(stage: Stage, **given: Any) -> tuple[ScriptedHandler, WorkflowExecution]:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation(**given))
    await handler.on_request(started())
    await stage.worker.on_task()
    return handler, run


#: Longer than an end is on its way, shorter than it waits for the answer to a cancellation.
_LATER_SECONDS = 0.15
_CANCEL = command("request_cancel_nexus_operation", scheduled_event_id=5)


async def a_cancellation_reaches_the_handler(stage: Stage) -> None:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation())
    await handler.on_request(started())
    await stage.worker.on_task(_CANCEL)
    await handler.on_request(canceled())
    task = await stage.worker.poll()
    await _look(stage, run)
    await stage.worker.answer(task, complete())


async def a_cancellation_is_refused_by_the_handler(stage: Stage) -> None:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation())
    await handler.on_request(started())
    await stage.worker.on_task(_CANCEL)
    await handler.refuse(await handler.poll(), "NOT_FOUND", "no such operation")
    task = await stage.worker.poll()
    await _look(stage, run)
    await stage.worker.answer(task, complete())


async def a_cancellation_waits_for_the_start(stage: Stage) -> None:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation())
    task = await handler.poll()
    await stage.signal(run)
    await stage.worker.on_task(_CANCEL)
    await _look(stage, run)
    await handler.answer(task, started())
    await stage.worker.on_task()
    await handler.on_request(canceled())
    await stage.worker.on_task(complete())


async def an_operation_is_cancelled_with_the_command_that_asks_for_it(stage: Stage) -> None:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation(), _CANCEL)
    await _look(stage, run)
    await stage.terminate(run)


class _Backed:
    """An operation whose end is that of another run, as an SDK's handlers start it."""

    def __init__(self, stage: Stage, handler: ScriptedHandler) -> None:
        self.stage = stage
        self.handler = handler
        self.queue = f"{stage.queue} of backing runs"

    async def start(self, name: str = "main", *, answers: bool = True, **given: Any) -> None:
        """`answers`: the handler says that it has started, and the caller hears it."""
        self.caller = await self.stage.start(name)
        await self.stage.worker.on_task(self.handler.operation())
        task = await self.handler.poll()
        self.run = await self.handler.start_run(
            task.request.start_operation, self.stage.workflow_id("backing"), self.queue, **given
        )
        if answers:
            await self.handler.answer(task, started())
            await self.stage.worker.on_task()

    async def on_task(self, *commands: Command) -> None:
        worker = self.stage.worker
        normal, worker.queue = worker.queue, self.queue
        await worker.on_task(*commands)
        worker.queue = normal


async def _backed(stage: Stage, **given: Any) -> _Backed:
    backed = _Backed(stage, await _handler(stage))
    await backed.start(**given)
    return backed


async def the_run_behind_an_operation_completes(stage: Stage) -> None:
    backed = await _backed(stage)
    await _look(stage, backed.run)
    await backed.on_task(complete(text("paid")))
    await stage.worker.on_task(complete())
    stage.also(backed.run.workflow_id)


async def the_run_behind_an_operation_has_no_result(stage: Stage) -> None:
    backed = await _backed(stage)
    await backed.on_task(complete())
    await stage.worker.on_task(complete())


async def the_run_behind_an_operation_fails(stage: Stage) -> None:
    backed = await _backed(stage)
    await backed.on_task(fail(failed("no money", "NoMoney")))
    await stage.worker.on_task(complete())


async def the_run_behind_an_operation_is_cancelled(stage: Stage) -> None:
    backed = await _backed(stage)
    await backed.on_task(command("cancel_workflow_execution", details=text("enough")))
    await stage.worker.on_task(complete())


async def the_run_behind_an_operation_is_terminated(stage: Stage) -> None:
    backed = await _backed(stage)
    await stage.terminate(backed.run)
    await stage.worker.on_task(complete())


async def the_run_behind_an_operation_times_out(stage: Stage) -> None:
    await _backed(stage, workflow_run_timeout=seconds(1))
    await stage.worker.on_task(complete())


async def the_run_behind_an_operation_goes_on_as_another(stage: Stage) -> None:
    backed = await _backed(stage)
    again = command(
        "continue_as_new_workflow_execution",
        workflow_type=WorkflowType(name="Scripted"),
        task_queue=TaskQueue(name=backed.queue),
    )
    await backed.on_task(again)
    await _look(stage, backed.run)
    await backed.on_task(complete(text("then")))
    await stage.worker.on_task(complete())
    stage.also(backed.run.workflow_id)


async def the_run_behind_an_operation_ends_before_its_start_is_answered(stage: Stage) -> None:
    backed = await _backed(stage, answers=False, token="early")
    await backed.on_task(complete(text("quick")))
    await stage.worker.on_task(complete())


async def the_run_behind_an_operation_ends_while_that_is_being_cancelled(stage: Stage) -> None:
    """Here the handler's answer may come first; there it is lost. So nothing of it is told."""
    aside = Stage(stage.server, stage.workflow_id("aside"))
    backed = await _backed(aside)
    await aside.signal(backed.caller)
    await aside.worker.on_task(_CANCEL)
    asked = await backed.handler.poll()
    await backed.on_task(complete(text("paid")))
    await asyncio.sleep(_LATER_SECONDS)
    await backed.handler.answer(asked, canceled())
    await aside.until_seen(backed.caller, "NexusOperationCompleted")
    names = [name_of(event) for event in await stage.server.history(backed.caller)]
    is_told = "NexusOperationCancelRequestCompleted" in names
    assert is_told is not stage.server.is_official, names
    await aside.terminate(backed.caller)


async def two_operations_wait_for_one_run(stage: Stage) -> None:
    backed = await _backed(stage)
    first = backed.caller
    await backed.start(
        "second",
        workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        on_conflict_options=OnConflictOptions(
            attach_request_id=True, attach_completion_callbacks=True, attach_links=True
        ),
    )
    await _look(stage, backed.run)
    await backed.on_task(complete(text("for both")))
    for run in (first, backed.caller):
        await stage.until_seen(run, "NexusOperationCompleted")
    await stage.worker.on_task(complete())
    await stage.worker.on_task(complete())
    stage.also(backed.run.workflow_id)


async def _reset(stage: Stage, run: WorkflowExecution, event_id: int) -> WorkflowExecution:
    answer = await stage.server.workflows.ResetWorkflowExecution(
        ResetWorkflowExecutionRequest(
            namespace="default", workflow_execution=run, workflow_task_finish_event_id=event_id,
            reason="again", request_id="reset",
        )
    )  # fmt: skip
    return stage.also(run.workflow_id, answer.run_id)


async def the_run_behind_an_operation_is_reset(stage: Stage) -> None:
    backed = await _backed(stage)
    await backed.on_task(command("start_timer", timer_id="t", start_to_fire_timeout=seconds(60)))
    await _reset(stage, backed.run, 4)
    await backed.on_task(complete(text("after the reset")))
    await stage.worker.on_task(complete())
    await _look(stage, backed.run)


async def the_caller_is_reset_after_the_start(stage: Stage) -> None:
    backed = await _backed(stage)
    await _reset(stage, backed.caller, 9)
    await stage.worker.on_task()
    await backed.on_task(complete(text("to the new one")))
    await stage.worker.on_task(complete())


async def the_caller_is_reset_before_the_start(stage: Stage) -> None:
    handler = await _handler(stage)
    run = await stage.start()
    await stage.worker.on_task(handler.operation())
    await handler.poll()
    await stage.signal(run)
    await stage.worker.on_task()
    await _reset(stage, run, 9)
    await stage.worker.on_task()
    await handler.on_request(sync(text("once")))
    await stage.worker.on_task(complete())


def _refused(*commands: Callable[[ScriptedHandler], Command]) -> Program:
    async def program(stage: Stage) -> None:
        handler = await _handler(stage)
        run = await stage.start()
        task = await stage.worker.poll()
        await stage.tries(stage.worker.answer(task, *(command(handler) for command in commands)))
        await stage.terminate(run)

    return program


REFUSED = {
    "an operation of no endpoint": _refused(lambda _: command("schedule_nexus_operation")),
    "a service with a long name": _refused(lambda at: at.operation(service="s" * 1_001)),
    "a negative time-out": _refused(lambda at: at.operation(schedule_to_close_timeout=seconds(-1))),
    "a large header": _refused(lambda at: at.operation(nexus_header={"a": "b" * 9_000})),
    "a header of the server's": _refused(
        lambda at: at.operation(nexus_header={"Request-Timeout": "1s"})
    ),
    "a cancellation of nothing": _refused(
        lambda _: command("request_cancel_nexus_operation", scheduled_event_id=77)
    ),
    "a cancellation twice": _refused(
        lambda at: at.operation(), lambda _: _CANCEL, lambda _: _CANCEL
    ),
    "more operations than may be pending": _refused(*[lambda at: at.operation()] * 31),
}
