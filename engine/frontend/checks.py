"""Checks on requests that several RPCs share; each raises InvalidArgument in the caller's words."""

from __future__ import annotations

from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.api.common.v1 import Priority, RetryPolicy
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue

from engine.core import retry
from engine.core.command_parts import RESERVED_QUEUE_PREFIX
from engine.core.keys import NEXUS, is_reserved
from engine.core.limits import Limits
from engine.errors import InvalidArgument

FAIRNESS_KEY_BYTES_MAX = 64


def length(field: str, value: str, limits: Limits) -> None:
    """Of a name or an id. The store has no NUL in a text, and one must not reach its batch."""
    if len(value) > limits.id_length_max:
        raise InvalidArgument(f"{field} length exceeds limit.")
    without_nul(field, value)


def without_nul(field: str, value: str) -> None:
    if "\0" in value:
        raise InvalidArgument(f"{field} may not contain a NUL character.")


def named(field: str, value: str, limits: Limits) -> None:
    if not value:
        raise InvalidArgument(f"{field} is not set on request.")
    length(field, value, limits)


def workflow_id(value: str, limits: Limits) -> None:
    id_of_a_run(value)
    if len(value) > limits.id_length_max:
        raise InvalidArgument(
            f"WorkflowId exceeds maximum allowed length ({len(value)}/{limits.id_length_max})"
        )


def id_of_a_run(value: str) -> None:
    if not value:
        raise InvalidArgument("WorkflowId is not set on request.")
    without_nul("WorkflowId", value)
    if is_reserved(value):
        raise InvalidArgument("WorkflowId begins with a reserved prefix.")


def blob(message: Message, limits: Limits) -> None:
    if message.ByteSize() > limits.payload_bytes_max:
        raise InvalidArgument("Blob data size exceeds limit.")


def memo(message: Message, limits: Limits) -> None:
    if message.ByteSize() > limits.memo_bytes_max:
        raise InvalidArgument("Memo size exceeds limit.")


def queue(given: TaskQueue, limits: Limits) -> TaskQueue:
    """The ordinary queue of that name, as events carry it."""
    named_queue(given, limits)
    return TaskQueue(name=given.name, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)


def named_queue(given: TaskQueue, limits: Limits) -> None:
    if not given.ByteSize():
        raise InvalidArgument("taskQueue is not set")
    if not given.name:
        raise InvalidArgument("missing task queue name")
    queue_name(given.name, limits)
    if given.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY:
        queue_name(given.normal_name, limits)
    if given.name.startswith(RESERVED_QUEUE_PREFIX):
        raise InvalidArgument(
            f"task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"
        )


def queue_of(asked: Any, limits: Limits) -> TaskQueue:
    """As `queue`, of a message whose queue may be said without its name."""
    if asked.HasField("task_queue") and not asked.task_queue.name:
        raise InvalidArgument("missing task queue name")
    return queue(asked.task_queue, limits)


def queue_name(value: str, limits: Limits) -> None:
    if len(value) > limits.id_length_max:
        raise InvalidArgument("taskQueue length exceeds limit")
    without_nul("taskQueue", value)


def part(given: TaskQueue, kind: str) -> None:
    """What a message says of a queue beside its name: only a sticky one stands for another, and
    commands to workers come by the queues of handlers."""
    if given.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY:
        return
    if given.normal_name:
        raise InvalidArgument(
            f"only sticky queues can have normal name. tq: {given.name},"
            f" normal name: {given.normal_name}"
        )
    if given.kind == TaskQueueKind.TASK_QUEUE_KIND_WORKER_COMMANDS and kind != NEXUS:
        raise InvalidArgument(
            "worker-commands partitions must have nexus task type,"
            f" got: {kind.capitalize()}. base name: {given.name}"
        )


def timeout(field: str, given: Duration) -> int:
    nanoseconds = given.ToNanoseconds()
    if nanoseconds < 0:
        raise InvalidArgument(f"An invalid {field} is set on request. cause: negative duration")
    return nanoseconds


def retry_policy(given: RetryPolicy) -> RetryPolicy:
    """The policy with the protocol's defaults filled in, as events carry it."""
    problem = retry.problem(given)
    if problem:
        raise InvalidArgument(problem)
    return retry.completed(given)


def priority(given: Priority) -> None:
    if given.priority_key < 0:
        raise InvalidArgument("priority key can't be negative")
    fairness_key(given.fairness_key)
    if given.fairness_weight < 0:
        raise InvalidArgument("must be greater than zero")


def fairness_key(value: str) -> None:
    if len(value.encode()) > FAIRNESS_KEY_BYTES_MAX:
        raise InvalidArgument("fairness key length exceeds limit")
    without_nul("fairness key", value)
