"""What the gateway says about a run: frozen values without a trace of the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from console.gateway.payloads import Failure, Value

CLOSED = frozenset({"Completed", "Failed", "Canceled", "Terminated", "ContinuedAsNew", "TimedOut"})
PAUSED = "Paused"


@dataclass(frozen=True, slots=True)
class RunKey:
    namespace: str
    workflow_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class WorkerVersion:
    deployment: str
    build: str

    def __str__(self) -> str:
        return f"{self.build} of {self.deployment}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What this engine knows of a run's trouble.

    A server without these attributes has no Problem at all.
    """

    failing_count: int = 0
    failing_types: tuple[str, ...] = ()
    attempt_max: int = 0
    next_retry_at: datetime | None = None
    failure_type: str = ""
    failure_message: str = ""
    fingerprint: str = ""
    waiting_on: tuple[str, ...] = ()
    next_timer_at: datetime | None = None
    pending_count: int = 0


@dataclass(frozen=True, slots=True)
class RunSummary:
    key: RunKey
    type: str
    task_queue: str
    status: str
    started_at: datetime | None
    execution_at: datetime | None
    closed_at: datetime | None
    history_length: int
    history_bytes: int
    transitions: int
    parent: RunKey | None
    root: RunKey | None
    first_run_id: str
    attributes: Mapping[str, Any]
    memo: Mapping[str, Any]
    problem: Problem | None
    build: str = ""

    @property
    def is_open(self) -> bool:
        return self.status not in CLOSED

    @property
    def is_paused(self) -> bool:
        return self.status == PAUSED


@dataclass(frozen=True, slots=True)
class RunPage:
    runs: tuple[RunSummary, ...]
    next_token: bytes


@dataclass(frozen=True, slots=True)
class Group:
    values: tuple[Any, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    total: int
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivityOptions:
    """What can be changed of a pending activity. None or 0 is "no limit" or "as usual"."""

    task_queue: str
    schedule_to_close_timeout: timedelta | None
    schedule_to_start_timeout: timedelta | None
    start_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta | None
    initial_interval: timedelta | None
    backoff_coefficient: float
    maximum_interval: timedelta | None
    maximum_attempts: int
    priority_key: int
    #: types of failures that are not tried again
    final_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    at: datetime | None
    who: str
    reason: str
    #: that did it, where it was none by hand
    rule: str = ""


@dataclass(frozen=True, slots=True)
class PendingActivity:
    id: str
    type: str
    state: str
    attempt: int
    attempts_max: int
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    heartbeat_at: datetime | None
    next_try_at: datetime | None
    expires_at: datetime | None
    retry_interval: timedelta | None
    worker: str
    paused: bool
    failure: Failure | None
    heartbeat: tuple[Value, ...] = ()
    task_queue: str = ""
    #: None where the server does not tell them
    options: ActivityOptions | None = None
    pause: Pause | None = None

    @property
    def failing(self) -> bool:
        return self.failure is not None


def failing_first(some: Iterable[PendingActivity]) -> list[PendingActivity]:
    """What fails, those with most attempts first; then what is paused; then the rest, the oldest
    first. The same rows in the same order, whichever way the server lists them."""
    return sorted(some, key=_need)


def _need(one: PendingActivity) -> tuple[int, int, datetime, int, str]:
    rank = 0 if one.failing else 1 if one.paused else 2
    since = one.scheduled_at or datetime.min.replace(tzinfo=UTC)
    return rank, -one.attempt if one.failing else 0, since, len(one.id), one.id


@dataclass(frozen=True, slots=True)
class PendingChild:
    workflow_id: str
    run_id: str
    type: str
    initiated_event_id: int


@dataclass(frozen=True, slots=True)
class PendingOperation:
    """A Nexus operation. `state`: scheduled, backing off, started or blocked."""

    endpoint: str
    service: str
    name: str
    state: str
    #: tries to start it that were answered
    attempt: int
    scheduled_event_id: int
    scheduled_at: datetime | None
    next_try_at: datetime | None
    failure: Failure | None
    #: how its handler calls it
    token: str
    #: what came of the request to cancel it, where there is one
    cancel: str = ""

    @property
    def failing(self) -> bool:
        return self.failure is not None

    @property
    def has_page(self) -> bool:
        """Whether its endpoint has one: those of the server's own have none."""
        return bool(self.endpoint) and not self.endpoint.startswith("__")

    @property
    def because(self) -> str:
        """The handler's words lie below what the server says of them."""
        told = self.failure
        while told is not None and not told.message and told.cause is not None:
            told = told.cause
        return told.message if told is not None else ""


@dataclass(frozen=True, slots=True)
class PendingTask:
    """The workflow task that waits or runs now."""

    state: str
    attempt: int
    scheduled_at: datetime | None
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunDetail:
    summary: RunSummary
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    cancel_requested: bool
    activities: tuple[PendingActivity, ...] = ()
    children: tuple[PendingChild, ...] = ()
    operations: tuple[PendingOperation, ...] = ()
    task: PendingTask | None = None
    waits: Mapping[str, int] = field(default_factory=dict)
    #: the run that this one was reset into, where the server tells
    reset_run_id: str = ""
    #: what who started it said that it is for
    about: str = ""
    #: and the longer words beside it
    details: str = ""
    #: only workers of this version may have its tasks
    pinned_to: WorkerVersion | None = None
    #: who holds the run, and why
    pause: Pause | None = None
    memo: Mapping[str, Value] = field(default_factory=dict)
    #: the server's own description, which payloads are opened from
    told: Any = field(default=None, repr=False, compare=False)
