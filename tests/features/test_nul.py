"""A NUL character, which no store keeps in a text, in every text of every request.

It is refused, or it is kept where texts are bytes; it never reaches others that are served in the
same batch.
"""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest
from temporalio.api.workflowservice.v1 import (
    DeprecateNamespaceRequest,
    DescribeWorkflowExecutionRequest,
    RespondWorkflowTaskFailedRequest,
)

from engine.frontend import rpc
from engine.protocol import tokens
from tests.support.commands import (
    complete,
    continue_as_new,
    failed,
    retries,
    schedule_activity,
    signal_external,
    start_child,
)
from tests.support.engine import Server
from tests.support.history import name_of
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

NOBODY = "5ea0811c-673d-425f-9ec2-16c3ee6bd386"
NUL = "a\0b"
DEPTH_MAX = 3
CALL_SECONDS = 2.0
POLL_SECONDS = 0.1
# What a caller may do something about.
ALLOWED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}
CALLS = [
    pytest.param(service, method, id=method.name)
    for service, table in rpc.SERVICES
    for method in service.methods
    if method.name in table
]
WORDS = {
    "namespace": "default",
    "description": "d",
    "signal_name": "go",
    "identity": "Alice",
    "reason": "r",
    "activity_id": "a",
    "query_type": "q",
    "update_id": "u",
}

Change = Callable[[Any], None]


def changes(of: Descriptor, seen: tuple[str, ...] = ()) -> Iterator[Change]:
    """Each puts a NUL into another text of a message."""
    for field in of.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from _in_map(field)
        elif field.type == FieldDescriptor.TYPE_STRING:
            yield _in_text(field)
        elif field.message_type is not None and len(seen) < DEPTH_MAX:
            yield from _in_message(field, seen)


def _in_text(field: FieldDescriptor) -> Change:
    def change(message: Any) -> None:
        if field.is_repeated:
            getattr(message, field.name).append(NUL)
        else:
            setattr(message, field.name, NUL)

    return change


def _in_map(field: FieldDescriptor) -> Iterator[Change]:
    value = field.message_type.fields_by_name["value"]

    def change(message: Any) -> None:
        entries = getattr(message, field.name)
        if value.message_type is not None:
            entries[NUL].SetInParent()
        elif value.type == FieldDescriptor.TYPE_STRING:
            entries["key"] = NUL
            entries[NUL] = "value"
        else:
            entries[NUL] = b"1" if value.type == FieldDescriptor.TYPE_BYTES else 1

    if field.message_type.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING:
        yield change


def _in_message(field: FieldDescriptor, seen: tuple[str, ...]) -> Iterator[Change]:
    if field.message_type.full_name in seen:
        return
    for inner in changes(field.message_type, (*seen, field.message_type.full_name)):
        yield _within(field, inner)


def _within(field: FieldDescriptor, inner: Change) -> Change:
    def change(message: Any) -> None:
        part = getattr(message, field.name)
        inner(part.add() if field.is_repeated else part)

    return change


def filled(request: Any, workflow_id: str, queue: str) -> Any:
    """A request that gets past the first checks."""
    for field in request.DESCRIPTOR.fields:
        if field.name in WORDS and field.type == FieldDescriptor.TYPE_STRING:
            setattr(request, field.name, WORDS[field.name])
        elif field.name in ("workflow_id", "request_id") and not field.is_repeated:
            setattr(request, field.name, workflow_id)
        elif field.name in ("workflow_execution", "execution"):
            getattr(request, field.name).workflow_id = workflow_id
        elif field.name in ("workflow_type", "task_queue") and field.message_type is not None:
            getattr(request, field.name).name = queue
    if isinstance(request, DeleteNamespaceRequest | DeprecateNamespaceRequest):
        request.namespace = "nowhere"
    return request


async def _send(server: Server, service: Any, method: Any, request: Message) -> grpc.StatusCode:
    call = server.channel.unary_unary(
        f"/{service.full_name}/{method.name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    waits = method.name.startswith("Poll") or method.name == "QueryWorkflow"
    try:
        await call(request, timeout=POLL_SECONDS if waits else CALL_SECONDS)
    except grpc.aio.AioRpcError as refusal:
        code: grpc.StatusCode = refusal.code()
        return code
    return grpc.StatusCode.OK


@pytest.mark.parametrize(("service", "method"), CALLS)
async def test_no_text_of_a_request_can_break_the_engine(
    server: Server, names: Names, service: Any, method: Any
) -> None:
    workflow_id, queue = names.workflow(), names.queue()
    await server.start(workflow_id, queue)
    request_class = GetMessageClass(method.input_type)
    for number, change in enumerate(changes(method.input_type)):
        request = filled(request_class(), workflow_id, queue)
        change(request)

        code = await _send(server, service, method, request)

        assert code in ALLOWED, f"{number}: {code} of {request}"


@pytest.mark.parametrize(
    "command",
    [
        schedule_activity("a", NUL),
        schedule_activity("a", "queue", kind=NUL),
        start_child(NUL, "queue"),
        start_child("other", NUL),
        signal_external(NUL, "go"),
        continue_as_new(NUL),
        continue_as_new("queue", kind=NUL),
    ],
)
async def test_a_command_with_one_fails_its_task(
    server: Server, names: Names, command: Command
) -> None:
    worker = ScriptedWorker(server, names.queue())
    run = await server.start(names.workflow(), worker.queue)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.on_task(command)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert name_of((await server.history(run))[3]) == "WorkflowTaskFailed"


async def test_what_code_says_of_its_failures_may_hold_one(server: Server, names: Names) -> None:
    worker = ScriptedWorker(server, names.queue())
    run = await server.start(names.workflow(), worker.queue)
    await worker.on_task(schedule_activity("a", worker.queue, retry_policy=retries(attempts=2)))

    for _ in range(2):
        await worker.on_activity(failure=failed(NUL, kind=NUL))
    await worker.on_task(complete())

    ended = next(e for e in await server.history(run) if name_of(e) == "ActivityTaskFailed")
    assert ended.activity_task_failed_event_attributes.failure.message == NUL


async def test_a_sticky_queue_with_one_is_refused(server: Server, names: Names) -> None:
    worker = ScriptedWorker(server, names.queue(), sticky=NUL)
    await server.start(names.workflow(), worker.queue)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.on_task()

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("workflow_id", "run_id"), [(NUL, NOBODY), ("main", NUL), ("main", "no id"), ("main", "")]
)
async def test_a_forged_token_is_refused(server: Server, workflow_id: str, run_id: str) -> None:
    token = tokens.encode(tokens.TaskToken("default", workflow_id, run_id, 2))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.RespondWorkflowTaskFailed(
            RespondWorkflowTaskFailedRequest(namespace="default", task_token=token)
        )

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("run_id", [NOBODY.upper(), f"{{{NOBODY}}}", f"urn:uuid:{NOBODY}"])
async def test_a_run_id_has_one_form(server: Server, names: Names, run_id: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(
                namespace="default",
                execution=WorkflowExecution(workflow_id=names.workflow(), run_id=run_id),
            )
        )

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
