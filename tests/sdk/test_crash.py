"""kill -9 of the engine at random under load: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.sdk.charging import (
    Charges,
    charge,
    every_record_is_in_the_index,
    everything_ended_right,
    until_stored,
)
from tests.support.killable import KillableEngine, killable

KILLS = 50
SECONDS_BETWEEN_KILLS = (0.05, 0.8)
IN_FLIGHT = 25
STARTED_AGAIN_WITHIN = 60.0


@pytest.fixture
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    async with killable(database) as process:
        yield process


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

        assert len(finished) >= IN_FLIGHT
        await everything_ended_right(client, finished)
        await every_record_is_in_the_index(client, len(finished))
