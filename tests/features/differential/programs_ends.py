"""Chains of runs: continue-as-new, retry, cron, time-outs, reset."""

from temporalio.api.common.v1 import RetryPolicy, WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyType
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import (
    command,
    complete,
    continue_as_new,
    fail,
    failed,
    schedule_activity,
    seconds,
    start_timer,
    text,
)
from tests.support.history import attributes_of


async def next_run(stage: Stage, run: WorkflowExecution) -> WorkflowExecution:
    closing = attributes_of((await stage.server.history(run))[-1])
    return stage.also(run.workflow_id, closing.new_execution_run_id)  # type: ignore[attr-defined]


async def continues_as_new(stage: Stage) -> None:
    run = await stage.start(
        input=text(1),
        memo={"fields": {"a": text(1).payloads[0]}},
        workflow_run_timeout=seconds(600),
    )
    await stage.worker.on_task(continue_as_new(stage.queue, input=text(2)))
    await next_run(stage, run)
    await stage.worker.on_task(complete(text(3)))


async def continues_as_another_type(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        continue_as_new(
            stage.queue,
            kind="Other",
            input=text(2),
            memo={"fields": {"b": text(2).payloads[0]}},
            workflow_run_timeout=seconds(60),
            workflow_task_timeout=seconds(5),
        )
    )
    await next_run(stage, run)
    await stage.worker.on_task(complete())


async def continues_and_keeps_its_signals(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await stage.signal(run, "late")
    await stage.refused(stage.worker.answer(task, continue_as_new(stage.queue)))
    await stage.worker.on_task(continue_as_new(stage.queue))
    await next_run(stage, run)
    await stage.worker.on_task(complete())


async def tries_a_failed_workflow_again(stage: Stage) -> None:
    run = await stage.start(
        retry_policy=RetryPolicy(initial_interval=seconds(1), maximum_attempts=2),
        input=text(1),
    )
    await stage.worker.on_task(fail(failed("no money", "NoMoney")))
    again = await next_run(stage, run)
    await stage.until_seen(again, "WorkflowTaskScheduled")
    await stage.worker.on_task(fail(failed("still no money", "NoMoney")))


async def does_not_try_a_final_failure_again(stage: Stage) -> None:
    await stage.start(retry_policy=RetryPolicy(initial_interval=seconds(1), maximum_attempts=2))
    await stage.worker.on_task(fail(failed("no money", "NoMoney", non_retryable=True)))


async def runs_by_a_cron_schedule(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 1s")
    await stage.worker.on_task(complete(text("once")))
    again = await next_run(stage, run)
    await stage.worker.on_task(fail(failed("no money", "NoMoney")))
    third = await next_run(stage, again)
    await stage.until_seen(third, "WorkflowTaskScheduled")
    await stage.terminate(third)


async def runs_out_of_time(stage: Stage) -> None:
    run = await stage.start(workflow_run_timeout=seconds(1))
    await stage.worker.on_task(start_timer("t", 600))
    await stage.closed(run)


async def runs_out_of_time_with_nobody_there(stage: Stage) -> None:
    run = await stage.start(workflow_execution_timeout=seconds(1))
    await stage.closed(run)


async def runs_out_of_time_and_is_tried_again(stage: Stage) -> None:
    run = await stage.start(
        workflow_run_timeout=seconds(1),
        retry_policy=RetryPolicy(initial_interval=seconds(1), maximum_attempts=2),
    )
    await stage.closed(run)
    again = await next_run(stage, run)
    await stage.closed(again)


async def is_reset_to_its_first_task(stage: Stage) -> None:
    run = await _with_an_activity(stage)
    await reset(stage, run, 4)
    await stage.worker.on_task(complete(text("again")))


async def is_reset_in_the_middle(stage: Stage) -> None:
    run = await _with_an_activity(stage)
    await reset(stage, run, 10)
    await stage.worker.on_activity(text("charged again"))
    await stage.worker.on_task(complete(text("again")))


async def is_reset_without_its_signals(stage: Stage) -> None:
    run = await _with_an_activity(stage)
    await reset(stage, run, 4, reset_reapply_type=ResetReapplyType.RESET_REAPPLY_TYPE_NONE)


async def is_reset_while_it_runs(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 600))
    await stage.signal(run)
    await stage.cancel(run)
    await reset(stage, run, 4)


async def is_reset_after_it_went_on(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(continue_as_new(stage.queue))
    following = await next_run(stage, run)
    await stage.until_seen(following, "WorkflowTaskScheduled")
    await stage.signal(following, "to the second run")
    await stage.worker.on_task(complete())
    await reset(stage, run, 4)


async def is_reset_and_begins_anew(stage: Stage) -> None:
    run = await stage.start(
        workflow_run_timeout=seconds(600), workflow_execution_timeout=seconds(2000)
    )
    await stage.worker.on_task(start_timer("t", 2))
    await stage.until_seen(run, "TimerFired")
    await stage.worker.on_task(start_timer("u", 100))
    begun = await _begun(stage, run)
    await _note_times(stage, run, begun)
    await reset(stage, run, 4)
    current = WorkflowExecution(workflow_id=run.workflow_id)
    await _note_times(stage, current, begun)


async def begins_later_but_ends_in_time(stage: Stage) -> None:
    times = {
        "workflow_run_timeout": seconds(600),
        "workflow_execution_timeout": seconds(2000),
    }
    for name, given in {
        "delay": {"workflow_start_delay": seconds(100)},
        "cron": {"cron_schedule": "@every 100s"},
        "now": {},
    }.items():
        run = await stage.start(name, **times, **given)
        await _note_times(stage, run, await _begun(stage, run))


async def _begun(stage: Stage, run: WorkflowExecution) -> int:
    return (await stage.server.history(run))[0].event_time.ToNanoseconds()


async def _note_times(stage: Stage, run: WorkflowExecution, begun: int) -> None:
    """In whole seconds since what they are counted from."""
    found = await stage.server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    info, more = found.workflow_execution_info, found.workflow_extended_info
    start = info.start_time.ToNanoseconds()
    stage.note("original", more.original_start_time.ToNanoseconds() == begun, start > begun)
    for name, time in {
        "execution": info.execution_time,
        "run expires": more.run_expiration_time,
        "execution expires": more.execution_expiration_time,
        "reset": more.last_reset_time,
    }.items():
        since_start = round((time.ToNanoseconds() - start) / 1e9)
        stage.note(name, since_start if time.ByteSize() else "never")


async def _with_an_activity(stage: Stage) -> WorkflowExecution:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue), start_timer("t", 600))
    await stage.signal(run, "go", identity="Alice")
    await stage.worker.on_task()
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(command("cancel_timer", timer_id="t"), complete(text("done")))
    return run


async def reset(
    stage: Stage, run: WorkflowExecution, cut: int, **given: object
) -> WorkflowExecution:
    answer = await stage.server.workflows.ResetWorkflowExecution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=run,
            workflow_task_finish_event_id=cut,
            request_id="reset",
            reason="a bad deploy",
            **given,  # type: ignore[arg-type]
        )
    )
    return stage.also(run.workflow_id, answer.run_id)
