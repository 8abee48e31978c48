"""Activities: delays between attempts, what is not tried again, answers that nobody waits for."""

from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
    SignalWorkflowExecutionRequest,
)

from tests.features.differential.programs_tasks import ACTIVITY_ANSWERS, answers
from tests.features.differential.stage import Stage
from tests.support.commands import (
    cancel_activity,
    complete,
    failed,
    retries,
    schedule_activity,
    seconds,
    text,
)

LARGE = 2_200_000


def _after(delay: float) -> Failure:
    failure = failed("again", "Soon")
    failure.application_failure_info.next_retry_delay.CopyFrom(seconds(delay))
    return failure


async def says_when_to_try_it_again(stage: Stage) -> None:
    await stage.start()
    policy = RetryPolicy(initial_interval=seconds(100), maximum_attempts=3)
    await stage.worker.on_task(schedule_activity("a", stage.queue, retry_policy=policy))
    for _ in range(3):
        await stage.worker.on_activity(failure=_after(0.1))
    await stage.worker.on_task(complete())


async def says_to_try_it_when_it_is_too_late(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "a", stage.queue, schedule_to_close_timeout=seconds(5), retry_policy=retries()
        )
    )
    await stage.worker.on_activity(failure=_after(100))
    await stage.worker.on_task(complete())


async def does_not_try_again_what_took_too_long(stage: Stage) -> None:
    await stage.start()
    policy = RetryPolicy(
        initial_interval=seconds(0.1), non_retryable_error_types=["TemporalTimeout:StartToClose"]
    )
    await stage.worker.on_task(
        schedule_activity("a", stage.queue, start_to_close_timeout=seconds(1), retry_policy=policy)
    )
    await stage.worker.poll_activity()
    await stage.worker.on_task(complete())


async def does_not_try_again_what_was_silent(stage: Stage) -> None:
    await stage.start()
    policy = RetryPolicy(
        initial_interval=seconds(0.1), non_retryable_error_types=["TemporalTimeout:Heartbeat"]
    )
    await stage.worker.on_task(
        schedule_activity("a", stage.queue, heartbeat_timeout=seconds(1), retry_policy=policy)
    )
    await stage.worker.poll_activity()
    await stage.worker.on_task(complete())


async def tries_again_what_took_too_long(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "a", stage.queue, start_to_close_timeout=seconds(1), retry_policy=retries(attempts=2)
        )
    )
    await stage.worker.poll_activity()
    await stage.worker.poll_activity()
    await stage.worker.on_task(complete())


async def hands_the_last_heartbeat_to_the_next_attempt(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "a", stage.queue, heartbeat_timeout=seconds(1), retry_policy=retries(attempts=2)
        )
    )
    task = await stage.worker.poll_activity()
    beat = RecordActivityTaskHeartbeatRequest(
        namespace="default", task_token=task.task_token, details=text("half")
    )
    await stage.hear(stage.server.workflows.RecordActivityTaskHeartbeat(beat))
    again = await stage.worker.poll_activity()
    stage.note(again.attempt, again.heartbeat_details)
    await stage.worker.on_task(complete())


async def runs_out_of_time_in_its_second_attempt(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity(
            "a",
            stage.queue,
            schedule_to_close_timeout=seconds(2),
            start_to_close_timeout=seconds(10),
            retry_policy=retries(),
        )
    )
    await stage.worker.on_activity(failure=failed("no", "No"))
    await stage.worker.poll_activity()
    await stage.worker.on_task(complete())


async def may_only_fail_as_an_application_does(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity("a", stage.queue, retry_policy=retries(attempts=1))
    )
    task = await stage.worker.poll_activity()
    canceled = Failure(message="cancelled")
    canceled.canceled_failure_info.SetInParent()
    for failure in (canceled, Failure(message="no more than words"), None):
        request = RespondActivityTaskFailedRequest(
            namespace="default", task_token=task.task_token, failure=failure
        )
        await stage.hear(stage.server.workflows.RespondActivityTaskFailed(request))
    await stage.worker.on_task(complete())


async def fails_once_it_is_to_be_cancelled(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    task = await stage.worker.poll_activity()
    await stage.signal(run)
    await stage.worker.on_task(cancel_activity(5))
    await stage.worker.fail_activity(task, failed("no", "No"))
    await stage.worker.on_task(complete())


async def takes_too_long_once_it_is_to_be_cancelled(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        schedule_activity("a", stage.queue, start_to_close_timeout=seconds(2))
    )
    await stage.worker.poll_activity()
    await stage.signal(run)
    await stage.worker.on_task(cancel_activity(5))
    await stage.worker.on_task(complete())


async def hears_of_answers_to_attempts_that_are_over(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        schedule_activity("a", stage.queue, retry_policy=retries(attempts=2))
    )
    first = await stage.worker.poll_activity()
    await stage.worker.fail_activity(first)
    await answers(stage, first.task_token, *ACTIVITY_ANSWERS)
    second = await stage.worker.poll_activity()
    await answers(stage, first.task_token, *ACTIVITY_ANSWERS)
    await stage.worker.complete_activity(second)
    await answers(stage, second.task_token, *ACTIVITY_ANSWERS)
    await stage.worker.on_task(complete())
    await answers(stage, second.task_token, *ACTIVITY_ANSWERS)


async def may_not_be_cancelled_unasked(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    task = await stage.worker.poll_activity()
    await answers(stage, task.task_token, RespondActivityTaskCanceledRequest)
    await stage.terminate(run)


async def has_a_result_that_is_too_large(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    task = await stage.worker.poll_activity()
    request = RespondActivityTaskCompletedRequest(
        namespace="default", task_token=task.task_token, result=text("x" * LARGE)
    )
    await stage.hear(stage.server.workflows.RespondActivityTaskCompleted(request))
    await stage.worker.on_task(complete())


async def has_a_heartbeat_that_is_too_large(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    task = await stage.worker.poll_activity()
    request = RecordActivityTaskHeartbeatRequest(
        namespace="default", task_token=task.task_token, details=text("x" * LARGE)
    )
    await stage.hear(stage.server.workflows.RecordActivityTaskHeartbeat(request))
    await stage.worker.on_task(complete())


async def is_sent_a_signal_that_is_too_large(stage: Stage) -> None:
    run = await stage.start()
    request = SignalWorkflowExecutionRequest(
        namespace="default", workflow_execution=run, signal_name="s", input=text("x" * LARGE)
    )
    await stage.hear(stage.server.workflows.SignalWorkflowExecution(request))
    await stage.worker.on_task(complete())
