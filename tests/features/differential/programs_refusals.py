"""Every RPC, asked wrongly in the ways that any of them can be: a play for each.

What is asked is made from the protocol's descriptors, so a new RPC is asked as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from temporalio.api.enums.v1 import DescribeTaskQueueMode, TaskQueueKind, TaskQueueType
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    ListTaskQueuePartitionsRequest,
    PollActivityTaskQueueRequest,
    PollNexusTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
)
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from tests.features.differential.stage import Program, Stage
from tests.support.commands import complete
from tests.support.engine import detail_names

_SERVICES: tuple[ServiceDescriptor, ...] = (
    workflow_service.DESCRIPTOR.services_by_name["WorkflowService"],
    operator_service.DESCRIPTOR.services_by_name["OperatorService"],
)
#: Longer than a server looks for a poll's task before it says that there is none.
_WITHIN_SECONDS = 20.0
_LONG = "x" * 1_001
_NOBODY = "00000000-0000-4000-8000-000000000000"
_RUNS = ("execution", "workflow_execution")

_ALONE = "a namespace alone"
#: What is not compared, and why: `docs/differences.md` has them.
_KEPT = {
    ("AddOrUpdateRemoteCluster", "nothing"): "there is one cluster",
    ("CreateSchedule", _ALONE): "the official server looks for a schedule as for a workflow",
    ("DeleteSchedule", _ALONE): "as above",
    ("DescribeSchedule", _ALONE): "as above",
    ("ListScheduleMatchingTimes", _ALONE): "as above",
    ("PatchSchedule", _ALONE): "as above: it looks at the patch first, and then for the workflow",
    ("UpdateSchedule", _ALONE): "as above, at the schedule",
    ("DeleteWorkerDeploymentVersion", _ALONE): "as above, of a version",
    ("UpdateTaskQueueConfig", _ALONE): "a queue without a name has no configuration here",
}
#: Which would do it, or tell what else is there.
_NOT_OF_DEFAULT = {"DeprecateNamespace", "UpdateNamespace", "DeleteNamespace"}


def _asked(message: type[Message]) -> Iterator[tuple[str, Message]]:
    yield "nothing", message()
    fields = message.DESCRIPTOR.fields_by_name
    if "namespace" not in fields:
        return
    given: Any
    for name, namespace in (("no such", "nowhere"), ("too long a", _LONG)):
        given = message()
        given.namespace = namespace
        yield f"{name} namespace", given
    run = next((field for field in _RUNS if field in fields), "")
    if message.DESCRIPTOR.name.removesuffix("Request") not in _NOT_OF_DEFAULT:
        yield _ALONE, message(namespace="default")
    if not run:
        return
    for name, workflow_id, run_id in (
        ("a run without an id", "", ""),
        ("no such run", "nobody", ""),
        ("no such run id", "nobody", _NOBODY),
        ("a run id that is none", "nobody", "first"),
        ("too long a workflow id", _LONG, ""),
    ):
        given = message(namespace="default")
        getattr(given, run).workflow_id = workflow_id
        getattr(given, run).run_id = run_id
        yield name, given


def _program(method: MethodDescriptor) -> Program:
    async def play(stage: Stage) -> None:
        call: Any = stage.server.channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        for name, request in _asked(GetMessageClass(method.input_type)):
            if (method.name, name) in _KEPT:
                continue
            try:
                await call(request, timeout=_WITHIN_SECONDS)
            except grpc.aio.AioRpcError as refused:
                said = (refused.details() or "").replace(_LONG, "<long>")
                stage.note(name, refused.code().name, *detail_names(refused), said)
            else:
                stage.note(name, "answered")

    return play


WRONGLY_ASKED: dict[str, Program] = {
    f"{method.name}, asked wrongly": _program(method)
    for service in _SERVICES
    for method in service.methods
}


#: What a message says of a queue beside its name. Sticky ones stand for another, and commands to
#: workers come by queues of handlers; all else says neither.
_QUEUES: dict[str, dict[str, Any]] = {
    "sticky, of no other": {"kind": TaskQueueKind.TASK_QUEUE_KIND_STICKY},
    "sticky": {"kind": TaskQueueKind.TASK_QUEUE_KIND_STICKY, "normal_name": "q"},
    "of another": {"kind": TaskQueueKind.TASK_QUEUE_KIND_NORMAL, "normal_name": "q"},
    "of no kind, of another": {"normal_name": "q"},
    "for commands": {"kind": TaskQueueKind.TASK_QUEUE_KIND_WORKER_COMMANDS},
    "sticky, of too long a name": {
        "kind": TaskQueueKind.TASK_QUEUE_KIND_STICKY,
        "normal_name": _LONG,
    },
}
_PLAIN = {"name": "said oddly"}
_TYPES = TaskQueueType.keys()[1:]
#: Which wait for a task that there is not.
_POLLED = ("sticky", "sticky, of no other")
_POLLS: dict[str, Any] = {
    "Workflow": PollWorkflowTaskQueueRequest,
    "Activity": PollActivityTaskQueueRequest,
    "Nexus": PollNexusTaskQueueRequest,
}


def _queues() -> Iterator[tuple[str, TaskQueue]]:
    for name, given in _QUEUES.items():
        yield name, TaskQueue(name="said oddly", **given)


async def queues_are_described_by_more_than_their_names(stage: Stage) -> None:
    workflows = stage.server.workflows
    for name, queue in _queues():
        for kind in (0, *map(TaskQueueType.Value, _TYPES)):
            stage.note(name, kind)
            asked = DescribeTaskQueueRequest(
                namespace="default", task_queue=queue, task_queue_type=kind
            )
            await _note(stage, workflows.DescribeTaskQueue(asked))
        asked.report_stats = True
        await _note(stage, workflows.DescribeTaskQueue(asked))
        parts = ListTaskQueuePartitionsRequest(namespace="default", task_queue=queue)
        await _note(stage, workflows.ListTaskQueuePartitions(parts))
        stage.note(name, "as a whole")
        asked = DescribeTaskQueueRequest(
            namespace="default", task_queue=queue,
            api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
        )  # fmt: skip
        await _note(stage, workflows.DescribeTaskQueue(asked))


async def _note(stage: Stage, call: Any) -> None:
    """Each has a rate of its own where nobody set one, and numbers of what it stores."""
    try:
        fields = (await call).ListFields()
    except grpc.aio.AioRpcError as refusal:
        stage.note("refused", refusal.code().name, (refusal.details() or "").replace(_LONG, ""))
    else:
        stage.note("told", *(field.name for field, _ in fields))


async def queues_are_polled_by_more_than_their_names(stage: Stage) -> None:
    for name, said in _QUEUES.items():
        if name in _POLLED:
            continue
        queue = {"name": "said oddly", **said}
        stage.note(name)
        await _poll(stage, "Workflow", task_queue=queue)
        await _poll(stage, "Activity", task_queue=queue)
        if name != "for commands":
            await _poll(stage, "Nexus", task_queue=queue)


async def a_worker_says_oddly_who_it_is(stage: Stage) -> None:
    sticky = {"name": "said oddly", "kind": TaskQueueKind.TASK_QUEUE_KIND_STICKY}
    for queue, given in (
        ({"name": "/_sys/q"}, {}),
        (sticky, {"deployment_options": {}}),
        (sticky, {"deployment_options": {"worker_versioning_mode": 1}}),
        (sticky, {"worker_version_capabilities": {"use_versioning": True, "build_id": "b"}}),
        (_PLAIN, {"worker_version_capabilities": {"use_versioning": True}}),
        (_PLAIN, {"worker_version_capabilities": {"build_id": "b" * 256}}),
        (_PLAIN, {"deployment_options": _version("", "b")}),
        (_PLAIN, {"deployment_options": _version("d", "")}),
        (_PLAIN, {"deployment_options": _version("__d", "b")}),
        (_PLAIN, {"deployment_options": _version("d", "__b")}),
    ):
        stage.note(given)
        await _poll(stage, "Workflow", task_queue=queue, **given)
        await _poll(stage, "Activity", task_queue=queue, **given)


async def _poll(stage: Stage, kind: str, **given: Any) -> None:
    asked = _POLLS[kind](namespace="default", identity="me", **given)
    call = getattr(stage.server.workflows, f"Poll{kind}TaskQueue")(asked, timeout=_WITHIN_SECONDS)
    try:
        await call
    except grpc.aio.AioRpcError as refusal:
        stage.note(kind, refusal.code().name, (refusal.details() or "").replace(_LONG, "<long>"))


def _version(name: str, build_id: str) -> dict[str, Any]:
    return {"worker_versioning_mode": 2, "deployment_name": name, "build_id": build_id}


async def a_task_is_answered_in_pages(stage: Stage) -> None:
    """Which no worker is told that it may."""
    asked = DescribeNamespaceRequest(namespace="default")
    stage.show((await stage.server.workflows.DescribeNamespace(asked)).namespace_info.limits)
    await stage.start()
    task = await stage.worker.poll()
    await stage.tries(stage.worker.answer(task, complete(), intermediate_page=True))
    await stage.tries(stage.worker.answer(task, complete(), page_number=1))
    await stage.worker.answer(task, complete())
