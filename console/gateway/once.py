"""Acts that carry their request id into the history, so that whoever repeats one after a crash can
see whether it was done.

The server swallows a repeated request while the run is open; once the run has closed it can only
say that it is closed, and then `trace` finds whose act that was.
"""

from collections.abc import Set
from dataclasses import replace
from datetime import datetime

from temporalio.api.common.v1 import Header, WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from console.gateway import events, histories, payloads, sight, steering, workflows
from console.gateway.channel import call, workflow_service
from console.gateway.events import Event
from console.gateway.payloads import Value
from console.gateway.runs import RunKey

#: The header of a signal under which its request id travels.
HEADER = "perdure-request-id"
#: What the official server names instead of who asked for a reset.
RESETTER = "history-service"


def terminate(key: RunKey, reason: str, identity: str, request_id: str) -> None:
    call(
        workflow_service().TerminateWorkflowExecution,
        TerminateWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            reason=reason,
            identity=identity,
            details=payloads.encoded([request_id]),
        ),
    )


def cancel(key: RunKey, reason: str, identity: str, request_id: str) -> None:
    steering.cancel(key, f"{reason} ({request_id})", identity, request_id)


def signal(key: RunKey, name: str, arguments: list[object], identity: str, request_id: str) -> None:
    call(
        workflow_service().SignalWorkflowExecution,
        SignalWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            signal_name=name,
            input=payloads.sent(key.namespace, arguments),
            identity=identity,
            request_id=request_id,
            header=Header(fields={HEADER: payloads.encoded([request_id]).payloads[0]}),
        ),
    )


def trace(key: RunKey, request_id: str, since: datetime | None = None) -> int | None:
    """The event that this request became; nobody asked before that time."""
    for event in histories.newest(key, since):
        if request_id in carried(event):
            return event.id
    return None


def reset_point(key: RunKey, *, first: bool, size: int = histories.PAGE_EVENTS) -> int | None:
    """The event of the first (or the last) completed workflow task, if there is one yet.

    Signals, and activities that one task has begun, may fill many pages before it or after it.
    """
    read, token = (histories.forward if first else histories.backward), b""
    while True:
        page = read(key, token, size)
        for event in page.events:
            if event.kind == "WorkflowTaskCompleted":
                return event.id
        if not (token := page.next_token):
            return None


def was_reset_into(key: RunKey, reason: str, identities: Set[str]) -> str:
    """The run that goes on since one of these reset this one for this reason.

    The server swallows a repeated reset only until the new run is followed by another one.
    """
    run_id = workflows.describe(key).reset_run_id
    token = b""
    while run_id:
        page = histories.forward(replace(key, run_id=run_id), token)
        for event in page.events:
            if event.kind == "WorkflowTaskFailed" and event.attributes.new_run_id == run_id:
                about = event.attributes
                is_ours = about.identity in identities or about.identity == RESETTER
                return run_id if is_ours and about.failure.message == reason else ""
        if not (token := page.next_token):
            break
    return ""


def carried(event: Event) -> str:
    """What an act of this module left in the event to be known by; nobody is shown it."""
    with sight.unmasked():
        return _carried(event)


def _carried(event: Event) -> str:
    raw: HistoryEvent = event.raw
    match event.kind:
        case "WorkflowExecutionTerminated":
            return _text(
                payloads.values(raw.workflow_execution_terminated_event_attributes.details)
            )
        case "WorkflowExecutionSignaled":
            fields = raw.workflow_execution_signaled_event_attributes.header.fields
            return _text((payloads.readable(fields[HEADER]),)) if HEADER in fields else ""
        case "WorkflowExecutionCancelRequested":
            return raw.workflow_execution_cancel_requested_event_attributes.cause
        case "WorkflowExecutionPaused" | "WorkflowExecutionUnpaused":
            return events.text(event, "request_id")
        case _:
            return ""


def _text(values: tuple[Value, ...]) -> str:
    return " ".join(str(value.content) for value in values)


def _execution(key: RunKey) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)
