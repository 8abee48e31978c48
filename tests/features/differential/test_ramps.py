"""Ramps of versions: both servers send the same runs the same way, and tell of it alike."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from google.protobuf.message import Message
from temporalio.api.deployment.v1 import RoutingConfig
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as Version
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionRequest,
    ListWorkerDeploymentsRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client, WorkflowHandle

from tests.features.differential.conftest import Script, told_alike
from tests.features.differential.fleet import Fleet
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names

#: What it returns is compared.
DRAINING = WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING
UNVERSIONED = "__unversioned__"
RUNS = 15


async def shares(server: Server, name: str) -> list[Any]:
    """Who has which run, as the ramp grows and ends."""
    fleet = Fleet(server, await Client.connect(server.address), name)
    builds = []
    async with fleet.worker("one"), fleet.worker("two"):
        await fleet.set_current("one")
        await eventually_async(fleet.serves_new_runs, lambda by: by == "one", within=20)
        fleet.started = 0
        for percentage in (30, 62.5, 100):
            await fleet.ramps("two", percentage)
            runs = [await fleet.start("Pinned") for _ in range(RUNS)]
            builds.append([await run.result() for run in runs])
        await fleet.ramps("", 0)
        builds.append([await fleet.serves_new_runs()])
    return builds


async def begun(run: WorkflowHandle[Any, str]) -> str:
    """The build that its code runs on."""
    build: str = await eventually_async(lambda: run.query("build"))
    return build


async def stays(server: Server, name: str) -> list[Any]:
    """What becomes of runs that began on the ramp, or before it."""
    fleet = Fleet(server, await Client.connect(server.address), name)
    told: list[Any] = []
    async with fleet.worker("one"), fleet.worker("two"):
        await fleet.set_current("one")
        await eventually_async(fleet.serves_new_runs, lambda by: by == "one", within=20)
        fleet.started = 0
        before = await fleet.start("Upgraded", 7)
        told.append(await begun(before))
        await fleet.ramps("two", 100)
        pinned, upgraded = await fleet.start("Pinned", 1), await fleet.start("Upgraded", 1)
        told += [await begun(run) for run in (pinned, upgraded)]
        await before.signal("go")
        told += [await before.result(), await fleet.versions()]
        await fleet.ramps("", 0)
        await eventually_async(fleet.versions, lambda found: "DRAINING" in found["two"][0])
        await upgraded.signal("go")
        told += [await upgraded.result(), await pinned.query("build")]
        await pinned.signal("go")
        # It goes on as another run, of its own version.
        told.append(await pinned.result())
        for run in (before, upgraded, pinned):
            told.append(await fleet.told_of(run))
    return told


async def routing(server: Server, name: str) -> list[str]:
    """What is shown of each step of two versions' routing."""
    fleet = Fleet(server, await Client.connect(server.address), name)
    said: list[str] = []

    async def note(of: Awaitable[Any]) -> None:
        told = str(await of)
        # The dev server's queues hear of it a moment later.
        want = (await fleet.describe()).worker_deployment_info.routing_config
        queue = await eventually_async(
            fleet.queue,
            lambda queue: (
                (queue.current_version, queue.ramping_version, queue.ramping_version_percentage)
                == (want.current_version, want.ramping_version, want.ramping_version_percentage)
            ),
            within=30,
            every=0.2,
        )
        said.append(told)
        if queue.current_version == UNVERSIONED and not queue.ramping_version:
            # The dev server remembers when that came to be; here no deployment has the queue then.
            queue.ClearField("update_time")
        said.append(_timeless(queue))
        said.append(_timeless(want))
        # The dev server finds a few minutes later that nothing is pinned to what it has left.
        said.append(str(sorted((await fleet.versions()).items())).replace("_DRAINED", "_DRAINING"))
        said.append(await _version(fleet, "two"))
        said.append(await _listed(fleet, want))

    async with fleet.worker("one"), fleet.worker("two"):
        await note(fleet.ramp("", 0))
        await note(fleet.ramp("two", 12.5))
        await note(fleet.ramp("two", 12.5))
        await note(fleet.ramp("one", 40))
        await note(fleet.set_current("one"))
        await note(fleet.ramp("two", 0))
        await note(fleet.ramp("", 30))
        await note(fleet.ramp("", 0, version=UNVERSIONED))
        await note(fleet.ramp("one", 33, version=f"{name}.two"))
        await note(fleet.set_current(""))
        await note(fleet.set_current("two"))
        await note(fleet.ramp("", 30))
        await note(fleet.set_current(""))
    return [line.replace(name, "NAME") for line in said]


def _timeless(message: Message) -> str:
    """That there is a time, without the time."""
    lines = []
    for field, value in message.ListFields():
        if not field.name.endswith("_time"):
            lines.append(f"{field.name} {value}")
        elif value.seconds:
            lines.append(field.name)
    return "\n".join(lines)


async def _version(fleet: Fleet, build: str) -> str:
    version = Version(deployment_name=fleet.name, build_id=build)
    request = DescribeWorkerDeploymentVersionRequest(
        namespace="default", deployment_version=version
    )
    told = await fleet.server.workflows.DescribeWorkerDeploymentVersion(request)
    info = told.worker_deployment_version_info
    status = min(info.status, DRAINING)
    return f"{status} {info.ramp_percentage} {info.HasField('ramping_since_time')}"


async def _listed(fleet: Fleet, routing: RoutingConfig) -> str:
    """The dev server lists it a moment later."""
    request = ListWorkerDeploymentsRequest(namespace="default")

    async def found() -> Any:
        listed = (await fleet.server.workflows.ListWorkerDeployments(request)).worker_deployments
        return next((each for each in listed if each.name == fleet.name), None)

    entry = await eventually_async(
        found,
        lambda each: each is not None and each.routing_config == routing,
        within=30,
        every=0.2,
    )
    current, ramping = entry.current_version_summary, entry.ramping_version_summary
    return f"{current.version} {current.status} {ramping.version} {ramping.status}"


async def refusals(server: Server, name: str) -> list[str]:
    fleet = Fleet(server, await Client.connect(server.address), name)

    async def refused(build: str = "", percentage: float = 10, **given: Any) -> str:
        request = SetWorkerDeploymentRampingVersionRequest(
            build_id=build, percentage=percentage, **{"deployment_name": name, **given}
        )
        return await fleet.refusal("SetWorkerDeploymentRampingVersion", request)

    said = [await refused(deployment_name=""), await refused("one"), await refused("one", 101)]
    async with fleet.worker("one"), fleet.worker("two"):
        said += [
            await refused("none"),
            await refused("one", 100.5),
            await refused("one", -1),
            await refused(),
            await refused("one", conflict_token=b"old"),
            await refused(version=f"{name}:one"),
            await refused(version="one"),
            await refused(version="another.one"),
        ]
        token = (await fleet.describe()).conflict_token
        said += [
            await refused("one", conflict_token=token),
            await refused("two", conflict_token=token),
        ]
        await fleet.set_current("two")
        said.append(await refused("two"))
        await fleet.ramp("one", 10)
        deletion = DeleteWorkerDeploymentVersionRequest(
            deployment_version=Version(deployment_name=name, build_id="one"), skip_drainage=True
        )
        said.append(await fleet.refusal("DeleteWorkerDeploymentVersion", deletion))
    return [line.replace(name, "NAME") for line in said]


@pytest.mark.parametrize("script", [shares, stays, routing, refusals])
async def test_both_servers_ramp_alike(
    script: Script,
    server: Server,
    official: Server,
    names: Names,
) -> None:
    name = names.queue()

    await told_alike(script, server, official, name)
