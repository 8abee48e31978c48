"""The end of a run.

    running ──complete · fail · cancel · terminate · time out · continue as new──▶ closed

A run that fails or times out may be retried, and a cron run goes on after any end but a
termination: then the closing event names the next run, which is started in the same commit.
"""

from __future__ import annotations

from temporalio.api.command.v1 import (
    CancelWorkflowExecutionCommandAttributes,
    CompleteWorkflowExecutionCommandAttributes,
    ContinueAsNewWorkflowExecutionCommandAttributes,
    FailWorkflowExecutionCommandAttributes,
)
from temporalio.api.enums.v1 import ContinueAsNewInitiator as Initiator
from temporalio.api.enums.v1 import EventType, RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes

from engine.core import cron, retry, versioning
from engine.core.effects import ContinueAs
from engine.core.inputs import Start, Terminate
from engine.core.keys import SCHEDULER, derived_id
from engine.core.state import RunState
from engine.core.transitions import completions
from engine.core.turn import Turn
from engine.protocol import failures
from engine.protocol.copying import copy_set, normal_queue

_CARRIED = (
    "workflow_type",
    "task_queue",
    "input",
    "workflow_run_timeout",
    "workflow_task_timeout",
    "retry_policy",
    "header",
    "memo",
    "search_attributes",
    "last_completion_result",
)


def _started(state: RunState) -> WorkflowExecutionStartedEventAttributes:
    assert state.start is not None, "a run that closes was started"
    return state.start


def _next_run_id(turn: Turn) -> str:
    return derived_id(turn.state.key.run_id, turn.state.next_event_id, "next")


def complete(
    turn: Turn, command: CompleteWorkflowExecutionCommandAttributes, completed_event_id: int
) -> None:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
    attributes = event.workflow_execution_completed_event_attributes
    if command.HasField("result"):
        attributes.result.CopyFrom(command.result)
    attributes.workflow_task_completed_event_id = completed_event_id
    following = _cron_run(turn)
    if following is not None:
        following.ClearField("last_completion_result")
        if command.HasField("result"):
            following.last_completion_result.CopyFrom(command.result)
        attributes.new_execution_run_id = _next_run_id(turn)
    _finish(turn, event, following)


def fail(
    turn: Turn, command: FailWorkflowExecutionCommandAttributes, completed_event_id: int
) -> None:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
    attributes = event.workflow_execution_failed_event_attributes
    attributes.failure.CopyFrom(command.failure)
    attributes.workflow_task_completed_event_id = completed_event_id
    following, attributes.retry_state = _retry_run(turn, command.failure)
    if following is not None:
        attributes.new_execution_run_id = _next_run_id(turn)
    _finish(turn, event, following)


def cancel(
    turn: Turn, command: CancelWorkflowExecutionCommandAttributes, completed_event_id: int
) -> None:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
    attributes = event.workflow_execution_canceled_event_attributes
    attributes.workflow_task_completed_event_id = completed_event_id
    if command.HasField("details"):
        attributes.details.CopyFrom(command.details)
    _finish(turn, event, None)


def terminate(turn: Turn, given: Terminate) -> None:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
    attributes = event.workflow_execution_terminated_event_attributes
    attributes.reason = given.reason
    attributes.identity = given.identity
    if given.details is not None and given.details.payloads:
        attributes.details.CopyFrom(given.details)
    event.links.extend(given.links)
    turn.flush()
    _finish(turn, event, None)


def time_out(turn: Turn) -> None:
    """The run's own deadline may have come."""
    state = turn.state
    run_due = bool(state.run_expires_at and state.run_expires_at <= turn.at)
    execution_due = bool(state.execution_expires_at and state.execution_expires_at <= turn.at)
    if not (run_due or execution_due):
        return
    turn.flush()
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
    attributes = event.workflow_execution_timed_out_event_attributes
    attributes.retry_state = RetryState.RETRY_STATE_TIMEOUT
    following = None
    if not execution_due:
        failure = failures.timeout(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE, "workflow timeout")
        following, attributes.retry_state = _retry_run(turn, failure)
        if following is not None:
            attributes.new_execution_run_id = _next_run_id(turn)
    _finish(turn, event, following)


def continue_as_new(
    turn: Turn, command: ContinueAsNewWorkflowExecutionCommandAttributes, completed_event_id: int
) -> None:
    following = _following(turn, Initiator.CONTINUE_AS_NEW_INITIATOR_WORKFLOW)
    following.attempt = 1
    following.ClearField("continued_failure")
    following.ClearField("last_completion_result")
    following.ClearField("first_workflow_task_backoff")
    following.ClearField("input")
    following.ClearField("retry_policy")
    following.ClearField("header")
    given = [name for name in _CARRIED if getattr(command, name).ByteSize()]
    following.ClearField("memo")
    following.ClearField("search_attributes")
    copy_set(command, following, given)
    following.workflow_run_timeout.SetInParent()
    if command.HasField("retry_policy"):
        following.retry_policy.CopyFrom(retry.completed(command.retry_policy))
    following.task_queue.CopyFrom(normal_queue(command.task_queue, turn.state.queue))
    versioning.bequeath(turn.state, following, command.initial_versioning_behavior)
    versioning.decline(turn.state, following)
    if command.HasField("failure"):
        following.continued_failure.CopyFrom(command.failure)
    if command.HasField("backoff_start_interval") and command.backoff_start_interval.ByteSize():
        following.first_workflow_task_backoff.CopyFrom(command.backoff_start_interval)
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
    attributes = event.workflow_execution_continued_as_new_event_attributes
    attributes.new_execution_run_id = _next_run_id(turn)
    attributes.workflow_task_completed_event_id = completed_event_id
    attributes.initiator = command.initiator
    copy_set(following, attributes, (name for name in _CARRIED if name != "retry_policy"))
    if command.HasField("backoff_start_interval"):
        attributes.backoff_start_interval.CopyFrom(command.backoff_start_interval)
    _finish(turn, event, following)


def _following(
    turn: Turn, initiator: Initiator.ValueType
) -> WorkflowExecutionStartedEventAttributes:
    """The next run's first event: this one's, with what it has become since."""
    state, start = turn.state, _started(turn.state)
    following = WorkflowExecutionStartedEventAttributes()
    following.CopyFrom(start)
    following.initiator = initiator
    following.continued_execution_run_id = state.key.run_id
    following.original_execution_run_id = _next_run_id(turn)
    following.first_execution_run_id = start.first_execution_run_id
    if not start.identity.startswith(SCHEDULER):
        # Nobody started it; a schedule that waits for the end of the chain is named on.
        following.identity = ""
    if state.execution_expires_at:
        following.workflow_execution_expiration_time.FromNanoseconds(state.execution_expires_at)
    following.ClearField("memo")
    following.ClearField("search_attributes")
    for name, payload in state.memo.items():
        following.memo.fields[name].CopyFrom(payload)
    for name, payload in state.search_attributes.items():
        if not versioning.is_own(name):
            following.search_attributes.indexed_fields[name].CopyFrom(payload)
    versioning.bequeath(state, following)
    completions.bequeath(state, following)
    if state.priority is not None:
        following.priority.CopyFrom(state.priority)
    return following


def _retry_run(
    turn: Turn, failure: Failure
) -> tuple[WorkflowExecutionStartedEventAttributes | None, RetryState.ValueType]:
    state, start = turn.state, _started(turn.state)
    policy = start.retry_policy if start.HasField("retry_policy") else None
    decision = retry.decide(
        policy, start.attempt or 1, failure, turn.at, state.execution_expires_at
    )
    if decision.delay_ns is not None:
        following = _following(turn, Initiator.CONTINUE_AS_NEW_INITIATOR_RETRY)
        _begin_alike(following, start)
        following.attempt = (start.attempt or 1) + 1
        following.continued_failure.CopyFrom(failure)
        following.first_workflow_task_backoff.FromNanoseconds(decision.delay_ns)
        return following, decision.state
    following_cron = _cron_run(turn)
    if following_cron is not None:
        following_cron.continued_failure.CopyFrom(failure)
    return following_cron, decision.state


def _begin_alike(
    following: WorkflowExecutionStartedEventAttributes,
    start: WorkflowExecutionStartedEventAttributes,
) -> None:
    """A retry has of versions what the run that failed began with."""
    if not start.HasField("inherited_pinned_version"):
        following.ClearField("inherited_pinned_version")
    if following.HasField("inherited_auto_upgrade_info"):
        following.inherited_auto_upgrade_info.continue_as_new_initial_versioning_behavior = (
            start.inherited_auto_upgrade_info.continue_as_new_initial_versioning_behavior
        )


def _cron_run(turn: Turn) -> WorkflowExecutionStartedEventAttributes | None:
    state, start = turn.state, _started(turn.state)
    if not start.cron_schedule:
        return None
    delay = cron.next_delay(start.cron_schedule, state.execution_at, turn.at)
    if state.execution_expires_at and turn.at + delay > state.execution_expires_at:
        return None
    following = _following(turn, Initiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE)
    following.attempt = 1
    following.ClearField("continued_failure")
    following.first_workflow_task_backoff.FromNanoseconds(delay)
    versioning.forget(following)
    return following


def _finish(
    turn: Turn,
    event: HistoryEvent,
    following: WorkflowExecutionStartedEventAttributes | None,
) -> None:
    run_id = _next_run_id(turn)
    turn.close(event)
    if following is not None:
        request_id = derived_id(turn.state.key.run_id, event.event_id, "request")
        start = Start(at=turn.at, attributes=following, request_id=request_id)
        turn.ask(ContinueAs(run_id=run_id, start=start))
