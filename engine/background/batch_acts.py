"""What a batch does to one of its targets: the same call that a client would make.

Each has a request id made from the batch and the target, so a signal, a cancellation or a reset
that is tried again happens once. Ending, deleting and setting options twice is the same as once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from temporalio.api.common.v1 import ResetOptions, WorkflowExecution
from temporalio.api.enums.v1 import EventType as E
from temporalio.api.enums.v1 import ResetType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DeleteActivityExecutionRequest,
    DeleteWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    RequestCancelActivityExecutionRequest,
    RequestCancelWorkflowExecutionRequest,
    ResetActivityRequest,
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    StartBatchOperationRequest,
    TerminateActivityExecutionRequest,
    TerminateWorkflowExecutionRequest,
    UnpauseActivityRequest,
    UpdateActivityOptionsRequest,
    UpdateWorkflowExecutionOptionsRequest,
)

from engine.background.starts import Call
from engine.errors import FailedPrecondition

EVENTS_PAGE_MAX = 1_000


class Act(NamedTuple):
    """All that one call needs. `operation` is the message of its kind."""

    call: Call
    namespace: str
    reason: str
    operation: Any
    run: WorkflowExecution
    request_id: str

    @property
    def common(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "workflow_execution": self.run,
            "identity": self.operation.identity,
        }

    @property
    def of_activities(self) -> dict[str, Any]:
        """How the operation names activities, as the calls for them do."""
        named = {"type": self.operation.type} if self.operation.type else {}
        return {
            "namespace": self.namespace,
            "execution": self.run,
            "identity": self.operation.identity,
            **named,
        }

    @property
    def of_standalone(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "activity_id": self.run.workflow_id,
            "run_id": self.run.run_id,
            "identity": self.operation.identity,
            "reason": self.operation.reason,
        }


async def _terminate(act: Act) -> None:
    given = act.operation
    details = given.details if given.HasField("details") else None
    request = TerminateWorkflowExecutionRequest(**act.common, reason=act.reason, details=details)
    await act.call("TerminateWorkflowExecution", request)


async def _cancel(act: Act) -> None:
    request = RequestCancelWorkflowExecutionRequest(
        **act.common, reason=act.reason, request_id=act.request_id
    )
    await act.call("RequestCancelWorkflowExecution", request)


async def _signal(act: Act) -> None:
    given = act.operation
    request = SignalWorkflowExecutionRequest(
        **act.common,
        signal_name=given.signal,
        input=given.input if given.HasField("input") else None,
        header=given.header if given.HasField("header") else None,
        request_id=act.request_id,
    )
    await act.call("SignalWorkflowExecution", request)


async def _delete(act: Act) -> None:
    request = DeleteWorkflowExecutionRequest(namespace=act.namespace, workflow_execution=act.run)
    await act.call("DeleteWorkflowExecution", request)


async def _reset(act: Act) -> None:
    given = act.operation
    options = reset_options(given)
    request = ResetWorkflowExecutionRequest(
        **act.common,
        reason=act.reason,
        request_id=act.request_id,
        workflow_task_finish_event_id=await _cut(act, options),
        reset_reapply_type=options.reset_reapply_type,
        reset_reapply_exclude_types=options.reset_reapply_exclude_types,
        post_reset_operations=given.post_reset_operations,
    )
    await act.call("ResetWorkflowExecution", request)


def reset_options(given: Any) -> ResetOptions:
    """Said the newer way, whichever way it was said."""
    if given.HasField("options"):
        options: ResetOptions = given.options
        return options
    options = ResetOptions(reset_reapply_type=given.reset_reapply_type)
    if given.reset_type == ResetType.RESET_TYPE_FIRST_WORKFLOW_TASK:
        options.first_workflow_task.SetInParent()
    elif given.reset_type == ResetType.RESET_TYPE_LAST_WORKFLOW_TASK:
        options.last_workflow_task.SetInParent()
    return options


async def _cut(act: Act, options: ResetOptions) -> int:
    """The event at which the workflow task ended that the run goes back to."""
    target = options.WhichOneof("target")
    if target == "workflow_task_id":
        return options.workflow_task_id
    found = 0
    async for event in _events(act):
        if event.event_type == E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            if target == "build_id" and options.build_id not in _builds(event):
                continue
            found = event.event_id
            if target != "last_workflow_task":
                break
        elif event.event_type == E.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            # None may have been completed yet.
            found = found or (event.event_id + 1 if target != "build_id" else 0)
    if not found:
        raise FailedPrecondition("it has no workflow task to be reset to")
    return found


def _builds(event: HistoryEvent) -> tuple[str, ...]:
    completed = event.workflow_task_completed_event_attributes
    return (
        completed.worker_version.build_id,
        completed.deployment_version.build_id,
        completed.binary_checksum,
    )


async def _events(act: Act) -> Any:
    token = b""
    while True:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=act.namespace,
            execution=act.run,
            maximum_page_size=EVENTS_PAGE_MAX,
            next_page_token=token,
        )
        page = await act.call("GetWorkflowExecutionHistory", request)
        for event in page.history.events:
            yield event
        if not (token := page.next_page_token):
            return


async def _unpause(act: Act) -> None:
    given = act.operation
    request = UnpauseActivityRequest(
        **act.of_activities,
        reset_attempts=given.reset_attempts,
        reset_heartbeat=given.reset_heartbeat,
        jitter=given.jitter if given.HasField("jitter") else None,
    )
    if not given.type:
        request.unpause_all = True
    await act.call("UnpauseActivity", request)


async def _reset_activities(act: Act) -> None:
    given = act.operation
    request = ResetActivityRequest(
        **act.of_activities,
        reset_heartbeat=given.reset_heartbeat,
        keep_paused=given.keep_paused,
        jitter=given.jitter if given.HasField("jitter") else None,
        restore_original_options=given.restore_original_options,
    )
    if not given.type:
        request.match_all = True
    await act.call("ResetActivity", request)


async def _change_activities(act: Act) -> None:
    given = act.operation
    request = UpdateActivityOptionsRequest(
        **act.of_activities,
        activity_options=given.activity_options if given.HasField("activity_options") else None,
        update_mask=given.update_mask if given.HasField("update_mask") else None,
        restore_original=given.restore_original,
    )
    if not given.type:
        request.match_all = True
    await act.call("UpdateActivityOptions", request)


async def _change_options(act: Act) -> None:
    given = act.operation
    request = UpdateWorkflowExecutionOptionsRequest(
        **act.common,
        workflow_execution_options=given.workflow_execution_options,
        update_mask=given.update_mask,
    )
    await act.call("UpdateWorkflowExecutionOptions", request)


async def _cancel_activity(act: Act) -> None:
    request = RequestCancelActivityExecutionRequest(**act.of_standalone, request_id=act.request_id)
    await act.call("RequestCancelActivityExecution", request)


async def _terminate_activity(act: Act) -> None:
    request = TerminateActivityExecutionRequest(**act.of_standalone, request_id=act.request_id)
    await act.call("TerminateActivityExecution", request)


async def _delete_activity(act: Act) -> None:
    request = DeleteActivityExecutionRequest(
        namespace=act.namespace, activity_id=act.run.workflow_id, run_id=act.run.run_id
    )
    await act.call("DeleteActivityExecution", request)


#: By the name that the operation has in StartBatchOperationRequest.
ACTS: Mapping[str, Callable[[Act], Awaitable[None]]] = {
    "cancel_activities_operation": _cancel_activity,
    "cancellation_operation": _cancel,
    "delete_activities_operation": _delete_activity,
    "deletion_operation": _delete,
    "reset_activities_operation": _reset_activities,
    "reset_operation": _reset,
    "signal_operation": _signal,
    "terminate_activities_operation": _terminate_activity,
    "termination_operation": _terminate,
    "unpause_activities_operation": _unpause,
    "update_activity_options_operation": _change_activities,
    "update_workflow_options_operation": _change_options,
}
#: They make sense for runs that have ended, too.
EVEN_CLOSED = ("delete_activities_operation", "deletion_operation", "reset_operation")
#: Their targets are standalone activities, each by its id where a run has its workflow's.
OF_ACTIVITIES = (
    "cancel_activities_operation",
    "delete_activities_operation",
    "terminate_activities_operation",
)


async def perform(
    call: Call,
    namespace: str,
    request: StartBatchOperationRequest,
    run: WorkflowExecution,
    request_id: str,
) -> None:
    kind = kind_of(request)
    act = Act(call, namespace, request.reason, getattr(request, kind), run, request_id)
    await ACTS[kind](act)


def kind_of(request: StartBatchOperationRequest) -> str:
    """The name of its operation; one that is stored has one."""
    kind = request.WhichOneof("operation")
    assert kind is not None, "it was refused where it has none"
    return kind


def is_of_activities(request: StartBatchOperationRequest) -> bool:
    return kind_of(request) in OF_ACTIVITIES


def query_of(request: StartBatchOperationRequest) -> str:
    """Of the runs that are meant, those that the operation can be for.

    In an order in which none moves while the pages are read, and in which those that start
    meanwhile come before the place that was reached.
    """
    condition = f"({request.visibility_query})"
    if kind_of(request) not in EVEN_CLOSED:
        condition += " AND ExecutionStatus IN ('Running', 'Paused')"
    return f"{condition} ORDER BY StartTime DESC"
