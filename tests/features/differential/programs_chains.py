"""What a run hands to the next, by cron, retry, continue-as-new or reset; and its children."""

from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import RetryPolicy, WorkflowExecution
from temporalio.api.enums.v1 import ParentClosePolicy as Policy
from temporalio.api.enums.v1 import ResetReapplyExcludeType as Exclude
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from tests.features.differential.programs_ends import next_run, reset
from tests.features.differential.stage import Stage
from tests.support.commands import (
    command,
    complete,
    continue_as_new,
    fail,
    failed,
    schedule_activity,
    seconds,
    start_child,
    start_timer,
    text,
)

ONCE_MORE = RetryPolicy(initial_interval=seconds(1), maximum_attempts=2)
NO = failed("no", "No")


async def goes_on_by_itself_between_its_times(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 2s")
    await stage.worker.on_task(continue_as_new(stage.queue, cron_schedule="@every 2s"))
    second = await next_run(stage, run)
    await stage.worker.on_task(complete(text("done")))
    await stage.terminate(await next_run(stage, second))


async def is_tried_again_between_its_times(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 2s", retry_policy=ONCE_MORE)
    await stage.worker.on_task(fail(NO))
    second = await next_run(stage, run)
    await stage.worker.on_task(fail(NO))
    await stage.terminate(await next_run(stage, second))


async def ends_its_times_by_cancelling(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 1s")
    task = await stage.worker.poll()
    await stage.cancel(run)
    stage.note(await stage.refused(stage.worker.answer(task, complete())))
    await stage.worker.on_task(command("cancel_workflow_execution"))


async def has_more_times_though_it_was_asked_to_cancel(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 1s")
    await stage.worker.on_task(start_timer("t", 100))
    await stage.cancel(run)
    await stage.worker.on_task(complete())
    await stage.terminate(await next_run(stage, run))


async def has_more_times_though_one_took_too_long(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 1s", workflow_run_timeout=seconds(1))
    await stage.closed(run)
    await stage.terminate(await next_run(stage, run))


async def hands_on_its_last_result(stage: Stage) -> None:
    run = await stage.start(cron_schedule="@every 1s")
    for last in (complete(text("first")), fail(NO), complete()):
        await stage.worker.on_task(last)
        run = await next_run(stage, run)
    await stage.terminate(run)


async def is_steered_before_its_time(stage: Stage) -> None:
    begins: dict[str, dict[str, Any]] = {
        "cron": {"cron_schedule": "0 0 1 1 *"},
        "delay": {"workflow_start_delay": seconds(100)},
    }
    for name, given in begins.items():
        await stage.signal(await stage.start(f"signalled {name}", **given))
        await stage.cancel(await stage.start(f"cancelled {name}", **given))
        await stage.terminate(await stage.start(f"terminated {name}", **given))


async def is_steered_before_it_is_tried_again(stage: Stage) -> None:
    run = await stage.start(retry_policy=RetryPolicy(initial_interval=seconds(50)))
    await stage.worker.on_task(fail(NO))
    again = await next_run(stage, run)
    await stage.signal(again)
    await stage.cancel(again)


async def is_not_tried_again_for_its_type(stage: Stage) -> None:
    await stage.start(retry_policy=RetryPolicy(non_retryable_error_types=["No"]))
    await stage.worker.on_task(fail(NO))


async def says_when_to_try_the_run_again(stage: Stage) -> None:
    policy = RetryPolicy(initial_interval=seconds(100), maximum_attempts=2)
    run = await stage.start(retry_policy=policy)
    soon = failed("no", "No")
    soon.application_failure_info.next_retry_delay.CopyFrom(seconds(1))
    await stage.worker.on_task(fail(soon))
    await next_run(stage, run)
    await stage.worker.on_task(fail(soon))


async def has_no_time_to_try_again(stage: Stage) -> None:
    policy = RetryPolicy(initial_interval=seconds(100))
    await stage.start(retry_policy=policy, workflow_execution_timeout=seconds(50))
    await stage.worker.on_task(fail(NO))


async def goes_on_without_its_retries(stage: Stage) -> None:
    run = await stage.start(retry_policy=ONCE_MORE)
    await stage.worker.on_task(fail(NO))
    again = await next_run(stage, run)
    await stage.worker.on_task(continue_as_new(stage.queue))
    await next_run(stage, again)
    await stage.worker.on_task(complete())


async def goes_on_with_retries_of_its_own(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(continue_as_new(stage.queue, retry_policy=ONCE_MORE))
    second = await next_run(stage, run)
    await stage.worker.on_task(fail(NO))
    await next_run(stage, second)
    await stage.worker.on_task(complete())


async def goes_on_later(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(continue_as_new(stage.queue, backoff_start_interval=seconds(2)))
    await next_run(stage, run)
    await stage.worker.on_task(complete())


async def is_reset_without_some_of_what_it_heard(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 100))
    await stage.signal(run, "one")
    await stage.cancel(run)
    await stage.worker.on_task(start_timer("u", 100))
    kinds = [kind for kind in Exclude.values() if kind]
    for excluded in (*([kind] for kind in kinds), kinds):
        answer = await stage.server.workflows.ResetWorkflowExecution(
            ResetWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=run,
                workflow_task_finish_event_id=4,
                request_id=f"without {excluded}",
                reset_reapply_exclude_types=excluded,
            )
        )
        stage.also(run.workflow_id, answer.run_id)


async def is_reset_after_it_was_terminated(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    await stage.terminate(run)
    await reset(stage, run, 4)
    await stage.worker.on_task(complete())


async def is_reset_with_an_activity_under_way(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    await stage.worker.poll_activity()
    await stage.signal(run)
    await stage.worker.on_task()
    await reset(stage, run, 8)
    await stage.worker.on_activity()
    await stage.worker.on_task(complete())


# -- children


async def _parent(stage: Stage, name: str = "main", **given: Any) -> WorkflowExecution:
    """A run whose child has started, in a queue of its own."""
    child = {name: given.pop(name) for name in list(given) if name in _OF_CHILD}
    run = await stage.start(name, **given)
    start = start_child(
        _child(stage, name).workflow_id, f"{stage.queue} of children", namespace="default", **child
    )
    await stage.worker.on_task(start)
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    return run


_OF_CHILD = ("parent_close_policy", "cron_schedule", "retry_policy", "workflow_task_timeout")


def _child(stage: Stage, name: str = "main") -> WorkflowExecution:
    return WorkflowExecution(workflow_id=stage.workflow_id(f"child of {name}"))


async def _on_child(stage: Stage, *commands: Command) -> None:
    normal, stage.worker.queue = stage.worker.queue, f"{stage.queue} of children"
    await stage.worker.on_task(*commands)
    stage.worker.queue = normal


async def is_reset_and_keeps_its_child(stage: Stage) -> None:
    run = await _parent(stage, parent_close_policy=Policy.PARENT_CLOSE_POLICY_ABANDON)
    await stage.worker.on_task()
    again = await reset(stage, run, 9)
    await _on_child(stage, complete(text("done")))
    await stage.until_seen(again, "ChildWorkflowExecutionCompleted")
    await stage.worker.on_task(complete())


async def gives_its_child_times_and_retries(stage: Stage) -> None:
    for policy in Policy.values():
        run = await _parent(
            stage,
            f"parent {policy}",
            parent_close_policy=policy,
            retry_policy=RetryPolicy(maximum_attempts=3),
            workflow_task_timeout=seconds(5),
        )
        await stage.cancel(run)
        await stage.worker.on_task(command("cancel_workflow_execution"))


async def goes_on_without_its_child(stage: Stage) -> None:
    run = await _parent(stage)
    await stage.worker.on_task(continue_as_new(stage.queue))
    await stage.until_seen(_child(stage), "WorkflowExecutionTerminated")
    await stage.worker.on_task(complete())
    await next_run(stage, run)


async def is_tried_again_without_its_child(stage: Stage) -> None:
    run = await stage.start(retry_policy=ONCE_MORE)
    await stage.worker.on_task(
        start_child(_child(stage).workflow_id, f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task(fail(NO))
    await stage.until_seen(_child(stage), "WorkflowExecutionTerminated")
    await stage.terminate(await next_run(stage, run))


async def runs_out_of_time_before_its_child(stage: Stage) -> None:
    await _parent(stage, workflow_run_timeout=seconds(2))
    await stage.until_seen(_child(stage), "WorkflowExecutionTerminated")
    stage.also(_child(stage).workflow_id)


async def hears_the_end_of_a_child_that_went_on(stage: Stage) -> None:
    await _parent(stage)
    await stage.worker.on_task()
    await _on_child(stage, continue_as_new(f"{stage.queue} of children"))
    await _on_child(stage, complete(text("end")))
    await stage.worker.on_task(complete())


async def leaves_a_child_that_went_on_to_be_terminated(stage: Stage) -> None:
    run = await _parent(stage)
    await _on_child(stage, continue_as_new(f"{stage.queue} of children"))
    await stage.terminate(run)
    await stage.until_seen(_child(stage), "WorkflowExecutionTerminated")


async def leaves_a_child_that_went_on_to_be_cancelled(stage: Stage) -> None:
    run = await _parent(stage, parent_close_policy=Policy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
    await _on_child(stage, continue_as_new(f"{stage.queue} of children"))
    await stage.terminate(run)
    await stage.until_seen(_child(stage), "WorkflowExecutionCancelRequested")


async def leaves_a_child_that_waits_for_its_time(stage: Stage) -> None:
    await _parent(stage, cron_schedule="0 0 1 1 *")
    await stage.worker.on_task(complete())
    await stage.until_seen(_child(stage), "WorkflowExecutionTerminated")
    stage.also(_child(stage).workflow_id)
