"""What can happen to a run without a workflow, a standalone activity or Nexus operation: their
part of the table of `step`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core import deadlines, inputs
from engine.core.apply import armed
from engine.core.state import RunState, StandaloneOperation
from engine.core.transitions import (
    nexus,
    standalone,
    standalone_intervention,
    standalone_operation,
    start,
)
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


def _wake_operation(turn: Turn, given: inputs.Wake) -> None:
    state = turn.state
    armed(state, 0)
    while state.is_running and deadlines.take_due(state, turn.at) is not None:
        nexus.wake(turn, standalone_operation.parts(state)[0])
    standalone_operation.clear_up(turn)


def _told(transition: Callable[[Turn, Any], object]) -> Callable[[Turn, Any], None]:
    """As a workflow is told it; its end is the run's."""

    def carry(turn: Turn, given: Any) -> None:
        transition(turn, given)
        standalone_operation.clear_up(turn)

    return carry


OF_OPERATION: dict[type, Callable[[Turn, Any], None]] = {
    inputs.RequestCancel: standalone_operation.request_cancel,
    inputs.Terminate: standalone.terminate,
    inputs.OperationStarted: _told(nexus.started),
    inputs.OperationEnded: _told(nexus.ended),
    inputs.OperationFaltered: _told(nexus.faltered),
    inputs.OperationCancelTaken: _told(nexus.cancel_taken),
    inputs.Wake: _wake_operation,
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
    if state.standalone_operation is not None:
        _operation_over(state, state.standalone_operation, given)
        return
    assert state.standalone is not None, "the run is a standalone activity"
    if isinstance(given, inputs.Terminate):
        _ended_already(state.standalone.terminate_request_id, given.request_id, word(state))
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


def _operation_over(state: RunState, standalone: StandaloneOperation, given: inputs.Input) -> None:
    if isinstance(given, inputs.Terminate):
        how = standalone_operation.word(state)
        _ended_already(standalone.terminate_request_id, given.request_id, how)
    elif isinstance(given, inputs.RequestCancel):
        raise FailedPrecondition("operation already completed")


def _ended_already(asked_by: str, request_id: str, how: str) -> None:
    if not asked_by:
        raise FailedPrecondition(f"invalid transition from {how}")
    if asked_by != request_id:
        raise FailedPrecondition(f"already terminated with request ID {asked_by}")
