"""All that can happen to a run: the closed union `Input`.

An input carries its time (`at`, nanoseconds since the epoch) and every id that it may need,
so that a step is a function of what it is given. Where the protocol has a message for it, the
message is carried as it came.
"""

from __future__ import annotations

import msgspec
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Callback, Header, Link, Payload, Payloads, WorkflowExecution
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import (
    ActivityTaskScheduledEventAttributes,
    HistoryEvent,
    NexusOperationScheduledEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.update.v1 import Request as UpdateRequest
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)


class Given(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    at: int


class Signal(Given, frozen=True, kw_only=True):
    name: str
    input: Payloads
    identity: str = ""
    header: Header | None = None
    request_id: str = ""
    links: tuple[Link, ...] = ()
    external: WorkflowExecution | None = None
    # Signal-with-start does not wait for the time that a delayed run was to start at.
    ends_delay: bool = False


class Start(Given, frozen=True, kw_only=True):
    """The first input of a run; `attributes` become its first event as they are.

    `attributes.first_workflow_task_backoff` delays the first workflow task. `signal` is the one
    of signal-with-start. `eager_identity`, if not empty, asks for the first task in the answer.
    With `activity` or `operation` the run is that, and no workflow.
    """

    attributes: WorkflowExecutionStartedEventAttributes
    request_id: str
    signal: Signal | None = None
    links: tuple[Link, ...] = ()
    user_metadata: UserMetadata | None = None
    eager_identity: str = ""
    update: UpdateRequest | None = None
    activity: ActivityTaskScheduledEventAttributes | None = None
    operation: NexusOperationScheduledEventAttributes | None = None


class Attach(Given, frozen=True, kw_only=True):
    """A start that found the run running, and is to be known by it from now on.

    `request_id` is empty where only the links are attached.
    """

    request_id: str = ""
    links: tuple[Link, ...] = ()
    completions: tuple[Callback, ...] = ()


class PauseRun(Given, frozen=True, kw_only=True):
    """An operator holds the run; the same request again is no second pause."""

    identity: str = ""
    reason: str = ""
    request_id: str = ""


class ResumeRun(Given, frozen=True, kw_only=True):
    identity: str = ""
    reason: str = ""
    request_id: str = ""


class RequestCancel(Given, frozen=True, kw_only=True):
    cause: str = ""
    identity: str = ""
    request_id: str = ""
    external: WorkflowExecution | None = None
    external_initiated_event_id: int = 0
    links: tuple[Link, ...] = ()


class Terminate(Given, frozen=True, kw_only=True):
    # A run made by a reset takes its place.
    is_displaced: bool = False
    reason: str = ""
    details: Payloads | None = None
    identity: str = ""
    links: tuple[Link, ...] = ()
    request_id: str = ""


class AdmitUpdate(Given, frozen=True, kw_only=True):
    """Answered with an `effects.UpdateStage`; the caller waits for the stage that it wants."""

    request: UpdateRequest


class StartWorkflowTask(Given, frozen=True, kw_only=True):
    """A poller takes the workflow task (scheduled_event_id, attempt).

    Answered with `effects.WorkflowTaskStarted`, or TaskNotFound where it is stale.
    """

    scheduled_event_id: int
    attempt: int
    request_id: str
    identity: str
    sticky: bool = False
    # The version that a pinned run would go to if it were not; None for any other run.
    target: str | None = None


class CompleteWorkflowTask(Given, frozen=True, kw_only=True):
    """Answered with `effects.WorkflowTaskCompleted`."""

    scheduled_event_id: int
    started_event_id: int
    attempt: int
    # As the task's token has it; 0 where it does not say.
    started_at: int = 0
    request: RespondWorkflowTaskCompletedRequest
    # Ids of the Nexus endpoints that its commands name, by their names.
    endpoints: dict[str, str] = {}


class FailWorkflowTask(Given, frozen=True, kw_only=True):
    scheduled_event_id: int
    started_event_id: int
    attempt: int
    started_at: int = 0
    request: RespondWorkflowTaskFailedRequest


class StartActivity(Given, frozen=True, kw_only=True):
    """A poller takes an activity attempt. Answered with `effects.ActivityStarted`."""

    scheduled_event_id: int
    attempt: int
    request_id: str
    identity: str
    sdk_name: str = ""
    sdk_version: str = ""
    # The deployment version of the worker; empty for one of none.
    version: str = ""


class ActivityTarget(msgspec.Struct, frozen=True, gc=False):
    """By token: `scheduled_event_id` and `attempt`; by id: `activity_id` with both zero.

    `started_at` tells a standalone activity's attempt from an earlier one of the same number.
    """

    scheduled_event_id: int = 0
    attempt: int = 0
    activity_id: str = ""
    started_at: int = 0


class CompleteActivity(Given, frozen=True, kw_only=True):
    target: ActivityTarget
    result: Payloads
    identity: str = ""


class FailActivity(Given, frozen=True, kw_only=True):
    target: ActivityTarget
    failure: Failure
    identity: str = ""
    heartbeat: Payloads | None = None


class CancelActivity(Given, frozen=True, kw_only=True):
    """The worker reports that it stopped as it was asked to."""

    target: ActivityTarget
    details: Payloads
    identity: str = ""


class Heartbeat(Given, frozen=True, kw_only=True):
    """Answered with `effects.HeartbeatAnswer`."""

    target: ActivityTarget
    details: Payloads
    identity: str = ""


class Which(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The pending activities that an operator means: by id, by type, or all."""

    activity_id: str = ""
    activity_type: str = ""


class PauseActivities(Given, frozen=True, kw_only=True):
    """With a request id: one that is paused already is refused, but to the request that did it."""

    which: Which
    identity: str = ""
    reason: str = ""
    request_id: str = ""


class RenewActivities(Given, frozen=True, kw_only=True):
    """Resume them, or set their attempts back (`resets`); each a chance moment up to `jitter_ns`
    later, drawn from `seed`."""

    which: Which
    resets: bool
    resets_attempts: bool = False
    forgets_beat: bool = False
    keeps_paused: bool = False
    restores_options: bool = False
    jitter_ns: int = 0
    seed: str = ""


class ChangeActivities(Given, frozen=True, kw_only=True):
    """Take the fields that `paths` names from `options`; None: as it was scheduled.

    Answered with the ActivityOptions of the last one changed.
    """

    which: Which
    options: ActivityOptions | None
    paths: tuple[str, ...] = ()


class Wake(Given, frozen=True, kw_only=True):
    """The time that the run asked to be woken at has come; it may be late, or early, or twice."""


class ChildStarted(Given, frozen=True, kw_only=True):
    initiated_event_id: int
    run_id: str


class ChildStartFailed(Given, frozen=True, kw_only=True):
    """`cause` is a number of the protocol's StartChildWorkflowExecutionFailedCause."""

    initiated_event_id: int
    cause: int


class ChildClosed(Given, frozen=True, kw_only=True):
    """`closing` is the child's own closing event. `child` names the run that closed."""

    initiated_event_id: int
    child: WorkflowExecution
    closing: HistoryEvent


class ExternalAnswered(Given, frozen=True, kw_only=True):
    """The outcome of a signal or cancel request sent to another run.

    `failed_cause` is 0 when it was delivered, else a number of the protocol's
    Signal/CancelExternalWorkflowExecutionFailedCause.
    """

    initiated_event_id: int
    failed_cause: int = 0


class OperationStarted(Given, frozen=True, kw_only=True):
    """The handler has begun, and will say by a callback how it ended. `token` is its own name."""

    scheduled_event_id: int
    token: str
    links: tuple[Link, ...] = ()


class OperationEnded(Given, frozen=True, kw_only=True):
    """How a Nexus operation ended: with a `failure`, or else with a result.

    An end that comes by a callback says to which request it belongs, and may come before its
    start was answered: `token` and `started_at` then tell of that.
    """

    scheduled_event_id: int
    result: Payload | None = None
    failure: Failure | None = None
    is_canceled: bool = False
    links: tuple[Link, ...] = ()
    request_id: str = ""
    token: str = ""
    started_at: int = 0


class OperationFaltered(Given, frozen=True, kw_only=True):
    """A try failed: to start the operation, or to cancel it. It comes again unless `is_final`."""

    scheduled_event_id: int
    failure: Failure
    of_cancellation: bool = False
    is_final: bool = False


class OperationCancelTaken(Given, frozen=True, kw_only=True):
    """The handler knows that the operation is to be cancelled; what it does is its own."""

    scheduled_event_id: int


class CompletionAnswered(Given, frozen=True, kw_only=True):
    """To a closed run: whoever waited for its end (by number, from 0) knows it, or never will."""

    number: int
    failure: Failure | None = None


class Reset(Given, frozen=True, kw_only=True):
    """First input of a run made from `events` of another one (`base_run_id`).

    `events` end right before the workflow task's closing event at which the run was cut;
    `reapplied` are the signals and updates after it that are to be applied again, `changes` what is
    then made of the run's options. `request_id` makes the reset idempotent.
    """

    events: tuple[HistoryEvent, ...]
    reapplied: tuple[HistoryEvent, ...]
    changes: tuple[ChangeOptions, ...] = ()
    base_run_id: str
    reason: str
    identity: str
    request_id: str


class ChangeOptions(Given, frozen=True, kw_only=True):
    """Answered with `effects.OptionsChanged`. `paths` say which of the options are meant."""

    options: WorkflowExecutionOptions
    paths: tuple[str, ...]
    identity: str = ""


class ResetInto(Given, frozen=True, kw_only=True):
    """To the base run of a reset, which is closed by then: `run_id` goes on from it."""

    run_id: str


class ClearSticky(Given, frozen=True, kw_only=True):
    pass


Input = (
    Start
    | Attach
    | Signal
    | PauseRun
    | ResumeRun
    | RequestCancel
    | Terminate
    | AdmitUpdate
    | StartWorkflowTask
    | CompleteWorkflowTask
    | FailWorkflowTask
    | StartActivity
    | CompleteActivity
    | FailActivity
    | CancelActivity
    | Heartbeat
    | PauseActivities
    | RenewActivities
    | ChangeActivities
    | ChangeOptions
    | Wake
    | ChildStarted
    | ChildStartFailed
    | ChildClosed
    | ExternalAnswered
    | OperationStarted
    | OperationEnded
    | OperationFaltered
    | OperationCancelTaken
    | CompletionAnswered
    | Reset
    | ResetInto
    | ClearSticky
)
