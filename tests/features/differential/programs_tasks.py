"""Workflow tasks: how they fail, what comes while they run, answers that come too late."""

from typing import Any

from google.protobuf.message import Message
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
    RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)

from tests.features.differential.stage import Program, Stage
from tests.support.commands import command, complete, fail, failed, seconds, start_timer, text
from tests.support.history import name_of

TASK_ANSWERS = (RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest)
ACTIVITY_ANSWERS = (
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
    RespondActivityTaskCanceledRequest,
    RecordActivityTaskHeartbeatRequest,
)
# Those that close the run, or that only servers give to each other.
NOT_FROM_WORKERS = {
    "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW",
    "WORKFLOW_TASK_FAILED_CAUSE_FAILOVER_CLOSE_COMMAND",
    "WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE",
}


async def answers(stage: Stage, token: bytes, *kinds: type[Message]) -> None:
    """Each kind of answer with this token, and what is said to it."""
    for kind in kinds:
        rpc = getattr(stage.server.workflows, kind.DESCRIPTOR.name.removesuffix("Request"))
        request: Any = kind
        await stage.hear(rpc(request(namespace="default", task_token=token)))


async def hears_answers_that_come_too_late(stage: Stage) -> None:
    run = await stage.start(workflow_task_timeout=seconds(1))
    first = await stage.worker.poll()
    await stage.until_seen(run, "WorkflowTaskTimedOut")
    await answers(stage, first.task_token, *TASK_ANSWERS)
    second = await stage.worker.poll()
    await answers(stage, first.task_token, *TASK_ANSWERS)
    await stage.worker.answer(second, complete())
    await answers(stage, second.task_token, *TASK_ANSWERS)


async def hears_answers_with_no_token_of_its(stage: Stage) -> None:
    for token in (b"", b"junk", b"\x01junk"):
        await answers(
            stage, token, *TASK_ANSWERS, *ACTIVITY_ANSWERS, RespondQueryTaskCompletedRequest
        )


def _failing_with(cause: Cause.ValueType) -> Program:
    async def program(stage: Stage) -> None:
        await stage.start()
        await stage.worker.fail_task(await stage.worker.poll(), cause)
        task = await stage.worker.poll()
        stage.note(task.attempt)
        await stage.worker.answer(task, complete())

    return program


FAILING = {
    f"fails a task with {name.removeprefix('WORKFLOW_TASK_FAILED_CAUSE_')}": _failing_with(cause)
    for name, cause in Cause.items()
    if name not in NOT_FROM_WORKERS
}


async def has_more_time_for_its_fourth_attempt(stage: Stage) -> None:
    """The official server takes up to a fifth of what it adds away, by chance."""
    run = await stage.start(workflow_task_timeout=seconds(1))
    for _ in range(3):
        await stage.worker.poll()
    task = await stage.worker.poll()
    scheduled = task.history.events[-2].workflow_task_scheduled_event_attributes
    length = scheduled.start_to_close_timeout.ToMilliseconds() / 1_000
    stage.note(task.attempt, 5 <= length <= 6)
    await stage.terminate(run)


async def ends_where_an_answer_cannot_be_sent(stage: Stage) -> None:
    await stage.start()
    cause = Cause.WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE
    await stage.worker.fail_task(await stage.worker.poll(), cause)


async def keeps_a_task_alive(stage: Stage) -> None:
    await stage.start(workflow_task_timeout=seconds(5))
    task = await stage.worker.poll()
    for marker in ((), (command("record_marker", marker_name="m"),)):
        answer = await stage.worker.answer(
            task, *marker, force_create_new_workflow_task=True, return_new_workflow_task=True
        )
        task = answer.workflow_task
        stage.note(task.attempt, task.previous_started_event_id, task.started_event_id)
        stage.note(task.workflow_execution_task_queue, task.workflow_type, len(task.queries))
        stage.note(*map(name_of, task.history.events))
    await stage.worker.answer(task, complete())


async def keeps_a_task_alive_through_the_queue(stage: Stage) -> None:
    await stage.start()
    answer = await stage.worker.answer(
        await stage.worker.poll(), force_create_new_workflow_task=True
    )
    stage.note(answer.workflow_task.task_token)
    await stage.worker.on_task(complete())


async def takes_the_next_task_with_the_answer(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.signal(run)
    answer = await stage.worker.answer(task, start_timer("t", 100), return_new_workflow_task=True)
    stage.note(*map(name_of, answer.workflow_task.history.events))
    stage.note(answer.workflow_task.workflow_execution_task_queue)
    await stage.worker.answer(answer.workflow_task, complete())


async def fails_a_task_with_a_signal_held_back(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.signal(run)
    await stage.worker.fail_task(task)
    await stage.worker.on_task(complete())


async def is_too_late_with_a_signal_held_back(stage: Stage) -> None:
    run = await stage.start(workflow_task_timeout=seconds(1))
    await stage.worker.poll()
    await stage.signal(run)
    await stage.until_seen(run, "WorkflowTaskTimedOut")
    await stage.worker.on_task(complete())


async def hears_a_signal_after_two_failures(stage: Stage) -> None:
    run = await stage.start()
    for _ in range(2):
        await stage.worker.fail_task(await stage.worker.poll())
    await stage.signal(run)
    await stage.worker.on_task(complete())


async def fails_a_second_attempt_with_a_signal_held_back(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.fail_task(await stage.worker.poll())
    task = await stage.worker.poll()
    await stage.signal(run)
    await stage.worker.fail_task(task)
    await stage.worker.on_task(complete())


async def ends_a_second_attempt_with_a_signal_held_back(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.fail_task(await stage.worker.poll())
    task = await stage.worker.poll()
    await stage.signal(run)
    await stage.worker.answer(task, start_timer("t", 50))
    await stage.worker.on_task(complete())


async def is_terminated_in_a_second_attempt(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.fail_task(await stage.worker.poll())
    await stage.worker.poll()
    await stage.terminate(run)


async def is_terminated_before_a_second_attempt(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.fail_task(await stage.worker.poll())
    await stage.terminate(run)


async def may_not_complete_unheard_signals(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.signal(run)
    stage.note(await stage.refused(stage.worker.answer(task, complete())))
    await stage.worker.on_task(complete())


async def may_not_fail_with_an_unheard_cancellation(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.cancel(run)
    stage.note(await stage.refused(stage.worker.answer(task, fail(failed("no money")))))
    await stage.worker.on_task(command("cancel_workflow_execution", details=text("tidied up")))


async def is_cancelled_before_it_begins_and_goes_on_past_that_time(stage: Stage) -> None:
    run = await stage.start(workflow_start_delay=seconds(1))
    await stage.cancel(run)
    await stage.worker.on_task(start_timer("t", 2))
    await stage.worker.on_task(complete())
