"""Facts about a run that are no history: the closed union `Mark`.

A mark is stored with `after_event_id`, the last event id when it was made, and its number among
the run's marks; so events and marks of a run have one order, and replaying them in it gives the
state that was live. Marks are deleted when a snapshot holds what they say.
"""

from __future__ import annotations

import msgspec
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.update.v1 import Request as UpdateRequest


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True, array_like=True):
    pass


class TaskHeld(Fact, frozen=True, kw_only=True):
    """A workflow task was scheduled without an event: a retry, or one that only carries updates."""

    attempt: int
    scheduled_at: int
    queue: str
    sticky: bool
    speculative: bool


class TaskTaken(Fact, frozen=True, kw_only=True):
    """A held workflow task was started by a worker, without an event.

    What the event will say of the run is what the worker was told: `history_bytes`, and `reasons`
    to continue as new (numbers of the protocol's SuggestContinueAsNewReason).
    """

    started_at: int
    request_id: str
    identity: str
    history_bytes: int = 0
    reasons: tuple[int, ...] = ()


class TaskLost(Fact, frozen=True, kw_only=True):
    """A workflow task ended without an event: a failed retry, or updates that were all refused.

    `attempt` is the one the next task will have; 1 if nothing failed.
    """

    attempt: int
    failure: str = ""


class TaskBackedOff(Fact, frozen=True, kw_only=True):
    """The next attempt of the workflow task is put off until `until`."""

    until: int


class StickySet(Fact, frozen=True, kw_only=True):
    """An empty `queue` clears it."""

    queue: str
    schedule_to_start_ns: int


class ActivityTaken(Fact, frozen=True, kw_only=True):
    """By whose SDK is noted of a standalone activity alone."""

    scheduled_event_id: int
    attempt: int
    started_at: int
    request_id: str
    identity: str
    sdk_name: str = ""
    sdk_version: str = ""
    version: str = ""


class ActivityRetried(Fact, frozen=True, kw_only=True):
    """An attempt failed; the next one, `attempt`, may start at `retry_at`.

    `attempt_started_at` and `identity` are of the one that failed.
    """

    scheduled_event_id: int
    attempt: int
    attempt_started_at: int
    failed_at: int
    retry_at: int
    failure: Failure
    identity: str


class ActivityReoffered(Fact, frozen=True, kw_only=True):
    """The back-off is over: the attempt waits for a worker since `at`."""

    scheduled_event_id: int
    at: int


class ActivityBeat(Fact, frozen=True, kw_only=True):
    scheduled_event_id: int
    at: int
    details: Payloads


class ActivityPaused(Fact, frozen=True, kw_only=True):
    """By somebody, or by a rule."""

    scheduled_event_id: int
    at: int
    identity: str = ""
    reason: str = ""
    request_id: str = ""
    rule_id: str = ""


class ActivityRenewed(Fact, frozen=True, kw_only=True):
    """An operator resumed the activity, or set its attempts back.

    One that no worker has waits for one from `offered_at` on; 0 leaves it where it is.
    """

    scheduled_event_id: int
    attempt: int
    offered_at: int
    at: int
    keeps_paused: bool
    forgets_beat: bool
    was_reset: bool


class ActivityChanged(Fact, frozen=True, kw_only=True):
    """Without `options` those that it was scheduled with hold again."""

    scheduled_event_id: int
    options: ActivityOptions | None
    retry_at: int


class ActivitySteered(Fact, frozen=True, kw_only=True):
    """What an operator has made of a standalone activity; all of it, as it is now."""

    scheduled_event_id: int
    attempt: int
    # The attempt that waits may start then; 0: at once, or a worker has it.
    start_at: int
    attempt_scheduled_at: int
    options: ActivityOptions | None
    start_delay_ns: int
    paused_at: int = 0
    pause_request_id: str = ""
    is_set_back: bool = False
    forgets_beat: bool = False
    drops_beat: bool = False


class AskedToEnd(Fact, frozen=True, kw_only=True):
    """Somebody wants a standalone activity or operation to end: now (`terminates`), or as it sees
    fit."""

    request_id: str
    identity: str
    reason: str
    terminates: bool = False


class AttemptEnded(Fact, frozen=True, kw_only=True):
    """The last attempt of a standalone activity; what became of the activity is told by an event.

    `identity` is None where no worker said so.
    """

    scheduled_event_id: int
    at: int
    failure: Failure | None = None
    identity: str | None = None


class OperationRetried(Fact, frozen=True, kw_only=True):
    """A try to start a Nexus operation, or to cancel it, failed; the next comes at `retry_at`."""

    scheduled_event_id: int
    of_cancellation: bool
    at: int
    retry_at: int
    failure: Failure


class OperationTriedAgain(Fact, frozen=True, kw_only=True):
    scheduled_event_id: int
    of_cancellation: bool


class CompletionTold(Fact, frozen=True, kw_only=True):
    """At a closed run: the `number`th of those who wait for its end was told, or never can be."""

    number: int
    at: int
    failure: Failure | None = None


class Buffered(Fact, frozen=True, kw_only=True):
    """An event that came while a workflow task ran; it gets its id when the task ends."""

    event: HistoryEvent


class TargetNoted(Fact, frozen=True, kw_only=True):
    """A pinned run is told with its workflow tasks that its queue is routed to this version by
    now, and not to its own; None: to its own again."""

    version: str | None


class Withdrawn(Fact, frozen=True, kw_only=True):
    """A held-back TimerFired is dropped: the worker cancelled the timer before it saw it."""

    timer_id: str


class Flushed(Fact, frozen=True, kw_only=True):
    """The held-back events are written now: they follow, in the order that they came."""


class UpdateAdmitted(Fact, frozen=True, kw_only=True):
    request: UpdateRequest
    at: int


class UpdateJoined(Fact, frozen=True, kw_only=True):
    """Another call for an update that no worker has accepted yet: it also waits for the end."""

    request: UpdateRequest


class UpdateRefused(Fact, frozen=True, kw_only=True):
    """Rejected by the validator; it leaves no event."""

    update_id: str
    failure: Failure


class StartedBy(Fact, frozen=True, kw_only=True):
    """The call that started the run: its request id, and when; before the first event.

    A run made by a reset begins with the events of another, which are older than itself.
    """

    request_id: str
    at: int = 0


class ResetInto(Fact, frozen=True, kw_only=True):
    """The run was reset, and `run_id` goes on from it; the last of several counts."""

    run_id: str


class Rested(Fact, frozen=True, kw_only=True):
    """The run waits, and its record says for what: first when it is for more than an activity."""

    at: int = 0
    waits: tuple[str, ...] = ()
    timer: int = 0


Mark = (
    TaskHeld
    | TaskTaken
    | TaskLost
    | TaskBackedOff
    | StickySet
    | ActivityTaken
    | ActivityRetried
    | ActivityReoffered
    | ActivityBeat
    | ActivityPaused
    | ActivityRenewed
    | ActivityChanged
    | ActivitySteered
    | AskedToEnd
    | AttemptEnded
    | OperationRetried
    | OperationTriedAgain
    | CompletionTold
    | Buffered
    | TargetNoted
    | Withdrawn
    | Flushed
    | UpdateAdmitted
    | UpdateJoined
    | UpdateRefused
    | StartedBy
    | ResetInto
    | Rested
)
