"""Updates, and what comes between one and the task that carries it."""

import asyncio
from functools import partial

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import (
    Input,
    Meta,
    Rejection,
    Request,
    WaitPolicy,
)
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from tests.features.differential.stage import Stage
from tests.support.commands import command, complete, failed, seconds, start_timer, text
from tests.support.update_messages import about, acceptance, completion, rejection


def update(
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


def _says(message: Message) -> Command:
    return command("protocol_message", message_id=message.id)


async def answer(
    stage: Stage, task: PollWorkflowTaskQueueResponse, *messages: Message, ends: bool = False
) -> None:
    commands = [_says(message) for message in messages]
    if ends:
        commands.append(complete())
    await stage.worker.answer(task, *commands, messages=messages)  # type: ignore[arg-type]


_rejection = partial(rejection, why="too much")


async def takes_an_update(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), completion(asked, "done"))
    assert (await waiting).outcome.success == text("done")


async def takes_an_update_with_its_first_task(stage: Stage) -> None:
    run = await stage.start()
    waiting = update(stage, run)
    await asyncio.sleep(0.3)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), completion(asked, "done"), ends=True)
    await waiting


async def completes_an_update_later(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked))
    await stage.signal(run)
    task = await stage.worker.poll()
    await answer(stage, task, completion(asked, "later"))
    await waiting


async def what_a_worker_says_of_an_update(stage: Stage) -> None:
    run = await stage.start()
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    said = [acceptance(asked), completion(asked, "done")]
    commands = [_says(message) for message in said]
    for each, word in zip(commands, ("taken", "adjusted"), strict=True):
        each.user_metadata.summary.CopyFrom(text(word).payloads[0])
    await stage.worker.answer(task, *commands, messages=said)
    await waiting
    await stage.terminate(run)


def _refusing(first: Command | None, **capable: bool):  # type: ignore[no-untyped-def]
    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(*([first] if first else []))
        waiting = update(stage, run)
        task = await stage.worker.poll()
        (asked,) = task.messages
        said = [_rejection(asked)]
        await stage.worker.answer(task, messages=said, capabilities=capable)
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
    waiting = update(stage, run)
    await stage.worker.fail_task(await stage.worker.poll())
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), completion(asked, "done"), ends=True)
    await waiting


async def loses_a_task_that_carries_an_update(stage: Stage) -> None:
    run = await stage.start(workflow_task_timeout=seconds(1))
    await stage.worker.on_task(start_timer("t", 600))
    waiting = update(stage, run)
    await stage.worker.poll()
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), completion(asked, "done"), ends=True)
    await waiting


async def signals_while_a_task_carries_an_update(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await stage.signal(run)
    await answer(stage, task, acceptance(asked), completion(asked, "done"))
    await waiting
    await stage.worker.on_task(complete())


async def closes_with_an_update_unfinished(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), ends=True)
    await asyncio.wait([waiting], timeout=5)
    waiting.cancel()


def _before_its_task(word):  # type: ignore[no-untyped-def]
    """No worker polls yet when the run hears of something else."""

    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(start_timer("t", 600))
        waiting = update(stage, run)
        await asyncio.sleep(0.3)
        await word(stage, run)
        task = await stage.worker.poll()
        (asked,) = task.messages
        await answer(stage, task, acceptance(asked), completion(asked, "done"), ends=True)
        await waiting

    return program


signals_before_a_task_carries_an_update = _before_its_task(Stage.signal)
cancels_before_a_task_carries_an_update = _before_its_task(Stage.cancel)


async def updates_a_run_before_it_begins(stage: Stage) -> None:
    run = await stage.start(workflow_start_delay=seconds(3))
    waiting = update(stage, run)
    await asyncio.sleep(0.3)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), completion(asked, "done"), ends=True)
    await waiting


async def refuses_an_update_before_it_begins(stage: Stage) -> None:
    run = await stage.start(workflow_start_delay=seconds(2))
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await stage.worker.answer(
        task,
        messages=[_rejection(asked)],
        capabilities={"discard_speculative_workflow_task_with_events": True},
    )
    assert (await waiting).outcome.failure.message == "too much"
    await stage.worker.on_task(complete())


def _again(message: Message) -> Message:
    again = Message()
    again.CopyFrom(message)
    again.id += " again"
    return again


def _twice_decided(*parts):  # type: ignore[no-untyped-def]
    """What a worker says of an update that it has decided already, with the same task."""

    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(start_timer("t", 600))
        waiting = update(stage, run)
        task = await stage.worker.poll()
        (asked,) = task.messages
        said = [part(asked) for part in parts]
        stage.note(await stage.refused(answer(stage, task, *said)))
        await stage.signal(run)
        await stage.worker.on_task(complete())
        await asyncio.wait([waiting], timeout=5)
        waiting.cancel()

    return program


def _done(asked: Message) -> Message:
    return completion(asked, "done")


def _done_again(asked: Message) -> Message:
    return _again(completion(asked, "again"))


answers_an_update_twice = _twice_decided(acceptance, _done, _done_again)
accepts_what_it_refused = _twice_decided(_rejection, acceptance)
refuses_what_it_accepted = _twice_decided(acceptance, _rejection)
refuses_an_update_twice = _twice_decided(_rejection, lambda asked: _again(_rejection(asked)))


async def answers_an_update_that_was_answered(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    waiting = update(stage, run)
    task = await stage.worker.poll()
    (asked,) = task.messages
    await answer(stage, task, acceptance(asked), _done(asked))
    await waiting
    await stage.signal(run)
    task = await stage.worker.poll()
    stage.note(await stage.refused(answer(stage, task, _done_again(asked))))
    await stage.terminate(run)


def _decided_at_length(*parts):  # type: ignore[no-untyped-def]
    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(start_timer("t", 600))
        waiting = update(stage, run)
        task = await stage.worker.poll()
        (asked,) = task.messages
        said = [part(asked) for part in parts]
        stage.note(await stage.refused(answer(stage, task, *said)))
        await asyncio.wait([waiting], timeout=5)
        waiting.cancel()

    return program


answers_an_update_at_length = _decided_at_length(
    acceptance, lambda asked: completion(asked, "x" * 2_200_000)
)
refuses_an_update_at_length = _decided_at_length(
    lambda asked: about(asked, "reject", Rejection(failure=failed("x" * 2_200_000)))
)
