"""What can happen to a run that is a standalone activity: its part of the table of `step`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core import deadlines, inputs
from engine.core.apply import armed
from engine.core.state import RunState
from engine.core.transitions import standalone, standalone_intervention, start
from engine.core.transitions.standalone_intervention import word
from engine.core.turn import Turn
from engine.errors import FailedPrecondition


def _wake(turn: Turn, given: inputs.Wake) -> None:
    state = turn.state
    armed(state, 0)
    while state.is_running and deadlines.take_due(state, turn.at) is not None:
        standalone.wake(turn)


TRANSITIONS: dict[type, Callable[[Turn, Any], None]] = {
    inputs.Attach: start.attach,
    inputs.RequestCancel: standalone.request_cancel,
    inputs.Terminate: standalone.terminate,
    inputs.StartActivity: standalone.take,
    inputs.CompleteActivity: standalone.complete,
    inputs.FailActivity: standalone.fail,
    inputs.CancelActivity: standalone.cancel,
    inputs.Heartbeat: standalone.heartbeat,
    inputs.PauseActivities: standalone_intervention.pause,
    inputs.RenewActivities: standalone_intervention.renew,
    inputs.ChangeActivities: standalone_intervention.change,
    inputs.Wake: _wake,
}
_FOR_WORKERS = (
    inputs.StartActivity,
    inputs.CompleteActivity,
    inputs.FailActivity,
    inputs.CancelActivity,
    inputs.Heartbeat,
)


def closed_already(state: RunState, given: inputs.Input) -> None:
    """What has been asked for may be asked for again; all else is refused."""
    assert state.standalone is not None, "the run is a standalone activity"
    if isinstance(given, inputs.Terminate):
        _ended_already(state, state.standalone.terminate_request_id, given.request_id)
    elif isinstance(given, inputs.RequestCancel):
        if not given.request_id or state.standalone.cancel_request_id != given.request_id:
            raise FailedPrecondition(f"activity is in terminal state {word(state)}")
    elif isinstance(given, inputs.CompleteActivity) and given.target.activity_id:
        raise FailedPrecondition(f"invalid transition from {word(state)}")
    elif isinstance(given, _FOR_WORKERS):
        raise standalone.missing(state)
    elif isinstance(given, inputs.PauseActivities):
        raise FailedPrecondition(f"activity is in non-pausable state {word(state)}")
    elif isinstance(given, inputs.RenewActivities):
        if given.resets:
            raise FailedPrecondition("activity execution is not running")
        raise FailedPrecondition(f"activity is in terminal state {word(state)}")
    elif isinstance(given, inputs.ChangeActivities):
        raise FailedPrecondition(f"Cannot update options for activity in state {word(state)}")


def _ended_already(state: RunState, asked_by: str, request_id: str) -> None:
    if not asked_by:
        raise FailedPrecondition(f"invalid transition from {word(state)}")
    if asked_by != request_id:
        raise FailedPrecondition(f"already terminated with request ID {asked_by}")
