"""What is handed over with an answer: the first task of a run, the activities of a task.

Differences that are kept: an activity tells of the version of its last worker also where it is
standalone or was handed over, and a worker of a version has first tasks only where it would have
them from the queue.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import VersioningBehavior, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    PollWorkflowTaskQueueResponse,
    SetWorkerDeploymentCurrentVersionRequest,
    StartWorkflowExecutionRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import cancel_activity, complete, retries, schedule_activity, text
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.solo import Solo
from tests.support.worker import ScriptedWorker

EAGER = {"request_eager_execution": True, "retry_policy": retries(0.05)}


async def a_start_hands_over_the_first_task(stage: Stage) -> None:
    request = StartWorkflowExecutionRequest(
        namespace="default", workflow_id=stage.workflow_id(), request_id="start",
        identity="Alice", request_eager_execution=True,
    )  # fmt: skip
    request.workflow_type.name, request.task_queue.name = "Scripted", stage.queue
    started = await stage.server.workflows.StartWorkflowExecution(request)
    stage.also(stage.workflow_id(), started.run_id)
    task = started.eager_workflow_task
    stage.note([name_of(event) for event in task.history.events], task.attempt)
    again = await stage.server.workflows.StartWorkflowExecution(request)
    stage.note("again", again.started, again.HasField("eager_workflow_task"))
    await stage.worker.answer(task, complete())
    request.workflow_id, request.request_id = stage.workflow_id("other"), "other"
    request.workflow_start_delay.FromSeconds(60)
    delayed = await stage.server.workflows.StartWorkflowExecution(request)
    stage.note("delayed", delayed.HasField("eager_workflow_task"))
    await stage.terminate(stage.also(request.workflow_id, delayed.run_id))


async def a_task_hands_over_its_activities(stage: Stage) -> None:
    await stage.start()
    task = await stage.worker.poll()
    answer = await stage.worker.answer(
        task,
        schedule_activity("mine", stage.queue, **EAGER),
        schedule_activity("another's", f"{stage.queue} elsewhere", **EAGER),
        schedule_activity("unasked", stage.queue),
    )
    for each in answer.activity_tasks:
        stage.note("handed over", each.activity_id, each.attempt, each.activity_type.name)
        await stage.worker.complete_activity(each, text("done"))
    await stage.worker.on_task(complete())


async def what_was_handed_over_is_not_wanted_any_more(stage: Stage) -> None:
    """By the very task that asks for it."""
    run = await stage.start()
    task = await stage.worker.poll()
    await _hand_over(
        stage, task, schedule_activity("cancelled", stage.queue, **EAGER), cancel_activity(5)
    )
    await stage.signal(run)
    task = await stage.worker.poll()
    await _hand_over(stage, task, schedule_activity("late", stage.queue, **EAGER), complete())


async def _hand_over(
    stage: Stage, task: PollWorkflowTaskQueueResponse, *commands: Command, **given: Any
) -> None:
    answer = await stage.worker.answer(task, *commands, **given)
    for each in answer.activity_tasks:
        stage.note("handed over", each.activity_id, each.attempt)


async def a_version_hands_over_its_activities(stage: Stage) -> None:
    """To a run that is pinned to it, and to one that goes along with the current one."""
    options = await _current(stage, stage.worker)
    for behavior in (
        VersioningBehavior.VERSIONING_BEHAVIOR_PINNED,
        VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE,
    ):
        run = await stage.start(VersioningBehavior.Name(behavior))
        given = {"deployment_options": options, "versioning_behavior": behavior}
        task = await stage.worker.poll(deployment_options=options)
        stage.note(task.workflow_execution.workflow_id == run.workflow_id)
        mine = schedule_activity("mine", stage.queue, **EAGER)
        others = schedule_activity("others", f"{stage.queue} elsewhere", **EAGER)
        answer = await stage.worker.answer(task, mine, others, **given)
        for each in answer.activity_tasks:
            stage.note("handed over", each.activity_id, each.attempt)
        await _versions(stage, run, is_told=not stage.server.is_official)
        first, second = answer.activity_tasks
        await stage.worker.fail_activity(first, deployment_options=options)
        await stage.worker.complete_activity(second)
        again = await stage.worker.poll_activity(deployment_options=options)
        stage.note("again", again.activity_id, again.attempt)
        await stage.terminate(run)


async def a_start_hands_over_to_a_version(stage: Stage) -> None:
    options = await _current(stage, stage.worker)
    for build in ("one", "two"):
        request = StartWorkflowExecutionRequest(
            namespace="default", workflow_id=stage.workflow_id(build), request_id=build,
            identity="Alice", request_eager_execution=True,
            eager_worker_deployment_options=_options(stage, build),
        )  # fmt: skip
        request.workflow_type.name, request.task_queue.name = "Scripted", stage.queue
        started = await stage.server.workflows.StartWorkflowExecution(request)
        run = WorkflowExecution(workflow_id=request.workflow_id, run_id=started.run_id)
        is_eager = started.HasField("eager_workflow_task")
        if build == "two":
            assert is_eager is stage.server.is_official
            await stage.terminate(run)
        else:
            assert is_eager
            stage.also(run.workflow_id, run.run_id)
            pinned = VersioningBehavior.VERSIONING_BEHAVIOR_PINNED
            given = {"deployment_options": options, "versioning_behavior": pinned}
            await stage.worker.answer(started.eager_workflow_task, complete(), **given)


def _options(stage: Stage, build: str = "one") -> WorkerDeploymentOptions:
    return WorkerDeploymentOptions(
        deployment_name=stage.queue.replace(" ", "-"), build_id=build,
        worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
    )  # fmt: skip


async def _current(
    stage: Stage, worker: ScriptedWorker, build: str = "one"
) -> WorkerDeploymentOptions:
    """What a worker of the version says of itself; the version is the current one by then."""
    options = _options(stage, build)
    polls = [
        asyncio.create_task(poll(30, deployment_options=options))
        for poll in (worker.poll, worker.poll_activity)
    ]
    current = SetWorkerDeploymentCurrentVersionRequest(
        namespace="default", deployment_name=options.deployment_name, build_id=build
    )

    async def is_current() -> bool:
        code = await stage.refused(
            stage.server.workflows.SetWorkerDeploymentCurrentVersion(current)
        )
        return code is grpc.StatusCode.OK

    await eventually_async(is_current, within=20)
    # On one of the two they have ended by now.
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    return options


async def an_activity_tells_of_its_last_workers_version(stage: Stage) -> None:
    worker = ScriptedWorker(stage.server, f"{stage.queue} of versions")
    options = await _current(stage, worker)
    run = await stage.start()
    await stage.worker.on_task(
        schedule_activity("charge", worker.queue, retry_policy=retries(0.1)),
    )
    await _versions(stage, run)
    task = await worker.poll_activity(deployment_options=options)
    await _versions(stage, run)
    await worker.fail_activity(task)
    task = await worker.poll_activity(deployment_options=options)
    await _versions(stage, run)
    await worker.complete_activity(task)
    await stage.worker.on_task(complete())
    solo = Solo(stage, "solo")
    await solo.start(task_queue=TaskQueue(name=worker.queue))
    await worker.complete_activity(await worker.poll_activity(deployment_options=options))
    told = (await solo.call("DescribeActivityExecution")).info.last_deployment_version.build_id
    assert told == ("" if stage.server.is_official else "one")


async def _versions(stage: Stage, run: WorkflowExecution, *, is_told: bool | None = None) -> None:
    """`is_told`: whether it is, where the two differ."""
    request = DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    found = await stage.server.workflows.DescribeWorkflowExecution(request)
    for activity in found.pending_activities:
        stage.note(activity.attempt, activity.state)
        if is_told is not None:
            assert bool(activity.last_worker_deployment_version) is is_told
            continue
        stage.show(activity.last_deployment_version)
        stage.show(activity.last_deployment)
        stage.note(
            activity.last_worker_deployment_version, activity.WhichOneof("assigned_build_id")
        )
