"""Queries: what a run's worker says, and what is refused before it is asked."""

import asyncio

import grpc
import pytest
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.enums.v1 import QueryRejectCondition, WorkflowExecutionStatus
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.workflowservice.v1 import (
    QueryWorkflowRequest,
    QueryWorkflowResponse,
    RespondQueryTaskCompletedRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from engine.matching.queries import OPEN_PER_RUN_MAX
from tests.support.commands import complete, seconds, text
from tests.support.engine import OFFICIAL, Server, detail_names
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

NOT_OPEN = QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_OPEN
NOT_CLEAN = QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY


@pytest.fixture
def worker(server: Server, names: Names) -> ScriptedWorker:
    return ScriptedWorker(server, names.queue())


@pytest.fixture
async def run(server: Server, worker: ScriptedWorker, names: Names) -> WorkflowExecution:
    return await server.start(names.workflow(), worker.queue)


async def query(
    server: Server, run: WorkflowExecution, within: float = 8, **given: object
) -> QueryWorkflowResponse:
    return await server.workflows.QueryWorkflow(
        QueryWorkflowRequest(
            namespace=server.namespace,
            execution=run,
            query=WorkflowQuery(query_type="state", query_args=text("now")),
            **given,  # type: ignore[arg-type]
        ),
        timeout=within,
    )


async def refusal(
    server: Server, run: WorkflowExecution, within: float = 8, **given: object
) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await query(server, run, within, **given)
    return refused.value


async def signal(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.SignalWorkflowExecution(
        SignalWorkflowExecutionRequest(
            namespace=server.namespace, workflow_execution=run, signal_name="go"
        )
    )


async def terminate(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace=server.namespace, workflow_execution=run)
    )


async def test_an_idle_run_is_asked_through_a_task_of_its_own(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task()
    asked = asyncio.create_task(query(server, run))
    task = await worker.poll()

    assert task.query.query_type == "state"
    assert task.query.query_args == text("now")
    assert task.workflow_execution == run
    assert [event.event_id for event in task.history.events] == [1, 2, 3, 4]
    assert (task.previous_started_event_id, task.started_event_id) == (3, 0)
    await worker.answer_query(task, text("waiting"))

    assert (await asked).query_result == text("waiting")
    assert len(await server.history(run)) == 4, "a question leaves no trace"


async def test_what_the_handler_refuses_reaches_the_caller_with_its_failure(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task()
    asked = asyncio.create_task(refusal(server, run))
    await worker.answer_query(await worker.poll(), refusal="no such query")
    refused = await asked

    assert refused.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refused.details() == "no such query"
    assert detail_names(refused) == ["QueryFailedFailure"]


async def test_a_question_sees_what_was_committed_before_it(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task()
    await signal(server, run)
    asked = asyncio.create_task(query(server, run))
    await asyncio.sleep(0.3)
    task = await worker.poll()

    assert [asked.query_type for asked in task.queries.values()] == ["state"]
    await worker.answer(
        task,
        query_results={
            query_id: WorkflowQueryResult(result_type=1, answer=text("gone"))
            for query_id in task.queries
        },
    )
    assert (await asked).query_result == text("gone")


async def test_a_question_asked_while_a_task_runs_is_asked_after_it(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    running = await worker.poll()
    asked = asyncio.create_task(query(server, run))
    await asyncio.sleep(0.3)
    assert not asked.done()
    await worker.answer(running)
    task = await worker.poll()
    assert task.query.query_type == "state" or task.queries

    await worker.answer_query(task, text("after"))
    assert (await asked).query_result == text("after")


async def test_a_question_whose_workflow_task_fails_is_asked_again(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    asked = asyncio.create_task(query(server, run))
    await asyncio.sleep(0.3)
    await worker.fail_task(await worker.poll())
    second = await worker.poll()
    await worker.answer(
        second,
        query_results={
            query_id: WorkflowQueryResult(result_type=1, answer=text("again"))
            for query_id in second.queries
        },
    )
    if not second.queries:
        await worker.answer_query(await worker.poll(), text("again"))

    assert (await asked).query_result == text("again")


async def test_a_busy_run_answers_too(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    """Signals come so fast that there is always a workflow task."""
    if server.is_official:
        pytest.skip("there a query may starve for as long as it waits")
    await worker.on_task()
    answered = asyncio.Event()

    async def keep_signalling() -> None:
        while not answered.is_set():
            await signal(server, run)

    async def keep_working() -> None:
        while not answered.is_set():
            task = await worker.poll(within=2)
            if task.query.query_type:
                await worker.answer_query(task, text("busy"))
            elif task.task_token:
                await worker.answer(
                    task,
                    query_results={
                        query_id: WorkflowQueryResult(result_type=1, answer=text("busy"))
                        for query_id in task.queries
                    },
                )

    noise = [asyncio.create_task(keep_signalling()), asyncio.create_task(keep_working())]
    try:
        for _ in range(5):
            assert (await query(server, run)).query_result == text("busy")
    finally:
        answered.set()
        await asyncio.gather(*noise, return_exceptions=True)


async def test_a_closed_run_is_asked_with_its_whole_history(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(complete())
    asked = asyncio.create_task(query(server, run))
    task = await worker.poll()
    assert len(task.history.events) == 5
    await worker.answer_query(task, text("done"))

    assert (await asked).query_result == text("done")


async def test_the_worker_that_knows_the_run_needs_no_history(server: Server, names: Names) -> None:
    worker = ScriptedWorker(server, names.queue(), sticky=names.queue())
    run = await server.start(names.workflow(), worker.queue)
    sticky = asyncio.create_task(worker.poll(sticky=True))
    await worker.on_task()
    asked = asyncio.create_task(query(server, run))
    task = await sticky

    assert task.query.query_type == "state"
    assert task.HasField("history")
    assert not task.history.events
    await worker.answer_query(task, text("known"))
    assert (await asked).query_result == text("known")


async def test_a_worker_that_knows_the_run_but_is_silent_is_passed_over(
    server: Server, names: Names
) -> None:
    worker = ScriptedWorker(server, names.queue(), sticky=names.queue())
    run = await server.start(names.workflow(), worker.queue)
    sticky = asyncio.create_task(worker.poll(sticky=True))
    first = await worker.poll()
    await worker.answer(
        first,
        sticky_attributes={
            "worker_task_queue": {"name": worker.sticky, "kind": 2, "normal_name": worker.queue},
            "schedule_to_start_timeout": seconds(1),
        },
    )
    asked = asyncio.create_task(query(server, run))
    await sticky
    task = await worker.poll()
    assert len(task.history.events) == 4
    await worker.answer_query(task, text("other"))

    assert (await asked).query_result == text("other")


@pytest.mark.parametrize("condition", [NOT_OPEN, NOT_CLEAN])
async def test_a_closed_run_is_not_asked_where_the_caller_forbids_it(
    server: Server,
    worker: ScriptedWorker,
    run: WorkflowExecution,
    condition: QueryRejectCondition.ValueType,
) -> None:
    await worker.on_task()
    await terminate(server, run)
    answer = await query(server, run, query_reject_condition=condition)

    assert answer.query_rejected.status == (
        WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED
    )


async def test_a_run_that_has_not_begun_is_not_ready(server: Server, names: Names) -> None:
    delayed = await server.start(names.workflow(), names.queue(), workflow_start_delay=seconds(60))
    never_ran = await server.start(names.workflow(), names.queue())
    await terminate(server, never_ran)

    for run, message in (
        (delayed, "Workflow task is not scheduled yet."),
        (never_ran, "Workflow execution closed before WorkflowTaskStarted event"),
    ):
        refused = await refusal(server, run)
        assert refused.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert refused.details() == message
        assert detail_names(refused) == ["WorkflowNotReadyFailure"]


async def test_a_run_whose_workflow_task_keeps_failing_is_not_ready(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.fail_task(await worker.poll())
    await worker.fail_task(await worker.poll())
    refused = await refusal(server, run)

    assert refused.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert refused.details() == "Unable to query workflow due to Workflow Task in failed state."


async def test_a_question_that_nobody_answers_ends_with_the_callers_deadline(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task()
    refused = await refusal(server, run, within=2)

    assert refused.code() == grpc.StatusCode.DEADLINE_EXCEEDED


async def test_so_many_questions_wait_for_one_run_s_worker(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    if server.kind == OFFICIAL:
        pytest.skip("it bounds them otherwise")
    await worker.on_task()

    asked = [asyncio.ensure_future(query(server, run)) for _ in range(OPEN_PER_RUN_MAX + 1)]
    answered, waiting = await asyncio.wait(asked, timeout=8, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()

    (refused,) = [each.exception() for each in answered]
    assert isinstance(refused, grpc.aio.AioRpcError)
    assert refused.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "WorkflowQuery is not set on request."),
        ({"query": {"query_type": ""}}, "QueryType is not set on request."),
    ],
)
async def test_a_question_without_a_name_is_refused(
    server: Server, run: WorkflowExecution, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.QueryWorkflow(
            QueryWorkflowRequest(namespace="default", execution=run, **fields)  # type: ignore[arg-type]
        )
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == message


async def test_an_answer_that_nobody_waits_for_is_not_found(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task()
    asked = asyncio.create_task(query(server, run))
    task = await worker.poll()
    await worker.answer_query(task, Payloads())
    await asked

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.answer_query(task, Payloads())
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert refused.value.details() == "query task not found, or already expired"


async def test_an_answer_with_a_broken_token_is_an_invalid_argument(server: Server) -> None:
    for token in (b"", b"no token of ours"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await server.workflows.RespondQueryTaskCompleted(
                RespondQueryTaskCompletedRequest(namespace="default", task_token=token)
            )
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
