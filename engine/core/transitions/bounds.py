"""What a run may not grow beyond: looked at after each step.

too much held back while a workflow task runs ──▶ the task fails, all of it is written
a history too long or too large ──▶ the run is terminated
"""

from __future__ import annotations

from engine.core.inputs import Terminate
from engine.core.marks import Buffered
from engine.core.transitions import close, workflow_task
from engine.core.turn import Turn

BY = "history-service"


def keep(turn: Turn) -> None:
    state = turn.state
    if state.buffered:
        _bound_buffer(turn)
    if state.is_running and not state.has_started_task:
        _bound_history(turn)


def _bound_buffer(turn: Turn) -> None:
    """What was there before this step counts: what came with it is written all the same."""
    state, limits = turn.state, turn.limits
    added = [mark.event for _, mark in turn.marks if isinstance(mark, Buffered)]
    if not added:
        return
    older = len(state.buffered) - len(added)
    older_bytes = state.buffered_bytes - sum(event.ByteSize() for event in added)
    if older > limits.buffered_events_max or older_bytes > limits.buffered_bytes_max:
        workflow_task.fail(turn, workflow_task.FORCE_CLOSED, None, BY)


def _bound_history(turn: Turn) -> None:
    state, limits = turn.state, turn.limits
    if state.last_event_id > limits.history_events_max:
        reason = "Workflow history count exceeds limit."
    elif state.history_bytes > limits.history_bytes_max:
        reason = "Workflow history size exceeds limit."
    else:
        return
    close.terminate(turn, Terminate(at=turn.at, reason=reason, identity=BY))
