"""Histories by pages, from the end and as they grow; what describe says of a run."""

import asyncio

import grpc
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType, PendingActivityState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.support.commands import failed, retries, schedule_activity, start_child, text
from tests.support.engine import Server, seconds
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
SIGNALS = 7


@pytest.fixture
async def run(server: Server, names: Names) -> WorkflowExecution:
    return await server.start(names.workflow(), names.queue())


async def signal(server: Server, run: WorkflowExecution, name: str = "go") -> None:
    await server.workflows.SignalWorkflowExecution(
        SignalWorkflowExecutionRequest(
            namespace="default", workflow_execution=run, signal_name=name
        )
    )


async def terminate(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=run)
    )


async def page(
    server: Server, run: WorkflowExecution, **given: object
) -> GetWorkflowExecutionHistoryResponse:
    request = GetWorkflowExecutionHistoryRequest(
        namespace="default",
        execution=run,
        **given,  # type: ignore[arg-type]
    )
    return await server.workflows.GetWorkflowExecutionHistory(request, timeout=30)


def ids(events: object) -> list[int]:
    return [event.event_id for event in events]  # type: ignore[attr-defined]


async def test_pages_join_to_the_whole_history(server: Server, run: WorkflowExecution) -> None:
    for number in range(SIGNALS):
        await signal(server, run, f"signal {number}")
    whole = await server.history(run)

    first = await page(server, run, maximum_page_size=4)
    events: list[HistoryEvent] = list(first.history.events)
    token = first.next_page_token
    while token:
        following = await page(server, run, maximum_page_size=4, next_page_token=token)
        events.extend(following.history.events)
        token = following.next_page_token

    assert events == whole
    assert len(whole) == SIGNALS + 2


async def test_a_history_reads_backwards(server: Server, run: WorkflowExecution) -> None:
    for number in range(SIGNALS):
        await signal(server, run, f"signal {number}")
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace="default", execution=run, maximum_page_size=4
    )
    events: list[HistoryEvent] = []
    while True:
        found = await server.workflows.GetWorkflowExecutionHistoryReverse(request)
        events.extend(found.history.events)
        if not found.next_page_token:
            break
        request.next_page_token = found.next_page_token

    assert events == list(reversed(await server.history(run)))


async def test_a_long_poll_brings_the_next_event(server: Server, run: WorkflowExecution) -> None:
    first = await page(server, run, wait_new_event=True)
    assert ids(first.history.events) == [1, 2]
    waiting = asyncio.ensure_future(
        page(server, run, wait_new_event=True, next_page_token=first.next_page_token)
    )
    await asyncio.sleep(0.2)
    assert not waiting.done()

    await signal(server, run)
    second = await waiting
    assert ids(second.history.events) == [3]

    await terminate(server, run)
    last = await page(server, run, wait_new_event=True, next_page_token=second.next_page_token)
    assert ids(last.history.events) == [4]
    assert not last.next_page_token


async def test_a_waiter_for_the_end_gets_the_last_event_alone(
    server: Server, run: WorkflowExecution
) -> None:
    async def closing() -> GetWorkflowExecutionHistoryResponse:
        token = b""
        while True:
            found = await page(
                server,
                run,
                wait_new_event=True,
                history_event_filter_type=CLOSE_EVENT,
                next_page_token=token,
            )
            if found.history.events:
                return found
            token = found.next_page_token

    waiting = asyncio.ensure_future(closing())
    await signal(server, run)
    await terminate(server, run)

    found = await waiting
    assert ids(found.history.events) == [4]
    assert not found.next_page_token


async def test_the_last_event_of_a_closed_run_is_there_at_once(
    server: Server, run: WorkflowExecution
) -> None:
    await terminate(server, run)

    for waits in (True, False):
        found = await page(server, run, wait_new_event=waits, history_event_filter_type=CLOSE_EVENT)
        assert ids(found.history.events) == [3]


async def test_a_broken_page_token_is_refused(server: Server, run: WorkflowExecution) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await page(server, run, next_page_token=b"forged")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "Invalid NextPageToken."


async def test_a_page_token_of_another_run_is_refused(
    server: Server, run: WorkflowExecution, names: Names
) -> None:
    other = await server.start(names.workflow(), names.queue())
    token = (await page(server, other, maximum_page_size=1)).next_page_token
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await page(server, run, next_page_token=token)
    assert refused.value.code() in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    )


async def test_a_large_history_comes_in_pages_a_client_can_take(
    server: Server, run: WorkflowExecution
) -> None:
    for _ in range(6):
        await server.workflows.SignalWorkflowExecution(
            SignalWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=run,
                signal_name="large",
                input=text("x" * 1_900_000),
            )
        )
    assert len(await server.history(run)) == 8


async def test_describe_tells_what_a_run_waits_for(server: Server, names: Names) -> None:
    worker = ScriptedWorker(server, names.queue())
    run = await server.start(
        names.workflow(), worker.queue, workflow_execution_timeout=seconds(3600)
    )
    child = names.workflow("child")
    await worker.on_task(
        schedule_activity(
            "charge",
            worker.queue,
            start_to_close_timeout=seconds(20),
            retry_policy=retries(initial=600, attempts=5),
        ),
        start_child(child, "nobody polls"),
    )
    await worker.on_activity(failure=failed("the card was refused", "CardRefused"))

    async def described() -> object:
        found = await server.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=run)
        )
        return found if found.pending_children and found.pending_workflow_task.attempt else None

    found = await eventually_async(described)
    info, extended = found.workflow_execution_info, found.workflow_extended_info  # type: ignore[attr-defined]
    assert info.execution == run
    assert (info.type.name, info.task_queue) == ("Scripted", worker.queue)
    assert info.first_run_id == run.run_id
    assert info.root_execution == run
    assert extended.execution_expiration_time.seconds - info.start_time.seconds in (3599, 3600)
    assert found.execution_config.default_workflow_task_timeout == seconds(10)  # type: ignore[attr-defined]

    (activity,) = found.pending_activities  # type: ignore[attr-defined]
    assert (activity.activity_id, activity.activity_type.name) == ("charge", "Charge")
    assert activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    assert (activity.attempt, activity.maximum_attempts) == (2, 5)
    assert activity.last_failure.application_failure_info.type == "CardRefused"
    assert activity.last_worker_identity == "scripted"
    assert activity.current_retry_interval.seconds == 600
    assert activity.HasField("next_attempt_schedule_time")
    assert activity.HasField("last_attempt_complete_time")

    (pending,) = found.pending_children  # type: ignore[attr-defined]
    assert (pending.workflow_id, pending.workflow_type_name) == (child, "Child")


async def test_describe_tells_how_a_run_ended(server: Server, run: WorkflowExecution) -> None:
    await terminate(server, run)

    found = await server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    info = found.workflow_execution_info
    assert (info.status, info.history_length) == (5, 3)
    assert info.HasField("close_time")
