"""The official SDK's worker is known by what it says of itself; the last is that it leaves."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.sdk.programs import Greeting
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
