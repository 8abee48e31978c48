"""One channel to the engine.

Every call has a deadline; a refusal comes back in a person's words.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import lru_cache
from time import perf_counter
from typing import Protocol, TypeVar, cast

import grpc
from django.conf import settings
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from temporalio.api.common.v1 import Payloads
from temporalio.api.operatorservice.v1 import OperatorServiceStub
from temporalio.api.operatorservice.v1 import service_pb2 as operator_protocol
from temporalio.api.workflowservice.v1 import WorkflowServiceStub
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_protocol

from console.gateway import tally

MESSAGE_BYTES_MAX = 64 * 1024 * 1024
#: our own engine tells a client of this name what the protocol has no word for
WHO = (("client-name", "perdure-console"),)
ADMIN = "perdure.admin.v1.AdminService"
#: How the names of calls begin that change nothing.
READS = ("Count", "Describe", "Get", "List", "Query", "Scan")
ADMIN_READS = (
    "DescribeIndex", "DescribeShards", "ListActivityQueues", "ListAttempts", "ListParked",
    "PreviewSchedule",
)  # fmt: skip

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


class Trouble(Enum):
    """What a person can do about it, not what the wire said."""

    NOT_FOUND = "not found"
    INVALID = "invalid"
    CONFLICT = "conflict"
    DENIED = "denied"
    BUSY = "busy"
    SLOW = "slow"
    AWAY = "away"
    #: The engine is there, its index is not.
    UNSEARCHED = "unsearched"
    UNSUPPORTED = "unsupported"
    BROKEN = "broken"


class GatewayError(Exception):
    """The engine refused or did not answer.

    `str()` is a sentence for the page; `detail` is what the wire said.
    """

    def __init__(self, trouble: Trouble, says: str, detail: str = "") -> None:
        super().__init__(says)
        self.trouble = trouble
        self.detail = detail

    @property
    def is_no_answer(self) -> bool:
        """What was asked for may have been done all the same. What never left was not."""
        if self.trouble is Trouble.SLOW:
            return True
        broke = self.trouble in {Trouble.AWAY, Trouble.BROKEN} and bool(self.detail)
        return broke and not self.detail.startswith(NEVER_SENT)


#: status -> (trouble, the sentence; {} takes what the engine said)
TROUBLES: dict[grpc.StatusCode, tuple[Trouble, str]] = {
    grpc.StatusCode.NOT_FOUND: (Trouble.NOT_FOUND, "The engine does not know it: {}."),
    grpc.StatusCode.INVALID_ARGUMENT: (Trouble.INVALID, "The engine refused it: {}."),
    grpc.StatusCode.OUT_OF_RANGE: (Trouble.INVALID, "The engine refused it: {}."),
    grpc.StatusCode.FAILED_PRECONDITION: (Trouble.CONFLICT, "That is not possible now: {}."),
    grpc.StatusCode.ABORTED: (
        Trouble.CONFLICT,
        "Someone else was quicker: {}. Look again and repeat it.",
    ),
    grpc.StatusCode.ALREADY_EXISTS: (Trouble.CONFLICT, "It is there already: {}."),
    grpc.StatusCode.PERMISSION_DENIED: (
        Trouble.DENIED,
        "The engine does not let the console do this: {}.",
    ),
    grpc.StatusCode.UNAUTHENTICATED: (
        Trouble.DENIED,
        "The engine does not let the console in: {}.",
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        Trouble.BUSY,
        "The engine is at a limit: {}. Try again in a moment.",
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        Trouble.SLOW,
        "The engine did not answer within {} seconds.",
    ),
    grpc.StatusCode.UNAVAILABLE: (
        Trouble.AWAY,
        "The engine at {} does not answer.",
    ),
    grpc.StatusCode.UNIMPLEMENTED: (Trouble.UNSUPPORTED, "This server has no such function: {}."),
}


#: How gRPC begins where nobody was reached who could have heard it.
NEVER_SENT = ("failed to connect to all addresses", "DNS resolution failed", "empty address list")
#: How our engine begins when its index does not answer.
NOT_SEARCHED = "runs cannot be searched now"
WITHOUT_INDEX = (
    "Runs cannot be found or counted now: the engine's index does not answer. They go on meanwhile,"
    " and one whose id you know opens."
)


def _asked_again() -> str:
    """What gRPC asks again by itself where the connection broke: only what changes nothing. Of an
    act whose answer was lost the second one is refused, since it was done: that is no answer for
    who asked. What does acts in the background asks again under the id that it had."""
    services = (
        workflow_protocol.DESCRIPTOR.services_by_name["WorkflowService"],
        operator_protocol.DESCRIPTOR.services_by_name["OperatorService"],
    )
    reads = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.name.startswith(READS)
    ]
    policy = {
        "name": reads + [{"service": ADMIN, "method": name} for name in ADMIN_READS],
        "retryPolicy": {
            "maxAttempts": 3,
            "initialBackoff": "0.05s",
            "maxBackoff": "0.5s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        },
    }
    return json.dumps({"methodConfig": [policy]})


@lru_cache(maxsize=8)
def channel(address: str) -> grpc.Channel:
    return grpc.insecure_channel(
        address,
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.service_config", _asked_again()),
            ("grpc.keepalive_time_ms", 30_000),
        ],
    )


@lru_cache(maxsize=8)
def _workflow_stub(address: str) -> WorkflowServiceStub:
    return WorkflowServiceStub(channel(address))


@lru_cache(maxsize=8)
def _operator_stub(address: str) -> OperatorServiceStub:
    return OperatorServiceStub(channel(address))


def workflow_service() -> WorkflowServiceStub:
    return _workflow_stub(settings.ENGINE_ADDRESS)


def operator_service() -> OperatorServiceStub:
    return _operator_stub(settings.ENGINE_ADDRESS)


@lru_cache(maxsize=64)
def _admin_method(address: str, name: str) -> "grpc.UnaryUnaryMultiCallable[Struct, Struct]":
    method: grpc.UnaryUnaryMultiCallable[Struct, Struct] = channel(address).unary_unary(
        f"/{ADMIN}/{name}",
        request_serializer=Struct.SerializeToString,
        response_deserializer=Struct.FromString,
    )
    return method


def admin_method(name: str) -> "grpc.UnaryUnaryMultiCallable[Struct, Struct]":
    """Of our own engine, beside the protocol; other servers answer UNSUPPORTED."""
    return _admin_method(settings.ENGINE_ADDRESS, name)


@lru_cache(maxsize=8)
def _many_method(address: str) -> "grpc.UnaryUnaryMultiCallable[Payloads, Payloads]":
    method: grpc.UnaryUnaryMultiCallable[Payloads, Payloads] = channel(address).unary_unary(
        f"/{ADMIN}/ExecuteMany",
        request_serializer=Payloads.SerializeToString,
        response_deserializer=Payloads.FromString,
    )
    return method


def many_method() -> "grpc.UnaryUnaryMultiCallable[Payloads, Payloads]":
    return _many_method(settings.ENGINE_ADDRESS)


class Carrier(Protocol):
    """Takes some calls along with others; those that it answers None go alone."""

    def carry(self, request: Message) -> Message | None: ...


_carrier: ContextVar[Carrier | None] = ContextVar("carrier", default=None)


@contextmanager
def carried_by(carrier: Carrier) -> Iterator[None]:
    """What this thread calls meanwhile may go by the carrier."""
    token = _carrier.set(carrier)
    try:
        yield
    finally:
        _carrier.reset(token)


def call(
    method: "grpc.UnaryUnaryMultiCallable[Request, Response]",
    request: Request,
    deadline: float = 0.0,
) -> Response:
    """It has ENGINE_DEADLINE_SECONDS, unless `deadline` gives it others."""
    began = perf_counter()
    deadline = deadline or settings.ENGINE_DEADLINE_SECONDS
    try:
        carrier = _carrier.get()
        if carrier is not None and (answer := carrier.carry(request)) is not None:
            return cast(Response, answer)
        return method(request, timeout=deadline, metadata=WHO)
    except grpc.RpcError as error:
        raise explained(error, deadline) from error
    finally:
        tally.add(perf_counter() - began)


def explained(error: grpc.RpcError, deadline: float) -> GatewayError:
    status: Callable[[], grpc.StatusCode] = getattr(error, "code", lambda: grpc.StatusCode.UNKNOWN)
    said: str = getattr(error, "details", lambda: "")() or ""
    trouble, sentence = TROUBLES.get(
        status(), (Trouble.BROKEN, "The engine had a fault of its own: {}.")
    )
    if trouble is Trouble.AWAY and said.startswith(NOT_SEARCHED):
        return GatewayError(Trouble.UNSEARCHED, WITHOUT_INDEX, said)
    about = {Trouble.SLOW: f"{deadline:g}", Trouble.AWAY: settings.ENGINE_ADDRESS}.get(trouble)
    return GatewayError(
        trouble, sentence.format(about or said.rstrip(".") or "no reason given"), said
    )
