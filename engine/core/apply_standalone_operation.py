"""What facts about a standalone Nexus operation do; part of `apply`.

As in a workflow, but that its end is the run's, and that what it was then stays.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from engine.core import marks
from engine.core.apply_operation import APPLIERS as OF_OPERATIONS
from engine.core.state import Operation, RunState, StandaloneOperation


def _of(state: RunState) -> tuple[StandaloneOperation, Operation]:
    assert state.standalone_operation is not None, "only a standalone operation is meant"
    return state.standalone_operation, next(iter(state.operations.values()))


def _started(state: RunState, event: HistoryEvent) -> None:
    OF_OPERATIONS[event.event_type](state, event)
    _of(state)[0].links.extend(event.links)


_STATUS_OF_END = {
    E.EVENT_TYPE_NEXUS_OPERATION_COMPLETED: Status.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    E.EVENT_TYPE_NEXUS_OPERATION_FAILED: Status.WORKFLOW_EXECUTION_STATUS_FAILED,
    E.EVENT_TYPE_NEXUS_OPERATION_CANCELED: Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
    E.EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT: Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
}


def failure_of(closing: HistoryEvent) -> Failure | None:
    """What it ended with, without what a workflow is told around it; None: a result."""
    field = closing.WhichOneof("attributes") or ""
    if field == "workflow_execution_terminated_event_attributes":
        terminated = closing.workflow_execution_terminated_event_attributes
        failure = Failure(message=terminated.reason)
        failure.terminated_failure_info.identity = terminated.identity
        return failure
    told: Failure | None = getattr(getattr(closing, field), "failure", None)
    return None if told is None else told.cause


def _closed(state: RunState, event: HistoryEvent) -> None:
    standalone, operation = _of(state)
    state.status = _STATUS_OF_END[event.event_type]
    state.closed_at = event.event_time.ToNanoseconds()
    state.closing = event
    state.deadlines.clear()
    standalone.links.extend(event.links)
    if operation.started_at:
        return
    # The try that was under way is over with it.
    if not operation.retry_at:
        operation.attempt += 1
    failure = failure_of(event)
    if failure is not None and not standalone.terminate_request_id:
        operation.failure = failure
        operation.answered_at = state.closed_at


APPLIERS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    **OF_OPERATIONS,
    E.EVENT_TYPE_NEXUS_OPERATION_STARTED: _started,
    **dict.fromkeys(_STATUS_OF_END, _closed),
}


def asked_to_end(standalone: StandaloneOperation, mark: marks.AskedToEnd) -> None:
    if mark.terminates:
        standalone.terminate_request_id = mark.request_id
        return
    standalone.cancel_request_id = mark.request_id
    standalone.cancel_reason = mark.reason
