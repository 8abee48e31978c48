"""Child workflows.

    (none) ──initiate──▶ initiated ──started──▶ started ──closed──▶ (none)
                             └──start failed──▶ (none)

The child's run id is known from the start, so that a start that is sent twice happens once.
"""

from __future__ import annotations

from typing import Any

from temporalio.api.command.v1 import StartChildWorkflowExecutionCommandAttributes
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, ParentClosePolicy, WorkflowIdReusePolicy
from temporalio.api.enums.v1 import StartChildWorkflowExecutionFailedCause as Cause
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.sdk.v1 import UserMetadata

from engine.core import priorities, retry, timeouts, versioning
from engine.core.effects import CloseChild, StartChild
from engine.core.inputs import ChildClosed, ChildStarted, ChildStartFailed
from engine.core.keys import RunKey, derived_id
from engine.core.state import Child
from engine.core.turn import Turn
from engine.protocol.copying import copy_set, normal_queue

_COPIED = (
    "workflow_execution_timeout",
    "workflow_run_timeout",
    "workflow_task_timeout",
    "retry_policy",
    "header",
    "input",
    "memo",
    "search_attributes",
    "priority",
)


def initiate(
    turn: Turn,
    command: StartChildWorkflowExecutionCommandAttributes,
    completed_event_id: int,
) -> None:
    start = turn.state.start
    assert start is not None, "a run that initiates children was started"
    event = turn.new(EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
    attributes = event.start_child_workflow_execution_initiated_event_attributes
    attributes.namespace = command.namespace
    attributes.namespace_id = turn.state.key.namespace_id
    attributes.workflow_id = command.workflow_id
    attributes.workflow_type.CopyFrom(command.workflow_type)
    attributes.task_queue.CopyFrom(normal_queue(command.task_queue, turn.state.queue))
    copy_set(command, attributes, _COPIED)
    if command.HasField("retry_policy"):
        attributes.retry_policy.CopyFrom(retry.completed(command.retry_policy))
    attributes.workflow_run_timeout.SetInParent()
    timeouts.fit(attributes, turn.limits)
    attributes.parent_close_policy = (
        command.parent_close_policy or ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE
    )
    attributes.workflow_id_reuse_policy = (
        command.workflow_id_reuse_policy
        or WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
    )
    attributes.cron_schedule = command.cron_schedule
    attributes.workflow_task_completed_event_id = completed_event_id
    turn.add(event)
    metadata = event.user_metadata if event.HasField("user_metadata") else None
    send_start(turn, turn.state.children[event.event_id], metadata)


def send_start(turn: Turn, child: Child, metadata: UserMetadata | None = None) -> None:
    initiated = child.initiated
    turn.ask(
        StartChild(
            event_id=child.initiated_event_id,
            namespace_id=initiated.namespace_id,
            namespace=initiated.namespace,
            workflow_id=initiated.workflow_id,
            run_id=child.run_id,
            attributes=_started_attributes(turn, child),
            reuse_policy=initiated.workflow_id_reuse_policy,
            request_id=derived_id(turn.state.key.run_id, child.initiated_event_id, "start"),
        )
    )


def _started_attributes(turn: Turn, child: Child) -> WorkflowExecutionStartedEventAttributes:
    state, initiated = turn.state, child.initiated
    parent_start = state.start
    assert parent_start is not None, "a run that initiates children was started"
    attributes = WorkflowExecutionStartedEventAttributes(
        # A child lives in its parent's namespace.
        parent_workflow_namespace=initiated.namespace,
        parent_workflow_namespace_id=state.key.namespace_id,
        parent_initiated_event_id=child.initiated_event_id,
        workflow_id=initiated.workflow_id,
        original_execution_run_id=child.run_id,
        first_execution_run_id=child.run_id,
        attempt=1,
        cron_schedule=initiated.cron_schedule,
    )
    attributes.parent_workflow_execution.workflow_id = state.key.workflow_id
    attributes.parent_workflow_execution.run_id = state.key.run_id
    if parent_start.HasField("root_workflow_execution"):
        attributes.root_workflow_execution.CopyFrom(parent_start.root_workflow_execution)
    else:
        attributes.root_workflow_execution.CopyFrom(attributes.parent_workflow_execution)
    attributes.workflow_type.CopyFrom(initiated.workflow_type)
    attributes.task_queue.CopyFrom(initiated.task_queue)
    copy_set(initiated, attributes, _COPIED)
    if (own := priorities.of_run(state)) is not None:
        attributes.priority.CopyFrom(own)
        attributes.priority.MergeFrom(initiated.priority)
    versioning.bequeath(state, attributes)
    return attributes


def _name(attributes: Any, child: Child) -> None:
    attributes.namespace = child.initiated.namespace
    attributes.namespace_id = child.initiated.namespace_id
    attributes.workflow_type.CopyFrom(child.initiated.workflow_type)
    attributes.initiated_event_id = child.initiated_event_id


def started(turn: Turn, given: ChildStarted) -> bool:
    child = turn.state.children.get(given.initiated_event_id)
    if child is None or child.is_started:
        return False
    event = turn.new(EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
    attributes = event.child_workflow_execution_started_event_attributes
    _name(attributes, child)
    attributes.workflow_execution.workflow_id = child.initiated.workflow_id
    attributes.workflow_execution.run_id = given.run_id
    if child.initiated.HasField("header"):
        attributes.header.CopyFrom(child.initiated.header)
    turn.record(event)
    return True


def start_failed(turn: Turn, given: ChildStartFailed) -> bool:
    child = turn.state.children.get(given.initiated_event_id)
    if child is None or child.is_started:
        return False
    event = turn.new(EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED)
    attributes = event.start_child_workflow_execution_failed_event_attributes
    attributes.namespace = child.initiated.namespace
    attributes.namespace_id = child.initiated.namespace_id
    attributes.workflow_id = child.initiated.workflow_id
    attributes.workflow_type.CopyFrom(child.initiated.workflow_type)
    attributes.cause = Cause.ValueType(given.cause)
    attributes.initiated_event_id = given.initiated_event_id
    turn.record(event)
    return True


_CLOSINGS = {
    "workflow_execution_completed_event_attributes": (
        EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED,
        "child_workflow_execution_completed_event_attributes",
        ("result",),
    ),
    "workflow_execution_failed_event_attributes": (
        EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED,
        "child_workflow_execution_failed_event_attributes",
        ("failure", "retry_state"),
    ),
    "workflow_execution_canceled_event_attributes": (
        EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED,
        "child_workflow_execution_canceled_event_attributes",
        ("details",),
    ),
    "workflow_execution_timed_out_event_attributes": (
        EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT,
        "child_workflow_execution_timed_out_event_attributes",
        ("retry_state",),
    ),
    "workflow_execution_terminated_event_attributes": (
        EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED,
        "child_workflow_execution_terminated_event_attributes",
        (),
    ),
}


def closed(turn: Turn, given: ChildClosed) -> bool:
    """A child that closed before its start was told is told to have started first."""
    child = turn.state.children.get(given.initiated_event_id)
    if child is None or child.initiated.workflow_id != given.child.workflow_id:
        return False
    if not child.is_started:
        begun = ChildStarted(
            at=given.at, initiated_event_id=given.initiated_event_id, run_id=given.child.run_id
        )
        started(turn, begun)
    field = given.closing.WhichOneof("attributes")
    assert field is not None, "a closing event has attributes"
    event_type, child_field, copied = _CLOSINGS[field]
    event = turn.new(event_type)
    attributes = getattr(event, child_field)
    _name(attributes, child)
    attributes.workflow_execution.CopyFrom(given.child)
    attributes.started_event_id = child.started_event_id
    _copy(getattr(given.closing, field), attributes, copied)
    turn.record(event)
    return True


def _copy(source: Any, target: Any, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(source, name)
        if isinstance(value, int):
            setattr(target, name, value)
        elif source.HasField(name):
            getattr(target, name).CopyFrom(value)


def leave(turn: Turn, children: list[Child]) -> None:
    """What becomes of the children when their parent closes."""
    state = turn.state
    for child in children:
        policy = child.initiated.parent_close_policy
        if policy == ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON:
            continue
        effect = CloseChild(
            event_id=child.initiated_event_id,
            child=RunKey(child.initiated.namespace_id, child.initiated.workflow_id, child.run_id),
            terminate=policy == ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE,
            parent=WorkflowExecution(workflow_id=state.key.workflow_id, run_id=state.key.run_id),
        )
        turn.ask(effect)


def wants_parent_told(event: HistoryEvent, next_run_id: str) -> bool:
    return not next_run_id and event.WhichOneof("attributes") in _CLOSINGS
