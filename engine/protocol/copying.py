"""Carrying fields from one message over to another that names them alike."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue


def copy_set(source: Message, target: Message, names: Iterable[str]) -> None:
    """Those of the message fields `names` that `source` has set."""
    for name in names:
        if source.HasField(name):
            getattr(target, name).CopyFrom(getattr(source, name))


def normal_queue(given: TaskQueue, default: str) -> TaskQueue:
    """The queue that a worker named, or the default, as events carry it."""
    return TaskQueue(name=given.name or default, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
