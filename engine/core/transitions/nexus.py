"""Nexus operations: asked of the handler that an endpoint names, in this engine or beside it.

    (none) ──schedule──▶ scheduled ──started──▶ started ──ended · timed out──▶ (none)
                          │  ▲ │
                     faltered┘ └──ended · timed out──▶ (none)

A request to cancel it goes to the handler once the operation has started, and changes nothing by
itself: the operation ends as its handler says.

    (none) ──request_cancel──▶ requested ──taken──▶ done
                                │  ▲ └──refused──▶ failed
                           faltered┘
"""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import ScheduleNexusOperationCommandAttributes
from temporalio.api.common.v1 import Payload, RetryPolicy, WorkflowExecution
from temporalio.api.enums.v1 import EventType, TimeoutType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, NexusOperationScheduledEventAttributes

from engine.core import retry
from engine.core.effects import CancelOperation, DropTask, StartOperation
from engine.core.inputs import (
    OperationCancelTaken,
    OperationEnded,
    OperationFaltered,
    OperationStarted,
)
from engine.core.keys import derived_id
from engine.core.marks import OperationRetried, OperationTriedAgain
from engine.core.state import Cancellation, Operation
from engine.core.turn import Turn
from engine.protocol.times import nanoseconds

SECOND = 1_000_000_000
RETRIES = RetryPolicy(
    initial_interval=Duration(seconds=1),
    backoff_coefficient=2,
    maximum_interval=Duration(seconds=3600),
)
#: As SDKs read an operation without a result.
NOTHING = Payload(metadata={"encoding": b"binary/null"})
DELIVER = "deliver"


def schedule(
    turn: Turn,
    command: ScheduleNexusOperationCommandAttributes,
    completed_event_id: int,
    endpoint_id: str,
) -> None:
    state = turn.state
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED)
    attributes = event.nexus_operation_scheduled_event_attributes
    attributes.endpoint = command.endpoint
    attributes.endpoint_id = endpoint_id
    attributes.service = command.service
    attributes.operation = command.operation
    if command.HasField("input"):
        attributes.input.CopyFrom(command.input)
    for name, value in command.nexus_header.items():
        attributes.nexus_header[name.lower()] = value
    _set_times(turn, command, attributes)
    attributes.workflow_task_completed_event_id = completed_event_id
    attributes.request_id = derived_id(state.key.run_id, state.next_event_id, "operation")
    turn.add(event)
    send_start(turn, state.operations[event.event_id])


def _set_times(
    turn: Turn,
    command: ScheduleNexusOperationCommandAttributes,
    attributes: NexusOperationScheduledEventAttributes,
) -> None:
    """None of them ends after the run does; the two parts not after the whole."""
    whole = command.schedule_to_close_timeout.ToNanoseconds()
    start = turn.state.start
    run = start.workflow_run_timeout.ToNanoseconds() if start is not None else 0
    if run and (not whole or run < whole):
        whole = run
    if whole:
        attributes.schedule_to_close_timeout.FromNanoseconds(whole)
    if part := command.schedule_to_start_timeout.ToNanoseconds():
        attributes.schedule_to_start_timeout.FromNanoseconds(min(part, whole or part))
    if part := command.start_to_close_timeout.ToNanoseconds():
        attributes.start_to_close_timeout.FromNanoseconds(min(part, whole or part))


def send_start(turn: Turn, operation: Operation) -> None:
    turn.ask(
        StartOperation(
            event_id=operation.scheduled.event_id,
            namespace_id=turn.state.key.namespace_id,
            source=_source(turn),
            scheduled=operation.scheduled,
            expires_at=_expires_at(operation),
        )
    )


def send_cancel(turn: Turn, operation: Operation) -> None:
    cancellation = operation.cancellation
    assert cancellation is not None, "the workflow has asked for it"
    turn.ask(
        CancelOperation(
            event_id=cancellation.requested_event_id,
            namespace_id=turn.state.key.namespace_id,
            source=_source(turn),
            scheduled=operation.scheduled,
            token=operation.token,
            expires_at=_expires_at(operation),
        )
    )


def _source(turn: Turn) -> WorkflowExecution:
    key = turn.state.key
    return WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)


def _expires_at(operation: Operation) -> int:
    given = operation.scheduled.nexus_operation_scheduled_event_attributes
    whole = nanoseconds(given.schedule_to_close_timeout)
    return operation.scheduled_at + whole if whole else 0


def request_cancel(turn: Turn, scheduled_event_id: int, completed_event_id: int) -> None:
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED)
    attributes = event.nexus_operation_cancel_requested_event_attributes
    attributes.scheduled_event_id = scheduled_event_id
    attributes.workflow_task_completed_event_id = completed_event_id
    turn.add(event)
    operation = turn.state.operations.get(scheduled_event_id)
    # One that ended while the worker did not know it yet has nobody to be told.
    if operation is not None and operation.started_at:
        send_cancel(turn, operation)


def started(turn: Turn, given: OperationStarted) -> bool:
    """Whether that is news."""
    turn.ask(DropTask(kind=DELIVER, event_id=given.scheduled_event_id))
    operation = turn.state.operations.get(given.scheduled_event_id)
    if operation is None or operation.started_at:
        return False
    _start(turn, operation, given)
    if operation.cancellation is not None:
        send_cancel(turn, operation)
    return True


def _start(turn: Turn, operation: Operation, given: OperationStarted) -> None:
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_STARTED)
    attributes = event.nexus_operation_started_event_attributes
    attributes.scheduled_event_id = given.scheduled_event_id
    attributes.operation_id = attributes.operation_token = given.token
    attributes.request_id = _request_id(operation)
    event.links.extend(given.links)
    turn.record(event)


def _request_id(operation: Operation) -> str:
    return operation.scheduled.nexus_operation_scheduled_event_attributes.request_id


def ended(turn: Turn, given: OperationEnded) -> bool:
    turn.ask(DropTask(kind=DELIVER, event_id=given.scheduled_event_id))
    operation = turn.state.operations.get(given.scheduled_event_id)
    if operation is None or given.request_id not in ("", _request_id(operation)):
        return False
    if given.request_id and not operation.started_at:
        # Its handler was quicker than the answer to the call that started it.
        begun = OperationStarted(
            at=given.started_at,
            scheduled_event_id=given.scheduled_event_id,
            token=given.token,
            links=given.links,
        )
        _start(turn, operation, begun)
    turn.record(_end(turn, operation, given))
    return True


def _end(turn: Turn, operation: Operation, given: OperationEnded) -> HistoryEvent:
    if given.failure is None:
        event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_COMPLETED)
        completed = event.nexus_operation_completed_event_attributes
        completed.scheduled_event_id = given.scheduled_event_id
        completed.request_id = _request_id(operation)
        completed.result.CopyFrom(NOTHING if given.result is None else given.result)
    elif given.is_canceled:
        event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_CANCELED)
        canceled = event.nexus_operation_canceled_event_attributes
        canceled.scheduled_event_id = given.scheduled_event_id
        canceled.request_id = _request_id(operation)
        canceled.failure.CopyFrom(_failure(operation, given.failure))
    else:
        event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_FAILED)
        failed = event.nexus_operation_failed_event_attributes
        failed.scheduled_event_id = given.scheduled_event_id
        failed.request_id = _request_id(operation)
        failed.failure.CopyFrom(_failure(operation, given.failure))
    if not given.request_id:
        event.links.extend(given.links)
    return event


def _failure(operation: Operation, cause: Failure) -> Failure:
    """As the workflow meets it: what failed, and the handler's own words as its cause."""
    scheduled = operation.scheduled.nexus_operation_scheduled_event_attributes
    failure = Failure(message="nexus operation completed unsuccessfully", cause=cause)
    info = failure.nexus_operation_execution_failure_info
    info.scheduled_event_id = operation.scheduled.event_id
    info.endpoint = scheduled.endpoint
    info.service = scheduled.service
    info.operation = scheduled.operation
    info.operation_id = info.operation_token = operation.token
    return failure


def faltered(turn: Turn, given: OperationFaltered) -> bool:
    operation = turn.state.operations.get(given.scheduled_event_id)
    tried: Operation | Cancellation | None = operation
    event_id = given.scheduled_event_id
    if operation is not None and given.of_cancellation:
        tried = operation.cancellation
        event_id = tried.requested_event_id if tried is not None else event_id
    turn.ask(DropTask(kind=DELIVER, event_id=event_id))
    if operation is None or tried is None or _is_settled(tried):
        return False
    if given.is_final:
        turn.record(_gave_up(turn, operation, given))
        return True
    turn.mark(
        OperationRetried(
            scheduled_event_id=given.scheduled_event_id,
            of_cancellation=given.of_cancellation,
            at=turn.at,
            retry_at=turn.at + retry.interval(RETRIES, tried.attempt + 1),
            failure=given.failure,
        )
    )
    return False


def _is_settled(tried: Operation | Cancellation) -> bool:
    if isinstance(tried, Operation):
        return bool(tried.started_at)
    return tried.is_done


def _gave_up(turn: Turn, operation: Operation, given: OperationFaltered) -> HistoryEvent:
    if not given.of_cancellation:
        end = OperationEnded(
            at=given.at, scheduled_event_id=given.scheduled_event_id, failure=given.failure
        )
        return _end(turn, operation, end)
    assert operation.cancellation is not None, "it was asked for"
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED)
    event.worker_may_ignore = True
    failed = event.nexus_operation_cancel_request_failed_event_attributes
    failed.requested_event_id = operation.cancellation.requested_event_id
    failed.scheduled_event_id = given.scheduled_event_id
    failed.failure.CopyFrom(given.failure)
    return event


def cancel_taken(turn: Turn, given: OperationCancelTaken) -> bool:
    operation = turn.state.operations.get(given.scheduled_event_id)
    cancellation = operation.cancellation if operation is not None else None
    if cancellation is None:
        return False
    turn.ask(DropTask(kind=DELIVER, event_id=cancellation.requested_event_id))
    if cancellation.is_done:
        return False
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED)
    event.worker_may_ignore = True
    completed = event.nexus_operation_cancel_request_completed_event_attributes
    completed.requested_event_id = cancellation.requested_event_id
    completed.scheduled_event_id = given.scheduled_event_id
    turn.record(event)
    return True


def wake(turn: Turn, scheduled_event_id: int) -> bool:
    """A time-out, or the time of another try, may have come."""
    operation = turn.state.operations.get(scheduled_event_id)
    if operation is None:
        return False
    if which := _time_out_due(operation, turn.at):
        turn.record(_timed_out(turn, operation, which))
        turn.ask(DropTask(kind=DELIVER, event_id=scheduled_event_id))
        return True
    if 0 < operation.retry_at <= turn.at and not operation.started_at:
        turn.mark(OperationTriedAgain(scheduled_event_id=scheduled_event_id, of_cancellation=False))
        send_start(turn, operation)
    cancellation = operation.cancellation
    if cancellation is not None and 0 < cancellation.retry_at <= turn.at:
        turn.mark(OperationTriedAgain(scheduled_event_id=scheduled_event_id, of_cancellation=True))
        send_cancel(turn, operation)
    return False


def _time_out_due(operation: Operation, at: int) -> TimeoutType.ValueType:
    given = operation.scheduled.nexus_operation_scheduled_event_attributes
    bounds = [
        (TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, operation.scheduled_at,
         given.schedule_to_close_timeout),
    ]  # fmt: skip
    if operation.started_at:
        bounds.append((TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE, operation.started_at,
                       given.start_to_close_timeout))  # fmt: skip
    else:
        bounds.append((TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START, operation.scheduled_at,
                       given.schedule_to_start_timeout))  # fmt: skip
    for which, since, length in bounds:
        if 0 < length.ToNanoseconds() <= at - since:
            return which
    return TimeoutType.TIMEOUT_TYPE_UNSPECIFIED


def _timed_out(turn: Turn, operation: Operation, which: TimeoutType.ValueType) -> HistoryEvent:
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT)
    attributes = event.nexus_operation_timed_out_event_attributes
    attributes.scheduled_event_id = operation.scheduled.event_id
    attributes.request_id = _request_id(operation)
    cause = Failure(message="operation timed out")
    cause.timeout_failure_info.timeout_type = which
    attributes.failure.CopyFrom(_failure(operation, cause))
    return event


def leave(turn: Turn, operations: list[Operation]) -> None:
    """The run has closed: nobody waits for them any more, and they are left alone."""
    for operation in operations:
        turn.ask(DropTask(kind=DELIVER, event_id=operation.scheduled.event_id))
        if operation.cancellation is not None:
            turn.ask(DropTask(kind=DELIVER, event_id=operation.cancellation.requested_event_id))
