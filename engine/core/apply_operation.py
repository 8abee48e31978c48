"""What facts about Nexus operations, and about who waits for a run's end, do; part of `apply`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from temporalio.api.common.v1 import Callback
from temporalio.api.enums.v1 import EventType as E
from temporalio.api.history.v1 import HistoryEvent

from engine.core import marks
from engine.core.deadlines import OPERATION, expect, of_operation
from engine.core.state import Cancellation, Completion, Operation, RunState


def _expect(state: RunState, operation: Operation) -> None:
    expect(state, of_operation(operation), OPERATION, str(operation.scheduled.event_id))


def _scheduled(state: RunState, event: HistoryEvent) -> None:
    operation = Operation(scheduled=event, scheduled_at=event.event_time.ToNanoseconds())
    state.operations[event.event_id] = operation
    _expect(state, operation)


def _started(state: RunState, event: HistoryEvent) -> None:
    given = event.nexus_operation_started_event_attributes
    operation = state.operations.get(given.scheduled_event_id)
    if operation is None:
        return
    if not operation.started_at:
        operation.started_at = operation.answered_at = event.event_time.ToNanoseconds()
        operation.attempt += 1
    operation.started_event_id = event.event_id
    operation.token = given.operation_token
    operation.retry_at = 0
    operation.failure = None
    _expect(state, operation)


def _end(field: str) -> Callable[[RunState, HistoryEvent], None]:
    def end(state: RunState, event: HistoryEvent) -> None:
        state.operations.pop(getattr(event, field).scheduled_event_id, None)

    return end


def _cancel_requested(state: RunState, event: HistoryEvent) -> None:
    given = event.nexus_operation_cancel_requested_event_attributes
    operation = state.operations.get(given.scheduled_event_id)
    if operation is not None:
        operation.cancellation = Cancellation(
            requested_event_id=event.event_id, requested_at=event.event_time.ToNanoseconds()
        )


def _cancel_taken(state: RunState, event: HistoryEvent) -> None:
    given = event.nexus_operation_cancel_request_completed_event_attributes
    _cancel_settled(state, event, given.scheduled_event_id)


def _cancel_refused(state: RunState, event: HistoryEvent) -> None:
    given = event.nexus_operation_cancel_request_failed_event_attributes
    cancellation = _cancel_settled(state, event, given.scheduled_event_id)
    if cancellation is not None:
        cancellation.failure = given.failure


def _cancel_settled(
    state: RunState, event: HistoryEvent, scheduled_event_id: int
) -> Cancellation | None:
    operation = state.operations.get(scheduled_event_id)
    cancellation = operation.cancellation if operation is not None else None
    if cancellation is not None and not cancellation.is_done:
        cancellation.is_done = True
        cancellation.attempt += 1
        cancellation.answered_at = event.event_time.ToNanoseconds()
        cancellation.retry_at = 0
        cancellation.failure = None
    return cancellation


def _retried(state: RunState, mark: marks.OperationRetried) -> None:
    operation = state.operations[mark.scheduled_event_id]
    tried = operation.cancellation if mark.of_cancellation else operation
    assert tried is not None, "what is tried again was asked for"
    tried.attempt += 1
    tried.answered_at = mark.at
    tried.retry_at = mark.retry_at
    tried.failure = mark.failure
    _expect(state, operation)


def _tried_again(state: RunState, mark: marks.OperationTriedAgain) -> None:
    operation = state.operations[mark.scheduled_event_id]
    tried = operation.cancellation if mark.of_cancellation else operation
    assert tried is not None, "what is tried again was asked for"
    tried.retry_at = 0
    _expect(state, operation)


def await_end(
    state: RunState,
    callbacks: Iterable[Callback],
    event: HistoryEvent,
    request_id: str,
    update_id: str = "",
) -> None:
    """They are to be told when the run's chain, or an update of the run, has ended."""
    state.completions.extend(
        Completion(
            callback=callback,
            registered_at=event.event_time.ToNanoseconds(),
            request_id=request_id,
            update_id=update_id,
        )
        for callback in callbacks
    )


def _told(state: RunState, mark: marks.CompletionTold) -> None:
    completion = state.completions[mark.number]
    completion.attempt += 1
    completion.answered_at = mark.at
    completion.failure = mark.failure


ENDS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    E.EVENT_TYPE_NEXUS_OPERATION_STARTED: _started,
    E.EVENT_TYPE_NEXUS_OPERATION_COMPLETED: _end("nexus_operation_completed_event_attributes"),
    E.EVENT_TYPE_NEXUS_OPERATION_FAILED: _end("nexus_operation_failed_event_attributes"),
    E.EVENT_TYPE_NEXUS_OPERATION_CANCELED: _end("nexus_operation_canceled_event_attributes"),
    E.EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT: _end("nexus_operation_timed_out_event_attributes"),
    E.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED: _cancel_taken,
    E.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED: _cancel_refused,
}
APPLIERS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    E.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED: _scheduled,
    E.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED: _cancel_requested,
    **ENDS,
}
MARKS: dict[type, Callable[..., None]] = {
    marks.OperationRetried: _retried,
    marks.OperationTriedAgain: _tried_again,
    marks.CompletionTold: _told,
}
