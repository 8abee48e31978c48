"""Batch operations: what each does once, at its rate, whatever happens to the engine meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from temporalio.api.batch.v1 import BatchOperationDeletion
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import TerminateWorkflowExecutionRequest

from engine.background import batches
from tests.support.batches import COMPLETED, FAILED, RUNNING, SIGNAL, TERMINATE, Batched, Cohort
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.killable import KillableEngine, killable
from tests.support.names import Names


@pytest.fixture
def cohort(server: Server, names: Names) -> Cohort:
    return Cohort(server, names)


@pytest.fixture
def job(server: Server, names: Names) -> Batched:
    return Batched(server, names.workflow("job"))


async def signals(server: Server, run: WorkflowExecution) -> int:
    names = [name_of(event) for event in await server.history(run)]
    return names.count("WorkflowExecutionSignaled")


async def test_all_that_a_query_finds_is_acted_on_and_counted(
    cohort: Cohort, job: Batched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In more than one page, where the engine is in this process."""
    monkeypatch.setattr(batches, "PAGE_ROWS", 5)
    await cohort.start(12)
    await job.start(cohort.query, max_operations_per_second=200, **TERMINATE)

    told = await job.until(COMPLETED)
    assert (told.total_operation_count, told.complete_operation_count) == (12, 12)
    assert told.failure_operation_count == 0
    assert await cohort.shown("ExecutionStatus = 'Terminated'") == 12


async def test_a_rate_is_kept(cohort: Cohort, job: Batched) -> None:
    await cohort.start(4)
    began = asyncio.get_running_loop().time()
    await job.start(cohort.query, max_operations_per_second=4, **TERMINATE)

    await job.until(COMPLETED)
    assert asyncio.get_running_loop().time() - began > 0.7


async def test_runs_that_have_ended_are_no_targets_of_a_termination(
    cohort: Cohort, job: Batched, server: Server
) -> None:
    first, *_ = await cohort.start(3)
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=first)
    )
    await eventually_async(lambda: cohort.shown("ExecutionStatus = 'Running'"), lambda n: n == 2)
    await job.start_when_free(f"{cohort.query} OR {cohort.query}", **TERMINATE)

    assert (await job.until(COMPLETED)).total_operation_count == 2


async def test_what_is_refused_of_one_run_is_counted_and_stops_no_other(
    cohort: Cohort, job: Batched
) -> None:
    run, *_ = await cohort.start(1)
    odd = WorkflowExecution(workflow_id=run.workflow_id, run_id="no run id")
    await job.start_when_free(executions=[odd, run], **TERMINATE)

    told = await job.until(COMPLETED)
    assert (told.complete_operation_count, told.failure_operation_count) == (1, 1)
    assert told.total_operation_count == 2


async def test_one_that_is_stopped_leaves_the_rest_alone(cohort: Cohort, job: Batched) -> None:
    await cohort.start(20)
    await job.start_when_free(cohort.query, max_operations_per_second=10, **TERMINATE)
    await eventually_async(job.describe, lambda told: told.complete_operation_count)
    await job.stop()

    told = await job.until(FAILED)
    assert told.HasField("close_time")
    assert 0 < await cohort.shown("ExecutionStatus = 'Running'") < 20
    with pytest.raises(grpc.aio.AioRpcError, match="already completed"):
        await job.stop()


async def test_they_are_listed_page_by_page_the_newest_first(job: Batched, names: Names) -> None:
    jobs = [job, Batched(job.server, names.workflow("job"))]
    for each in jobs:
        await each.start_when_free("WorkflowType = 'Nobody'", **TERMINATE)
        assert (await each.until(COMPLETED)).total_operation_count == 0

    first = await eventually_async(
        lambda: job.page(page_size=1),
        lambda page: page.operation_info[0].job_id == jobs[1].job_id,
    )
    second = await job.page(page_size=1, next_page_token=first.next_page_token)
    assert second.operation_info[0].job_id == job.job_id
    assert second.operation_info[0].state == COMPLETED


async def test_a_deletion_takes_those_that_have_ended_too(cohort: Cohort, job: Batched) -> None:
    first, *_ = await cohort.start(2)
    await cohort.server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=first)
    )
    delete = {"deletion_operation": BatchOperationDeletion(identity="Ada")}
    await job.start_when_free(cohort.query, **delete)

    assert (await job.until(COMPLETED)).complete_operation_count == 2
    await eventually_async(cohort.shown, lambda found: found == 0)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    async with killable(database) as process:
        yield process


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_killed_in_the_middle_it_signals_each_run_once(
    engine: KillableEngine, names: Names
) -> None:
    """As long as a claim lasts: nobody else may take the batch before."""
    server = Server(engine.address, "perdure")
    cohort, job = Cohort(server, names), Batched(server, "signals")
    runs = await cohort.start(60)
    await job.start(cohort.query, max_operations_per_second=100, **SIGNAL)
    await eventually_async(job.describe, lambda told: told.complete_operation_count, every=0.001)
    await asyncio.to_thread(engine.kill)
    await asyncio.to_thread(engine.start)
    assert (await job.describe()).state == RUNNING

    told = await job.until(COMPLETED, within=batches.CLAIM_SECONDS + 20)
    assert (told.total_operation_count, told.complete_operation_count) == (60, 60)
    assert [await signals(server, run) for run in runs] == [1] * 60
    await server.channel.close()
