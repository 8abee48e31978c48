"""The official SDK, worker and client, against the server under test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.sdk import programs
from tests.sdk.programs import (
    Account,
    Cancelling,
    Counting,
    Elsewhere,
    Failing,
    Greeting,
    Local,
    Many,
    Parent,
    Persistent,
    Sleeping,
)
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.names import Names

Start = Callable[..., Any]


@pytest.fixture
async def client(server: Server) -> Client:
    return await Client.connect(server.address)


@pytest.fixture(params=[1000, 0], ids=["sticky", "always replayed"])
async def worker(
    request: pytest.FixtureRequest, client: Client, names: Names
) -> AsyncIterator[Worker]:
    """The second one keeps no workflow in memory, so that each task brings the whole history."""
    running = Worker(
        client,
        task_queue=names.queue(),
        workflows=programs.WORKFLOWS,
        activities=programs.ACTIVITIES,
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=request.param,
    )
    async with running:
        yield running


@pytest.fixture
def start(client: Client, worker: Worker, names: Names) -> Start:
    async def begin(program: Any, *args: Any, **given: Any) -> WorkflowHandle[Any, Any]:
        return await client.start_workflow(
            program,
            args=list(args),
            id=given.pop("id", None) or names.workflow(),
            task_queue=worker.task_queue,
            **given,
        )

    return begin


async def test_an_activity_answers_the_workflow(start: Start) -> None:
    assert await (await start(Greeting.run, "Bob")).result() == "Hello, Bob"


async def test_a_failing_activity_is_tried_again(start: Start) -> None:
    assert await (await start(Persistent.run)).result() == 3


async def test_a_local_activity_may_outlast_a_workflow_task(start: Start) -> None:
    run = await start(Local.run, task_timeout=timedelta(seconds=2))

    assert await run.result() == "done"
    assert not [name for name in await _names(run) if "WorkflowTaskTimedOut" in name]


async def test_activities_that_end_while_a_task_runs_are_all_heard(start: Start) -> None:
    run = await start(Many.run, 60)

    assert len(await run.result()) == 60
    assert not [name for name in await _names(run) if "WorkflowTaskTimedOut" in name]


async def _names(run: WorkflowHandle[Any, Any]) -> list[str]:
    return [name_of(event) for event in (await run.fetch_history()).events]


async def test_a_timer_fires(start: Start) -> None:
    assert await (await start(Sleeping.run, 0.2)).result() == "rested"


async def test_signals_and_queries_reach_a_run(start: Start) -> None:
    account = await start(Account.run)
    for amount in (5, 7):
        await account.signal(Account.deposit, amount)
    assert await account.query(Account.current) == 12

    await account.signal(Account.close)
    assert await account.result() == 12
    assert await account.query(Account.current) == 12


async def test_an_update_is_validated_and_answered(start: Start) -> None:
    account = await start(Account.run)
    await account.signal(Account.deposit, 10)

    assert await account.execute_update(Account.withdraw, 4) == 6
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await account.execute_update(Account.withdraw, 7)
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "NotEnough"

    await account.signal(Account.close)
    assert await account.result() == 6


async def test_many_updates_at_once_are_all_answered(start: Start) -> None:
    account = await start(Account.run)
    await account.signal(Account.deposit, 100)
    answers = await asyncio.gather(*(account.execute_update(Account.withdraw, 1) for _ in range(8)))

    assert sorted(answers) == list(range(92, 100))


async def test_a_child_answers_its_parent(start: Start) -> None:
    assert await (await start(Parent.run, "Eve")).result() == "Hello, Eve"


async def test_a_run_goes_on_as_a_new_one(start: Start) -> None:
    assert await (await start(Counting.run, 0)).result() == 3


async def test_a_failure_keeps_its_type_and_details(start: Start) -> None:
    with pytest.raises(WorkflowFailureError) as failed:
        await (await start(Failing.run)).result()
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.details) == ("NoMoney", ({"missing": "9.99"},))


async def test_a_failed_workflow_is_tried_again(start: Start) -> None:
    handle = await start(
        Sleeping.run,
        60,
        run_timeout=timedelta(seconds=1),
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2),
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    described = await handle.describe()
    assert described.run_id != handle.first_execution_run_id


async def test_a_cancelled_workflow_stops_its_activity(start: Start) -> None:
    handle = await start(Cancelling.run)

    async def is_running() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        return any(activity.state == started for activity in pending)

    await eventually_async(is_running)
    await handle.cancel()
    assert await handle.result() in ("stopped", "cancelled")


async def test_a_workflow_that_only_waits_is_cancelled(start: Start) -> None:
    handle = await start(Sleeping.run, 600)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, CancelledError)


async def test_an_activity_is_completed_from_elsewhere(client: Client, start: Start) -> None:
    handle = await start(Elsewhere.run)

    async def is_pending() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return any(activity.last_started_time.seconds for activity in pending)

    await eventually_async(is_pending)
    outside = client.get_async_activity_handle(
        workflow_id=handle.id, run_id=handle.result_run_id, activity_id="elsewhere"
    )
    await outside.complete("by hand")
    assert await handle.result() == "by hand"


async def test_one_workflow_id_runs_once(start: Start, names: Names) -> None:
    workflow_id = names.workflow()
    first = await start(Sleeping.run, 600, id=workflow_id)
    with pytest.raises(WorkflowAlreadyStartedError):
        await start(Sleeping.run, 600, id=workflow_id)
    await first.terminate("enough")


async def test_signal_with_start_starts_and_signals(start: Start) -> None:
    account = await start(Account.run, start_signal="deposit", start_signal_args=[3])
    assert await account.query(Account.current) == 3
    await account.signal(Account.close)
    assert await account.result() == 3


async def test_update_with_start_starts_and_updates(
    client: Client, worker: Worker, names: Names
) -> None:
    operation = WithStartWorkflowOperation(
        Account.run,
        id=names.workflow(),
        task_queue=worker.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    answer = await client.execute_update_with_start_workflow(
        Account.withdraw, 0, start_workflow_operation=operation
    )
    assert answer == 0
    await (await operation.workflow_handle()).signal(Account.close)


async def test_a_list_finds_the_run(client: Client, start: Start) -> None:
    handle = await start(Greeting.run, "Bob")
    await handle.result()

    async def found() -> list[str]:
        query = f"WorkflowId = '{handle.id}' AND ExecutionStatus = 'Completed'"
        return [row.workflow_type async for row in client.list_workflows(query)]

    await eventually_async(found, lambda seen: seen == ["Greeting"])
