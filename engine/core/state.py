"""What a run is: data and small questions. Only `apply` changes it.

Times are nanoseconds since the epoch, durations nanoseconds; 0 means "none". Event ids start
at 1; 0 means "not yet". Payloads stay protocol messages.
"""

from __future__ import annotations

import msgspec
from msgspec import field
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Callback, Link, Payload, Payloads, Priority, RetryPolicy
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import (
    HistoryEvent,
    StartChildWorkflowExecutionInitiatedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.update.v1 import Outcome
from temporalio.api.update.v1 import Request as UpdateRequest

from engine.core.keys import RunKey

REFUSALS_KEPT_MAX = 20
RUNNING = Status.WORKFLOW_EXECUTION_STATUS_RUNNING
PAUSED = Status.WORKFLOW_EXECUTION_STATUS_PAUSED


class WorkflowTask(msgspec.Struct, kw_only=True):
    """The one workflow task that is scheduled or running.

    `held` tasks have no events yet; their ids are those that they would get if it were
    written now, so they are computed, not stored (`scheduled_event_id` is what a token carries).
    """

    scheduled_event_id: int
    started_event_id: int = 0
    attempt: int = 1
    scheduled_at: int
    started_at: int = 0
    request_id: str = ""
    identity: str = ""
    queue: str
    sticky: bool = False
    timeout_ns: int
    held: bool = False
    speculative: bool = False
    # Of a held one, as its worker was told: see `TaskTaken`.
    history_bytes: int = 0
    reasons: tuple[int, ...] = ()
    # A heartbeating worker keeps the first scheduled time of its chain of tasks.
    original_scheduled_at: int = 0

    @property
    def is_started(self) -> bool:
        return self.started_at != 0


class Activity(msgspec.Struct, kw_only=True):
    """A pending activity. `scheduled` is its ActivityTaskScheduled event."""

    scheduled: HistoryEvent
    activity_id: str
    activity_type: str
    queue: str
    attempt: int = 1
    # When the first attempt was scheduled, and the current one.
    scheduled_at: int
    attempt_scheduled_at: int
    started_at: int = 0
    request_id: str = ""
    identity: str = ""
    last_identity: str = ""
    # The deployment version of the last worker; empty for one of none.
    last_version: str = ""
    schedule_to_close_ns: int = 0
    schedule_to_start_ns: int = 0
    start_to_close_ns: int = 0
    heartbeat_ns: int = 0
    retry: RetryPolicy | None = None
    # In back-off until then; the attempt is not offered before it.
    retry_at: int = 0
    beat_at: int = 0
    beat: Payloads | None = None
    cancel_requested: bool = False
    cancel_requested_event_id: int = 0
    last_failure: Failure | None = None
    last_failed_at: int = 0
    # Paused since then, by whom and why; no time-out and no attempt comes before it is resumed.
    paused_at: int = 0
    paused_by: str = ""
    pause_reason: str = ""
    pause_request_id: str = ""
    # The rule that paused it, where nobody did.
    pause_rule_id: str = ""
    # Its worker is told with the next heartbeat that an operator set the attempts back.
    was_reset: bool = False
    # As an operator has changed them; the numbers above follow.
    options: ActivityOptions | None = None


class Standalone(msgspec.Struct, kw_only=True):
    """What is known of an activity that is a run by itself, beside `Activity`: also of its end.

    `Activity.retry_at` is the time before which the attempt is not offered, whatever the reason;
    a pause leaves it. Pauses are those here, not those of `Activity`.
    """

    start_delay_ns: int = 0
    links: list[Link] = field(default_factory=list)
    # Of its last attempt, and of the worker that took it.
    sdk_name: str = ""
    sdk_version: str = ""
    version: str = ""
    started_at: int = 0
    ended_at: int = 0
    beat_at: int = 0
    beats_count: int = 0
    paused_at: int = 0
    pause_request_id: str = ""
    # The running attempt is the last before the first: set back, it need not succeed.
    is_set_back: bool = False
    forgets_beat: bool = False
    cancel_request_id: str = ""
    cancel_reason: str = ""
    canceled_by: str = ""
    terminate_request_id: str = ""


class StandaloneOperation(msgspec.Struct, kw_only=True):
    """What is known of a Nexus operation that is a run by itself, beside `Operation`."""

    links: list[Link] = field(default_factory=list)
    cancel_request_id: str = ""
    cancel_reason: str = ""
    terminate_request_id: str = ""


class Timer(msgspec.Struct, kw_only=True):
    timer_id: str
    started_event_id: int
    fire_at: int


class Child(msgspec.Struct, kw_only=True):
    initiated: StartChildWorkflowExecutionInitiatedEventAttributes
    initiated_event_id: int
    initiated_at: int
    # The id that the child will have; known from the start so that a retry does not double it.
    run_id: str
    is_started: bool = False
    started_event_id: int = 0


class Cancellation(msgspec.Struct, kw_only=True):
    """What a workflow's request to cancel a Nexus operation has come to.

    `attempt` counts the tries that were answered. It is over when its handler has taken it
    (`is_done`) or has refused it for good: then `failure` says why, and `retry_at` is 0.
    """

    requested_event_id: int
    requested_at: int
    attempt: int = 0
    answered_at: int = 0
    retry_at: int = 0
    failure: Failure | None = None
    is_done: bool = False


class Operation(msgspec.Struct, kw_only=True):
    """A pending Nexus operation. `scheduled` is its NexusOperationScheduled event.

    `attempt` counts the tries to start it that were answered; `token` names it to its handler.
    """

    scheduled: HistoryEvent
    scheduled_at: int
    attempt: int = 0
    answered_at: int = 0
    retry_at: int = 0
    failure: Failure | None = None
    started_event_id: int = 0
    started_at: int = 0
    token: str = ""
    cancellation: Cancellation | None = None


class Completion(msgspec.Struct, kw_only=True):
    """Somebody who is to be told when the run's chain ends, and how that went; or, with an
    `update_id`, how that update of this run ended.

    `request_id` is the start's, or the update's, that asked for it.
    """

    callback: Callback
    registered_at: int
    request_id: str = ""
    update_id: str = ""
    attempt: int = 0
    answered_at: int = 0
    failure: Failure | None = None


class Outgoing(msgspec.Struct, kw_only=True):
    """A signal or cancel request on its way to another run; `event` is its Initiated event."""

    event: HistoryEvent


class Update(msgspec.Struct, kw_only=True):
    update_id: str
    request: UpdateRequest | None = None
    admitted_at: int = 0
    # Handed to the worker with the task that is running now.
    is_sent: bool = False
    accepted_event_id: int = 0
    completed_event_id: int = 0
    outcome: Outcome | None = None
    # Of the call that brought it, and those that want to be told as well once it is accepted.
    request_id: str = ""
    joined: list[UpdateRequest] = field(default_factory=list)


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the run, since when and why."""

    at: int
    identity: str = ""
    reason: str = ""
    request_id: str = ""


class ResetPoint(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where the first workflow task ended that a build of the workers completed."""

    build_id: str = ""
    checksum: str = ""
    first_completed_event_id: int
    created_at: int
    resettable: bool = True


class RunState(msgspec.Struct, kw_only=True):
    key: RunKey
    status: int = RUNNING
    next_event_id: int = 1
    marks_count: int = 0
    transitions_count: int = 0
    history_bytes: int = 0

    start: WorkflowExecutionStartedEventAttributes | None = None
    request_id: str = ""
    user_metadata: UserMetadata | None = None
    workflow_type: str = ""
    queue: str = ""
    started_at: int = 0
    # Of the first event; a run made by a reset has that of another run.
    original_started_at: int = 0
    reset_at: int = 0
    # The run that goes on from this one since it was reset.
    reset_run_id: str = ""
    execution_at: int = 0
    closed_at: int = 0
    run_expires_at: int = 0
    execution_expires_at: int = 0
    # Until then a delayed, retried or cron run has no first workflow task.
    first_task_at: int = 0
    task_timeout_ns: int = 0
    memo: dict[str, Payload] = field(default_factory=dict)
    search_attributes: dict[str, Payload] = field(default_factory=dict)

    task: WorkflowTask | None = None
    task_attempt: int = 1
    # A failing workflow task waits until then.
    task_backoff_until: int = 0
    # The next event id when it began to wait.
    task_backoff_event_id: int = 0
    task_failure: str = ""
    # The started event of the last completed workflow task, and its completed event.
    previous_started_event_id: int = 0
    last_completed_event_id: int = 0
    sticky_queue: str = ""
    sticky_timeout_ns: int = 0

    activities: dict[int, Activity] = field(default_factory=dict)
    activity_ids: dict[str, int] = field(default_factory=dict)
    # The run is an activity without a workflow: the one of `activities`, which stays when it ends.
    standalone: Standalone | None = None
    # The same for a Nexus operation, the one of `operations`.
    standalone_operation: StandaloneOperation | None = None
    timers: dict[str, Timer] = field(default_factory=dict)
    children: dict[int, Child] = field(default_factory=dict)
    operations: dict[int, Operation] = field(default_factory=dict)
    signals_out: dict[int, Outgoing] = field(default_factory=dict)
    cancels_out: dict[int, Outgoing] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    updates_in_flight: int = 0
    # The last few refusals, for those who wait for them: bounded by REFUSALS_KEPT_MAX.
    refusals: dict[str, Failure] = field(default_factory=dict)
    buffered: list[HistoryEvent] = field(default_factory=list)
    buffered_bytes: int = 0

    cancel_requested: bool = False
    pause: Pause | None = None
    signals_count: int = 0
    # Of signals, no more than there may be of these: their events; 0 while these are held back.
    signal_request_ids: dict[str, int] = field(default_factory=dict)
    # Of starts that found the run running: their events; 0 while these are held back.
    attached_request_ids: dict[str, int] = field(default_factory=dict)
    reset_points: list[ResetPoint] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)
    # What its record says that it waits for, since when, and until when where it is for a timer.
    has_rested: bool = False
    rested_at: int = 0
    said_waits: tuple[str, ...] = ()
    said_timer: int = 0
    # Event ids that other ids hang on, filled in when buffered events are written.
    closing: HistoryEvent | None = None
    # Who completed the last workflow task: its deployment, the build where it is versioned, and
    # the protocol's number of what its code asks for; see `versioning`.
    deployment: str = ""
    build_id: str = ""
    behavior: int = 0
    used_versions: list[str] = field(default_factory=list)
    # The deployment of that build, where an override shows the run under another one.
    versioned_by: str = ""
    # The version that the run's code keeps it on, and what overrides that.
    pin: str = ""
    override: str = ""
    override_pins: bool = False
    # Where its queue is routed by now, as its worker was told; None where that is nothing new.
    noted_target: str | None = None
    # As it was changed since the start.
    priority: Priority | None = None
    next_run_id: str = ""
    armed_at: int = 0
    failing_count: int = 0

    # Derived: a heap of (when, kind, id). An entry may be stale; its owner is asked when it pops.
    deadlines: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return self.status == RUNNING

    @property
    def shown_status(self) -> int:
        """As callers are told: one that is paused is running all the same."""
        return PAUSED if self.is_running and self.pause is not None else self.status

    @property
    def last_event_id(self) -> int:
        return self.next_event_id - 1

    @property
    def has_started_task(self) -> bool:
        return self.task is not None and self.task.started_at != 0
