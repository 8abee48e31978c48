"""AdminService.ExecuteMany: many writes to runs in one message, each answered by itself."""

from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from engine.frontend.many import CALLS_MAX
from tests.support.engine import Server, engine_on
from tests.support.postgres import fresh_database


@pytest.fixture(scope="module")
async def server(postgres_url: str) -> AsyncIterator[Server]:
    with fresh_database(postgres_url) as database:
        async with engine_on(database) as address:
            one = Server(address, "perdure")
            yield one
            await one.channel.close()


def call(request: Message) -> Payload:
    name = type(request).__name__.removesuffix("Request")
    return Payload(metadata={"rpc": name.encode()}, data=request.SerializeToString())


async def execute(server: Server, *calls: Payload) -> list[Payload]:
    answer = await server.channel.unary_unary(
        "/perdure.admin.v1.AdminService/ExecuteMany",
        request_serializer=Payloads.SerializeToString,
        response_deserializer=Payloads.FromString,
    )(Payloads(payloads=calls))
    return list(answer.payloads)


def code(answer: Payload) -> grpc.StatusCode:
    return next(one for one in grpc.StatusCode if one.value[0] == int(answer.metadata["code"]))


async def test_each_call_is_answered_in_its_place_and_a_refusal_is_its_own(server: Server) -> None:
    runs = [await server.start(f"many-{number}", "nobody") for number in range(3)]
    terminate = [
        call(TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=run))
        for run in runs
    ]
    signal = SignalWorkflowExecutionRequest(
        namespace="default", workflow_execution=runs[2], signal_name="go", request_id="once"
    )

    first = await execute(server, *terminate[:2], terminate[0], call(signal), call(signal))
    unsuited = await execute(
        server,
        call(PollWorkflowTaskQueueRequest(namespace="default")),
        Payload(metadata={"rpc": b"TerminateWorkflowExecution"}, data=b"\xff\xff"),
        terminate[2],
    )

    ok, gone, wrong = (
        grpc.StatusCode.OK,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.INVALID_ARGUMENT,
    )
    assert [code(one) for one in first] == [ok, ok, gone, ok, ok]
    assert first[2].metadata["message"] == b"workflow execution already completed"
    assert [code(one) for one in unsuited] == [wrong, wrong, ok]
    kinds = [[event.event_type for event in await server.history(run)] for run in runs]
    assert [one.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED) for one in kinds] == [
        1
    ] * 3
    assert kinds[2].count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) == 1


async def test_a_message_of_too_many_is_refused_whole(server: Server) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await execute(server, *[Payload()] * (CALLS_MAX + 1))

    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
