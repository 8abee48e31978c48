"""Workflow tasks, activities and timers."""

import asyncio

from temporalio.api.common.v1 import Payload, RetryPolicy, WorkflowExecution
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import (
    cancel_activity,
    cancel_timer,
    command,
    complete,
    fail,
    failed,
    retries,
    schedule_activity,
    seconds,
    start_timer,
    text,
)


async def completes(stage: Stage) -> None:
    await stage.start(input=text("a"), identity="Alice")
    await stage.worker.on_task(complete(text("done")))


async def fails(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(fail(failed("no money", "NoMoney")))


async def cancels_itself_when_asked(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    await stage.cancel(run)
    await stage.worker.on_task(command("cancel_workflow_execution", details=text("tidied up")))


async def is_terminated_while_a_task_runs(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.poll()
    await stage.terminate(run)


async def completes_an_activity(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "charge",
            stage.queue,
            input=text("9.99"),
            header={"fields": {"trace": Payload(data=b"7")}},
            heartbeat_timeout=seconds(5),
            schedule_to_close_timeout=seconds(60),
            start_to_close_timeout=seconds(20),
            schedule_to_start_timeout=seconds(90),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
    )
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def tries_an_activity_again(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity("charge", stage.queue, retry_policy=retries(initial=0.05, attempts=3))
    )
    for _ in range(3):
        await stage.worker.on_activity(failure=failed("refused", "CardRefused"))
    await stage.worker.on_task(complete())


async def does_not_try_what_cannot_succeed(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue))
    await stage.worker.on_activity(failure=failed("refused", "CardRefused", non_retryable=True))
    await stage.worker.on_task(
        schedule_activity(
            "again",
            stage.queue,
            retry_policy=RetryPolicy(non_retryable_error_types=["CardRefused"]),
        )
    )
    await stage.worker.on_activity(failure=failed("refused", "CardRefused"))
    await stage.worker.on_task(complete())


async def times_out_from_start_to_close(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "slow", stage.queue, start_to_close_timeout=seconds(1), retry_policy=retries(attempts=1)
        )
    )
    await stage.worker.poll_activity()
    await stage.worker.on_task(complete())


async def times_out_from_schedule_to_start(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "unseen",
            f"{stage.queue}, but nobody polls",
            schedule_to_start_timeout=seconds(1),
            start_to_close_timeout=seconds(5),
        )
    )
    await stage.worker.on_task(complete())


async def times_out_from_schedule_to_close(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "slow", stage.queue, schedule_to_close_timeout=seconds(1), retry_policy=retries()
        )
    )
    await stage.worker.poll_activity()
    await stage.worker.on_task(complete())


async def times_out_before_it_is_taken(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "unseen", f"{stage.queue}, but nobody polls", schedule_to_close_timeout=seconds(1)
        )
    )
    await stage.worker.on_task(complete())


async def has_activities_that_end_with_the_run(stage: Stage) -> None:
    await stage.start(workflow_run_timeout=seconds(30))
    await stage.worker.on_task(
        schedule_activity("a", stage.queue, start_to_close_timeout=seconds(90))
    )
    await stage.worker.on_activity()
    await stage.worker.on_task(
        schedule_activity(
            "b", stage.queue, start_to_close_timeout=seconds(5), heartbeat_timeout=seconds(9)
        )
    )
    await stage.worker.on_activity()
    await stage.worker.on_task(complete())


async def sets_an_attribute_that_is_not_there(stage: Stage) -> None:
    await stage.start()
    task = await stage.worker.poll()
    code = await stage.refused(
        stage.worker.answer(
            task,
            command(
                "upsert_workflow_search_attributes",
                search_attributes={"indexed_fields": {"NotThere": text(1).payloads[0]}},
            ),
        )
    )
    assert code.name == "INVALID_ARGUMENT"
    await stage.worker.on_task(complete())


async def times_out_between_attempts(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "failing",
            stage.queue,
            schedule_to_close_timeout=seconds(2),
            retry_policy=retries(initial=60),
        )
    )
    await stage.worker.on_activity(failure=failed("refused", "CardRefused"))
    await stage.worker.on_task(complete())


async def misses_a_heartbeat(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "silent",
            stage.queue,
            heartbeat_timeout=seconds(1),
            start_to_close_timeout=seconds(60),
            retry_policy=retries(attempts=1),
        )
    )
    task = await stage.worker.poll_activity()
    await stage.server.workflows.RecordActivityTaskHeartbeat(
        RecordActivityTaskHeartbeatRequest(
            namespace="default", task_token=task.task_token, details=text("half way")
        )
    )
    await stage.worker.on_task(complete())


async def cancels_an_activity(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue))
    task = await stage.worker.poll_activity()
    await stage.signal(run)
    await stage.worker.on_task(cancel_activity(5))
    await stage.server.workflows.RespondActivityTaskCanceled(
        RespondActivityTaskCanceledRequest(
            namespace="default", task_token=task.task_token, details=text("stopped")
        )
    )
    await stage.worker.on_task(complete())


async def cancels_an_activity_that_never_started(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", f"{stage.queue}, but nobody polls"))
    await stage.signal(run)
    await stage.worker.on_task(cancel_activity(5))
    await stage.worker.on_task(complete())


async def cancels_an_activity_in_the_task_that_schedules_it(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue), cancel_activity(5))
    await stage.worker.on_task(complete())


async def completes_an_activity_by_its_id(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue))
    await stage.worker.poll_activity()
    await stage.server.workflows.RespondActivityTaskCompletedById(
        RespondActivityTaskCompletedByIdRequest(
            namespace="default",
            workflow_id=run.workflow_id,
            run_id=run.run_id,
            activity_id="charge",
            result=text("charged"),
            identity="elsewhere",
        )
    )
    await stage.worker.on_task(complete())


async def fires_a_timer(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(start_timer("t", 1))
    await stage.worker.on_task(complete())


async def fires_a_timer_at_once(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(start_timer("t", 0))
    await stage.worker.on_task(complete())


async def cancels_a_timer(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    await stage.signal(run)
    await stage.worker.on_task(cancel_timer("t"))
    await stage.signal(run)
    await stage.worker.on_task(start_timer("t", 1))
    await stage.worker.on_task(complete())


async def loses_a_task_to_its_time_out(stage: Stage) -> None:
    await stage.start(workflow_task_timeout=seconds(1))
    await stage.worker.poll()
    again = await stage.worker.poll()
    assert again.attempt == 2
    await stage.worker.answer(again, complete())


async def fails_a_task_and_tries_again(stage: Stage) -> None:
    await stage.start()
    task = await stage.worker.poll()
    await stage.worker.fail_task(task)
    again = await stage.worker.poll()
    assert again.attempt == 2
    await stage.worker.fail_task(again)
    await stage.worker.on_task(complete())


async def takes_signals_while_a_task_runs(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.signal(run, "first", identity="Alice", input=text(1))
    await stage.signal(run, "second")
    await stage.worker.answer(task, start_timer("t", 600))
    await stage.worker.on_task(complete())


async def may_not_end_before_it_saw_a_signal(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.signal(run)
    await stage.refused(stage.worker.answer(task, complete()))
    await stage.worker.on_task(complete())


async def sends_a_command_that_cannot_be_right(stage: Stage) -> None:
    await stage.start()
    task = await stage.worker.poll()
    code = await stage.refused(stage.worker.answer(task, start_timer("", 1)))
    assert code.name == "INVALID_ARGUMENT"
    await stage.worker.on_task(complete())


async def uses_one_activity_id_twice(stage: Stage) -> None:
    await stage.start()
    task = await stage.worker.poll()
    await stage.refused(
        stage.worker.answer(
            task, schedule_activity("a", stage.queue), schedule_activity("a", stage.queue)
        )
    )
    await stage.worker.on_task(complete())


async def starts_one_timer_twice(stage: Stage) -> None:
    await stage.start()
    task = await stage.worker.poll()
    await stage.refused(stage.worker.answer(task, start_timer("t", 600), start_timer("t", 600)))
    await stage.worker.on_task(complete())


async def asks_for_another_task_at_once(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(force_create_new_workflow_task=True)
    await stage.worker.on_task(complete())


async def sticks_to_its_worker(stage: Stage) -> None:
    run = await stage.start()
    stage.worker.sticky = f"{stage.queue}, sticky"
    waiting = asyncio.ensure_future(stage.worker.poll(sticky=True))
    await stage.worker.on_task(start_timer("t", 600))
    await stage.signal(run)
    task = await waiting
    assert task.history.events[0].event_id == 4
    await stage.worker.answer(task, complete())


async def marks_and_amends(stage: Stage) -> None:
    await stage.start(memo={"fields": {"a": text(1).payloads[0]}})
    await stage.worker.on_task(
        command(
            "record_marker",
            marker_name="Version",
            details={"change": text("c")},
            failure=failed("why"),
        ),
        command(
            "modify_workflow_properties",
            upserted_memo={"fields": {"b": text(2).payloads[0]}},
        ),
        command(
            "upsert_workflow_search_attributes",
            search_attributes={
                "indexed_fields": {"BuildIds": text(["one"]).payloads[0]},
            },
        ),
        start_timer("t", 1),
    )
    await stage.worker.on_task(complete())


async def fails_a_task_for_nondeterminism(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(start_timer("t", 1))
    task = await stage.worker.poll()
    await stage.worker.fail_task(
        task, WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
    )
    await stage.worker.on_task(complete())


async def closes_while_an_activity_runs(stage: Stage) -> WorkflowExecution:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue), start_timer("t", 600))
    await stage.worker.poll_activity()
    await stage.signal(run)
    await stage.worker.on_task(complete())
    return run
