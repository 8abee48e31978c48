"""What one node tells another of queues and workers: hints, each harmless to get twice or late.

What is in them is in the store as well, but for questions; a node that did not hear of a task
reads it when it is nudged.
"""

from __future__ import annotations

import msgspec

from engine.core.keys import QueueKey, RunKey
from engine.ports import Task


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class Offer(Message, frozen=True, tag="offer"):
    task: Task


class TakeIn(Message, frozen=True, tag="take in"):
    """A sticky task, for the normal queue that `task.queue` names."""

    task: Task


class Divert(Message, frozen=True, tag="divert"):
    """A sticky task whose worker is gone, back to the node that has its run."""

    task: Task


class Withdraw(Message, frozen=True, tag="withdraw"):
    queue: QueueKey
    run: RunKey
    event_id: int


class WithdrawQuery(Message, frozen=True, tag="withdraw query"):
    queue: QueueKey
    query_id: str


class Nudge(Message, frozen=True, tag="nudge"):
    queue: QueueKey


class Leave(Message, frozen=True, tag="leave"):
    queue: QueueKey


class EndPolls(Message, frozen=True, tag="end polls"):
    namespace_id: str
    instance: str


class Beats(Message, frozen=True, tag="beats"):
    """What workers say of themselves, for the node that keeps it; lost, they say it again."""

    namespace_id: str
    beats: list[bytes]


Told = Offer | TakeIn | Divert | Withdraw | WithdrawQuery | Nudge | Leave | EndPolls | Beats

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(list[Told]).decode


def queue_of(message: Told) -> QueueKey | None:
    """The queue to be nudged where there was no room for the message itself."""
    return message.task.queue if isinstance(message, Offer) else None
