"""Reset: a new run that begins with the history of another one, up to a workflow task.

    (none) ──begin──▶ running, its last workflow task failed with cause ResetWorkflow

Timers, activities and children that were pending at the cut are pending again. Signals and
updates from after the cut are applied again, so that nobody's word is lost.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType, UpdateAdmittedEventOrigin, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent

from engine.core.inputs import Reset, ResetInto
from engine.core.marks import ResetInto as ResetIntoMark
from engine.core.marks import StartedBy
from engine.core.turn import Turn

_OPTIONS = "workflow_execution_options_updated_event_attributes"
_SIGNAL = "workflow_execution_signaled_event_attributes"


def begin(turn: Turn, given: Reset) -> None:
    """`given.events` are copied as they are; the running workflow task at their end fails."""
    turn.mark(StartedBy(request_id=given.request_id, at=turn.at))
    for event in given.events:
        # The first event still names the original run: the SDKs draw their random numbers from it.
        copied = HistoryEvent()
        copied.CopyFrom(event)
        turn.add(copied)
    _fail_task(turn, given)
    for event in given.reapplied:
        _reapply(turn, event)


def note(turn: Turn, given: ResetInto) -> None:
    """At the run that was reset; it is closed, and its history says nothing of it."""
    turn.mark(ResetIntoMark(run_id=given.run_id))


def _fail_task(turn: Turn, given: Reset) -> None:
    task = turn.state.task
    assert task is not None, "a run is cut where a workflow task runs"
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED)
    failed = event.workflow_task_failed_event_attributes
    failed.scheduled_event_id = task.scheduled_event_id
    failed.started_event_id = task.started_event_id
    failed.cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
    failed.failure.message = given.reason
    failed.failure.reset_workflow_failure_info.SetInParent()
    failed.identity = given.identity or "history-service"
    failed.base_run_id = given.base_run_id
    failed.new_run_id = turn.state.key.run_id
    turn.add(event)


def _reapply(turn: Turn, given: HistoryEvent) -> None:
    field = given.WhichOneof("attributes")
    if field == _SIGNAL:
        event = turn.new(given.event_type)
        getattr(event, field).CopyFrom(getattr(given, field))
        turn.add(event)
        return
    if field == _OPTIONS:
        _reapply_options(turn, given)
        return
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED)
    admitted = event.workflow_execution_update_admitted_event_attributes
    if field == "workflow_execution_update_accepted_event_attributes":
        accepted = given.workflow_execution_update_accepted_event_attributes
        admitted.request.CopyFrom(accepted.accepted_request)
    else:
        admitted.CopyFrom(given.workflow_execution_update_admitted_event_attributes)
    admitted.origin = UpdateAdmittedEventOrigin.UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY
    turn.add(event)


def _reapply_options(turn: Turn, given: HistoryEvent) -> None:
    """What an operator made of the run holds; a start that was content with it is not asked for."""
    event = turn.new(given.event_type)
    event.worker_may_ignore = True
    attributes = event.workflow_execution_options_updated_event_attributes
    attributes.CopyFrom(given.workflow_execution_options_updated_event_attributes)
    attributes.ClearField("attached_request_id")
    attributes.ClearField("attached_completion_callbacks")
    turn.add(event)
