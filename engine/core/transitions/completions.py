"""Those who wait for the end of a run: its parent, its schedule, and who has registered for it,
such as the Nexus operation that it was started for.

    registered ──the run's chain, or the update, has ended──▶ told, or given up

Those who have registered for a run pass on to the run that follows, and to the one that a reset
makes: only the last tells them. Those who have registered for an update are told by the run that
took it.
"""

from __future__ import annotations

from collections.abc import Container

from temporalio.api.common.v1 import Link, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.update.v1 import Outcome

from engine.core.effects import DropTask, TellCaller, TellParent, TellSchedule
from engine.core.inputs import CompletionAnswered
from engine.core.keys import SCHEDULER, RunKey, is_reserved
from engine.core.marks import CompletionTold
from engine.core.state import Completion, RunState
from engine.core.turn import Turn
from engine.protocol import failures, nexus


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
        if not completion.update_id:
            turn.ask(_to_caller(state, number, closing, _link(state)))


def tell_of_update(turn: Turn, update_id: str, outcome: Outcome) -> None:
    """Those who registered for the end of an update, which has come."""
    state = turn.state
    for number, completion in enumerate(state.completions):
        if completion.update_id == update_id:
            turn.ask(_of_update(state, number, outcome))


def tell_of_finished(turn: Turn) -> None:
    """Who was held back until now to wait for an update that has ended meanwhile."""
    asked = {effect.event_id for effect in turn.effects if isinstance(effect, TellCaller)}
    for event in turn.events:
        options = event.workflow_execution_options_updated_event_attributes
        for joined in options.workflow_update_options:
            update = turn.state.updates.get(joined.update_id)
            if update is not None and update.outcome is not None:
                _tell(turn, update.outcome, joined.attached_request_id, asked)


def _tell(turn: Turn, outcome: Outcome, request_id: str, asked: Container[int]) -> None:
    for number, completion in enumerate(turn.state.completions):
        if completion.request_id == request_id and -1 - number not in asked:
            turn.ask(_of_update(turn.state, number, outcome))


def tell_of_unfinished(turn: Turn) -> None:
    """The run has closed: no update that is under way is ever finished, whatever follows it."""
    state = turn.state
    if turn.is_displaced:
        return
    waited_for = {each.update_id for each in state.completions if each.update_id}
    for update_id in waited_for & state.updates.keys():
        if not state.updates[update_id].completed_event_id:
            tell_of_update(turn, update_id, Outcome(failure=failures.unfinished_update()))


def _of_update(state: RunState, number: int, outcome: Outcome) -> TellCaller:
    ended = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
    attributes = ended.workflow_execution_update_completed_event_attributes
    attributes.outcome.CopyFrom(outcome)
    link = _link_to_update(state, state.completions[number])
    return _to_caller(state, number, ended, link)


def _to_caller(state: RunState, number: int, closing: HistoryEvent, link: Link) -> TellCaller:
    return TellCaller(
        event_id=-1 - number,
        namespace_id=state.key.namespace_id,
        callback=state.completions[number].callback,
        closing=closing,
        started_at=state.started_at,
        link=link,
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


def _link_to_update(state: RunState, given: Completion) -> Link:
    """To the event that the call has brought."""
    kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    if given.request_id in state.attached_request_ids:
        kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED
    key = state.key
    return nexus.to_request("", key.workflow_id, key.run_id, given.request_id, kind)


def note(turn: Turn, given: CompletionAnswered) -> None:
    """At the run that has closed; its history says nothing of it."""
    turn.ask(DropTask(kind="deliver", event_id=-1 - given.number))
    if turn.state.completions[given.number].answered_at:
        return
    turn.mark(CompletionTold(number=given.number, at=given.at, failure=given.failure))


def bequeath(state: RunState, following: WorkflowExecutionStartedEventAttributes) -> None:
    """Also those that came while the run was running."""
    following.ClearField("completion_callbacks")
    following.completion_callbacks.extend(
        each.callback for each in state.completions if not each.update_id
    )
