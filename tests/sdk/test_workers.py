"""The official SDK's worker is known by what it says of itself; the last is that it leaves."""

import asyncio
from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
)

from tests.sdk.programs import Account, Greeting, greet
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.workers import RUNNING, SHUTTING_DOWN, Fleet


async def test_a_worker_says_that_it_lives_and_that_it_leaves(server: Server, names: Names) -> None:
    every_second = Runtime(
        telemetry=TelemetryConfig(), worker_heartbeat_interval=timedelta(seconds=1)
    )
    client = await Client.connect(server.address, runtime=every_second)
    queue, fleet = names.queue(), Fleet(server)
    query = f"TaskQueue = '{queue}'"

    async with Worker(
        client,
        task_queue=queue,
        workflows=[Greeting],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        (key,) = await eventually_async(lambda: fleet.names(query))
        said = await eventually_async(
            lambda: fleet.describe(key),
            lambda said: said.workflow_task_slots_info.current_available_slots > 0,
        )

    assert said.status == RUNNING
    assert said.sdk_name == "temporal-python"
    assert (await fleet.describe(key)).status == SHUTTING_DOWN


async def test_pollers_that_scale_themselves_leave_no_run_behind(
    server: Server, names: Names
) -> None:
    """Few at first, and none of them may end up where nothing comes."""
    client, queue = await Client.connect(server.address), names.queue()

    async def saves(number: int) -> int:
        run = await client.start_workflow(
            Account.run, id=f"{names.workflow()}-{number}", task_queue=queue
        )
        await run.signal(Account.deposit, number)
        await run.signal(Account.close)
        return await run.result()

    async with Worker(
        client,
        task_queue=queue,
        workflows=[Account, Greeting],
        activities=[greet],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(initial=2),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(initial=2),
    ):
        for first in range(0, 60, 20):
            numbers = range(first, first + 20)
            async with asyncio.timeout(8):
                assert await asyncio.gather(*map(saves, numbers)) == list(numbers)
        greeted = await client.execute_workflow(
            Greeting.run, "Ada", id=names.workflow(), task_queue=queue
        )
    assert greeted == "Hello, Ada"
