"""Versions of the official SDK's workers: both servers route, pin and tell of them alike."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as Version
from temporalio.api.enums.v1 import VersioningBehavior as Behavior
from temporalio.api.enums.v1 import (
    WorkerVersioningMode,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentRequest,
    DeleteWorkerDeploymentVersionRequest,
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    DescribeWorkflowExecutionRequest,
    ListWorkerDeploymentsRequest,
    ResetWorkflowExecutionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client

from tests.features.differential.conftest import Script, told_alike
from tests.features.differential.fleet import Fleet, Pinned
from tests.support.commands import start_child
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

#: What it returns is compared.


async def upgrade(server: Server, name: str) -> list[Any]:
    """Two builds, one after the other; what became of the runs of the first."""
    fleet = Fleet(server, await Client.connect(server.address), name)
    told: list[Any] = []
    async with fleet.worker("one"):
        told += [await fleet.versions(), await fleet.set_current("one")]
        pinned, chain = await fleet.start("Pinned", 1), await fleet.start("Pinned", 2)
        upgraded = await fleet.start("Upgraded")
        for run in (pinned, chain, upgraded):
            told.append(await eventually_async(lambda run=run: run.query("build")))
        async with fleet.worker("two"):
            # The dev server, which tries it again by itself, may say that it was so already.
            await fleet.set_current("two")
            told.append(await fleet.set_current("two"))
            await eventually_async(fleet.versions, lambda found: "DRAINING" in found["one"][0])
            told.append(await fleet.versions())
            # The dev server's queues hear of it a moment later.
            await eventually_async(fleet.serves_new_runs, lambda by: by == "two", within=20)
            for run in (pinned, upgraded):
                await run.signal("go")
            told += [await pinned.result(), await upgraded.result()]
            late = await fleet.start("Pinned")
            told += [await late.result(), await chain.query("build")]
            for run in (pinned, upgraded, late):
                told.append(await fleet.told_of(run))
            await chain.terminate()
    return told


async def routed(server: Server, name: str) -> list[str]:
    """What a queue says of versions; and of a child whose parent is pinned, before it begins."""
    fleet = Fleet(server, await Client.connect(server.address), name)
    options = WorkerDeploymentOptions(
        deployment_name=name,
        build_id="one",
        worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
    )

    async def current() -> str:
        asked = DescribeTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=name))
        told = (await server.workflows.DescribeTaskQueue(asked)).versioning_info
        return f"{told.current_deployment_version} {told.current_version}".replace(name, "NAME")

    said = [await current()]
    async with fleet.worker("one"):
        await fleet.set_current("one")
        said.append(await eventually_async(current, lambda now: now != said[0], within=20))
    worker = ScriptedWorker(server, name)
    parent = await server.start(f"{name}-parent", name)
    task = await eventually_async(
        lambda: worker.poll(deployment_options=options), lambda task: task.task_token
    )
    await worker.answer(
        task,
        start_child(f"{name}-child", name),
        deployment_options=options,
        versioning_behavior=Behavior.VERSIONING_BEHAVIOR_PINNED,
    )
    await eventually_async(lambda: server.history(parent), lambda events: len(events) > 5)
    child = DescribeWorkflowExecutionRequest(
        namespace="default", execution=WorkflowExecution(workflow_id=f"{name}-child")
    )
    info = (await server.workflows.DescribeWorkflowExecution(child)).workflow_execution_info
    said.append(f"{info.versioning_info} {info.worker_deployment_name}".replace(name, "NAME"))
    return said


async def after_resets(server: Server, name: str) -> list[str]:
    """Of a run that is pinned to the first build: who goes on with it, reset when there is another.

    First from its first task, before its code had said anything; then from its second.
    """
    fleet = Fleet(server, await Client.connect(server.address), name)
    builds = []
    async with fleet.worker("one"), fleet.worker("two"):
        await fleet.set_current("one")
        await eventually_async(fleet.serves_new_runs, lambda by: by == "one", within=20)
        for cut in (4, 8):
            run = await fleet.start("Pinned", 1)
            await eventually_async(lambda run=run: run.query("build"))
            await run.signal("ignored")
            await eventually_async(
                lambda run=run: server.history(WorkflowExecution(workflow_id=run.id)),
                lambda events: len(events) == 8,
            )
            await fleet.set_current("two")
            await eventually_async(fleet.serves_new_runs, lambda by: by == "two", within=20)
            request = ResetWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=WorkflowExecution(workflow_id=run.id),
                workflow_task_finish_event_id=cut,
                request_id=f"{name} {cut}",
            )
            await server.workflows.ResetWorkflowExecution(request)
            again = fleet.client.get_workflow_handle_for(Pinned.run, run.id)
            builds.append(await eventually_async(lambda again=again: again.query(Pinned.build)))
            await again.signal(Pinned.go)
            builds.append(await again.result())
            await fleet.set_current("one")
            await eventually_async(fleet.serves_new_runs, lambda by: by == "one", within=20)
    return builds


async def refusals(server: Server, name: str) -> list[str]:
    """What cannot be done to a deployment, before it is there and after."""
    fleet = Fleet(server, await Client.connect(server.address), name)
    version = Version(deployment_name=name, build_id="one")
    asked = [
        ("DescribeWorkerDeployment", DescribeWorkerDeploymentRequest()),
        ("DescribeWorkerDeployment", DescribeWorkerDeploymentRequest(deployment_name=name)),
        ("DescribeWorkerDeploymentVersion", DescribeWorkerDeploymentVersionRequest()),
        (
            "DescribeWorkerDeploymentVersion",
            DescribeWorkerDeploymentVersionRequest(deployment_version=version),
        ),
        ("DeleteWorkerDeployment", DeleteWorkerDeploymentRequest(deployment_name=name)),
    ]
    said = [await fleet.refusal(method, request) for method, request in asked]
    current = SetWorkerDeploymentCurrentVersionRequest
    said.append(
        await fleet.refusal(
            "SetWorkerDeploymentCurrentVersion", current(deployment_name=name, build_id="one")
        )
    )
    async with fleet.worker("one"):
        said += [
            await fleet.refusal("SetWorkerDeploymentCurrentVersion", given)
            for given in (
                current(deployment_name=name, build_id="none"),
                current(deployment_name=name, build_id="one", conflict_token=b"old"),
                current(deployment_name=name, build_id="one"),
            )
        ]
        deletion = DeleteWorkerDeploymentVersionRequest(deployment_version=version)
        said.append(await fleet.refusal("DeleteWorkerDeploymentVersion", deletion))
        said.append(await fleet.refusal(*asked[-1]))
        await fleet.set_current("")
        deletion.skip_drainage = True
        said.append(await fleet.refusal("DeleteWorkerDeploymentVersion", deletion))
    return said


async def test_after_a_reset_a_pinned_run_keeps_its_version_on_both_servers(
    server: Server,
    official: Server,
    names: Names,
) -> None:
    name = names.queue()

    ours, theirs = await asyncio.gather(after_resets(server, name), after_resets(official, name))

    assert ours == theirs == ["two", "two", "one", "one"]


@pytest.mark.parametrize("script", [upgrade, routed, refusals])
async def test_both_servers_tell_the_same(
    script: Script,
    server: Server,
    official: Server,
    names: Names,
) -> None:
    name = names.queue()

    await told_alike(script, server, official, name)


async def test_a_version_is_drained_when_no_open_run_is_pinned_to_it(
    server: Server, names: Names
) -> None:
    fleet = Fleet(server, await Client.connect(server.address), names.queue())
    version = Version(deployment_name=fleet.name, build_id="one")
    deletion = DeleteWorkerDeploymentVersionRequest(deployment_version=version)
    async with fleet.worker("one"):
        await fleet.set_current("one")
        run = await fleet.start("Pinned", 1)
        await eventually_async(lambda: run.query("build"))
        await fleet.set_current("")
        assert "DRAINING" in (await fleet.versions())["one"][1]
        await run.terminate()
        await eventually_async(fleet.versions, lambda found: "DRAINED" in found["one"][1])

        refused = await fleet.refusal("DeleteWorkerDeploymentVersion", deletion)
        assert refused.endswith("since it has active pollers")

    await eventually_async(
        lambda: fleet.refusal("DeleteWorkerDeploymentVersion", deletion),
        lambda said: said == "done",
        within=15,  # a worker counts as polling for ten seconds after its last poll
    )
    listed = await server.workflows.ListWorkerDeployments(
        ListWorkerDeploymentsRequest(namespace="default")
    )
    assert fleet.name in {each.name for each in listed.worker_deployments}
    assert await fleet.versions() == {}
