"""kill -9 of the engine at random under load: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.support.eventually import eventually_async
from tests.support.killable import KillableEngine

KILLS = 50
SECONDS_BETWEEN_KILLS = (0.05, 0.8)
IN_FLIGHT = 25
CHARGES = 3
STARTED_AGAIN_WITHIN = 60.0
# The last is what the SDK makes of a connection that breaks in the middle of an answer.
PASSING = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.UNKNOWN,
)

charged: Counter[str] = Counter()


@activity.defn
async def charge(reference: str) -> str:
    charged[reference] += 1
    return f"{reference} charged"


@workflow.defn
class Charges:
    @workflow.run
    async def run(self, customer: str) -> list[str]:
        receipts = []
        for number in range(CHARGES):
            receipts.append(
                await workflow.execute_activity(
                    charge,
                    f"{customer}/{number}",
                    start_to_close_timeout=timedelta(seconds=3),
                    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50)),
                )
            )
            await workflow.sleep(0.02)
        return receipts


@pytest.fixture
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    process = KillableEngine(database, ENGINE_SHARDS="8")
    process.migrate()
    await asyncio.to_thread(process.start)
    yield process
    await asyncio.to_thread(process.kill)


async def until_stored(client: Client, customer: str) -> list[str]:
    """What a careful caller does whose call fails: the same call again, by the same id."""
    while True:
        try:
            await client.start_workflow(
                Charges.run, customer, id=customer, task_queue="crash",
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )  # fmt: skip
            break
        except WorkflowAlreadyStartedError:
            break
        except RPCError as trouble:
            await passed(trouble)
    while True:
        try:
            result: list[str] = await client.get_workflow_handle(customer).result()
        except RPCError as trouble:
            await passed(trouble)
        else:
            return result


async def passed(trouble: RPCError) -> None:
    if trouble.status not in PASSING:
        raise trouble
    await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_killed_fifty_times_under_load_every_workflow_ends_right(
    engine: KillableEngine,
) -> None:
    dice = random.Random(20_261_124)
    client = await Client.connect(engine.address)
    finished: dict[str, list[str]] = {}
    done = asyncio.Event()

    async def caller(line: int) -> None:
        number = 0
        while not done.is_set():
            customer = f"customer-{line}-{number}"
            finished[customer] = await until_stored(client, customer)
            number += 1

    async with Worker(
        client,
        task_queue="crash",
        workflows=[Charges],
        activities=[charge],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        callers = [asyncio.create_task(caller(line)) for line in range(IN_FLIGHT)]
        for _ in range(KILLS):
            await asyncio.sleep(dice.uniform(*SECONDS_BETWEEN_KILLS))
            await asyncio.to_thread(engine.kill)
            await asyncio.to_thread(engine.start)
        done.set()
        await asyncio.wait_for(asyncio.gather(*callers), STARTED_AGAIN_WITHIN)

        await everything_ended_right(client, finished)
        await every_record_is_in_the_index(client, len(finished))


async def everything_ended_right(client: Client, finished: dict[str, list[str]]) -> None:
    assert len(finished) >= IN_FLIGHT
    for customer, receipts in finished.items():
        assert receipts == [f"{customer}/{number} charged" for number in range(CHARGES)]
        events = [
            event async for event in client.get_workflow_handle(customer).fetch_history_events()
        ]
        kinds = Counter(event.event_type for event in events)
        assert kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED] == CHARGES
        assert [event.event_id for event in events] == list(range(1, len(events) + 1))
        for number in range(CHARGES):
            assert charged[f"{customer}/{number}"] >= 1


async def every_record_is_in_the_index(client: Client, runs: int) -> None:
    """One run for each id: no start was doubled."""

    async def all_are_shown() -> None:
        counted = await client.count_workflows("ExecutionStatus = 'Completed'")
        assert counted.count == runs

    await eventually_async(all_are_shown, lambda _: True, within=10)
    assert (await client.count_workflows("")).count == runs
