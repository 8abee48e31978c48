"""What others tell a run in a story: callers, children, runs that it wrote to, another's past."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Callback, Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType as E
from temporalio.api.history.v1 import HistoryEvent

from engine.core import inputs
from engine.core.state import RunState
from engine.core.step import Step
from tests.support.commands import command, seconds
from tests.support.story import ENDPOINT, Story, application_failure, word

CHILD_RUN_ID = "00000000-0000-4000-8000-00000000000c"
# How a run may end, as its own last event says it.
ENDS = (
    E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
)
_TASK_ENDS = (
    E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    E.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    E.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)
_SAID_AGAIN = (
    E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
)


def request_cancel(story: Story, request_id: str = "") -> Step:
    return story.give(
        inputs.RequestCancel(at=story.at, cause="no use", identity="bob", request_id=request_id)
    )


def attach(story: Story, request_id: str) -> Step:
    waits = (callback(request_id),) if request_id else ()
    return story.give(inputs.Attach(at=story.at, request_id=request_id, completions=waits))


def clear_sticky(story: Story) -> Step:
    return story.give(inputs.ClearSticky(at=story.at))


def stop_activity(story: Story, activity_id: str = "charge") -> Step:
    """The worker's word that it stopped as it was asked to."""
    return story.give(
        inputs.CancelActivity(
            at=story.at, target=story.token(activity_id), details=word("0"), identity="worker"
        )
    )


def child_started(story: Story, initiated_event_id: int) -> Step:
    return story.give(
        inputs.ChildStarted(at=story.at, initiated_event_id=initiated_event_id, run_id=CHILD_RUN_ID)
    )


def child_start_failed(story: Story, initiated_event_id: int) -> Step:
    return story.give(
        inputs.ChildStartFailed(at=story.at, initiated_event_id=initiated_event_id, cause=1)
    )


def child_closed(
    story: Story, initiated_event_id: int, workflow_id: str, how: E.ValueType = ENDS[0]
) -> Step:
    return story.give(
        inputs.ChildClosed(
            at=story.at,
            initiated_event_id=initiated_event_id,
            child=WorkflowExecution(workflow_id=workflow_id, run_id=CHILD_RUN_ID),
            closing=_end(how),
        )
    )


def _end(how: E.ValueType) -> HistoryEvent:
    event = HistoryEvent(event_id=9, event_type=how)
    if how == E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        event.workflow_execution_completed_event_attributes.result.CopyFrom(word("3"))
    elif how == E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
        failed = event.workflow_execution_failed_event_attributes
        failed.failure.CopyFrom(application_failure("it broke"))
    elif how == E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
        event.workflow_execution_canceled_event_attributes.details.CopyFrom(word("4"))
    elif how == E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
        event.workflow_execution_timed_out_event_attributes.retry_state = 4
    else:
        event.workflow_execution_terminated_event_attributes.reason = "enough"
    return event


def other_answered(story: Story, initiated_event_id: int, failed_cause: int = 0) -> Step:
    return story.give(
        inputs.ExternalAnswered(
            at=story.at, initiated_event_id=initiated_event_id, failed_cause=failed_cause
        )
    )


def operation(dice: Random) -> Command:
    """A command that asks for one, with or without each of the time-outs."""
    made = command("schedule_nexus_operation", endpoint=ENDPOINT, service="s")
    attributes = made.schedule_nexus_operation_command_attributes
    for name in ("schedule_to_close", "schedule_to_start", "start_to_close"):
        if dice.random() < 0.2:
            getattr(attributes, f"{name}_timeout").CopyFrom(seconds(dice.choice((5, 50))))
    return made


def request_of(state: RunState, event_id: int) -> str:
    operation = state.operations.get(event_id)
    if operation is None:
        return "another"
    return operation.scheduled.nexus_operation_scheduled_event_attributes.request_id


def operation_started(story: Story, scheduled_event_id: int) -> Step:
    return story.give(
        inputs.OperationStarted(at=story.at, scheduled_event_id=scheduled_event_id, token="theirs")
    )


def operation_ended(story: Story, scheduled_event_id: int, how: str, request_id: str = "") -> Step:
    """`how`: completed, failed or canceled; a request id says that it came by a callback."""
    return story.give(
        inputs.OperationEnded(
            at=story.at,
            scheduled_event_id=scheduled_event_id,
            failure=None if how == "completed" else application_failure("no"),
            is_canceled=how == "canceled",
            request_id=request_id,
            token="theirs",
            started_at=story.at,
        )
    )


def operation_faltered(
    story: Story, scheduled_event_id: int, *, of_cancellation: bool, is_final: bool
) -> Step:
    return story.give(
        inputs.OperationFaltered(
            at=story.at,
            scheduled_event_id=scheduled_event_id,
            failure=application_failure("not now"),
            of_cancellation=of_cancellation,
            is_final=is_final,
        )
    )


def operation_cancel_taken(story: Story, scheduled_event_id: int) -> Step:
    return story.give(
        inputs.OperationCancelTaken(at=story.at, scheduled_event_id=scheduled_event_id)
    )


def told_of_the_end(story: Story, number: int, *, in_vain: bool) -> Step:
    failure = application_failure("nobody there") if in_vain else None
    return story.give(inputs.CompletionAnswered(at=story.at, number=number, failure=failure))


def callback(name: str) -> Callback:
    return Callback(nexus=Callback.Nexus(url="temporal://system", header={"name": name}))


def cuts(events: Sequence[HistoryEvent]) -> list[int]:
    """How many of the events each possible reset keeps: all before a workflow task's end."""
    return [number for number, event in enumerate(events) if event.event_type in _TASK_ENDS]


def begin_again(story: Story, events: Sequence[HistoryEvent], kept: int, base_run_id: str) -> Step:
    """The first input of a run that goes on from `kept` events of another one."""
    return story.give(
        inputs.Reset(
            at=story.at,
            events=tuple(events[:kept]),
            reapplied=tuple(e for e in events[kept:] if e.event_type in _SAID_AGAIN),
            base_run_id=base_run_id,
            reason="a bad deploy",
            identity="alice",
            request_id="reset",
        )
    )


def shown_as(text: str) -> Payload:
    """A search attribute's value."""
    return Payload(
        metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=f'"{text}"'.encode()
    )


NOTHING = Payload(metadata={"encoding": b"binary/null"})
