"""Those who wait for the end of a run: its parent, its schedule, and who has registered for it,
such as the Nexus operation that it was started for.

    registered ──the run's chain has ended──▶ told, or given up

Those who have registered pass on to the run that follows, and to the one that a reset makes: only
the last tells them.
"""

from __future__ import annotations

from temporalio.api.common.v1 import Link, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes

from engine.core.effects import DropTask, TellCaller, TellParent, TellSchedule
from engine.core.inputs import CompletionAnswered
from engine.core.keys import SCHEDULER, RunKey, is_reserved
from engine.core.marks import CompletionTold
from engine.core.state import RunState
from engine.core.turn import Turn


def tell(turn: Turn) -> None:
    """Its parent, or the schedule that started it; and whoever registered for it."""
    state = turn.state
    start, closing = state.start, state.closing
    if start is None or closing is None or is_reserved(state.key.workflow_id):
        # For the end of what is no workflow nobody can have registered.
        return
    if start.HasField("parent_workflow_execution"):
        turn.ask(_to_parent(state, start, closing))
    elif start.identity.startswith(SCHEDULER):
        turn.ask(_to_schedule(state, start, closing))
    if turn.is_displaced:
        return
    for number, completion in enumerate(state.completions):
        turn.ask(
            TellCaller(
                event_id=-1 - number,
                namespace_id=state.key.namespace_id,
                callback=completion.callback,
                closing=closing,
                started_at=state.started_at,
                link=_link(state),
            )
        )


def _to_parent(
    state: RunState, start: WorkflowExecutionStartedEventAttributes, closing: HistoryEvent
) -> TellParent:
    parent = start.parent_workflow_execution
    return TellParent(
        event_id=closing.event_id,
        parent=RunKey(start.parent_workflow_namespace_id, parent.workflow_id, parent.run_id),
        initiated_event_id=start.parent_initiated_event_id,
        child=WorkflowExecution(workflow_id=state.key.workflow_id, run_id=state.key.run_id),
        closing=closing,
    )


def _to_schedule(
    state: RunState, start: WorkflowExecutionStartedEventAttributes, closing: HistoryEvent
) -> TellSchedule:
    return TellSchedule(
        event_id=closing.event_id,
        namespace_id=state.key.namespace_id,
        starter=start.identity,
        workflow_id=state.key.workflow_id,
        first_run_id=start.first_execution_run_id or state.key.run_id,
        closing=closing,
    )


def _link(state: RunState) -> Link:
    """To the beginning of this run; the namespace's name is filled in where it is known."""
    link = Link()
    where = link.workflow_event
    where.workflow_id = state.key.workflow_id
    where.run_id = state.key.run_id
    where.event_ref.event_id = 1
    where.event_ref.event_type = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
    return link


def note(turn: Turn, given: CompletionAnswered) -> None:
    """At the run that has closed; its history says nothing of it."""
    turn.ask(DropTask(kind="deliver", event_id=-1 - given.number))
    if turn.state.completions[given.number].answered_at:
        return
    turn.mark(CompletionTold(number=given.number, at=given.at, failure=given.failure))


def bequeath(state: RunState, following: WorkflowExecutionStartedEventAttributes) -> None:
    """Also those that came while the run was running."""
    following.ClearField("completion_callbacks")
    following.completion_callbacks.extend(each.callback for each in state.completions)
