"""Nexus operations of the engine itself: what a workflow asks of the service by the endpoint
`__temporal_system`, which no operator can make.

There is one: to signal a run, and to start it where it is not running. It is done as a client
would do it, with the operation's request id; so it happens once, however often it is tried.
"""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Link, Payload
from temporalio.api.history.v1 import NexusOperationScheduledEventAttributes
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionResponse,
)

from engine.background.starts import Call
from engine.core.effects import StartOperation
from engine.core.inputs import Input, OperationEnded, OperationFaltered
from engine.errors import Aborted, EngineError, InvalidArgument, ResourceExhausted, Unavailable
from engine.protocol import nexus

SERVICE = "temporal.api.workflowservice.v1.WorkflowService"
SIGNAL_WITH_START = "SignalWithStartWorkflowExecution"
_LATER = (Aborted, ResourceExhausted, Unavailable)
_Request = SignalWithStartWorkflowExecutionRequest


def request_of(service: str, operation: str, given: Payload, namespace: str) -> _Request:
    """What is asked, in the caller's own namespace; refused with InvalidArgument."""
    if service != SERVICE:
        raise InvalidArgument(f'service "{service}" not found')
    if operation != SIGNAL_WITH_START:
        raise InvalidArgument(f'operation "{operation}" not found')
    request = _decoded(given)
    if request.namespace not in ("", namespace):
        raise InvalidArgument(
            f'Namespace in request "{request.namespace}" does not match namespace in context'
            f' "{namespace}"'
        )
    if request.request_id:
        raise InvalidArgument("RequestID should not be set on the request")
    if request.links:
        raise InvalidArgument("Links should not be set on the request")
    request.namespace = namespace
    return request


def _decoded(given: Payload) -> _Request:
    request = _Request()
    encoding = given.metadata.get("encoding", b"").decode(errors="replace")
    try:
        if encoding == "binary/protobuf":
            request.ParseFromString(given.data)
        elif encoding == "json/protobuf":
            json_format.Parse(given.data, request, ignore_unknown_fields=True)
        else:
            raise InvalidArgument(f"failed to decode input payload: encoding {encoding!r}")
    except (DecodeError, json_format.ParseError, UnicodeDecodeError) as bad:
        raise InvalidArgument(f"failed to decode input payload: {bad}") from bad
    return request


async def start(
    call: Call, given: StartOperation, namespace: str, link: Link, now: Callable[[], int]
) -> Input:
    """`link` leads to the event that the workflow scheduled it with."""
    scheduled = given.scheduled.nexus_operation_scheduled_event_attributes
    try:
        response = await _called(call, scheduled, namespace, link)
    except _LATER as passing:
        return _faltered(given, now(), nexus.UNAVAILABLE, passing)
    except EngineError as refusal:
        return _faltered(given, now(), nexus.BAD_REQUEST, refusal)
    return OperationEnded(
        at=now(),
        scheduled_event_id=given.scheduled.event_id,
        result=_encoded(response),
        links=(response.signal_link,),
    )


async def _called(
    call: Call, scheduled: NexusOperationScheduledEventAttributes, namespace: str, link: Link
) -> SignalWithStartWorkflowExecutionResponse:
    request = request_of(scheduled.service, scheduled.operation, scheduled.input, namespace)
    request.request_id = scheduled.request_id
    request.links.append(link)
    response: SignalWithStartWorkflowExecutionResponse = await call(SIGNAL_WITH_START, request)
    response.ClearField("first_execution_run_id")
    return response


def _encoded(response: SignalWithStartWorkflowExecutionResponse) -> Payload:
    return Payload(
        metadata={
            "encoding": b"binary/protobuf",
            "messageType": response.DESCRIPTOR.full_name.encode(),
        },
        data=response.SerializeToString(),
    )


def _faltered(given: StartOperation, at: int, kind: str, why: EngineError) -> OperationFaltered:
    failure = nexus.handler_error(kind, why.message)
    return OperationFaltered(
        at=at,
        scheduled_event_id=given.scheduled.event_id,
        failure=failure,
        is_final=nexus.is_final(failure),
    )
