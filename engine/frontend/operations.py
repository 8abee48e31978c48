"""Nexus operations, and who waits for a run's end, as Describe tells of them."""

from __future__ import annotations

from temporalio.api.enums.v1 import (
    CallbackState,
    NexusOperationCancellationState,
    PendingNexusOperationState,
)
from temporalio.api.workflow.v1 import (
    CallbackInfo,
    NexusOperationCancellationInfo,
    PendingNexusOperationInfo,
)

from engine.core.state import Cancellation, Completion, Operation, RunState
from engine.protocol.times import timestamp

State = PendingNexusOperationState
TIMES = ("schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout")


def pending(operation: Operation) -> PendingNexusOperationInfo:
    scheduled = operation.scheduled.nexus_operation_scheduled_event_attributes
    told = PendingNexusOperationInfo(
        endpoint=scheduled.endpoint,
        service=scheduled.service,
        operation=scheduled.operation,
        operation_id=operation.token,
        operation_token=operation.token,
        scheduled_event_id=operation.scheduled.event_id,
        scheduled_time=timestamp(operation.scheduled_at),
        state=state_of(operation),
        attempt=operation.attempt,
        last_attempt_complete_time=timestamp(operation.answered_at),
        last_attempt_failure=operation.failure,
        next_attempt_schedule_time=timestamp(operation.retry_at),
    )
    for name in TIMES:
        if scheduled.HasField(name):  # type: ignore[arg-type]
            getattr(told, name).CopyFrom(getattr(scheduled, name))
    if operation.cancellation is not None:
        is_known = bool(operation.started_at)
        told.cancellation_info.CopyFrom(cancellation(operation.cancellation, is_known=is_known))
    return told


def state_of(operation: Operation) -> State.ValueType:
    if operation.started_at:
        return State.PENDING_NEXUS_OPERATION_STATE_STARTED
    if operation.retry_at:
        return State.PENDING_NEXUS_OPERATION_STATE_BACKING_OFF
    return State.PENDING_NEXUS_OPERATION_STATE_SCHEDULED


def cancellation(given: Cancellation, *, is_known: bool) -> NexusOperationCancellationInfo:
    """Before the handler has started there is nobody to be told, and nothing to tell of."""
    if not is_known:
        return NexusOperationCancellationInfo()
    states = NexusOperationCancellationState
    if given.is_done:
        state = (
            states.NEXUS_OPERATION_CANCELLATION_STATE_SUCCEEDED
            if given.failure is None
            else states.NEXUS_OPERATION_CANCELLATION_STATE_FAILED
        )
    elif given.retry_at:
        state = states.NEXUS_OPERATION_CANCELLATION_STATE_BACKING_OFF
    else:
        state = states.NEXUS_OPERATION_CANCELLATION_STATE_SCHEDULED
    return NexusOperationCancellationInfo(
        requested_time=timestamp(given.requested_at),
        state=state,
        attempt=given.attempt,
        last_attempt_complete_time=timestamp(given.answered_at),
        last_attempt_failure=given.failure,
        next_attempt_schedule_time=timestamp(given.retry_at),
    )


def callback(state: RunState, given: Completion) -> CallbackInfo:
    told = CallbackInfo(
        callback=given.callback,
        registration_time=timestamp(given.registered_at),
        state=_callback_state(state, given),
        attempt=given.attempt,
        last_attempt_complete_time=timestamp(given.answered_at),
        last_attempt_failure=given.failure,
    )
    if given.update_id:
        told.trigger.update_workflow_execution_completed.update_id = given.update_id
    else:
        told.trigger.workflow_closed.SetInParent()
    return told


def _callback_state(state: RunState, given: Completion) -> CallbackState.ValueType:
    if given.failure is not None:
        return CallbackState.CALLBACK_STATE_FAILED
    if given.answered_at:
        return CallbackState.CALLBACK_STATE_SUCCEEDED
    if _is_awaited(state, given):
        return CallbackState.CALLBACK_STATE_STANDBY
    return CallbackState.CALLBACK_STATE_SCHEDULED


def _is_awaited(state: RunState, given: Completion) -> bool:
    """Whether what is to be told has not come yet, or is told by another run."""
    if given.update_id:
        update = state.updates.get(given.update_id)
        is_over = update is None or update.completed_event_id
        return state.is_running and not is_over
    return bool(state.is_running or state.next_run_id or state.reset_run_id)
