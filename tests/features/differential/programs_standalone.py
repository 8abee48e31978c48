"""Standalone activities: how they begin, are worked at, and end."""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import (
    Header,
    Priority,
    RetryPolicy,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.sdk.v1 import UserMetadata

from tests.features.differential.stage import Stage
from tests.support.commands import failed, retries, seconds, text
from tests.support.solo import LINK, Script, Solo, alike, each


def _failing(failure: Failure, **given: Any) -> Script:
    """It fails once, and is looked at; its outcome too, unless it is tried again."""

    async def script(solo: Solo) -> None:
        await solo.fail(await solo.begun(**given), failure)
        seen = await solo.look()
        if seen.info.HasField("close_time"):
            await solo.result()

    return script


async def it_is_completed(stage: Stage) -> None:
    solo = Solo(stage)
    given = {
        "identity": "caller",
        "input": text(1, "x"),
        "header": Header(fields={"trace": text("t").payloads[0]}),
        "user_metadata": UserMetadata(
            summary=text("what").payloads[0], details=text("why").payloads[0]
        ),
        "priority": Priority(priority_key=2, fairness_key="f"),
        "schedule_to_close_timeout": seconds(60),
        "start_to_close_timeout": seconds(10),
        "heartbeat_timeout": seconds(5),
        "links": [LINK],
    }
    stage.note(str((await solo.start(**given)).started))
    await solo.look()
    task = await solo.take()
    stage.note(len(task.activity_run_id), task.HasField("workflow_execution"))
    await stage.hear(_seen(task))
    await solo.look()
    await solo.beat(task, details=text("half"))
    await solo.hear("DescribeActivityExecution")
    await solo.look()
    await solo.complete(task, result=text("done"))
    await solo.hear("DescribeActivityExecution")
    await solo.look()
    await solo.result()
    await solo.result(run_id=task.activity_run_id)
    await solo.complete(task)
    await solo.beat(task)


async def _seen(task: Any) -> Any:
    return alike(task)


async def it_fails_and_is_tried_again(stage: Stage) -> None:
    solo = Solo(stage)
    task = await solo.begun(retry_policy=retries(3), heartbeat_timeout=seconds(5))
    await solo.fail(task, last_heartbeat_details=text("half"))
    await solo.hear("DescribeActivityExecution")
    await solo.look()
    again = await solo.take()
    await stage.hear(_seen(again))
    await solo.look()
    for rpc in ("RespondActivityTaskCompleted", "RecordActivityTaskHeartbeat"):
        await solo.tries(rpc, task_token=task.task_token)
    await solo.complete(again, result=text("done"))
    await solo.look()


async def it_fails_for_good(stage: Stage) -> None:
    later = failed("later")
    later.application_failure_info.next_retry_delay.FromSeconds(7)
    await each(
        stage,
        for_good=_failing(failed("never", "Never", non_retryable=True)),
        of_a_type=_failing(
            failed("no", "No"), retry_policy=RetryPolicy(non_retryable_error_types=["No"])
        ),
        too_often=_failing(failed("no"), retry_policy=retries(1, attempts=1)),
        too_late=_failing(
            failed("no"), schedule_to_close_timeout=seconds(2), retry_policy=retries(5)
        ),
        later=_failing(later),
        of_another_kind=_failing(Failure(message="no")),
    )


async def it_is_cancelled(stage: Stage) -> None:
    async def waiting(solo: Solo) -> None:
        await solo.start()
        await _ask_to_end(solo, "RequestCancelActivityExecution")
        await solo.result()

    async def in_back_off(solo: Solo) -> None:
        await solo.fail(await solo.begun(retry_policy=retries(30)))
        await solo.tries("RequestCancelActivityExecution")
        await solo.look()

    async def running(solo: Solo) -> None:
        task = await solo.begun(schedule_to_close_timeout=seconds(9))
        canceled = {"task_token": task.task_token, "details": text("as asked")}
        await solo.tries("RespondActivityTaskCanceled", **canceled)
        await _ask_to_end(solo, "RequestCancelActivityExecution")
        await solo.beat(task, details=text("half"))
        await solo.tries("RespondActivityTaskCanceled", identity="who answers", **canceled)
        await solo.look()
        await solo.result()

    async def failing(solo: Solo) -> None:
        task = await solo.begun()
        await solo.tries("RequestCancelActivityExecution", reason="enough")
        await solo.fail(task)
        await solo.look()

    async def completing(solo: Solo) -> None:
        task = await solo.begun()
        await solo.tries("RequestCancelActivityExecution", reason="enough")
        await solo.complete(task)
        await solo.look()
        await solo.tries("RequestCancelActivityExecution", request_id="late")

    await each(
        stage, waiting=waiting, in_back_off=in_back_off, running=running, failing=failing,
        completing=completing,
    )  # fmt: skip


async def _ask_to_end(solo: Solo, rpc: str) -> None:
    """Once, once more by the same request, and by another."""
    given = {"reason": "enough", "identity": "Alice"}
    await solo.tries(rpc, request_id="one", **given)
    await solo.look()
    await solo.tries(rpc, request_id="one", **given)
    await solo.tries(rpc, request_id="two", **given)


async def it_is_terminated(stage: Stage) -> None:
    async def waiting(solo: Solo) -> None:
        await solo.start()
        await _ask_to_end(solo, "TerminateActivityExecution")
        await solo.result()
        await solo.tries("RequestCancelActivityExecution")

    async def running(solo: Solo) -> None:
        task = await solo.begun()
        await solo.beat(task, details=text("half"))
        await solo.tries("TerminateActivityExecution")
        await solo.look()
        await solo.beat(task)
        await solo.complete(task)

    await each(stage, waiting=waiting, running=running)


async def its_time_is_over(stage: Stage) -> None:
    async def not_started(solo: Solo) -> None:
        await solo.start(schedule_to_start_timeout=seconds(1))
        await solo.result()
        await solo.look()

    async def as_a_whole(solo: Solo) -> None:
        await solo.beat(await solo.begun(schedule_to_close_timeout=seconds(4)), details=text("b"))
        await solo.result()
        await solo.look()

    async def in_back_off(solo: Solo) -> None:
        task = await solo.begun(
            schedule_to_close_timeout=seconds(9),
            start_to_close_timeout=seconds(3),
            retry_policy=retries(1),
        )
        await solo.fail(task)
        await solo.result()

    await each(
        stage,
        not_started=not_started,
        as_a_whole=as_a_whole,
        in_back_off=in_back_off,
        an_attempt=_too_slow(
            start_to_close_timeout=seconds(3), retry_policy=retries(1, attempts=1)
        ),
        a_beat=_too_slow(heartbeat_timeout=seconds(3), retry_policy=retries(1, attempts=1)),
        no_time_left=_too_slow(
            schedule_to_close_timeout=seconds(9),
            start_to_close_timeout=seconds(3),
            retry_policy=retries(10),
        ),
    )


def _too_slow(**given: Any) -> Script:
    async def script(solo: Solo) -> None:
        task = await solo.begun(**given)
        await solo.beat(task, details=text("half"))
        await solo.result()
        await solo.look()
        await solo.tries("RespondActivityTaskCompletedById")
        await solo.complete(task)

    return script


async def an_attempt_is_too_slow_and_another_follows(stage: Stage) -> None:
    solo = Solo(stage)
    given = {"start_to_close_timeout": seconds(1), "retry_policy": retries(0.05, attempts=3)}
    await solo.fail(await solo.begun(**given))
    await solo.take()
    await stage.hear(_seen(await solo.take()))
    await solo.look()
    await solo.result()


async def it_begins_later(stage: Stage) -> None:
    solo = Solo(stage)
    await solo.start(
        start_delay=seconds(1.5),
        schedule_to_start_timeout=seconds(1),
        schedule_to_close_timeout=seconds(10),
    )
    await solo.look()
    await stage.hear(_seen(await solo.take()))
    await solo.look()
    other = Solo(stage, "other")
    await other.start(start_delay=seconds(20))
    await other.tries("RequestCancelActivityExecution")
    await other.look()


async def it_is_answered_by_its_id(stage: Stage) -> None:
    words: dict[str, dict[str, Any]] = {
        "RespondActivityTaskCompletedById": {"result": text("by id")},
        "RespondActivityTaskFailedById": {"failure": failed("by id")},
        "RespondActivityTaskCanceledById": {"details": text("by id")},
        "RecordActivityTaskHeartbeatById": {"details": text("by id")},
    }

    def script(rpc: str, how_far: str) -> Script:
        async def answer(solo: Solo) -> None:
            await solo.start(retry_policy=retries(5))
            task = None if how_far == "waiting" else await solo.take()
            if task is not None and how_far == "in_back_off":
                await solo.fail(task)
            await solo.tries(rpc, identity="by id", **words[rpc])
            await solo.look()
            if how_far == "ended":
                await solo.tries("TerminateActivityExecution")
                await solo.tries(rpc, **words[rpc])

        return answer

    await each(
        stage,
        **{
            f"{rpc} {how_far}": script(rpc, how_far)
            for rpc in words
            for how_far in ("waiting", "running", "in_back_off", "ended")
        },
    )


async def what_it_says_is_too_large(stage: Stage) -> None:
    large = text("x" * 2_200_000)

    async def result(solo: Solo) -> None:
        await solo.complete(await solo.begun(), result=large)
        await solo.look()

    async def beat(solo: Solo) -> None:
        await solo.beat(await solo.begun(), details=large)
        await solo.look()

    await each(stage, result=result, beat=beat)
