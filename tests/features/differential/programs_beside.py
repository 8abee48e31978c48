"""What stands beside the work itself: eager starts, hints to workers, what is of a namespace.

A difference that is kept: a standalone activity, too, tells of the version of its last worker.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from temporalio.api.common.v1 import Memo, WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeWorkflowExecutionRequest,
    PollWorkflowTaskQueueResponse,
    RegisterNamespaceRequest,
    ResetStickyTaskQueueRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    ShutdownWorkerRequest,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    UpdateNamespaceRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import (
    command,
    complete,
    retries,
    schedule_activity,
    seconds,
    signal_external,
    start_timer,
    text,
)
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.solo import Solo
from tests.support.worker import ScriptedWorker

#: Longer than a poll may have waited, shorter than one that is too many.
_IDLE_SECONDS, _OLD_SECONDS = 1.3, 0.5
_EVENTS_SUGGESTED = 4_096
(PLAN,) = text("gold").payloads


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
    given = {"request_eager_execution": True, "retry_policy": retries(0.05)}
    answer = await stage.worker.answer(
        task,
        schedule_activity("mine", stage.queue, **given),
        schedule_activity("another's", f"{stage.queue} elsewhere", **given),
        schedule_activity("unasked", stage.queue),
    )
    for each in answer.activity_tasks:
        stage.note("handed over", each.activity_id, each.attempt, each.activity_type.name)
        await stage.worker.complete_activity(each, text("done"))
    await stage.worker.on_task(complete())


async def a_run_grows_long(stage: Stage) -> None:
    run = await stage.start()
    markers = [command("record_marker", marker_name="m") for _ in range(_EVENTS_SUGGESTED)]
    task = await stage.worker.poll()
    _note_length(stage, task)
    await stage.worker.answer(task, *markers[: _EVENTS_SUGGESTED - 6])
    await stage.signal(run)
    task = await stage.worker.poll()
    _note_length(stage, task)
    await stage.worker.answer(task, *markers[:6])
    await stage.signal(run)
    task = await stage.worker.poll()
    _note_length(stage, task)
    await stage.worker.answer(task, complete())


def _note_length(stage: Stage, task: PollWorkflowTaskQueueResponse) -> None:
    started = task.history.events[-1].workflow_task_started_event_attributes
    reasons = list(started.suggest_continue_as_new_reasons)
    stage.note("suggested", started.suggest_continue_as_new, reasons)


async def a_run_is_freed_of_its_worker(stage: Stage) -> None:
    run = await stage.start()
    stuck = ScriptedWorker(stage.server, stage.queue, sticky=f"{stage.queue} sticky")
    polls = asyncio.create_task(stuck.poll(sticky=True))
    await stuck.on_task()
    request = ResetStickyTaskQueueRequest(namespace="default", execution=run)
    await stage.tries(stage.server.workflows.ResetStickyTaskQueue(request))
    await stage.signal(run)
    task = await stage.worker.poll()
    stage.note("all of it", task.history.events[0].event_id, task.previous_started_event_id)
    await stage.worker.answer(task, complete())
    await stage.tries(stage.server.workflows.ResetStickyTaskQueue(request))
    polls.cancel()
    for workflow_id in ("", stage.workflow_id("none")):
        request.execution.workflow_id, request.execution.run_id = workflow_id, ""
        await stage.tries(stage.server.workflows.ResetStickyTaskQueue(request))


async def what_it_does_is_described(stage: Stage) -> None:
    def told(word: str) -> UserMetadata:
        return UserMetadata(summary=text(word).payloads[0], details=text("why").payloads[0])

    run = await stage.start(user_metadata=told("a run"))
    child = command(
        "start_child_workflow_execution", workflow_id=stage.workflow_id("child"),
        workflow_type={"name": "Scripted"}, task_queue={"name": f"{stage.queue} of children"},
    )  # fmt: skip
    first = (
        schedule_activity("charge", stage.queue),
        start_timer("t", 60),
        command("record_marker", marker_name="m"),
    )
    memo = command("modify_workflow_properties", upserted_memo=Memo(fields={"plan": PLAN}))
    second = (command("cancel_timer", timer_id="t"), memo, child)
    third = signal_external(stage.workflow_id("nobody"), "go", namespace="default")
    done = complete()
    for each in (*first, *second, third, done):
        each.user_metadata.CopyFrom(told("a step"))
    await stage.worker.on_task(*first)
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(*second)
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task(third)
    await stage.until_seen(run, "SignalExternalWorkflowExecutionFailed")
    await stage.worker.on_task(done)


async def workers_are_told_how_many_are_to_poll(stage: Stage) -> None:
    async def idle(kind: str) -> None:
        part, poll = stage.part(kind), _POLLS[kind]
        waiting = asyncio.create_task(poll(part.worker))
        await asyncio.sleep(_IDLE_SECONDS)
        await _fill(part, kind, "late", 1)
        part.note("fewer", _delta(await waiting))
        await _fill(part, kind, "many", 3)
        await asyncio.sleep(_OLD_SECONDS)
        part.note("more", _delta(await poll(part.worker)))

    await asyncio.gather(*(idle(kind) for kind in _POLLS))


_POLLS = {"workflow": ScriptedWorker.poll, "activity": ScriptedWorker.poll_activity}


def _delta(task: Any) -> int:
    delta: int = task.poller_scaling_decision.poll_request_delta_suggestion
    return delta


async def _fill(stage: Stage, kind: str, name: str, count: int) -> None:
    """Some tasks, all at once."""
    if kind == "workflow":
        for number in range(count):
            await stage.server.start(stage.workflow_id(f"{name} {number}"), stage.queue)
        return
    decider = ScriptedWorker(stage.server, f"{stage.queue} deciding")
    await stage.server.start(stage.workflow_id(name), decider.queue)
    await decider.on_task(*(schedule_activity(f"a{n}", stage.queue) for n in range(count)))


async def a_worker_that_leaves_polls_no_more(stage: Stage) -> None:
    worker = ScriptedWorker(stage.server, stage.queue, sticky=f"{stage.queue} sticky")
    mine = {"worker_instance_key": f"worker of {stage.queue}"}
    polls = [
        asyncio.create_task(worker.poll(**mine)),
        asyncio.create_task(worker.poll(sticky=True, **mine)),
        asyncio.create_task(worker.poll_activity(**mine)),
    ]
    another = asyncio.create_task(worker.poll(worker_instance_key=f"another of {stage.queue}"))
    await asyncio.sleep(0.5)
    request = ShutdownWorkerRequest(
        namespace="default", sticky_task_queue=worker.sticky, task_queue=stage.queue,
        task_queue_types=[1, 2], reason="enough", **mine,
    )  # fmt: skip
    await stage.tries(stage.server.workflows.ShutdownWorker(request))
    for poll in polls:
        stage.note("ended without a task", not (await poll).task_token)
    await stage.start()
    task = await another
    stage.note("another has it", bool(task.task_token))
    await worker.answer(task, complete(), sticky_attributes=None)
    for bad in ({"sticky_task_queue": ""}, {"namespace": "nowhere"}, {"namespace": ""}):
        changed = ShutdownWorkerRequest()
        changed.CopyFrom(request)
        for name, value in bad.items():
            setattr(changed, name, value)
        await stage.tries(stage.server.workflows.ShutdownWorker(changed))


async def large_messages_come_compressed(stage: Stage) -> None:
    run = await stage.start(input=text("x" * 1_900_000))
    signal = SignalWorkflowExecutionRequest(
        namespace="default", workflow_execution=run, signal_name="go", input=text("y" * 1_900_000)
    )
    gzip = grpc.Compression.Gzip
    await stage.server.workflows.SignalWorkflowExecution(signal, compression=gzip)
    events = await stage.server.history(run)
    stage.note(sum(event.ByteSize() for event in events) > 3_800_000)
    await stage.worker.on_task(complete())


async def a_namespace_is_of_one_cluster(stage: Stage) -> None:
    for given in (
        {"promote_namespace": True},
        {"replication_config": {"active_cluster_name": "elsewhere"}},
        {"replication_config": {"clusters": [{"cluster_name": "elsewhere"}]}},
        {"replication_config": {"state": 2}},
        {"namespace": "nowhere"},
        {"namespace": ""},
    ):
        request = UpdateNamespaceRequest(**{"namespace": "default", **given})
        await stage.hear(stage.server.workflows.UpdateNamespace(request))


async def a_namespace_has_no_archive(stage: Stage) -> None:
    archives = (
        {"history_archival_state": 2},
        {"visibility_archival_state": 2},
        {"history_archival_state": 2, "history_archival_uri": "file:///nowhere"},
        {"history_archival_uri": "nowhere"},
    )
    for number, given in enumerate(archives):
        name = f"{stage.queue.replace(' ', '-')}-{number}"
        request = RegisterNamespaceRequest(
            namespace=name, workflow_execution_retention_period=seconds(86_400), **given
        )
        await stage.hear(stage.server.workflows.RegisterNamespace(request))
        asked = DescribeNamespaceRequest(namespace=name)
        try:
            found = await stage.server.workflows.DescribeNamespace(asked)
            stage.show(found.config)
        except grpc.aio.AioRpcError as refusal:
            stage.note(refusal.code().name)


async def an_activity_tells_of_its_last_workers_version(stage: Stage) -> None:
    options = WorkerDeploymentOptions(
        deployment_name=stage.queue.replace(" ", "-"), build_id="one",
        worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
    )  # fmt: skip
    worker = ScriptedWorker(stage.server, f"{stage.queue} of versions")
    polls = asyncio.create_task(worker.poll_activity(30, deployment_options=options))
    current = SetWorkerDeploymentCurrentVersionRequest(
        namespace="default", deployment_name=options.deployment_name, build_id="one"
    )

    async def is_current() -> bool:
        code = await stage.refused(
            stage.server.workflows.SetWorkerDeploymentCurrentVersion(current)
        )
        return code is grpc.StatusCode.OK

    await eventually_async(is_current, within=20)
    # On one of the two it has ended by now.
    polls.cancel()
    await asyncio.gather(polls, return_exceptions=True)
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


async def _versions(stage: Stage, run: WorkflowExecution) -> None:
    request = DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    found = await stage.server.workflows.DescribeWorkflowExecution(request)
    for activity in found.pending_activities:
        stage.note(activity.attempt, activity.state)
        stage.show(activity.last_deployment_version)
        stage.show(activity.last_deployment)
        stage.note(
            activity.last_worker_deployment_version, activity.WhichOneof("assigned_build_id")
        )
