"""What stands beside the work itself: hints to workers, words about it, what is of a namespace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from temporalio.api.common.v1 import Memo, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    DeleteNamespaceRequest,
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DeprecateNamespaceRequest,
    DescribeNamespaceRequest,
    PollWorkflowTaskQueueResponse,
    RegisterNamespaceRequest,
    ResetStickyTaskQueueRequest,
    ShutdownWorkerRequest,
    SignalWithStartWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    UpdateNamespaceRequest,
    UpdateNamespaceResponse,
)

from tests.features.differential.stage import Stage
from tests.support.commands import (
    command,
    complete,
    schedule_activity,
    seconds,
    signal_external,
    start_timer,
    text,
)
from tests.support.engine import in_turn
from tests.support.eventually import eventually_async
from tests.support.handlers import ScriptedHandler, endpoint_of
from tests.support.worker import ScriptedWorker

#: Longer than a poll may have waited, shorter than one that is too many.
_IDLE_SECONDS, _OLD_SECONDS = 1.3, 0.5
_EVENTS_SUGGESTED = 4_096
#: Two are less than a history may have before it is to be a new one, three are more.
_PART = 1_900_000
(PLAN,) = text("gold").payloads


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


async def a_run_grows_large(stage: Stage) -> None:
    run = await stage.start()
    await stage.signal(run, input=text("x" * _PART))
    for _ in range(2):
        await stage.signal(run, input=text("x" * _PART))
        task = await stage.worker.poll()
        events = await stage.server.history(run)
        _note_suggestion(stage, events[-1])
        await stage.worker.answer(task)
    await stage.terminate(run)


def _note_length(stage: Stage, task: PollWorkflowTaskQueueResponse) -> None:
    _note_suggestion(stage, task.history.events[-1])


def _note_suggestion(stage: Stage, event: HistoryEvent) -> None:
    started = event.workflow_task_started_event_attributes
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
        part = stage.part(kind)
        poll = _POLLS[kind](part)
        waiting = asyncio.create_task(poll())
        await asyncio.sleep(_IDLE_SECONDS)
        await _fill(part, kind, "late", 1)
        part.note("fewer", _delta(await waiting))
        await _fill(part, kind, "many", 3)
        await asyncio.sleep(_OLD_SECONDS)
        part.note("more", _delta(await poll()))

    await asyncio.gather(*(idle(kind) for kind in _POLLS))


def _handler(stage: Stage) -> ScriptedHandler:
    return ScriptedHandler(stage.server, stage.queue, endpoint_of(stage.queue))


_POLLS: dict[str, Callable[[Stage], Callable[[], Awaitable[Any]]]] = {
    "workflow": lambda stage: stage.worker.poll,
    "activity": lambda stage: stage.worker.poll_activity,
    "nexus": lambda stage: _handler(stage).poll,
}


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
    if kind == "nexus":
        handler = _handler(stage)
        if name == "late":
            await handler.begin()
        await decider.on_task(*[handler.operation()] * count)
        return
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


async def a_deprecated_namespace_begins_nothing(stage: Stage) -> None:
    name = f"old-{endpoint_of(stage.queue)}"
    workflows = stage.server.workflows
    made = RegisterNamespaceRequest(
        namespace=name, workflow_execution_retention_period=seconds(86_400)
    )
    await in_turn(lambda: workflows.RegisterNamespace(made))
    start = SignalWithStartWorkflowExecutionRequest(
        namespace=name, workflow_id="w", workflow_type=WorkflowType(name="Scripted"),
        task_queue=TaskQueue(name=stage.queue), signal_name="go", request_id="first",
    )  # fmt: skip
    begun = WorkflowExecution(workflow_id="w")

    async def refused() -> grpc.StatusCode:
        return await stage.refused(workflows.SignalWithStartWorkflowExecution(start))

    await eventually_async(refused, lambda code: code is grpc.StatusCode.OK)
    await in_turn(lambda: workflows.DeprecateNamespace(DeprecateNamespaceRequest(namespace=name)))
    await eventually_async(refused, lambda code: code is not grpc.StatusCode.OK)
    await stage.hear(workflows.SignalWithStartWorkflowExecution(start))
    alone = StartWorkflowExecutionRequest(
        namespace=name, workflow_id="another", workflow_type=start.workflow_type,
        task_queue=start.task_queue, request_id="second",
    )  # fmt: skip
    await stage.hear(workflows.StartWorkflowExecution(alone))
    signal = SignalWorkflowExecutionRequest(
        namespace=name, workflow_execution=begun, signal_name="go on"
    )
    stage.note("signalled", await stage.refused(workflows.SignalWorkflowExecution(signal)))
    deleted = DeleteNamespaceRequest(namespace=name)
    stage.note("deleted", await stage.refused(stage.server.operator.DeleteNamespace(deleted)))


async def a_namespace_names_its_search_attributes(stage: Stage) -> None:
    name = f"names-{endpoint_of(stage.queue)}"
    made = RegisterNamespaceRequest(
        namespace=name, workflow_execution_retention_period=seconds(86_400)
    )
    workflows, operator = stage.server.workflows, stage.server.operator
    await in_turn(lambda: workflows.RegisterNamespace(made))
    for given in (
        {"Keyword01": "Colour", "Int03": "Size"},
        {"Keyword01": "Shape"},
        {"Keyword02": "Colour"},
        {"Keyword01": "Colour"},
        {"Int03": ""},
        {"Int03": "Weight", "Text01": "About", "KeywordList02": "Tags"},
        {"Bool03": ""},
        {},
    ):
        await _name(stage, name, given)
    await _name_oddly(stage, name)
    listed = ListSearchAttributesRequest(namespace=name)
    found = await operator.ListSearchAttributes(listed)
    stage.note(sorted(found.custom_attributes.items()))
    kinds = {"Late": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
    added = AddSearchAttributesRequest(namespace=name, search_attributes=kinds)
    await in_turn(lambda: operator.AddSearchAttributes(added))
    config = await _aliases(stage, name)
    # There it is any of those that are free.
    stage.note(sorted((alias, field.rstrip("0123456789")) for field, alias in config.items()))
    gone = RemoveSearchAttributesRequest(namespace=name, search_attributes=["Colour", "Late"])
    await in_turn(lambda: operator.RemoveSearchAttributes(gone))
    stage.note(sorted((await _aliases(stage, name)).items()))


async def _name(stage: Stage, name: str, given: dict[str, str]) -> None:
    try:
        stage.show((await _alias(stage, name, given)).config)
    except grpc.aio.AioRpcError as refusal:
        stage.note(refusal.code().name, refusal.details())


async def _name_oddly(stage: Stage, name: str) -> None:
    """A field that there is not, and a name that is taken, are a mistake, which is told here."""
    for field, odd in (("Nonsense", "Odd"), ("Keyword05", "WorkflowId")):
        code = await stage.refused(_alias(stage, name, {field: odd}))
        is_taken = code is grpc.StatusCode.OK
        assert is_taken is stage.server.is_official, code
        if is_taken:
            await _alias(stage, name, {field: ""})


async def _alias(stage: Stage, name: str, given: dict[str, str]) -> UpdateNamespaceResponse:
    config = NamespaceConfig(custom_search_attribute_aliases=given)
    request = UpdateNamespaceRequest(namespace=name, config=config)
    return await in_turn(lambda: stage.server.workflows.UpdateNamespace(request))


async def _aliases(stage: Stage, name: str) -> dict[str, str]:
    asked = DescribeNamespaceRequest(namespace=name)
    found = await stage.server.workflows.DescribeNamespace(asked)
    return dict(found.config.custom_search_attribute_aliases)
