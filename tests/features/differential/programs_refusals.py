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
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from tests.features.differential.stage import Program, Stage
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

#: Why an RPC is not asked so, or how both answer is not compared: `docs/differences.md` has them.
_KEPT = {
    "AddOrUpdateRemoteCluster": "there is one cluster",
    "CreateSchedule": "the official server looks for a schedule as for a workflow",
    "DeleteSchedule": "as above",
    "DescribeSchedule": "as above",
    "ListScheduleMatchingTimes": "as above",
    "PatchSchedule": "as above",
    "UpdateSchedule": "as above",
    "DeleteWorkerDeploymentVersion": "as above, of a version",
    "UpdateWorkerDeploymentVersionMetadata": "as above",
    "UpdateTaskQueueConfig": "a queue without a name has no configuration here",
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
        yield "a namespace alone", message(namespace="default")
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
    if method.name not in _KEPT
}
