"""Standalone activities: what operators do to them."""

from __future__ import annotations

import asyncio
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Priority, RetryPolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueResponse

from tests.features.differential.stage import Stage
from tests.support.commands import failed, retries, schedule_activity, seconds, text
from tests.support.solo import Script, Solo, each

PAUSE, UNPAUSE = "PauseActivityExecution", "UnpauseActivityExecution"
RESET, CANCEL = "ResetActivityExecution", "RequestCancelActivityExecution"
CHANGE = "UpdateActivityExecutionOptions"


def _steered(*acts: str, **started: Any) -> Script:
    """It waits; each act is tried, and what has come of it is looked at."""

    async def script(solo: Solo) -> None:
        await solo.start(**started)
        for act in acts:
            await solo.tries(act, reason="why") if act in (PAUSE, CANCEL) else await solo.tries(act)
            await solo.look()

    return script


def _steered_running(*acts: str, then: Any = None, **started: Any) -> Script:
    """A worker has it: each act is tried; then it beats, and fails as `then` says."""

    async def script(solo: Solo) -> None:
        task = await solo.begun(**started)
        for act in acts:
            await solo.tries(act)
            await solo.look()
        await solo.beat(task, details=text("half"))
        await solo.fail(task, then)
        await solo.look()

    return script


async def it_is_paused(stage: Stage) -> None:
    async def twice(solo: Solo) -> None:
        await solo.start(schedule_to_close_timeout=seconds(60))
        for request_id in ("one", "one", "two"):
            await solo.tries(PAUSE, identity="Alice", reason="why", request_id=request_id)
        await solo.look()
        for _ in range(2):
            await solo.tries(UNPAUSE, identity="Alice", reason="done")
        await solo.look()
        await solo.complete(await solo.take())
        for act in (PAUSE, UNPAUSE, RESET):
            await solo.tries(act)
        await solo.tries(CHANGE, restore_original=True)

    async def answered_by_id(solo: Solo) -> None:
        await solo.start()
        await solo.tries(PAUSE)
        await solo.tries("RespondActivityTaskCompletedById")
        await solo.look()

    await each(
        stage,
        twice=twice,
        answered_by_id=answered_by_id,
        cancelled=_steered(PAUSE, CANCEL),
        terminated=_steered(PAUSE, "TerminateActivityExecution"),
        delayed=_steered(PAUSE, UNPAUSE, start_delay=seconds(30)),
        set_back=_steered(PAUSE, RESET),
    )


async def it_is_paused_while_it_runs(stage: Stage) -> None:
    one = {"retry_policy": retries(1, attempts=1)}
    for_good = failed("no", non_retryable=True)

    async def goes_on_after(solo: Solo) -> None:
        task = await solo.begun(retry_policy=retries(30))
        await solo.tries(PAUSE)
        await solo.fail(task)
        await solo.look()
        await solo.tries(UNPAUSE)
        await solo.look()

    await each(
        stage,
        goes_on_after=goes_on_after,
        and_resumed=_steered_running(PAUSE, UNPAUSE),
        and_cancelled=_steered_running(PAUSE, CANCEL, PAUSE, RESET),
        and_set_back=_steered_running(PAUSE, RESET, PAUSE, UNPAUSE),
        for_good=_steered_running(PAUSE, then=for_good),
        too_often=_steered_running(PAUSE, **one),
    )


async def it_is_late_while_it_is_paused(stage: Stage) -> None:
    def late(*, runs: bool, **given: Any) -> Script:
        async def script(solo: Solo) -> None:
            await (solo.begun(**given) if runs else solo.start(**given))
            await solo.tries(PAUSE)
            await asyncio.wait_for(_seen_to_change(solo), 10)
            await solo.look()

        return script

    await each(
        stage,
        as_a_whole=late(runs=False, schedule_to_close_timeout=seconds(1)),
        an_attempt=late(runs=True, start_to_close_timeout=seconds(1)),
    )


async def _seen_to_change(solo: Solo) -> None:
    seen = await solo.call("DescribeActivityExecution")
    await solo.call(
        "DescribeActivityExecution", run_id=seen.run_id, long_poll_token=seen.long_poll_token
    )


async def it_is_set_back(stage: Stage) -> None:
    async def in_back_off(solo: Solo) -> None:
        task = await solo.begun(retry_policy=retries(30))
        await solo.beat(task, details=text("half"))
        await solo.fail(task)
        await solo.tries(RESET, identity="Alice", reset_heartbeat=True)
        again = await solo.take()
        stage.note(again.attempt, str(again.heartbeat_details))
        await solo.tries("RespondActivityTaskCompleted", task_token=task.task_token)
        await solo.complete(again)
        await solo.look()

    async def paused(solo: Solo) -> None:
        await solo.start()
        for given in ({}, {"keep_paused": True}):
            await solo.tries(PAUSE)
            await solo.tries(RESET, **given)
            await solo.look()

    await each(
        stage,
        waiting=_steered(RESET),
        delayed=_steered(RESET, start_delay=seconds(30)),
        in_back_off=in_back_off,
        paused=paused,
    )


async def it_is_set_back_while_it_runs(stage: Stage) -> None:
    for_good = failed("no", non_retryable=True)

    async def forgets_its_beat(solo: Solo) -> None:
        task = await solo.begun()
        await solo.beat(task, details=text("half"))
        await solo.tries(RESET, reset_heartbeat=True)
        await solo.look()
        await solo.fail(task)
        await solo.look()

    async def stays_paused(solo: Solo) -> None:
        task = await solo.begun()
        await solo.tries(PAUSE)
        await solo.tries(RESET, keep_paused=True)
        await solo.beat(task)
        await solo.fail(task)
        await solo.look()

    async def completes(solo: Solo) -> None:
        task = await solo.begun()
        await solo.tries(RESET)
        await solo.complete(task)
        await solo.look()

    await each(
        stage,
        for_good=_steered_running(RESET, RESET, then=for_good),
        too_often=_steered_running(RESET, retry_policy=retries(1, attempts=1)),
        cancelled=_steered_running(RESET, CANCEL),
        forgets_its_beat=forgets_its_beat,
        stays_paused=stays_paused,
        completes=completes,
    )


def _mask(*paths: str) -> dict[str, Any]:
    return {"update_mask": FieldMask(paths=paths)}


async def its_options_are_changed(stage: Stage) -> None:
    solo = Solo(stage)
    await solo.start(schedule_to_close_timeout=seconds(60), start_delay=seconds(30))
    elsewhere = TaskQueue(name=f"{solo.queue} elsewhere")
    policy = RetryPolicy(maximum_attempts=5)
    for options, paths in (
        (ActivityOptions(heartbeat_timeout=seconds(3)), ("heartbeatTimeout",)),
        (ActivityOptions(task_queue=elsewhere), ("taskQueue.name",)),
        (ActivityOptions(retry_policy=policy), ("retry_policy.maximum_attempts",)),
        (ActivityOptions(start_delay=seconds(50)), ("startDelay",)),
        (ActivityOptions(priority=Priority(priority_key=4)), ("priority",)),
        (ActivityOptions(schedule_to_close_timeout=seconds(9)), ("schedule_to_close_timeout",)),
    ):
        await solo.hear(CHANGE, activity_options=options, **_mask(*paths))
        await solo.look()
    await solo.hear(CHANGE, restore_original=True)
    await solo.look()


async def its_options_are_changed_in_back_off(stage: Stage) -> None:
    solo = Solo(stage)
    await solo.fail(await solo.begun(retry_policy=retries(10)))
    slower = ActivityOptions(retry_policy=RetryPolicy(initial_interval=seconds(30)))
    await solo.hear(CHANGE, activity_options=slower, **_mask("retry_policy.initial_interval"))
    await solo.look()
    later = ActivityOptions(start_delay=seconds(3))
    await solo.tries(CHANGE, activity_options=later, **_mask("start_delay"))
    await solo.tries(RESET, restore_original_options=True)
    await solo.look()
    elsewhere = TaskQueue(name=f"{solo.queue} elsewhere")
    other = Solo(stage, "other")
    await other.start(task_queue=elsewhere)
    here = ActivityOptions(task_queue=TaskQueue(name=other.queue))
    await other.hear(CHANGE, activity_options=here, **_mask("task_queue.name"))
    beats = ActivityOptions(heartbeat_timeout=seconds(3))
    await other.hear(CHANGE, activity_options=beats, **_mask("heartbeat_timeout"))
    task = await other.take()
    stage.note(str(task.heartbeat_timeout))
    await other.complete(task)


async def its_options_are_changed_badly(stage: Stage) -> None:
    solo = Solo(stage)
    await solo.start(activity_id="it")
    nothing = ActivityOptions()
    both = ("start_to_close_timeout", "schedule_to_close_timeout")
    negative = ActivityOptions(start_to_close_timeout=seconds(-1))
    for given in (
        {},
        {"activity_options": nothing},
        {"restore_original": True, **_mask("heartbeat_timeout")},
        {"activity_options": nothing, **_mask()},
        {"activity_options": nothing, **_mask("nothing")},
        {"activity_options": nothing, **_mask("task_queue")},
        {"activity_options": nothing, **_mask("task_queue.name")},
        {"activity_options": nothing, **_mask("retry_policy.maximum_attempts")},
        {"activity_options": nothing, **_mask(*both)},
        {"activity_options": negative, **_mask("start_to_close_timeout")},
        {
            "activity_options": ActivityOptions(retry_policy=RetryPolicy(maximum_attempts=-1)),
            **_mask("retry_policy"),
        },
        {
            "activity_options": ActivityOptions(priority=Priority(priority_key=-1)),
            **_mask("priority"),
        },
    ):
        await solo.tries(CHANGE, activity_id="it", **given)
    await solo.tries(RESET, activity_id="it", jitter=seconds(-1))
    await solo.tries("TerminateActivityExecution", activity_id="it")


async def a_workflows_activity_is_meant(stage: Stage) -> None:
    """The same calls, with the id of a workflow."""
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue))
    solo = Solo(stage)
    meant = {"workflow_id": run.workflow_id, "activity_id": "charge"}
    await solo.tries(PAUSE, **meant)
    await stage.look(run)
    beats = ActivityOptions(heartbeat_timeout=seconds(3))
    await solo.hear(CHANGE, activity_options=beats, **_mask("heartbeat_timeout"), **meant)
    for act in (UNPAUSE, UNPAUSE, RESET):
        await solo.tries(act, **meant)
    task: PollActivityTaskQueueResponse = await stage.worker.poll_activity()
    stage.note(task.attempt, task.activity_run_id)
    await solo.tries(PAUSE, workflow_id=run.workflow_id, activity_id="none")
    await solo.tries(PAUSE, workflow_id=stage.workflow_id("nobody"), activity_id="charge")
    await stage.terminate(run)
