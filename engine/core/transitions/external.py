"""Signals and cancel requests to other runs.

(none) ──signal · request_cancel──▶ on its way ──answered──▶ (none)
"""

from __future__ import annotations

from typing import Any

from temporalio.api.command.v1 import (
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes,
)
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    CancelExternalWorkflowExecutionFailedCause,
    EventType,
    SignalExternalWorkflowExecutionFailedCause,
)
from temporalio.api.history.v1 import (
    HistoryEvent,
    RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    SignalExternalWorkflowExecutionInitiatedEventAttributes,
)

from engine.core.effects import CancelExternal, SignalExternal
from engine.core.inputs import ExternalAnswered, RequestCancel, Signal
from engine.core.keys import RunKey, derived_id
from engine.core.state import RunState
from engine.core.turn import Turn


def signal(
    turn: Turn, command: SignalExternalWorkflowExecutionCommandAttributes, completed_event_id: int
) -> None:
    event = turn.new(EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
    attributes = event.signal_external_workflow_execution_initiated_event_attributes
    attributes.workflow_task_completed_event_id = completed_event_id
    attributes.namespace = command.namespace
    attributes.namespace_id = turn.state.key.namespace_id
    attributes.workflow_execution.CopyFrom(command.execution)
    attributes.signal_name = command.signal_name
    attributes.input.CopyFrom(command.input)
    attributes.control = command.control
    attributes.child_workflow_only = command.child_workflow_only
    if command.HasField("header"):
        attributes.header.CopyFrom(command.header)
    turn.add(event)
    send_signal(turn, event)


def send_signal(turn: Turn, event: HistoryEvent) -> None:
    attributes = event.signal_external_workflow_execution_initiated_event_attributes
    run_id = turn.state.key.run_id
    turn.ask(
        SignalExternal(
            event_id=event.event_id,
            target=_target(turn.state, attributes.workflow_execution),
            namespace=attributes.namespace,
            child_only=attributes.child_workflow_only,
            signal=Signal(
                at=turn.at,
                name=attributes.signal_name,
                input=attributes.input,
                identity="history-service",
                header=attributes.header if attributes.HasField("header") else None,
                request_id=derived_id(run_id, event.event_id, "signal"),
                external=_source(turn.state),
            ),
        )
    )


def request_cancel(
    turn: Turn,
    command: RequestCancelExternalWorkflowExecutionCommandAttributes,
    completed_event_id: int,
) -> None:
    event = turn.new(EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
    attributes = event.request_cancel_external_workflow_execution_initiated_event_attributes
    attributes.workflow_task_completed_event_id = completed_event_id
    attributes.namespace = command.namespace
    attributes.namespace_id = turn.state.key.namespace_id
    attributes.workflow_execution.workflow_id = command.workflow_id
    attributes.workflow_execution.run_id = command.run_id
    attributes.control = command.control
    attributes.child_workflow_only = command.child_workflow_only
    attributes.reason = command.reason
    turn.add(event)
    send_cancel(turn, event)


def send_cancel(turn: Turn, event: HistoryEvent) -> None:
    attributes = event.request_cancel_external_workflow_execution_initiated_event_attributes
    turn.ask(
        CancelExternal(
            event_id=event.event_id,
            target=_target(turn.state, attributes.workflow_execution),
            namespace=attributes.namespace,
            child_only=attributes.child_workflow_only,
            cancel=RequestCancel(
                at=turn.at,
                cause=attributes.reason,
                identity="history-service",
                request_id=derived_id(turn.state.key.run_id, event.event_id, "cancel"),
                external=_source(turn.state),
                external_initiated_event_id=event.event_id,
            ),
        )
    )


def _target(state: RunState, execution: WorkflowExecution) -> RunKey:
    return RunKey(state.key.namespace_id, execution.workflow_id, execution.run_id)


def _source(state: RunState) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=state.key.workflow_id, run_id=state.key.run_id)


def answered(turn: Turn, given: ExternalAnswered) -> bool:
    """Whether it was still waited for."""
    state = turn.state
    if given.initiated_event_id in state.signals_out:
        sent = state.signals_out[given.initiated_event_id].event
        initiated = sent.signal_external_workflow_execution_initiated_event_attributes
        turn.record(_signal_answer(turn, given, initiated))
    elif given.initiated_event_id in state.cancels_out:
        sent = state.cancels_out[given.initiated_event_id].event
        asked = sent.request_cancel_external_workflow_execution_initiated_event_attributes
        turn.record(_cancel_answer(turn, given, asked))
    else:
        return False
    return True


def _signal_answer(
    turn: Turn,
    given: ExternalAnswered,
    initiated: SignalExternalWorkflowExecutionInitiatedEventAttributes,
) -> HistoryEvent:
    if given.failed_cause:
        event = turn.new(EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
        failed = event.signal_external_workflow_execution_failed_event_attributes
        failed.cause = SignalExternalWorkflowExecutionFailedCause.ValueType(given.failed_cause)
        failed.control = initiated.control
        _name(failed, given, initiated)
        return event
    event = turn.new(EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED)
    signaled = event.external_workflow_execution_signaled_event_attributes
    signaled.control = initiated.control
    _name(signaled, given, initiated)
    return event


def _cancel_answer(
    turn: Turn,
    given: ExternalAnswered,
    initiated: RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
) -> HistoryEvent:
    if given.failed_cause:
        event = turn.new(EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
        failed = event.request_cancel_external_workflow_execution_failed_event_attributes
        failed.cause = CancelExternalWorkflowExecutionFailedCause.ValueType(given.failed_cause)
        failed.control = initiated.control
        _name(failed, given, initiated)
        return event
    event = turn.new(EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
    _name(event.external_workflow_execution_cancel_requested_event_attributes, given, initiated)
    return event


def _name(answer: Any, given: ExternalAnswered, initiated: Any) -> None:
    """Which request the answer is to, and whom that went to."""
    answer.initiated_event_id = given.initiated_event_id
    answer.namespace = initiated.namespace
    answer.namespace_id = initiated.namespace_id
    answer.workflow_execution.CopyFrom(initiated.workflow_execution)
