"""User timers.

    (none) ──start──▶ pending ──fire──▶ (none)
                         └────cancel──▶ (none)

A wake-up may be late, early or double, so a timer that is no longer pending, or that was started
again under the same id and is not due yet, swallows it in silence.
"""

from __future__ import annotations

from temporalio.api.command.v1 import (
    CancelTimerCommandAttributes,
    StartTimerCommandAttributes,
)
from temporalio.api.enums.v1 import EventType

from engine.core.turn import Turn
from engine.protocol import times


def start(
    turn: Turn,
    command: StartTimerCommandAttributes,
    completed_event_id: int,
) -> None:
    event = turn.new(EventType.EVENT_TYPE_TIMER_STARTED)
    started = event.timer_started_event_attributes
    started.timer_id = command.timer_id
    started.start_to_fire_timeout.CopyFrom(command.start_to_fire_timeout)
    times.bound(started.start_to_fire_timeout)
    started.workflow_task_completed_event_id = completed_event_id
    turn.add(event)


def cancel(
    turn: Turn, command: CancelTimerCommandAttributes, completed_event_id: int, identity: str
) -> None:
    """Cancel a pending timer; one that fired meanwhile, unseen by the worker, is taken back."""
    timer = turn.state.timers.get(command.timer_id)
    event = turn.new(EventType.EVENT_TYPE_TIMER_CANCELED)
    canceled = event.timer_canceled_event_attributes
    canceled.timer_id = command.timer_id
    canceled.workflow_task_completed_event_id = completed_event_id
    canceled.identity = identity
    if timer is not None:
        canceled.started_event_id = timer.started_event_id
    else:
        canceled.started_event_id = turn.withdraw_timer_fired(command.timer_id)
    turn.add(event)


def fire(turn: Turn, timer_id: str) -> bool:
    """Whether the timer was due and pending."""
    timer = turn.state.timers.get(timer_id)
    if timer is None or timer.fire_at > turn.at:
        return False
    event = turn.new(EventType.EVENT_TYPE_TIMER_FIRED)
    fired = event.timer_fired_event_attributes
    fired.timer_id = timer_id
    fired.started_event_id = timer.started_event_id
    turn.record(event)
    return True
