"""What follows an attempt of an activity, and the rules that hold the next one back.

    an attempt has failed ──▶ the activity is over
                          ├──▶ another one, after a back-off
                          └──▶ paused: by an operator meanwhile, or by a rule now

The rules of the namespace are asked as the first attempt begins, as an attempt fails that may be
retried, and before a later one is offered. What they pause is as if an operator had paused it: it
waits until somebody resumes it, or sets it back; then the rules are asked again.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import RetryState
from temporalio.api.failure.v1 import Failure

from engine.core import retry, rules
from engine.core.effects import DropTask, EmitRecord
from engine.core.keys import ACTIVITY
from engine.core.marks import ActivityPaused, ActivityRetried
from engine.core.state import Activity
from engine.core.turn import Turn

# What would end a paused activity, or try it again, waits until somebody resumes it.
_HELD_BY_A_PAUSE = (
    RetryState.RETRY_STATE_IN_PROGRESS,
    RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED,
    RetryState.RETRY_STATE_TIMEOUT,
)


def would_be_held(turn: Turn, event_id: int) -> bool:
    """Whether a rule would pause it if a worker came for it now."""
    activity = turn.state.activities[event_id]
    return rules.holding(turn.rules, turn.state, activity, turn.at) != ""


def is_held_by_a_rule(turn: Turn, event_id: int, activity: Activity) -> bool:
    """Whether one pauses the activity, which it has done then."""
    rule_id = rules.holding(turn.rules, turn.state, activity, turn.at)
    if not rule_id:
        return False
    if not activity.started_at:
        turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
    turn.mark(ActivityPaused(scheduled_event_id=event_id, at=turn.at, rule_id=rule_id))
    turn.ask(EmitRecord())
    return True


def decide(turn: Turn, event_id: int, activity: Activity, failure: Failure) -> retry.Decision:
    """What an attempt's failure leads to; a rule may pause the activity here."""
    if activity.cancel_requested:
        return retry.Decision(None, RetryState.RETRY_STATE_CANCEL_REQUESTED)
    expires_at = 0
    if activity.schedule_to_close_ns:
        expires_at = activity.scheduled_at + activity.schedule_to_close_ns
    decision = retry.decide(activity.retry, activity.attempt, failure, turn.at, expires_at)
    if decision.state in _HELD_BY_A_PAUSE and (
        activity.paused_at or is_held_by_a_rule(turn, event_id, activity)
    ):
        return retry.Decision(0, RetryState.RETRY_STATE_IN_PROGRESS)
    return decision


def retry_later(
    turn: Turn, event_id: int, failure: Failure, delay_ns: int, identity: str = ""
) -> None:
    activity = turn.state.activities[event_id]
    turn.mark(
        ActivityRetried(
            scheduled_event_id=event_id,
            attempt=activity.attempt + 1,
            attempt_started_at=activity.started_at,
            failed_at=turn.at,
            retry_at=0 if activity.paused_at else turn.at + delay_ns,
            failure=failure,
            identity=identity or activity.identity,
        )
    )
    attempt = activity.attempt
    if attempt & (attempt - 1) == 0:
        # The record's attempts and next try are renewed at 2, 4, 8 …: often enough to find what
        # fails for long, seldom enough for a thousand attempts.
        turn.ask(EmitRecord())
