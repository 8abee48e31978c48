"""Runs that are paused: what stands in their history meanwhile, what waits, what is refused.

A difference that is kept: one that was to begin later can be paused, and begins when it goes on;
the dev server fails inside.
"""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
    PauseWorkflowExecutionRequest,
    QueryWorkflowRequest,
    ResetWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import complete, schedule_activity, seconds, start_timer, text
from tests.support.eventually import eventually_async


async def _pause(stage: Stage, run: WorkflowExecution, **given: Any) -> None:
    given = {"reason": "a bad deploy", "request_id": "pause", **given}
    asked = PauseWorkflowExecutionRequest(
        namespace="default", workflow_id=run.workflow_id, run_id=run.run_id, identity="Alice",
        **given,
    )  # fmt: skip
    await stage.tries(stage.server.workflows.PauseWorkflowExecution(asked))


async def _resume(stage: Stage, run: WorkflowExecution, **given: Any) -> None:
    given = {"reason": "mended", "request_id": "resume", **given}
    asked = UnpauseWorkflowExecutionRequest(
        namespace="default", workflow_id=run.workflow_id, run_id=run.run_id, identity="Alice",
        **given,
    )  # fmt: skip
    await stage.tries(stage.server.workflows.UnpauseWorkflowExecution(asked))


async def _look(stage: Stage, run: WorkflowExecution) -> None:
    """Note how it is shown."""
    asked = DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    found = await stage.server.workflows.DescribeWorkflowExecution(asked)
    info = found.workflow_execution_info
    paused = found.workflow_extended_info.pause_info
    stage.note("status", info.status, "paused by", paused.identity, "because", paused.reason)
    stage.note("told as", info.search_attributes.indexed_fields["TemporalPauseInfo"].data)
    stage.note("task", found.pending_workflow_task.state, found.pending_workflow_task.attempt)
    for activity in found.pending_activities:
        stage.note("activity", activity.state, activity.attempt, activity.paused)


async def _no_task(stage: Stage) -> None:
    stage.note("no task came" if await stage.worker.gets_no_task() else "a task came")


async def _idle(stage: Stage) -> WorkflowExecution:
    """A run that waits for a signal."""
    run = await stage.start()
    await stage.worker.on_task()
    return run


async def an_idle_run_is_paused_and_goes_on(stage: Stage) -> None:
    run = await _idle(stage)
    await _pause(stage, run)
    await _look(stage, run)
    await stage.signal(run)
    await stage.cancel(run)
    await _no_task(stage)
    await _look(stage, run)
    await _resume(stage, run)
    await _look(stage, run)
    await stage.worker.on_task(complete())


async def it_is_paused_before_a_worker_has_its_first_task(stage: Stage) -> None:
    run = await stage.start()
    await _pause(stage, run)
    await _look(stage, run)
    await _no_task(stage)
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def it_is_paused_while_a_worker_has_its_task(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await _pause(stage, run)
    await _look(stage, run)
    await stage.signal(run)
    await stage.worker.answer(task, start_timer("t", 60))
    await _no_task(stage)
    await _look(stage, run)
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def it_goes_on_before_its_worker_has_answered(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await _pause(stage, run)
    await _resume(stage, run)
    await _look(stage, run)
    await stage.worker.answer(task)
    await stage.worker.on_task(complete())


async def its_task_fails_while_it_is_paused(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await _pause(stage, run)
    await stage.worker.fail_task(task)
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def what_a_task_schedules_waits(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    await _pause(stage, run)
    await stage.worker.answer(task, schedule_activity("charge", stage.queue))
    await _look(stage, run)
    await _resume(stage, run)
    await stage.worker.on_task()
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def an_activity_waits(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue))
    await _pause(stage, run)
    await _look(stage, run)
    await _resume(stage, run)
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def an_activity_ends_while_its_run_is_paused(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("charge", stage.queue))
    task = await stage.worker.poll_activity()
    await _pause(stage, run)
    await _look(stage, run)
    await stage.worker.complete_activity(task, text("charged"))
    await _no_task(stage)
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def a_timer_fires_while_its_run_is_paused(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(start_timer("t", 0.5))
    await _pause(stage, run)
    await stage.until_seen(run, "TimerFired")
    await _no_task(stage)
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def it_answers_nobody(stage: Stage) -> None:
    run = await _idle(stage)
    await _pause(stage, run)
    query = QueryWorkflowRequest(
        namespace="default", execution=run, query=WorkflowQuery(query_type="how")
    )
    await stage.tries(stage.server.workflows.QueryWorkflow(query))
    request = Request(meta=Meta(update_id="u"), input=Input(name="adjust", args=text(5)))
    update = UpdateWorkflowExecutionRequest(
        namespace="default", workflow_execution=run, request=request,
        wait_policy=WaitPolicy(lifecycle_stage=2),
    )  # fmt: skip
    await stage.tries(stage.server.workflows.UpdateWorkflowExecution(update))
    await stage.terminate(run)
    await _look(stage, run)


async def it_is_found_as_paused(stage: Stage) -> None:
    run = await _idle(stage)
    await _pause(stage, run)
    for status in ("Paused", "Running"):
        query = f"WorkflowId = '{run.workflow_id}' AND ExecutionStatus = '{status}'"
        asked = ListWorkflowExecutionsRequest(namespace="default", query=query)
        if status == "Paused":
            await eventually_async(
                lambda asked=asked: stage.server.workflows.ListWorkflowExecutions(asked),
                lambda found: len(found.executions) == 1,
                within=10,
            )
        found = await stage.server.workflows.ListWorkflowExecutions(asked)
        stage.note(status, [each.status for each in found.executions])
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def it_is_reset(stage: Stage) -> None:
    run = await _idle(stage)
    await _pause(stage, run)
    asked = ResetWorkflowExecutionRequest(
        namespace="default", workflow_execution=run, workflow_task_finish_event_id=4,
        reason="a test", request_id="reset",
    )  # fmt: skip
    answer = await stage.server.workflows.ResetWorkflowExecution(asked)
    following = stage.also(run.workflow_id, answer.run_id)
    await _look(stage, following)
    await stage.worker.on_task(complete())
    await _look(stage, run)


async def it_is_started_again(stage: Stage) -> None:
    run = await _idle(stage)
    await _pause(stage, run)
    given = {
        "namespace": "default",
        "workflow_id": run.workflow_id,
        "workflow_type": WorkflowType(name="Scripted"),
        "task_queue": TaskQueue(name=stage.queue),
        "identity": "scripted",
    }
    signal = SignalWithStartWorkflowExecutionRequest(**given, signal_name="go", request_id="signal")
    found = await stage.server.workflows.SignalWithStartWorkflowExecution(signal)
    stage.note("started", found.started)
    await stage.refused(
        stage.server.workflows.StartWorkflowExecution(
            StartWorkflowExecutionRequest(**given, request_id="again")
        )
    )
    used = StartWorkflowExecutionRequest(**given, request_id="use", workflow_id_conflict_policy=2)
    answer = await stage.server.workflows.StartWorkflowExecution(used)
    stage.note("used", answer.started, answer.status)
    await _no_task(stage)
    await _resume(stage, run)
    await stage.worker.on_task(complete())


async def its_time_is_over(stage: Stage) -> None:
    run = await stage.start(workflow_run_timeout=seconds(5))
    await stage.worker.on_task()
    await _pause(stage, run)
    await stage.until(run, "WorkflowExecutionTimedOut")
    await _look(stage, run)


async def it_is_refused(stage: Stage) -> None:
    run = await _idle(stage)
    await _resume(stage, run)
    await _pause(stage, run, reason="x" * 1_001)
    await _pause(stage, run, request_id="x" * 1_001)
    await _pause(stage, run)
    await _pause(stage, run)
    await _pause(stage, run, request_id="another")
    await _pause(stage, run, request_id="")
    await _resume(stage, run, reason="x" * 1_001)
    await _resume(stage, run)
    await _resume(stage, run)
    await stage.worker.on_task(complete())
    await asyncio.gather(stage.closed(run))
    await _pause(stage, run)
    await _resume(stage, run)
    none = WorkflowExecution(workflow_id=stage.workflow_id("none"))
    await _pause(stage, none)
    await _resume(stage, none)
    await _pause(stage, WorkflowExecution())
    await _resume(stage, WorkflowExecution())
