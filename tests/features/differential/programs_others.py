"""Children, other runs, updates."""

import asyncio

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ParentClosePolicy, WorkflowIdReusePolicy
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import (
    Acceptance,
    Input,
    Meta,
    Outcome,
    Rejection,
    Request,
    Response,
    WaitPolicy,
)
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from tests.features.differential.stage import Stage
from tests.support.commands import (
    command,
    complete,
    fail,
    failed,
    seconds,
    signal_external,
    start_child,
    start_timer,
    text,
)


async def _child(stage: Stage, name: str = "child") -> WorkflowExecution:
    return stage.also(stage.workflow_id(name))


async def starts_a_child_that_completes(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(
            stage.workflow_id("child"),
            f"{stage.queue} of children",
            input=text(1),
            memo={"fields": {"a": text(1).payloads[0]}},
            namespace="default",
        )
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task()
    await _on_child(stage, complete(text(2)))
    await stage.worker.on_task(complete())
    await _child(stage)


async def starts_a_child_that_fails(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(stage.workflow_id("child"), f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task()
    await _on_child(stage, fail(failed("no money", "NoMoney")))
    await stage.worker.on_task(complete())


async def starts_a_child_that_is_there_already(stage: Stage) -> None:
    other = await stage.start("child")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.start()
    await stage.worker.on_task(
        start_child(other.workflow_id, f"{stage.queue} of children", namespace="default")
    )
    await stage.worker.on_task(complete())


async def may_not_use_a_childs_id_again(stage: Stage) -> None:
    other = await stage.start("child")
    await stage.worker.on_task(complete())
    await stage.start()
    await stage.worker.on_task(
        start_child(
            other.workflow_id,
            f"{stage.queue} of children",
            namespace="default",
            workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
        )
    )
    await stage.worker.on_task(complete())


async def _on_child(stage: Stage, *commands: object) -> None:
    normal, stage.worker.queue = stage.worker.queue, f"{stage.queue} of children"
    await stage.worker.on_task(*commands)  # type: ignore[arg-type]
    stage.worker.queue = normal


def _closing_with(policy: ParentClosePolicy.ValueType):  # type: ignore[no-untyped-def]
    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(
            start_child(
                stage.workflow_id("child"),
                f"{stage.queue} of children",
                namespace="default",
                parent_close_policy=policy,
            )
        )
        await stage.until_seen(run, "ChildWorkflowExecutionStarted")
        await stage.worker.on_task(complete())
        child = await _child(stage)
        if policy == ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE:
            await stage.until_seen(child, "WorkflowExecutionTerminated")
        elif policy == ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL:
            await stage.until_seen(child, "WorkflowExecutionCancelRequested")

    return program


leaves_a_child_to_be_terminated = _closing_with(ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE)
leaves_a_child_to_be_cancelled = _closing_with(ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
leaves_a_child_alone = _closing_with(ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON)


async def sees_its_child_terminated(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(stage.workflow_id("child"), f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task()
    await stage.terminate(WorkflowExecution(workflow_id=stage.workflow_id("child")))
    await stage.worker.on_task(complete())


async def cancels_its_child(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(stage.workflow_id("child"), f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task(
        command(
            "request_cancel_external_workflow_execution",
            workflow_id=stage.workflow_id("child"),
            namespace="default",
            child_workflow_only=True,
        )
    )
    await stage.until_seen(run, "ExternalWorkflowExecutionCancelRequested")
    await stage.worker.on_task()
    await _on_child(stage, command("cancel_workflow_execution"))
    await stage.worker.on_task(complete())
    await _child(stage)


async def signals_another_run(stage: Stage) -> None:
    other = await stage.start("other")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.start()
    await stage.worker.on_task(
        signal_external(other.workflow_id, "go", input=text(1), namespace="default")
    )
    await stage.until_seen(other, "WorkflowExecutionSignaled")
    main = await _until_answered(stage)
    assert main


async def _until_answered(stage: Stage) -> bool:
    """Whichever of the two runs has a task: answer it."""
    for _ in range(2):
        await stage.worker.on_task()
    return True


async def signals_nobody(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        signal_external(stage.workflow_id("nobody"), "go", namespace="default")
    )
    await stage.worker.on_task(complete())


async def cancels_another_run(stage: Stage) -> None:
    other = await stage.start("other")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.start()
    await stage.worker.on_task(
        command(
            "request_cancel_external_workflow_execution",
            workflow_id=other.workflow_id,
            namespace="default",
            reason="enough",
        )
    )
    await stage.until_seen(other, "WorkflowExecutionCancelRequested")
    await _until_answered(stage)


async def cancels_nobody(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        command(
            "request_cancel_external_workflow_execution",
            workflow_id=stage.workflow_id("nobody"),
            namespace="default",
        )
    )
    await stage.worker.on_task(complete())


# Updates.


def _update(
    stage: Stage, run: WorkflowExecution, update_id: str = "u"
) -> asyncio.Future[UpdateWorkflowExecutionResponse]:
    return asyncio.ensure_future(
        stage.server.workflows.UpdateWorkflowExecution(
            UpdateWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=run,
                wait_policy=WaitPolicy(lifecycle_stage=3),
                request=Request(
                    meta=Meta(update_id=update_id, identity="Alice"),
                    input=Input(name="adjust", args=text(5)),
                ),
            )
        )
    )


def _message(name: str, asked: Message, body: object) -> Message:
    message = Message(id=f"{asked.id}/{name}", protocol_instance_id=asked.protocol_instance_id)
    message.body.Pack(body)  # type: ignore[arg-type]
    return message


def _acceptance(asked: Message) -> Message:
    request = Request()
    asked.body.Unpack(request)
    accepted = Acceptance(
        accepted_request_message_id=asked.id,
        accepted_request_sequencing_event_id=asked.event_id,
        accepted_request=request,
    )
    return _message("accept", asked, accepted)


def _response(asked: Message, value: object) -> Message:
    request = Request()
    asked.body.Unpack(request)
    return _message(
        "complete", asked, Response(meta=request.meta, outcome=Outcome(success=text(value)))
    )


def _says(message: Message) -> object:
    return command("protocol_message", message_id=message.id)


async def _answer(
    stage: Stage, task: PollWorkflowTaskQueueResponse, *messages: Message, ends: bool = False
) -> None:
    commands = [_says(message) for message in messages]
    if ends:
        commands.append(complete())
    await stage.worker.answer(task, *commands, messages=messages)  # type: ignore[arg-type]


async def takes_an_update(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = _update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await _answer(stage, task, _acceptance(asked), _response(asked, "done"))
    assert (await waiting).outcome.success == text("done")


async def takes_an_update_with_its_first_task(stage: Stage) -> None:
    run = await stage.start()
    waiting = _update(stage, run)
    await asyncio.sleep(0.3)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await _answer(stage, task, _acceptance(asked), _response(asked, "done"), ends=True)
    await waiting


async def completes_an_update_later(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = _update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await _answer(stage, task, _acceptance(asked))
    await stage.signal(run)
    task = await stage.worker.poll()
    await _answer(stage, task, _response(asked, "later"))
    await waiting


def _refusing(first: Command | None, **capable: bool):  # type: ignore[no-untyped-def]
    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(*([first] if first else []))
        waiting = _update(stage, run)
        task = await stage.worker.poll()
        (asked,) = task.messages
        rejection = Rejection(rejected_request_message_id=asked.id, failure=failed("too much"))
        await stage.worker.answer(
            task, messages=[_message("reject", asked, rejection)], capabilities=capable
        )
        assert (await waiting).outcome.failure.message == "too much"
        await stage.signal(run)
        await stage.worker.on_task(complete())

    return program


refuses_an_update = _refusing(
    start_timer("t", 600), discard_speculative_workflow_task_with_events=True
)
refuses_an_update_with_an_older_worker = _refusing(start_timer("t", 600))
refuses_an_update_when_nothing_else_happened = _refusing(None)


async def fails_a_task_that_carries_an_update(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = _update(stage, run)
    await stage.worker.fail_task(await stage.worker.poll())
    task = await stage.worker.poll()
    (asked,) = task.messages
    await _answer(stage, task, _acceptance(asked), _response(asked, "done"), ends=True)
    await waiting


async def loses_a_task_that_carries_an_update(stage: Stage) -> None:
    run = await stage.start(workflow_task_timeout=seconds(1))
    await stage.worker.on_task(start_timer("t", 600))
    waiting = _update(stage, run)
    await stage.worker.poll()
    task = await stage.worker.poll()
    (asked,) = task.messages
    await _answer(stage, task, _acceptance(asked), _response(asked, "done"), ends=True)
    await waiting


async def signals_while_a_task_carries_an_update(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = _update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await stage.signal(run)
    await _answer(stage, task, _acceptance(asked), _response(asked, "done"))
    await waiting
    await stage.worker.on_task(complete())


async def closes_with_an_update_unfinished(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = _update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await _answer(stage, task, _acceptance(asked), ends=True)
    await asyncio.wait([waiting], timeout=5)
    waiting.cancel()
