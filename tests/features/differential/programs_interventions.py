"""Operators at pending activities.

Differences that are kept: to restore the options that an activity was scheduled with restores its
priority here as well; a whole retry policy is looked at as closely as a part of one; heartbeat
details that are to be forgotten are forgotten also where the activity stays paused; an attempt that
begins after a change is told the new time-outs, not those of the event.
"""

from __future__ import annotations

import asyncio
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Priority, RetryPolicy, WorkflowExecution
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PauseActivityRequest,
    RecordActivityTaskHeartbeatRequest,
    ResetActivityRequest,
    UnpauseActivityRequest,
    UpdateActivityOptionsRequest,
)

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

_REQUESTS = {
    "pause": (PauseActivityRequest, "PauseActivity"),
    "unpause": (UnpauseActivityRequest, "UnpauseActivity"),
    "reset": (ResetActivityRequest, "ResetActivity"),
    "change": (UpdateActivityOptionsRequest, "UpdateActivityOptions"),
}


async def _ask(
    stage: Stage, run: WorkflowExecution, act: str, *, look: bool = True, **given: Any
) -> None:
    request, name = _REQUESTS[act]
    asked = request(namespace="default", execution=run, identity="Alice", **given)
    await stage.tries(getattr(stage.server.workflows, name)(asked))
    if look:
        await stage.look(run)


def _options(*paths: str, **given: Any) -> dict[str, Any]:
    return {
        "activity_options": ActivityOptions(**given),
        "update_mask": FieldMask(paths=paths),
    }


async def _beat(stage: Stage, token: bytes) -> None:
    asked = RecordActivityTaskHeartbeatRequest(
        namespace="default", task_token=token, details=text("half")
    )
    await stage.tries(stage.server.workflows.RecordActivityTaskHeartbeat(asked))


async def _waits(stage: Stage, **given: Any) -> WorkflowExecution:
    run = await stage.start()
    given = {"retry_policy": retries(30), **given}
    await stage.worker.on_task(schedule_activity("charge", stage.queue, **given))
    return run


async def pauses_one_that_waits(stage: Stage) -> None:
    run = await _waits(stage)
    await _ask(stage, run, "pause", id="charge", reason="a bad deploy")
    await _ask(stage, run, "pause", id="charge", reason="again")
    await _ask(stage, run, "unpause", type="Charge")
    await _ask(stage, run, "unpause", type="Charge")
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def pauses_one_that_runs(stage: Stage) -> None:
    run = await _waits(stage)
    task = await stage.worker.poll_activity()
    await _ask(stage, run, "pause", type="Charge", reason="a bad deploy")
    await _beat(stage, task.task_token)
    await stage.worker.fail_activity(task, failed("no"))
    await stage.look(run)
    await _ask(stage, run, "unpause", unpause_all=True)
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def pauses_the_last_attempt(stage: Stage) -> None:
    run = await _waits(stage, retry_policy=retries(0.05, attempts=1))
    task = await stage.worker.poll_activity()
    await _ask(stage, run, "pause", id="charge")
    await stage.worker.fail_activity(task, failed("no"))
    await stage.look(run)
    await _ask(stage, run, "unpause", id="charge", reset_attempts=True)
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def pauses_what_then_fails_for_good(stage: Stage) -> None:
    run = await _waits(stage)
    task = await stage.worker.poll_activity()
    await _ask(stage, run, "pause", id="charge")
    await stage.worker.fail_activity(task, failed("no", non_retryable=True))
    await stage.worker.on_task(complete())


async def completes_under_a_pause(stage: Stage) -> None:
    run = await _waits(stage)
    task = await stage.worker.poll_activity()
    await _ask(stage, run, "pause", id="charge")
    await stage.worker.complete_activity(task, text("charged"))
    await stage.worker.on_task(complete())


async def cancels_under_a_pause(stage: Stage) -> None:
    run = await _waits(stage)
    await _ask(stage, run, "pause", id="charge")
    await stage.signal(run)
    await stage.worker.on_task(cancel_activity(5))
    await stage.worker.on_task(complete())


async def times_out_once_it_is_resumed(stage: Stage) -> None:
    run = await _waits(stage, schedule_to_close_timeout=seconds(1))
    await _ask(stage, run, "pause", id="charge")
    await asyncio.sleep(1.5)
    await stage.look(run)
    asked = UnpauseActivityRequest(namespace="default", execution=run, id="charge")
    await stage.server.workflows.UnpauseActivity(asked)
    await stage.worker.on_task(complete())


async def resets_in_back_off(stage: Stage) -> None:
    run = await _waits(stage)
    for _ in range(2):
        task = await stage.worker.poll_activity()
        await _beat(stage, task.task_token)
        await stage.worker.fail_activity(task, failed("no"))
        await _ask(stage, run, "reset", id="charge")
    await _ask(stage, run, "pause", id="charge")
    await _ask(stage, run, "reset", id="charge", keep_paused=True)
    await _ask(stage, run, "reset", id="charge", reset_heartbeat=True)
    await _ask(stage, run, "pause", id="charge")
    await _ask(stage, run, "reset", match_all=True)
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def resets_one_that_runs(stage: Stage) -> None:
    run = await _waits(stage)
    task = await stage.worker.poll_activity()
    await _ask(stage, run, "reset", type="Charge")
    await _beat(stage, task.task_token)
    await stage.worker.fail_activity(task, failed("no"))
    await stage.look(run)


async def resets_a_later_attempt_that_runs(stage: Stage) -> None:
    run = await _waits(stage, retry_policy=retries(0.05))
    await stage.worker.on_activity(failure=failed("no"))
    task = await stage.worker.poll_activity()
    await _ask(stage, run, "reset", id="charge")
    await _beat(stage, task.task_token)


async def changes_options(stage: Stage) -> None:
    run = await _waits(stage)
    await _ask(
        stage, run, "change", id="charge",
        **_options(
            "start_to_close_timeout", "retry_policy.maximum_attempts",
            start_to_close_timeout=seconds(77), retry_policy=RetryPolicy(maximum_attempts=9),
        ),
    )  # fmt: skip
    await _ask(stage, run, "change", id="charge", **_options("nonsense"))
    await _ask(
        stage, run, "change", type="Charge",
        **_options("scheduleToCloseTimeout", schedule_to_close_timeout=seconds(600)),
    )  # fmt: skip
    await _ask(
        stage, run, "change", id="charge",
        **_options("retry_policy", retry_policy=RetryPolicy(initial_interval=seconds(7))),
    )  # fmt: skip
    await stage.worker.on_activity(failure=failed("no"))
    await stage.look(run)
    await _ask(stage, run, "reset", id="charge", restore_original_options=True)
    await _ask(stage, run, "change", id="charge", restore_original=True)
    await _ask(
        stage, run, "change", match_all=True,
        **_options("priority.priority_key", priority=Priority(priority_key=1)),
    )  # fmt: skip
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def moves_one_to_another_queue(stage: Stage) -> None:
    run = await _waits(stage)
    elsewhere = TaskQueue(name=f"{stage.queue}, elsewhere")
    await stage.server.workflows.UpdateActivityOptions(
        UpdateActivityOptionsRequest(
            namespace="default", execution=run, id="charge",
            **_options("task_queue.name", task_queue=elsewhere),
        )
    )  # fmt: skip
    await stage.look(run)
    stage.worker.queue = elsewhere.name
    await stage.worker.on_activity(text("charged"))


async def shortens_an_attempt_that_runs(stage: Stage) -> None:
    run = await _waits(stage)
    await stage.worker.poll_activity()
    await _ask(
        stage, run, "change", id="charge",
        **_options("start_to_close_timeout", start_to_close_timeout=seconds(1)),
    )  # fmt: skip
    await asyncio.sleep(1.5)
    await stage.look(run)


async def asks_what_cannot_be(stage: Stage) -> None:
    run = await _waits(stage)
    for act in ("pause", "unpause", "reset"):
        await _ask(stage, run, act)
        await _ask(stage, run, act, id="unknown")
        await _ask(stage, run, act, type="Unknown")
    masked = _options("start_to_close_timeout", start_to_close_timeout=seconds(-1))
    for given in (
        {},
        {"id": "charge"},
        {"id": "charge", "activity_options": ActivityOptions()},
        {"id": "charge", "update_mask": FieldMask(paths=["priority"])},
        {"id": "charge", "restore_original": True, "update_mask": FieldMask(paths=["priority"])},
        {"id": "charge", **masked},
        {"id": "unknown", **masked},
        {"id": "charge", **_options("start_to_close_timeout", "schedule_to_close_timeout")},
        {"id": "charge", **_options("retryPolicy.maximumAttempts")},
        {"id": "charge", **_options("task_queue.name")},
    ):
        await _ask(stage, run, "change", **given)
    await stage.terminate(run)
    for act in _REQUESTS:
        given = _options("priority", priority=Priority()) if act == "change" else {}
        await _ask(stage, run, act, look=False, id="charge", **given)
