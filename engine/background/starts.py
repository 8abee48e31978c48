"""What schedules ask of the rest: starts, cancellations and terminations, as a client would ask."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    RequestCancelWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from engine.clock import Clock
from engine.core.keys import SCHEDULER
from engine.core.schedule.state import Running, ScheduleState, Starting
from engine.core.schedule.step import (
    EndAsked,
    Input,
    RunClosed,
    RunStarted,
    StartRefused,
    second_of,
)
from engine.errors import (
    Aborted,
    AlreadyStarted,
    EngineError,
    NotFound,
    ResourceExhausted,
    Unavailable,
)

log = logging.getLogger(__name__)

#: A name of an RPC, and its request: the response, or EngineError.
Call = Callable[[str, Message], Awaitable[Any]]
#: What may pass: the same will be asked again.
_LATER = (Aborted, ResourceExhausted, Unavailable)
_COPIED = (
    "workflow_type", "task_queue", "input", "workflow_execution_timeout", "workflow_run_timeout",
    "workflow_task_timeout", "retry_policy", "memo", "search_attributes", "header",
    "user_metadata", "versioning_override", "priority",
)  # fmt: skip
_STATUSES = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        Status.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: Status.WORKFLOW_EXECUTION_STATUS_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
}  # fmt: skip


def identity(namespace: str, schedule_id: str) -> str:
    return f"{SCHEDULER}{namespace}-{schedule_id}"


def start_request(
    namespace: str, state: ScheduleState, start: Starting
) -> StartWorkflowExecutionRequest:
    action = state.schedule.action.start_workflow
    request = StartWorkflowExecutionRequest(
        namespace=namespace,
        workflow_id=start.workflow_id,
        request_id=start.request_id,
        identity=identity(namespace, state.schedule_id),
    )
    for name in _COPIED:
        if action.HasField(name):  # type: ignore[arg-type]
            getattr(request, name).CopyFrom(getattr(action, name))
    attributes = request.search_attributes.indexed_fields
    attributes["TemporalScheduledStartTime"].CopyFrom(
        _attribute("Datetime", second_of(start.action.nominal))
    )
    attributes["TemporalScheduledById"].CopyFrom(_attribute("Keyword", state.schedule_id))
    if start.is_alone and state.last_result is not None:
        request.last_completion_result.CopyFrom(state.last_result)
    if start.is_alone and state.last_failure is not None:
        request.continued_failure.CopyFrom(state.last_failure)
    return request


def _attribute(kind: str, text: str) -> Payload:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    metadata = {"encoding": b"json/plain", "type": kind.encode()}
    return Payload(metadata=metadata, data=quoted.encode())


async def started(
    call: Call, namespace: str, state: ScheduleState, start: Starting, clock: Clock
) -> Input | None:
    """None where it may go better later."""
    try:
        answer = await call("StartWorkflowExecution", start_request(namespace, state, start))
    except _LATER:
        return None
    except EngineError as refusal:
        return StartRefused(
            at=clock.now(),
            request_id=start.request_id,
            is_overlap=isinstance(refusal, AlreadyStarted),
        )
    return RunStarted(at=clock.now(), request_id=start.request_id, run_id=answer.run_id)


async def asked_to_end(
    call: Call, namespace: str, state: ScheduleState, run: Running, clock: Clock
) -> Input | None:
    given: dict[str, Any] = {
        "namespace": namespace,
        "workflow_execution": WorkflowExecution(workflow_id=run.workflow_id),
        "first_execution_run_id": run.run_id,
        "identity": identity(namespace, state.schedule_id),
        "reason": "the next action of its schedule overlaps it",
    }
    try:
        if run.end == "terminate":
            await call("TerminateWorkflowExecution", TerminateWorkflowExecutionRequest(**given))
        else:
            given["request_id"] = f"{state.id} {run.run_id}"
            request = RequestCancelWorkflowExecutionRequest(**given)
            await call("RequestCancelWorkflowExecution", request)
    except _LATER:
        return None
    except NotFound:
        log.debug("%s has ended, and how is on its way here already", run.workflow_id)
    return EndAsked(at=clock.now(), workflow_id=run.workflow_id, run_id=run.run_id)


def given_of(closing: HistoryEvent, workflow_id: str, first_run_id: str, at: int) -> RunClosed:
    result = failure = None
    if closing.HasField("workflow_execution_completed_event_attributes"):
        completed = closing.workflow_execution_completed_event_attributes
        result = completed.result if completed.HasField("result") else None
    elif closing.HasField("workflow_execution_failed_event_attributes"):
        failure = closing.workflow_execution_failed_event_attributes.failure
    elif closing.HasField("workflow_execution_timed_out_event_attributes"):
        failure = Failure(message="workflow timeout")
        failure.timeout_failure_info.SetInParent()
    return RunClosed(
        at=at,
        workflow_id=workflow_id,
        first_run_id=first_run_id,
        status=_STATUSES.get(closing.event_type, Status.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED),
        result=result,
        failure=failure,
    )
