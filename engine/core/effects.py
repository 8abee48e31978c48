"""All that a step may ask of the shell: the closed union `Effect`.

Effects are data until the commit has returned. Those that must survive a crash between the
commit and their delivery (`OfferTask`, `Deliver`) are stored as transfer tasks under the
natural key (run, kind, event id) and deleted by a later commit.
"""

from __future__ import annotations

import msgspec
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Callback, Link, Payloads, Priority, WorkflowExecution
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Outcome
from temporalio.api.workflow.v1 import WorkflowExecutionOptions

from engine.core.inputs import RequestCancel, Signal, Start
from engine.core.keys import QueueKey, RunKey


class Frozen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    pass


class Urgency(Frozen, frozen=True, kw_only=True):
    """`priority`: 1 goes first. Keys of one priority share it by their weights."""

    priority: int = 3
    key: str = ""
    weight: float = 1.0


class OfferTask(Frozen, frozen=True, kw_only=True):
    """A workflow or activity task for matching. Durable until the task is started or dropped.

    `event_id` is the scheduled event's id. `expires_at` (0: never) is the schedule-to-start bound.
    `durable` is false for a task that may be lost with the node (sticky: its time-out covers it).
    """

    queue: QueueKey
    event_id: int
    attempt: int
    urgency: Urgency = Urgency()
    sticky: bool = False
    # To the ramping version of its queue, whatever that one's share is.
    prefers_ramp: bool = False


class DropTask(Frozen, frozen=True, kw_only=True):
    """The stored task (kind, event_id) has been started, or is of no use any more."""

    kind: str
    event_id: int


class StartChild(Frozen, frozen=True, kw_only=True):
    """Start a run of another workflow id, then tell this one (ChildStarted / ChildStartFailed).

    `reuse_policy` is a number of WorkflowIdReusePolicy; `request_id` makes it happen once.
    """

    event_id: int
    namespace_id: str
    namespace: str
    workflow_id: str
    run_id: str
    attributes: WorkflowExecutionStartedEventAttributes
    reuse_policy: int
    request_id: str


class SignalExternal(Frozen, frozen=True, kw_only=True):
    """Signal another run, then tell this one (ExternalAnswered)."""

    event_id: int
    target: RunKey
    namespace: str
    child_only: bool
    signal: Signal


class CancelExternal(Frozen, frozen=True, kw_only=True):
    """Request cancellation of another run, then tell this one (ExternalAnswered)."""

    event_id: int
    target: RunKey
    namespace: str
    child_only: bool
    cancel: RequestCancel


class TellParent(Frozen, frozen=True, kw_only=True):
    """This run closed for good: deliver ChildClosed to its parent; nothing comes back."""

    event_id: int
    parent: RunKey
    initiated_event_id: int
    child: WorkflowExecution
    closing: HistoryEvent


class TellSchedule(Frozen, frozen=True, kw_only=True):
    """This run, which a schedule started, closed for good: tell it; nothing comes back.

    `starter` is the identity that it was started by, which names the schedule.
    """

    event_id: int
    namespace_id: str
    starter: str
    workflow_id: str
    first_run_id: str
    closing: HistoryEvent


class CloseChild(Frozen, frozen=True, kw_only=True):
    """Parent close policy: terminate or request cancellation of a child; nothing comes back."""

    event_id: int
    child: RunKey
    terminate: bool
    parent: WorkflowExecution


class StartOperation(Frozen, frozen=True, kw_only=True):
    """Ask the endpoint's handler to start a Nexus operation, then tell this run how it went.

    `source` is this run; `scheduled` the event, `event_id` its id. `expires_at`: its
    schedule-to-close bound, 0 for none.
    """

    event_id: int
    namespace_id: str
    source: WorkflowExecution
    scheduled: HistoryEvent
    expires_at: int


class CancelOperation(Frozen, frozen=True, kw_only=True):
    """Tell the handler that the operation is to end; `event_id` is the cancel request's event."""

    event_id: int
    namespace_id: str
    source: WorkflowExecution
    scheduled: HistoryEvent
    token: str
    expires_at: int


class TellCaller(Frozen, frozen=True, kw_only=True):
    """This run closed for good: tell who registered for it, then this run (CompletionAnswered).

    `event_id` is -1 for the first of them, -2 for the next.
    """

    event_id: int
    namespace_id: str
    callback: Callback
    closing: HistoryEvent
    started_at: int
    link: Link


Delivery = (
    StartChild
    | SignalExternal
    | CancelExternal
    | TellParent
    | CloseChild
    | TellSchedule
    | StartOperation
    | CancelOperation
    | TellCaller
)


class ContinueAs(Frozen, frozen=True, kw_only=True):
    """Start the next run of this workflow id, in the same commit."""

    run_id: str
    start: Start


class Arm(Frozen, frozen=True, kw_only=True):
    """Send Wake at `at`; replaces what was armed before. 0: nothing to wait for."""

    at: int


class EmitRecord(Frozen, frozen=True):
    """The visibility record of the run has changed."""


class Reply(Frozen, frozen=True):
    """What the caller of this input is answered, after the commit."""

    value: object


class Refuse(Frozen, frozen=True):
    """Raised to the caller after the commit: something was stored although it was refused."""

    error: Exception


Effect = (
    OfferTask
    | DropTask
    | StartChild
    | SignalExternal
    | CancelExternal
    | TellParent
    | CloseChild
    | TellSchedule
    | StartOperation
    | CancelOperation
    | TellCaller
    | ContinueAs
    | Arm
    | EmitRecord
    | Reply
    | Refuse
)


# What replies carry.


class Started(Frozen, frozen=True, kw_only=True):
    run_id: str
    eager_task: WorkflowTaskStarted | None = None


class WorkflowTaskStarted(Frozen, frozen=True, kw_only=True):
    """Enough to answer a workflow-task poll; the history itself is read by the frontend.

    The history to send is events `previous_started_event_id`+1 (sticky) or 1 (else) up to
    `last_event_id`, followed by `held` (events of a task that is not yet in the history).
    """

    run_id: str
    workflow_id: str
    workflow_type: str
    scheduled_event_id: int
    started_event_id: int
    attempt: int
    scheduled_at: int
    started_at: int
    previous_started_event_id: int
    last_event_id: int
    held: tuple[HistoryEvent, ...] = ()
    messages: tuple[Message, ...] = ()
    queue: str
    # The run's own: the task may come through a sticky one.
    run_queue: str
    sticky: bool
    # That history as it was in memory, serialised, from this event on; 0 where it was not.
    events_from: int = 0
    events: tuple[bytes, ...] = ()
    priority: bytes = b""


class WorkflowTaskCompleted(Frozen, frozen=True, kw_only=True):
    """`next_task` is set where the worker asked for the next task in the answer.

    `eager_activities`: scheduled event ids of the activities that the worker may start at once.
    """

    closed: bool
    next_task: WorkflowTaskStarted | None = None
    eager_activities: tuple[ActivityStarted, ...] = ()
    reset_history_event_id: int = 0


class ActivityStarted(Frozen, frozen=True, kw_only=True):
    """`scheduled` is the ActivityTaskScheduled event; times are nanoseconds since the epoch."""

    workflow_id: str
    run_id: str
    workflow_type: str
    scheduled: HistoryEvent
    attempt: int
    scheduled_at: int
    current_attempt_scheduled_at: int
    started_at: int
    heartbeat: Payloads | None
    # As an operator has changed them; None: as they were scheduled.
    options: ActivityOptions | None = None
    priority: Priority | None = None


class HeartbeatAnswer(Frozen, frozen=True, kw_only=True):
    cancel_requested: bool
    paused: bool = False
    was_reset: bool = False


class ActivitiesChanged(Frozen, frozen=True, kw_only=True):
    options: ActivityOptions


class OptionsChanged(Frozen, frozen=True, kw_only=True):
    options: WorkflowExecutionOptions


class UpdateStage(Frozen, frozen=True, kw_only=True):
    """`stage` is a number of UpdateWorkflowExecutionLifecycleStage."""

    run_id: str
    stage: int
    outcome: Outcome | None = None


class Closed(Frozen, frozen=True, kw_only=True):
    failure: Failure | None = None
