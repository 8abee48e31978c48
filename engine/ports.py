"""Protocols through which shards, matching and frontend see each other.

They exist to break the ring shards → matching → shards; `server.py` introduces the parts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from temporalio.api.common.v1 import Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.nexus.v1 import Response as NexusResponse
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.worker.v1 import WorkerHeartbeat

from engine.core.effects import CancelOperation, StartOperation, TellCaller, Urgency
from engine.core.inputs import Attach, Input, OperationEnded, Reset, Start
from engine.core.keys import QueueKey, RunKey
from engine.core.priorities import QueueOrder, Waiting
from engine.core.routing import Route
from engine.core.state import RunState

T = TypeVar("T")


class Task(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A task as matching holds it: where to ask for it, not what is in it.

    `query` is set for a query that no run's state carries; then `event_id` is 0.
    `started` is set for a task that was started for the poller already: the reply of the step.
    `claim` stands for one of these that another node keeps.
    `request_id` is set where a try to start it may have gone through: to be tried with that again.
    `prefers_ramp`: it goes to the ramping version, where there is one, whatever its percentage.
    """

    run: RunKey
    queue: QueueKey
    event_id: int
    attempt: int
    priority: int = 3
    key: str = ""
    weight: float = 1.0
    sticky: bool = False
    offered_at: int = 0
    query: Query | None = None
    started: Any = None
    claim: Claim | None = None
    request_id: str = ""
    pollers_delta: int = 0  # how many more its worker is to have
    prefers_ramp: bool = False


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Where a task is kept that cannot travel, and under which name."""

    node: str
    id: str


class FailedAttempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An attempt of an activity that failed and was tried again.

    Times in nanoseconds; `started_at` is 0 where no worker had it, `retry_at` under a pause.
    """

    attempt: int
    started_at: int
    failed_at: int
    retry_at: int
    identity: str
    failure: Failure


class Query(msgspec.Struct, kw_only=True, eq=False):
    """A question to a run's worker, while its caller waits; `answer` gets a QueryOutcome.

    An answer of None: the workflow task that carried it ended without one, so ask again.
    A request to a Nexus handler is one too: `about` is the request, the answer a HandlerAnswer.
    """

    id: str
    run: RunKey
    question: WorkflowQuery | None
    answer: asyncio.Future[Any]
    # What a worker is told of the run beside the question; set before it is offered as a task.
    about: Any = None
    # Handed out with a workflow task, which will answer it.
    is_carried: bool = False


class QueryOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`refusal` and `failure` say why there is no result."""

    result: Payloads | None = None
    refusal: str | None = None
    failure: Failure | None = None


class HandlerAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a Nexus handler answered: the protocol's response, or why it could not (`failure`)."""

    response: NexusResponse | None = None
    failure: Failure | None = None


class Poller(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who polls. `versions` and `deployment` are the protocol's messages, as they came."""

    identity: str
    request_id: str
    # Names the worker's process, so that its polls can be ended when it shuts down.
    instance: str = ""
    # Tasks a second that this worker allows its whole queue; None: it does not say.
    rate_max: float | None = None
    versions: Any = None
    deployment: Any = None
    sdk_name: str = ""
    sdk_version: str = ""
    # The version that it works for, empty for none; and whose sticky queue it polls.
    version: str = ""
    normal: str = ""


class PollerSeen(msgspec.Struct, frozen=True, gc=False):
    poller: Poller
    at: int


class QueueReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a queue now; rates are by priority. `is_limiting`: one holds tasks back."""

    pollers: tuple[PollerSeen, ...]
    waiting: tuple[Waiting, ...]
    added_per_second: dict[int, float]
    dispatched_per_second: dict[int, float]
    rate_max: float | None
    # An operator set it, and no worker.
    is_rate_set: bool = False
    is_limiting: bool = False


class Attendance(msgspec.Struct, frozen=True, gc=False):
    """`has_pollers`: a worker polls, or has polled a moment ago. `polled_at` is 0 for never."""

    has_pollers: bool
    polled_at: int


class StartPolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be done about a run of the same workflow id; numbers of the protocol's enums."""

    reuse: int
    conflict: int
    # What a running run that is used instead is to keep of the start.
    attach: Attach | None = None
    # Signal-with-start signals a running run instead of refusing.
    signal_running: bool = False


class StartAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    run_id: str
    started: bool
    status: int = 1
    # The request id is attached to a run that another request started.
    is_attached: bool = False
    eager_task: Any = None


class ShardsHeld(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What this node has of one database; the counters since its start."""

    owned: int
    cached_runs: int
    batches_committed: int


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

    async def attempts(
        self, key: RunKey, scheduled_event_id: int, before: int, rows: int
    ) -> list[FailedAttempt]:
        """Of an activity, the newest first: those before attempt `before`."""

    async def wait(
        self, key: RunKey, satisfied: Callable[[RunState], bool], timeout_seconds: float
    ) -> bool:
        """Return True as soon as `satisfied` holds for committed state, False at the time-out."""

    def shard_of(self, key: RunKey) -> int: ...

    def held(self) -> list[ShardsHeld]:
        """One for each database, in the order of DATABASE_URL."""


class Matching(Protocol):
    """The task queues."""

    def offer(self, task: Task) -> None:
        """Take a committed task; never blocks, never refuses (what is too much is read back)."""

    def offer_again(self, task: Task) -> None:
        """Take back a task that could not be started now, a moment later."""

    def withdraw(self, queue: QueueKey, run: RunKey, event_id: int) -> None: ...

    def nudge(self, queue: QueueKey) -> None:
        """Tasks of the queue are in the store that this node was not offered."""

    def withdraw_query(self, queue: QueueKey, query_id: str) -> None: ...

    async def attendance(self, queue: QueueKey) -> Attendance: ...

    def reserve(
        self, queue: QueueKey, run: RunKey, urgency: Urgency, *, prefers_ramp: bool = False
    ) -> Reservation | None:
        """Take a waiting poller out, to hand it a task that is started in the same commit."""

    def route_of(self, queue: QueueKey) -> Route:
        """Whose workers have what is pinned to no version."""

    async def poll(self, queue: QueueKey, poller: Poller, seconds: float) -> Task | None:
        """Wait for a task; None at the time-out. A cancelled wait loses no task."""

    def end_polls(self, namespace_id: str, instance: str) -> None:
        """The worker shuts down: its waiting polls get nothing, at once."""

    def leave(self, queue: QueueKey) -> None:
        """The only worker of a sticky queue is gone: its tasks go to the normal queue."""

    async def describe(self, queue: QueueKey) -> QueueReport: ...

    @property
    def queries(self) -> Queries: ...


class Routed(Protocol):
    """Which version the task queues of this node go to."""

    def route(self, routes: Mapping[QueueKey, Route]) -> None:
        """From now on these queues go so, all others to the unversioned workers."""


class Ordered(Protocol):
    """How fast the tasks of the queues of this node go, and in which shares."""

    def order(self, orders: Mapping[QueueKey, QueueOrder]) -> None:
        """From now on these queues go so; all others as their workers and tasks say."""


class Polled(Protocol):
    async def names(self, namespace_id: str, kind: str) -> set[str]:
        """The queues, on all nodes, that somebody asked lately."""


class Workers(Protocol):
    """What workers say of themselves, on all nodes."""

    def record(self, namespace_id: str, beats: Sequence[WorkerHeartbeat]) -> None: ...

    async def seen(self, namespace_id: str, instance: str | None = None) -> list[WorkerHeartbeat]:
        """The last heartbeat of each, or of one, in the order of their instance keys."""


class Reservation(Protocol):
    @property
    def poller(self) -> Poller: ...

    def fulfil(self, run: RunKey, started: Any) -> None:
        """Hand over the reply of the step that started the task, after its commit."""

    def return_(self) -> None:
        """Nothing came of it: the poller waits on, as if never taken."""


class Queries(Protocol):
    """The questions that callers wait for."""

    def open(self, run: RunKey, question: WorkflowQuery | None) -> Query:
        """Refused with ResourceExhausted where too many wait for the same run."""

    def close(self, query: Query) -> None: ...

    def carry(self, run: RunKey) -> list[Query]:
        """The open questions, to be handed out with the run's workflow task."""

    def settle(self, run: RunKey, outcomes: Mapping[str, QueryOutcome]) -> None:
        """The workflow task has ended: answer what it answered, give back the rest."""

    def answer(self, query_id: str, outcome: QueryOutcome | HandlerAnswer) -> None:
        """Refused with TaskNotFound where nobody waits any more."""


class Operations(Protocol):
    """Nexus operations, as their handlers are asked for them. What comes of it is told to the run.

    A call that nobody answers in time, or that could not be made, is OperationFaltered.
    """

    async def start(self, given: StartOperation) -> Input: ...

    async def cancel(self, given: CancelOperation) -> Input: ...

    async def queue(self, given: StartOperation | CancelOperation) -> QueueKey | None:
        """Where its handler polls; None where the endpoint is there no more."""

    def ending(self, given: TellCaller) -> OperationEnded:
        """The end of a run, as the operation that it was started for is told of it."""


class Schedules(Protocol):
    async def run_closed(
        self,
        namespace_id: str,
        starter: str,
        workflow_id: str,
        first_run_id: str,
        closing: HistoryEvent,
    ) -> None:
        """Tell the schedule that `starter` names, if it is still there. Once is enough; twice is
        harmless."""


class Member(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A node as people see it; `owned` is a moment old."""

    address: str
    owned: int
    is_here: bool


class Cluster(Protocol):
    """The other nodes. Where there is no cluster, there is None in its place.

    Nodes are named by their address. What is said of them may be old by a moment: whoever is asked
    in error answers Unavailable, and the caller asks again.
    """

    @property
    def here(self) -> str: ...

    @property
    def claims(self) -> Claims:
        """What this node keeps for pollers elsewhere."""

    def of_run(self, key: RunKey) -> str:
        """The node that the run's shard belongs on."""

    def of_queue(self, queue: QueueKey) -> str: ...

    def lives(self, node: str) -> bool: ...

    def members(self) -> list[Member]: ...

    async def forward(
        self, node: str, method: str, request: bytes, seconds: float | None, headers: Headers
    ) -> bytes:
        """Call the same method there. A refusal is raised as grpc's own, to be passed on."""

    def is_peer(self, headers: Mapping[str, str | bytes]) -> bool:
        """Whether a call comes from another node, and not only says so."""


class Claims(Protocol):
    def take(self, claim: Claim) -> Task | None:
        """None if it has been taken, or is of no use any more."""


Headers = Sequence[tuple[str, str | bytes]]


def events_of(serialised: list[bytes]) -> list[HistoryEvent]:
    return [HistoryEvent.FromString(event) for event in serialised]
