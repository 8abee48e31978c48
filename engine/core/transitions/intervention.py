"""What operators do to pending activities.

    waiting · retrying ──pause──▶ paused ──resume · set back──▶ waiting
    running ──pause──▶ running, paused ──the attempt fails──▶ paused
                               └──resume──▶ running

While an activity is paused none of its time-outs and no attempt comes. A running attempt goes on:
its worker hears of it with its next heartbeat, and its result counts. To set an activity back is to
make its current attempt the first; a worker that runs a later one has run it in vain. What waits is
offered anew, and its last failure is forgotten: it is of a time before somebody mended it.

Each function says which activities are to be offered to a worker now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from temporalio.api.activity.v1 import ActivityOptions

from engine.core import activity_options, retry, timeouts
from engine.core.effects import ActivitiesChanged, DropTask, EmitRecord
from engine.core.inputs import ChangeActivities, PauseActivities, RenewActivities, Which
from engine.core.keys import ACTIVITY
from engine.core.marks import ActivityChanged, ActivityPaused, ActivityRenewed
from engine.core.state import Activity
from engine.core.turn import Turn
from engine.errors import FailedPrecondition, NotFound


def pause(turn: Turn, given: PauseActivities) -> None:
    for event_id, activity in _meant(turn, given.which):
        if activity.paused_at:
            if given.request_id not in ("", activity.pause_request_id):
                raise FailedPrecondition("activity is already paused")
            continue
        if not activity.started_at:
            turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
        turn.mark(
            ActivityPaused(
                scheduled_event_id=event_id,
                at=turn.at,
                identity=given.identity,
                reason=given.reason,
                request_id=given.request_id,
            )
        )
    turn.ask(EmitRecord())


def withdraw_all(turn: Turn) -> None:
    """The run is paused: no worker begins one of them."""
    for event_id, activity in turn.state.activities.items():
        if not activity.started_at:
            turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))


def waiting(turn: Turn) -> list[int]:
    """The run goes on, and with it what waits for a worker."""
    return [
        event_id
        for event_id, activity in turn.state.activities.items()
        if not (activity.started_at or activity.paused_at or activity.retry_at)
    ]


def renew(turn: Turn, given: RenewActivities) -> list[int]:
    """Resume them, or set their attempts back."""
    offered = []
    for event_id, activity in _meant(turn, given.which):
        if not given.resets and not activity.paused_at:
            continue
        if given.restores_options and activity.options is not None:
            turn.mark(ActivityChanged(scheduled_event_id=event_id, options=None, retry_at=0))
        stays = given.keeps_paused and activity.paused_at != 0
        offered_at = 0
        if not activity.started_at and not stays:
            turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
            offered_at = turn.at + _some_of(given.jitter_ns, given.seed, event_id)
        turn.mark(
            ActivityRenewed(
                scheduled_event_id=event_id,
                attempt=1 if given.resets or given.resets_attempts else activity.attempt,
                offered_at=offered_at,
                at=turn.at,
                keeps_paused=stays,
                forgets_beat=given.forgets_beat,
                was_reset=given.resets and activity.started_at != 0,
            )
        )
        if offered_at == turn.at:
            offered.append(event_id)
    turn.ask(EmitRecord())
    return offered


def change(turn: Turn, given: ChangeActivities) -> list[int]:
    """All of them are looked at before the first one is changed."""
    meant = list(_meant(turn, given.which))
    changes = [(e, activity, _changed(turn, activity, given)) for e, activity in meant]
    offered = []
    for event_id, activity, options in changes:
        waits = not activity.started_at and not activity.retry_at and not activity.paused_at
        if waits:
            # It may be another queue's now.
            turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
            offered.append(event_id)
        turn.mark(
            ActivityChanged(
                scheduled_event_id=event_id,
                options=None if given.options is None else options,
                retry_at=_next_try(turn, activity, options),
            )
        )
    turn.ask(EmitRecord())
    turn.reply(ActivitiesChanged(options=changes[-1][2]))
    return offered


def _changed(turn: Turn, activity: Activity, given: ChangeActivities) -> ActivityOptions:
    if given.options is None:
        return activity_options.scheduled_with(activity)
    options = activity_options.merged(activity, given.options, given.paths)
    start = turn.state.start
    run_ns = start.workflow_run_timeout.ToNanoseconds() if start is not None else 0
    timeouts.fit_activity(options, run_ns)
    return options


def _next_try(turn: Turn, activity: Activity, options: ActivityOptions) -> int:
    """The end of a back-off under the new policy; 0 where there is none."""
    if not activity.retry_at or activity.attempt <= 1:
        return activity.retry_at
    after = activity.last_failed_at + retry.interval(options.retry_policy, activity.attempt - 1)
    return max(after, turn.at)


def _meant(turn: Turn, which: Which) -> Iterator[tuple[int, Activity]]:
    activities = turn.state.activities
    if which.activity_id:
        event_id = turn.state.activity_ids.get(which.activity_id, 0)
        found = [(event_id, activities[event_id])] if event_id in activities else []
    else:
        kind = which.activity_type
        found = [(e, a) for e, a in activities.items() if kind in ("", a.activity_type)]
    if not found:
        raise NotFound(
            "Can't find pending activity with such ID. Invalid activityID or activity already "
            "completed"
        )
    yield from found


def _some_of(jitter_ns: int, seed: str, event_id: int) -> int:
    """The same part of the jitter whenever it is asked for."""
    if not jitter_ns:
        return 0
    digest = hashlib.blake2b(f"{seed}\0{event_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % jitter_ns + 1
