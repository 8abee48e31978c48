"""Standalone Nexus operations: an operation that is a run by itself, with no workflow's code.

    (none) ──begin──▶ scheduled ──started──▶ started ──ended · timed out──▶ closed
                       │  ▲ │                       any of them ──terminate──▶ closed
                  faltered┘ └──ended · timed out──▶ closed

What it is asked of, and answered by, its handler is as in a workflow (`nexus`).
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType, WorkflowExecutionStatus

from engine.core.effects import Started
from engine.core.inputs import RequestCancel, Start
from engine.core.marks import AskedToEnd
from engine.core.state import Operation, RunState, StandaloneOperation
from engine.core.transitions import nexus, start
from engine.core.turn import Left, Turn
from engine.errors import FailedPrecondition


def parts(state: RunState) -> tuple[int, Operation, StandaloneOperation]:
    """The operation that the run is, and the event that scheduled it."""
    assert state.standalone_operation is not None, "the run is a standalone operation"
    event_id, operation = next(iter(state.operations.items()))
    return event_id, operation, state.standalone_operation


def begin(turn: Turn, given: Start) -> None:
    assert given.operation is not None, "a standalone operation is said"
    start.begin(turn, given)
    event = turn.new(EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED)
    event.nexus_operation_scheduled_event_attributes.CopyFrom(given.operation)
    turn.add(event)
    nexus.send_start(turn, turn.state.operations[event.event_id])
    turn.reply(Started(run_id=turn.state.key.run_id))


def clear_up(turn: Turn) -> None:
    """It has ended: its handler need not be asked any more."""
    if not turn.state.is_running and turn.left is None:
        turn.left = Left(None, [], [], list(turn.state.operations.values()))


def request_cancel(turn: Turn, given: RequestCancel) -> None:
    event_id, operation, standalone = parts(turn.state)
    if operation.cancellation is not None:
        if standalone.cancel_request_id == given.request_id:
            return
        raise FailedPrecondition(
            f"cancellation already requested with request ID {standalone.cancel_request_id}"
        )
    turn.mark(AskedToEnd(request_id=given.request_id, identity=given.identity, reason=given.cause))
    nexus.request_cancel(turn, event_id, 0)


def word(state: RunState) -> str:
    """How it has ended, as callers are told it."""
    if state.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED:
        return "Succeeded"
    name = WorkflowExecutionStatus.Name(state.status)  # type: ignore[arg-type]
    ended = name.removeprefix("WORKFLOW_EXECUTION_STATUS_")
    return "".join(part.capitalize() for part in ended.split("_"))
