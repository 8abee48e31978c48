"""The first input of a run, of whatever kind: what it begins with.

(none) ──Start──▶ a workflow, a standalone activity or operation
(none) ──Reset──▶ a workflow, with all that was pending in another one pending again
"""

from __future__ import annotations

from engine.core import inputs
from engine.core.effects import Started, WorkflowTaskStarted
from engine.core.state import RunState
from engine.core.transitions import (
    activity,
    child,
    external,
    nexus,
    options,
    reset,
    signal,
    standalone,
    standalone_operation,
    update,
    workflow_task,
)
from engine.core.transitions import start as opening
from engine.core.turn import Turn


def start(turn: Turn, given: inputs.Start) -> None:
    if given.activity is not None:
        standalone.begin(turn, given)
        return
    if given.operation is not None:
        standalone_operation.begin(turn, given)
        return
    opening.begin(turn, given)
    if given.signal is not None:
        signal.signal(turn, given.signal)
    if given.update is not None:
        update.admit(turn, given.update)
        turn.effects.pop()
    workflow_task.ensure(turn)
    eager = None
    task = turn.state.task
    if given.eager_identity and task is not None:
        turn.effects.clear()
        workflow_task.start(
            turn, task.scheduled_event_id, task.attempt, given.request_id, given.eager_identity
        )
        eager = workflow_task.started_answer(turn.state)
        turn.effects.clear()
    turn.reply(Started(run_id=turn.state.key.run_id, eager_task=eager))


def eager_task(state: RunState, given: inputs.Start) -> WorkflowTaskStarted | None:
    """The first task again, for the very request that was to have it, if it still is under way: its
    answer may have been lost."""
    task = state.task
    is_same = given.eager_identity and given.request_id == state.request_id
    if not is_same or task is None or task.request_id != given.request_id or task.attempt > 1:
        return None
    return workflow_task.started_answer(state) if task.started_at and not task.held else None


def reset_from(turn: Turn, given: inputs.Reset) -> None:
    reset.begin(turn, given)
    for change in given.changes:
        options.apply(turn, change)
    state = turn.state
    for event_id in state.activities:
        activity.offer(turn, event_id)
    for pending in state.children.values():
        if not pending.is_started:
            child.send_start(turn, pending)
    for operation in state.operations.values():
        if not operation.started_at:
            nexus.send_start(turn, operation)
        elif operation.cancellation is not None and not operation.cancellation.is_done:
            nexus.send_cancel(turn, operation)
    for outgoing in state.signals_out.values():
        external.send_signal(turn, outgoing.event)
    for outgoing in state.cancels_out.values():
        external.send_cancel(turn, outgoing.event)
    workflow_task.schedule(turn)
    turn.reply(Started(run_id=state.key.run_id))
