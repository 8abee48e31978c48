"""Checks on requests that several RPCs share; each raises InvalidArgument in the caller's words."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue

from engine.core import retry
from engine.core.limits import Limits
from engine.errors import InvalidArgument

RESERVED_QUEUE_PREFIX = "/_sys/"


def length(field: str, value: str, limits: Limits) -> None:
    if len(value) > limits.id_length_max:
        raise InvalidArgument(f"{field} length exceeds limit.")


def named(field: str, value: str, limits: Limits) -> None:
    if not value:
        raise InvalidArgument(f"{field} is not set on request.")
    length(field, value, limits)


def workflow_id(value: str, limits: Limits) -> None:
    if not value:
        raise InvalidArgument("WorkflowId is not set on request.")
    if len(value) > limits.id_length_max:
        raise InvalidArgument(
            f"WorkflowId exceeds maximum allowed length ({len(value)}/{limits.id_length_max})"
        )


def blob(message: Message, limits: Limits) -> None:
    if message.ByteSize() > limits.payload_bytes_max:
        raise InvalidArgument("Blob data size exceeds limit.")


def memo(message: Message, limits: Limits) -> None:
    if message.ByteSize() > limits.memo_bytes_max:
        raise InvalidArgument("Memo size exceeds limit.")


def queue(given: TaskQueue, limits: Limits) -> TaskQueue:
    """The ordinary queue of that name, as events carry it."""
    if not given.ByteSize():
        raise InvalidArgument("taskQueue is not set")
    if not given.name:
        raise InvalidArgument("missing task queue name")
    if len(given.name) > limits.id_length_max:
        raise InvalidArgument("taskQueue length exceeds limit")
    if given.name.startswith(RESERVED_QUEUE_PREFIX):
        raise InvalidArgument(
            f"task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"
        )
    return TaskQueue(name=given.name, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)


def timeout(field: str, given: Duration) -> int:
    nanoseconds = given.ToNanoseconds()
    if nanoseconds < 0:
        raise InvalidArgument(f"An invalid {field} is set on request. cause: negative duration")
    return nanoseconds


def retry_policy(given: RetryPolicy) -> RetryPolicy:
    """The policy with the protocol's defaults filled in, as events carry it."""
    if given.maximum_attempts == 1:
        return given
    initial = _interval("InitialInterval", given.initial_interval)
    if given.backoff_coefficient and given.backoff_coefficient < 1:
        raise InvalidArgument("BackoffCoefficient cannot be less than 1 on retry policy.")
    bound = _interval("MaximumInterval", given.maximum_interval)
    if bound and bound < initial:
        raise InvalidArgument(
            "MaximumInterval cannot be less than InitialInterval on retry policy."
        )
    if given.maximum_attempts < 0:
        raise InvalidArgument("MaximumAttempts cannot be negative on retry policy.")
    return retry.with_defaults(given)


def _interval(field: str, given: Duration) -> int:
    nanoseconds = given.ToNanoseconds()
    if nanoseconds < 0:
        raise InvalidArgument(f"invalid {field} set on retry policy: negative duration")
    return nanoseconds
