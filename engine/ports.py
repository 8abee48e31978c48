"""Protocols through which shards, matching and frontend see each other.

They exist to break the ring shards → matching → shards; `server.py` introduces the parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec
from temporalio.api.history.v1 import HistoryEvent

from engine.core.inputs import Input, Reset, Start
from engine.core.keys import QueueKey, RunKey
from engine.core.state import RunState

T = TypeVar("T")


class Task(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task as matching holds it: where to ask for it, not what is in it.

    `query` is the handle of a query that is carried by no run's state; then `event_id` is 0.
    """

    run: RunKey
    queue: QueueKey
    event_id: int
    attempt: int
    priority: int = 3
    sticky: bool = False
    offered_at: int = 0
    query: Any = None


class StartPolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be done about a run of the same workflow id; numbers of the protocol's enums."""

    reuse: int
    conflict: int
    attach_request_id: bool = False
    # Signal-with-start signals a running run instead of refusing.
    signal_running: bool = False


class StartAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    run_id: str
    started: bool
    status: int = 1
    eager_task: Any = None


class Shards(Protocol):
    """The runs, wherever they live. Each call returns after its commit, or raises EngineError."""

    async def start(self, key: RunKey, given: Start, policy: StartPolicy) -> StartAnswer: ...

    async def submit(self, key: RunKey, given: Input) -> Any:
        """Step the run (the current one if `key.run_id` is empty) and answer its `Reply`."""

    async def reset(self, key: RunKey, given: Reset, new_run_id: str) -> str:
        """Terminate the current run of the workflow id, if it runs, and start the new one."""

    async def inspect(self, key: RunKey, question: Callable[[RunState], T]) -> T:
        """Ask committed state. `question` must not keep or change what it is given."""

    async def delete(self, key: RunKey) -> None: ...

    async def history(
        self, key: RunKey, first_event_id: int, last_event_id: int, bytes_max: int
    ) -> list[bytes]:
        """Serialised HistoryEvents of the closed range, oldest first, cut off at `bytes_max`.

        Always at least one event. Committed events only.
        """

    async def wait(
        self, key: RunKey, satisfied: Callable[[RunState], bool], timeout_seconds: float
    ) -> bool:
        """Return True as soon as `satisfied` holds for committed state, False at the time-out."""

    def shard_of(self, key: RunKey) -> int: ...


class Matching(Protocol):
    """The task queues."""

    def offer(self, task: Task) -> None:
        """Take a committed task; never blocks, never refuses (what is too much is read back)."""

    def withdraw(self, queue: QueueKey, run: RunKey, event_id: int) -> None: ...

    def has_pollers(self, queue: QueueKey) -> bool: ...


class Waker(Protocol):
    """Told by shards when committed tasks in the store may be read again."""

    def nudge(self, queue: QueueKey) -> None: ...


def events_of(serialised: list[bytes]) -> list[HistoryEvent]:
    return [HistoryEvent.FromString(event) for event in serialised]
