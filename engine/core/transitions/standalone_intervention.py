"""What operators do to a standalone activity.

    waiting · put off ──pause──▶ paused ──resume · set back──▶ put off · waiting
    running ──pause──▶ running, paused ──the attempt fails──▶ paused
                               └──resume──▶ running
    running ──set back──▶ running, set back ──the attempt fails──▶ waiting for the first attempt

Otherwise than in a workflow its time goes on while it is paused, and an attempt that may not be
retried ends it all the same; a running attempt keeps its number until it fails; what it failed with
is not forgotten; and whoever asks for what cannot be done now is refused.
"""

from __future__ import annotations

import hashlib

import msgspec
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import TaskQueueKind, WorkflowExecutionStatus

from engine.core import activity_options, retry, timeouts
from engine.core.effects import ActivitiesChanged, DropTask, EmitRecord
from engine.core.inputs import ChangeActivities, PauseActivities, RenewActivities
from engine.core.keys import ACTIVITY
from engine.core.marks import ActivitySteered
from engine.core.state import RunState
from engine.core.transitions.standalone import offer_when_due, parts
from engine.core.turn import Turn
from engine.errors import FailedPrecondition, InvalidArgument
from engine.protocol.times import nanoseconds

_CHANGEABLE = frozenset({*activity_options.CHANGEABLE, "start_delay"})


def word(state: RunState) -> str:
    """What it is doing, as callers are told it."""
    if not state.is_running:
        name = WorkflowExecutionStatus.Name(state.status)  # type: ignore[arg-type]
        ended = name.removeprefix("WORKFLOW_EXECUTION_STATUS_")
        return "".join(part.capitalize() for part in ended.split("_"))
    _, activity, standalone = parts(state)
    if not activity.started_at:
        return "Paused" if standalone.paused_at else "Scheduled"
    if activity.cancel_requested:
        return "CancelRequested"
    if standalone.is_set_back:
        return "ResetRequested"
    return "PauseRequested" if standalone.paused_at else "Started"


def _now(state: RunState) -> ActivitySteered:
    """As it is: what is to be otherwise is replaced."""
    event_id, activity, standalone = parts(state)
    return ActivitySteered(
        scheduled_event_id=event_id,
        attempt=activity.attempt,
        start_at=activity.retry_at,
        attempt_scheduled_at=activity.attempt_scheduled_at,
        options=activity.options,
        start_delay_ns=standalone.start_delay_ns,
        paused_at=standalone.paused_at,
        pause_request_id=standalone.pause_request_id,
        is_set_back=standalone.is_set_back,
        forgets_beat=standalone.forgets_beat,
    )


def _steer(turn: Turn, steered: ActivitySteered) -> None:
    """What waits for a worker is taken back, and offered again as it is then."""
    event_id, activity, standalone = parts(turn.state)
    if not (activity.started_at or activity.retry_at or standalone.paused_at):
        turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
    turn.mark(steered)
    offer_when_due(turn)
    turn.ask(EmitRecord())


def pause(turn: Turn, given: PauseActivities) -> None:
    standalone = parts(turn.state)[2]
    if standalone.paused_at and standalone.pause_request_id == given.request_id:
        return
    if (now := word(turn.state)) not in ("Scheduled", "Started"):
        raise FailedPrecondition(f"activity is in non-pausable state {now}")
    _steer(
        turn,
        msgspec.structs.replace(
            _now(turn.state), paused_at=turn.at, pause_request_id=given.request_id
        ),
    )


def renew(turn: Turn, given: RenewActivities) -> None:
    """Resume it, or set its attempts back."""
    if given.resets:
        _set_back(turn, given)
    else:
        _resume(turn, given)


def _resume(turn: Turn, given: RenewActivities) -> None:
    activity = parts(turn.state)[1]
    if (now := word(turn.state)) not in ("Paused", "PauseRequested"):
        raise FailedPrecondition(f"activity is in non-unpausable state {now}")
    resumed = msgspec.structs.replace(_now(turn.state), paused_at=0, pause_request_id="")
    if not activity.started_at:
        resumed = _starting_at(resumed, max(activity.retry_at, turn.at), given)
    _steer(turn, resumed)


def _starting_at(steered: ActivitySteered, at: int, given: RenewActivities) -> ActivitySteered:
    start_at = at + _some_of(given.jitter_ns, given.seed)
    return msgspec.structs.replace(steered, start_at=start_at, attempt_scheduled_at=start_at)


def _some_of(jitter_ns: int, seed: str) -> int:
    """The same part of the jitter whenever it is asked for."""
    if not jitter_ns:
        return 0
    digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % jitter_ns + 1


def _set_back(turn: Turn, given: RenewActivities) -> None:
    activity = parts(turn.state)[1]
    now = word(turn.state)
    if now in ("CancelRequested", "ResetRequested"):
        what = {"CancelRequested": "cancellation", "ResetRequested": "reset"}[now]
        raise FailedPrecondition(f"cannot reset an activity with a pending {what}")
    steered = _now(turn.state)
    if given.restores_options:
        steered = _restored(turn, steered)
    if not given.keeps_paused:
        steered = msgspec.structs.replace(steered, paused_at=0, pause_request_id="")
    if activity.started_at:
        steered = msgspec.structs.replace(
            steered, is_set_back=True, forgets_beat=given.forgets_beat
        )
    else:
        steered = msgspec.structs.replace(steered, attempt=1, drops_beat=given.forgets_beat)
        if not steered.paused_at:
            first_at = activity.scheduled_at + steered.start_delay_ns
            steered = _starting_at(steered, max(first_at, turn.at), given)
    _steer(turn, steered)


def _restored(turn: Turn, steered: ActivitySteered) -> ActivitySteered:
    return msgspec.structs.replace(steered, options=None, start_delay_ns=_first_delay(turn.state))


def _first_delay(state: RunState) -> int:
    """As it was started with."""
    assert state.start is not None, "a run was started"
    return nanoseconds(state.start.first_workflow_task_backoff)


def _was_delayed(state: RunState) -> bool:
    """Or its caller said that it is not."""
    return state.start is not None and state.start.HasField("first_workflow_task_backoff")


def change(turn: Turn, given: ChangeActivities) -> None:
    _, activity, standalone = parts(turn.state)
    if given.options is None:
        steered = _restored(turn, _now(turn.state))
        options = activity_options.scheduled_with(activity)
    else:
        options = _merged(turn, given, given.options)
        delay = standalone.start_delay_ns
        if "start_delay" in map(activity_options.in_snake_case, given.paths):
            delay = _new_delay(turn, given.options)
        steered = msgspec.structs.replace(_now(turn.state), options=options, start_delay_ns=delay)
    _steer(turn, _at_its_new_time(turn, options, steered))
    told = ActivityOptions()
    told.CopyFrom(options)
    told.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    if steered.start_delay_ns or _was_delayed(turn.state):
        told.start_delay.FromNanoseconds(steered.start_delay_ns)
    turn.reply(ActivitiesChanged(options=told))


def _merged(turn: Turn, given: ChangeActivities, wanted: ActivityOptions) -> ActivityOptions:
    activity_options.check_paths(given.paths)
    if "task_queue.name" in map(activity_options.in_snake_case, given.paths) and (
        not wanted.task_queue.name
    ):
        raise InvalidArgument("taskQueue is not set")
    options = activity_options.merged(parts(turn.state)[1], wanted, given.paths)
    if options.priority.priority_key < 0:
        raise InvalidArgument("priority key can't be negative")
    timeouts.fit_activity(options, 0)
    return options


def _new_delay(turn: Turn, wanted: ActivityOptions) -> int:
    _, activity, standalone = parts(turn.state)
    delay = nanoseconds(wanted.start_delay)
    if delay < 0:
        raise InvalidArgument("invalid StartDelay: negative duration")
    if standalone.started_at or not activity.retry_at:
        raise FailedPrecondition(
            "cannot update start_delay: the first activity attempt has already been dispatched"
        )
    return delay


def _at_its_new_time(
    turn: Turn, options: ActivityOptions, steered: ActivitySteered
) -> ActivitySteered:
    """An attempt that is put off is put off as the new options say."""
    _, activity, standalone = parts(turn.state)
    if not activity.retry_at:
        return steered
    start_at = activity.retry_at
    if steered.start_delay_ns != standalone.start_delay_ns:
        start_at = activity.scheduled_at + steered.start_delay_ns
    elif activity.attempt > 1 and options.retry_policy != activity.retry:
        pause_ns = retry.interval(options.retry_policy, activity.attempt - 1)
        start_at = standalone.ended_at + pause_ns
    start_at = max(start_at, turn.at)
    return msgspec.structs.replace(steered, start_at=start_at, attempt_scheduled_at=start_at)
