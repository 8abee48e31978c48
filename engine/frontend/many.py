"""AdminService.ExecuteMany: many writes to runs in one message, each of them answered by itself.

What a call costs beside its work, in the client and here, is then paid once for all of them; and
they reach the writer together, which takes them in small parts between the works of all others
(`engine/patience.py`). Each goes by the same checks and the same route as it would alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import grpc
from google.protobuf.message import DecodeError, Message
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.workflowservice.v1 import (
    DeleteActivityExecutionRequest,
    DeleteNexusOperationExecutionRequest,
    DeleteWorkflowExecutionRequest,
    PauseActivityExecutionRequest,
    PauseActivityRequest,
    PauseWorkflowExecutionRequest,
    RequestCancelActivityExecutionRequest,
    RequestCancelNexusOperationExecutionRequest,
    RequestCancelWorkflowExecutionRequest,
    ResetActivityExecutionRequest,
    ResetActivityRequest,
    SignalWorkflowExecutionRequest,
    TerminateActivityExecutionRequest,
    TerminateNexusOperationExecutionRequest,
    TerminateWorkflowExecutionRequest,
    UnpauseActivityExecutionRequest,
    UnpauseActivityRequest,
    UnpauseWorkflowExecutionRequest,
    UpdateActivityExecutionOptionsRequest,
    UpdateActivityOptionsRequest,
)

from engine.errors import EngineError, InvalidArgument
from engine.frontend import (
    forwarding,
    interventions,
    pausing,
    standalone,
    standalone_interventions,
    standalone_operations,
    statuses,
    steering,
)
from engine.frontend.guard import Function, guarded, serialised
from engine.frontend.parts import Parts
from engine.patience import be_patient

NAME = "ExecuteMany"
CALLS_MAX = 100
SERVICE = "temporal.api.workflowservice.v1.WorkflowService"
#: Those that never wait for a worker: a message is answered when the last of its calls is.
FUNCTIONS: Mapping[type[Message], Function] = {
    DeleteActivityExecutionRequest: standalone.delete,
    DeleteNexusOperationExecutionRequest: standalone_operations.delete,
    DeleteWorkflowExecutionRequest: steering.delete,
    PauseActivityExecutionRequest: standalone_interventions.pause,
    PauseActivityRequest: interventions.pause,
    PauseWorkflowExecutionRequest: pausing.pause,
    RequestCancelActivityExecutionRequest: standalone.request_cancel,
    RequestCancelNexusOperationExecutionRequest: standalone_operations.request_cancel,
    RequestCancelWorkflowExecutionRequest: steering.request_cancel,
    ResetActivityExecutionRequest: standalone_interventions.reset,
    ResetActivityRequest: interventions.reset,
    SignalWorkflowExecutionRequest: steering.signal,
    TerminateActivityExecutionRequest: standalone.terminate,
    TerminateNexusOperationExecutionRequest: standalone_operations.terminate,
    TerminateWorkflowExecutionRequest: steering.terminate,
    UnpauseActivityExecutionRequest: standalone_interventions.unpause,
    UnpauseActivityRequest: interventions.unpause,
    UnpauseWorkflowExecutionRequest: pausing.unpause,
    UpdateActivityExecutionOptionsRequest: standalone_interventions.update_options,
    UpdateActivityOptionsRequest: interventions.update_options,
}
Table = Mapping[bytes, tuple[type[Message], Function]]

log = logging.getLogger(__name__)


def handler(parts: Parts) -> grpc.RpcMethodHandler[Payloads, Payloads]:
    table: dict[bytes, tuple[type[Message], Function]] = {}
    for shape, function in FUNCTIONS.items():
        name = shape.__name__.removesuffix("Request")
        table[name.encode()] = (shape, forwarding.routed(parts, SERVICE, name, function))

    async def execute(parts: Parts, request: Payloads) -> Payloads:
        be_patient()
        if len(request.payloads) > CALLS_MAX:
            raise InvalidArgument(f"more than {CALLS_MAX} calls in one message")
        calls = []
        for one in request.payloads:
            calls.append(asyncio.create_task(_answered(parts, table, one)))
            await asyncio.sleep(0)  # whoever else is ready goes before the next
        return Payloads(payloads=await asyncio.gather(*calls))

    return grpc.unary_unary_rpc_method_handler(
        guarded(NAME, execute, parts),
        request_deserializer=Payloads.FromString,
        response_serializer=serialised,
    )


async def _answered(parts: Parts, table: Table, one: Payload) -> Payload:
    """A refusal of one is no refusal of the others."""
    try:
        response = await _called(parts, table, one)
    except EngineError as refusal:
        code, message, _ = statuses.answer(refusal)
        return _refused(code, message)
    except grpc.aio.AioRpcError as refusal:
        return _refused(refusal.code(), refusal.details() or "")
    except Exception:
        log.exception("one of %s failed", NAME)
        return _refused(grpc.StatusCode.INTERNAL, "it failed; the engine's log says why")
    return Payload(metadata={"code": b"0"}, data=response)


async def _called(parts: Parts, table: Table, one: Payload) -> bytes:
    found = table.get(one.metadata.get("rpc", b""))
    if found is None:
        raise InvalidArgument("no call of this name goes with many")
    shape, function = found
    try:
        request = shape.FromString(one.data)
    except DecodeError as trouble:
        raise InvalidArgument(f"this is no {shape.__name__}: {trouble}") from trouble
    return serialised(await function(parts, request))


def _refused(code: grpc.StatusCode, message: str) -> Payload:
    number: int = code.value[0]
    return Payload(metadata={"code": b"%d" % number, "message": message.encode()})
