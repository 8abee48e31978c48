"""kill -9 of the engine while runs wait for the workers of their versions: each gets its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import VersioningBehavior, WorkerVersioningMode
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
    SignalWorkflowExecutionRequest,
)

from engine.core.routing import place_of
from tests.support.commands import complete, start_timer
from tests.support.engine import PERDURE, Server
from tests.support.killable import KillableEngine, killable
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

RUNS = 20
PINNED = VersioningBehavior.VERSIONING_BEHAVIOR_PINNED


@pytest.fixture
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    async with killable(database) as process:
        yield process


class Shop:
    """The workers of two builds, on one queue."""

    def __init__(self, server: Server, queue: str) -> None:
        self.server = server
        self.worker = ScriptedWorker(server, queue)

    async def poll(self, build: str, within: float = 10) -> PollWorkflowTaskQueueResponse:
        return await self.worker.poll(within, deployment_options=_options(build))

    async def get_nothing(self, *builds: str) -> None:
        """Each polls in vain; it is known then."""
        for task in await asyncio.gather(*(self.poll(build, within=2.5) for build in builds)):
            assert not task.task_token

    async def set_current(self, build: str) -> None:
        await self.server.workflows.SetWorkerDeploymentCurrentVersion(
            SetWorkerDeploymentCurrentVersionRequest(
                namespace="default", deployment_name="shop", build_id=build
            )
        )

    async def ramp(self, build: str, percentage: float) -> None:
        await self.server.workflows.SetWorkerDeploymentRampingVersion(
            SetWorkerDeploymentRampingVersionRequest(
                namespace="default", deployment_name="shop", build_id=build, percentage=percentage
            )
        )

    async def start(self, name: str) -> set[str]:
        for number in range(RUNS):
            await self.server.start(f"{name}-{number}", self.worker.queue)
        return {f"{name}-{number}" for number in range(RUNS)}

    async def begin(self, build: str, count: int) -> None:
        """Their code keeps them on the build; then they wait for a signal."""
        for _ in range(count):
            task = await self.poll(build)
            await self.worker.answer(
                task,
                start_timer("t", 3600),
                deployment_options=_options(build),
                versioning_behavior=PINNED,
            )

    async def signal(self, workflow_id: str) -> None:
        await self.server.workflows.SignalWorkflowExecution(
            SignalWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=WorkflowExecution(workflow_id=workflow_id),
                signal_name="go",
            )
        )

    async def end(self, build: str, count: int) -> set[str]:
        """So many runs, whichever come to the build."""
        ended = set()
        for _ in range(count):
            task = await self.poll(build)
            options = _options(build)
            await self.worker.answer(
                task, complete(), deployment_options=options, versioning_behavior=PINNED
            )
            ended.add(task.workflow_execution.workflow_id)
        return ended


def _options(build: str) -> WorkerDeploymentOptions:
    return WorkerDeploymentOptions(
        deployment_name="shop",
        build_id=build,
        worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
    )


@pytest.mark.slow
async def test_what_is_pinned_waits_through_a_crash_for_its_own_worker(
    engine: KillableEngine, names: Names
) -> None:
    server = Server(engine.address, PERDURE)
    shop = Shop(server, names.queue())
    await shop.get_nothing("one", "two")
    await shop.set_current("one")
    old = await shop.start("old")
    await shop.begin("one", RUNS)
    await shop.set_current("two")
    for workflow_id in old:
        await shop.signal(workflow_id)
    new = await shop.start("new")

    await _crash(engine, server)
    by_one = await shop.end("one", RUNS // 2)
    by_two = await shop.end("two", RUNS // 2)
    await _crash(engine, server)
    by_two |= await shop.end("two", RUNS // 2)
    by_one |= await shop.end("one", RUNS // 2)

    assert (by_one, by_two) == (old, new)
    await shop.get_nothing("one", "two")
    await server.channel.close()


@pytest.mark.slow
async def test_a_ramp_shares_out_what_waits_through_a_crash(
    engine: KillableEngine, names: Names
) -> None:
    server = Server(engine.address, PERDURE)
    shop = Shop(server, names.queue())
    await shop.get_nothing("one", "two")
    await shop.set_current("one")
    await shop.ramp("two", 50)
    waiting = await shop.start("ramped")
    ramped = {name for name in waiting if place_of(name) < 50}

    await _crash(engine, server)
    by_two = await shop.end("two", len(ramped) // 2)
    # Half of what is left changes sides.
    await shop.ramp("two", 75)
    await _crash(engine, server)
    ramped = {name for name in waiting if place_of(name) < 75}
    by_two |= await shop.end("two", len(ramped) - len(by_two))
    by_one = await shop.end("one", len(waiting - ramped))

    assert (by_one, by_two) == (waiting - ramped, ramped)
    await shop.get_nothing("one", "two")
    await server.channel.close()


async def _crash(engine: KillableEngine, server: Server) -> None:
    await asyncio.to_thread(engine.kill)
    await asyncio.to_thread(engine.start)
    await asyncio.wait_for(server.channel.channel_ready(), 30)
