"""Refusal -> gRPC status and the protocol's own detail message: one table.

The detail travels as a google.rpc.Status in the trailer `grpc-status-details-bin`, where the
official SDKs look for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import Message
from google.rpc.code_pb2 import ABORTED
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from temporalio.api.enums.v1 import NamespaceState
from temporalio.api.errordetails.v1 import (
    ActivityExecutionAlreadyStartedFailure,
    MultiOperationExecutionFailure,
    NamespaceAlreadyExistsFailure,
    NamespaceInvalidStateFailure,
    NamespaceNotFoundFailure,
    NexusOperationExecutionAlreadyStartedFailure,
    NotFoundFailure,
    PermissionDeniedFailure,
    QueryFailedFailure,
    ResourceExhaustedFailure,
    WorkflowExecutionAlreadyStartedFailure,
    WorkflowNotReadyFailure,
)
from temporalio.api.failure.v1 import MultiOperationExecutionAborted

from engine import errors

TRAILER = "grpc-status-details-bin"

Detail = Callable[[Any], Message]


def _operations(refusal: errors.OperationsFailed) -> MultiOperationExecutionFailure:
    failure = MultiOperationExecutionFailure()
    for part in refusal.parts:
        if isinstance(part, errors.Done):
            failure.statuses.add()
        elif part is None:
            operation = failure.statuses.add(code=ABORTED, message="Operation was aborted.")
            operation.details.add().Pack(MultiOperationExecutionAborted())
        else:
            status = _status(part)
            operation = failure.statuses.add(code=status.code, message=status.message)
            operation.details.extend(status.details)
    return failure


_TABLE: dict[type[errors.EngineError], tuple[StatusCode, Detail | None]] = {
    errors.InvalidArgument: (StatusCode.INVALID_ARGUMENT, None),
    errors.NotFound: (StatusCode.NOT_FOUND, lambda _: NotFoundFailure()),
    errors.NamespaceNotFound: (
        StatusCode.NOT_FOUND,
        lambda refusal: NamespaceNotFoundFailure(namespace=refusal.namespace),
    ),
    errors.NamespaceIsNotRegistered: (
        StatusCode.FAILED_PRECONDITION,
        lambda refusal: NamespaceInvalidStateFailure(
            namespace=refusal.namespace,
            state=refusal.state,
            allowed_states=[NamespaceState.NAMESPACE_STATE_REGISTERED],
        ),
    ),
    errors.RunNotFound: (StatusCode.NOT_FOUND, lambda _: NotFoundFailure()),
    errors.TaskNotFound: (StatusCode.NOT_FOUND, lambda _: NotFoundFailure()),
    errors.AlreadyStarted: (
        StatusCode.ALREADY_EXISTS,
        lambda refusal: WorkflowExecutionAlreadyStartedFailure(
            start_request_id=refusal.start_request_id,
            run_id=refusal.run_id,
            first_execution_run_id=refusal.first_run_id,
        ),
    ),
    errors.ActivityAlreadyStarted: (
        StatusCode.ALREADY_EXISTS,
        lambda refusal: ActivityExecutionAlreadyStartedFailure(
            start_request_id=refusal.start_request_id, run_id=refusal.run_id
        ),
    ),
    errors.OperationAlreadyStarted: (
        StatusCode.ALREADY_EXISTS,
        lambda refusal: NexusOperationExecutionAlreadyStartedFailure(
            start_request_id=refusal.start_request_id, run_id=refusal.run_id
        ),
    ),
    errors.ScheduleExists: (
        StatusCode.ALREADY_EXISTS,
        lambda refusal: WorkflowExecutionAlreadyStartedFailure(run_id=refusal.run_id),
    ),
    errors.NamespaceAlreadyExists: (
        StatusCode.ALREADY_EXISTS,
        lambda _: NamespaceAlreadyExistsFailure(),
    ),
    errors.DeploymentExists: (StatusCode.ALREADY_EXISTS, None),
    errors.EndpointExists: (StatusCode.ALREADY_EXISTS, None),
    errors.FailedPrecondition: (StatusCode.FAILED_PRECONDITION, None),
    errors.WorkflowNotReady: (
        StatusCode.FAILED_PRECONDITION,
        lambda _: WorkflowNotReadyFailure(),
    ),
    errors.PermissionDenied: (
        StatusCode.PERMISSION_DENIED,
        lambda _: PermissionDeniedFailure(),
    ),
    errors.QueryFailed: (
        StatusCode.INVALID_ARGUMENT,
        lambda refusal: QueryFailedFailure(failure=refusal.failure),
    ),
    errors.ResourceExhausted: (
        StatusCode.RESOURCE_EXHAUSTED,
        lambda refusal: ResourceExhaustedFailure(cause=refusal.cause, scope=refusal.scope),
    ),
    errors.Unavailable: (StatusCode.UNAVAILABLE, None),
    errors.DeadlineExceeded: (StatusCode.DEADLINE_EXCEEDED, None),
    errors.Aborted: (StatusCode.ABORTED, None),
    errors.OperationsFailed: (StatusCode.ABORTED, _operations),
    errors.Unsupported: (StatusCode.UNIMPLEMENTED, None),
}


_CODES = {code.value[0]: code for code in StatusCode}


class Answer(NamedTuple):
    code: StatusCode
    message: str
    trailer: tuple[tuple[str, bytes], ...]


def answer(refusal: errors.EngineError) -> Answer:
    status = _status(refusal)
    code = _CODES[status.code]
    if not status.details:
        return Answer(code, refusal.message, ())
    return Answer(code, refusal.message, ((TRAILER, status.SerializeToString()),))


_REFUSALS: dict[StatusCode, Callable[[str], errors.EngineError]] = {
    StatusCode.ABORTED: errors.Aborted,
    StatusCode.ALREADY_EXISTS: lambda message: errors.AlreadyStarted(message, ""),
    StatusCode.INVALID_ARGUMENT: errors.InvalidArgument,
    StatusCode.NOT_FOUND: errors.NotFound,
    StatusCode.FAILED_PRECONDITION: errors.FailedPrecondition,
    StatusCode.RESOURCE_EXHAUSTED: errors.ResourceExhausted,
}


def refusal(code: StatusCode, message: str) -> errors.EngineError:
    """Another node's, for this one to act on; what is not known may pass."""
    return _REFUSALS.get(code, errors.Unavailable)(message)


def _status(refusal: errors.EngineError) -> Status:
    code, detail = _TABLE[type(refusal)]
    status = Status(code=code.value[0], message=refusal.message)
    if isinstance(refusal, errors.OperationsFailed):
        # The whole call fails for the reason of the operation that did.
        status.code = next(
            (_status(part).code for part in refusal.parts if isinstance(part, errors.EngineError)),
            status.code,
        )
    if detail is not None:
        status.details.add().Pack(detail(refusal))
    return status
