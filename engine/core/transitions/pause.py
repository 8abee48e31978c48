"""A run that an operator holds.

    running ──pause──▶ paused ──resume──▶ running
                          └──it is ended, or its time is over──▶ closed

A paused run takes what comes: signals, fired timers and the ends of activities and children stand
in its history. But no worker is given anything of it: neither a workflow task nor a new attempt of
an activity; queries and updates are refused. What a worker has already, it may finish. No time-out
stands still. Where a worker runs a workflow task, the event is held back as any other, and the
pause holds all the same.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType

from engine.core.inputs import PauseRun, ResumeRun
from engine.core.state import RunState
from engine.core.turn import Turn
from engine.errors import FailedPrecondition


def is_new(state: RunState, given: PauseRun) -> bool:
    """The request that has paused it may come again; any other is refused."""
    found = state.pause
    if found is None:
        return True
    if not given.request_id or given.request_id != found.request_id:
        raise FailedPrecondition("workflow is already paused.")
    return False


def pause(turn: Turn, given: PauseRun) -> None:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED)
    attributes = event.workflow_execution_paused_event_attributes
    attributes.identity = given.identity
    attributes.reason = given.reason
    attributes.request_id = given.request_id
    turn.record(event)


def resume(turn: Turn, given: ResumeRun) -> None:
    if turn.state.pause is None:
        raise FailedPrecondition("workflow is not paused.")
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED)
    attributes = event.workflow_execution_unpaused_event_attributes
    attributes.identity = given.identity
    attributes.reason = given.reason
    attributes.request_id = given.request_id
    turn.record(event)
