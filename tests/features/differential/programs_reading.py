"""Looking at a run, and reaching for one that is not there."""

import asyncio
from typing import Any

import grpc
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
    QueryWorkflowRequest,
    RequestCancelWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import complete, continue_as_new, start_timer
from tests.support.history import name_of

NOBODY = "5ea0811c-673d-425f-9ec2-16c3ee6bd386"
CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT


async def _read(stage: Stage, run: WorkflowExecution, **given: Any) -> bytes:
    """One page, noted; its token."""
    request = GetWorkflowExecutionHistoryRequest(namespace="default", execution=run, **given)
    try:
        page = await stage.server.workflows.GetWorkflowExecutionHistory(request, timeout=15)
    except grpc.aio.AioRpcError as refusal:
        stage.note(refusal.code())
        return b""
    stage.note(*map(name_of, page.history.events), bool(page.next_page_token))
    return page.next_page_token


async def follows_a_history(stage: Stage) -> None:
    run = await stage.start()
    token = await _read(stage, run, wait_new_event=True)
    more = asyncio.create_task(_read(stage, run, wait_new_event=True, next_page_token=token))
    await stage.signal(run)
    token = await more
    await stage.terminate(run)
    await _read(stage, run, wait_new_event=True, next_page_token=token)
    await _read(stage, run, wait_new_event=True)


async def waits_for_the_end(stage: Stage) -> None:
    run = await stage.start()
    close: dict[str, Any] = {"history_event_filter_type": CLOSE_EVENT}
    await _read(stage, run, **close)
    token = await _read(stage, run, wait_new_event=True, **close)
    end = asyncio.create_task(
        _read(stage, run, wait_new_event=True, next_page_token=token, **close)
    )
    await stage.terminate(run)
    await end
    await _read(stage, run, **close)
    await _read(stage, run, wait_new_event=True, **close)


async def waits_for_the_end_of_a_run_that_goes_on(stage: Stage) -> None:
    run = await stage.start()
    current = WorkflowExecution(workflow_id=run.workflow_id)
    close: dict[str, Any] = {"history_event_filter_type": CLOSE_EVENT, "wait_new_event": True}
    token = await _read(stage, current, **close)
    end = asyncio.create_task(_read(stage, current, next_page_token=token, **close))
    await stage.worker.on_task(continue_as_new(stage.queue))
    await end
    await stage.worker.on_task(complete())


async def reaches_for_nobody(stage: Stage) -> None:
    run = await stage.start()
    for wanted in (
        WorkflowExecution(),
        WorkflowExecution(workflow_id="nobody"),
        WorkflowExecution(workflow_id=run.workflow_id, run_id=NOBODY),
        WorkflowExecution(workflow_id=run.workflow_id, run_id="no id"),
    ):
        at: dict[str, Any] = {"namespace": "default", "workflow_execution": wanted}
        read: dict[str, Any] = {"namespace": "default", "execution": wanted}
        for request in (
            SignalWorkflowExecutionRequest(signal_name="go", **at),
            RequestCancelWorkflowExecutionRequest(**at),
            TerminateWorkflowExecutionRequest(**at),
            DeleteWorkflowExecutionRequest(**at),
            ResetWorkflowExecutionRequest(workflow_task_finish_event_id=4, request_id="r", **at),
            QueryWorkflowRequest(query={"query_type": "q"}, **read),
            DescribeWorkflowExecutionRequest(**read),
            GetWorkflowExecutionHistoryRequest(**read),
            GetWorkflowExecutionHistoryReverseRequest(**read),
        ):
            await _asks(stage, request)
    await stage.terminate(run)


async def asks_for_what_cannot_be(stage: Stage) -> None:
    run = await stage.start()
    at: dict[str, Any] = {"namespace": "default", "workflow_execution": run}
    for request in (
        SignalWorkflowExecutionRequest(**at),
        SignalWorkflowExecutionRequest(signal_name="x" * 1001, **at),
        SignalWorkflowExecutionRequest(signal_name="go", request_id="x" * 1001, **at),
        RequestCancelWorkflowExecutionRequest(first_execution_run_id=NOBODY, **at),
        RequestCancelWorkflowExecutionRequest(first_execution_run_id="no id", **at),
        TerminateWorkflowExecutionRequest(first_execution_run_id=NOBODY, **at),
        TerminateWorkflowExecutionRequest(first_execution_run_id="no id", **at),
        ResetWorkflowExecutionRequest(workflow_task_finish_event_id=4, **at),
        *(
            ResetWorkflowExecutionRequest(workflow_task_finish_event_id=cut, request_id="r", **at)
            for cut in (0, 1, 2, 100)
        ),
    ):
        await _asks(stage, request)
    await stage.worker.on_task(complete())
    for late in (
        SignalWorkflowExecutionRequest(signal_name="go", **at),
        RequestCancelWorkflowExecutionRequest(**at),
        TerminateWorkflowExecutionRequest(**at),
    ):
        await _asks(stage, late)


async def _asks(stage: Stage, request: Any) -> None:
    name = request.DESCRIPTOR.name.removesuffix("Request")
    stage.note(name)
    await stage.hear(getattr(stage.server.workflows, name)(request))


async def shows_the_task_that_keeps_failing(stage: Stage) -> None:
    run = await stage.start()
    await _note_task(stage, run)
    for _ in range(2):
        task = await stage.worker.poll()
        await _note_task(stage, run)
        await stage.worker.fail_task(task)
        await _note_task(stage, run)
    await stage.worker.on_task(start_timer("t", 100))
    await _note_task(stage, run)


async def _note_task(stage: Stage, run: WorkflowExecution) -> None:
    found = await stage.server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    task = found.pending_workflow_task
    stage.note(found.HasField("pending_workflow_task"), task.attempt, task.state)
