"""A deployment with workers of the official SDK, and what is asked of it in these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from temporalio import workflow
from temporalio.api.enums.v1 import (
    VersionDrainageStatus,
    WorkerDeploymentVersionStatus,
)
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueVersioningInfo
from temporalio.api.workflow.v1 import VersioningOverride
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from tests.support.engine import Server
from tests.support.eventually import eventually_async

#: Of versions, what tells how they are, without the time.
Told = tuple[str, str, str]


def build() -> str:
    """Of the worker that does the task under way."""
    version = workflow.info().get_current_deployment_version()
    return version.build_id if version else ""


class Waiting:
    """Until it is told to go; it says who does its tasks."""

    def __init__(self) -> None:
        self.gone = False

    @workflow.signal
    def go(self) -> None:
        self.gone = True

    @workflow.query
    def build(self) -> str:
        return build()


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class Pinned(Waiting):
    @workflow.run
    async def run(self, rounds: int) -> str:
        await workflow.wait_condition(lambda: self.gone or rounds == 0)
        if rounds:
            workflow.continue_as_new(rounds - 1)
        return build()


@workflow.defn(versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class Upgraded(Waiting):
    @workflow.run
    async def run(self, rounds: int) -> str:
        await workflow.wait_condition(lambda: self.gone)
        return build()


class Fleet:
    """One deployment, the queue of its workers, and what is asked of it."""

    def __init__(self, server: Server, client: Client, name: str) -> None:
        self.server, self.client, self.name = server, client, name
        self.started = 0

    @asynccontextmanager
    async def worker(self, build: str) -> AsyncIterator[None]:
        version = WorkerDeploymentVersion(self.name, build)
        async with Worker(
            self.client,
            task_queue=self.name,
            workflows=[Pinned, Upgraded],
            workflow_runner=UnsandboxedWorkflowRunner(),
            deployment_config=WorkerDeploymentConfig(version, use_worker_versioning=True),
            identity=f"worker of {build}",
        ):
            await eventually_async(self.versions, lambda found: build in found)
            yield

    async def start(self, kind: str, rounds: int = 0) -> WorkflowHandle[Any, str]:
        self.started += 1
        name = f"{self.name}-{kind}-{rounds}-{self.started}"
        handle: WorkflowHandle[Any, str] = await self.client.start_workflow(
            kind, rounds, id=name, task_queue=self.name, result_type=str
        )
        return handle

    async def serves_new_runs(self) -> str:
        """The build that a run which begins now goes to."""
        run = await self.start("Pinned")
        return await run.result()

    async def describe(self) -> Any:
        asked = DescribeWorkerDeploymentRequest(namespace="default", deployment_name=self.name)
        return await self.server.workflows.DescribeWorkerDeployment(asked)

    async def versions(self) -> dict[str, Told]:
        try:
            info = (await self.describe()).worker_deployment_info
        except grpc.aio.AioRpcError as refusal:
            if refusal.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return {}
        return {
            each.deployment_version.build_id: (
                WorkerDeploymentVersionStatus.Name(each.status),
                VersionDrainageStatus.Name(each.drainage_info.status),
                each.version.removeprefix(self.name),
            )
            for each in info.version_summaries
        }

    async def set_current(self, build: str, **given: Any) -> str:
        asked = SetWorkerDeploymentCurrentVersionRequest(
            namespace="default", deployment_name=self.name, build_id=build, identity="a test"
        )
        for name, value in given.items():
            setattr(asked, name, value)
        before = await self.server.workflows.SetWorkerDeploymentCurrentVersion(asked)
        previous: str = before.previous_deployment_version.build_id
        return previous

    async def ramp(self, build: str, percentage: float, **given: Any) -> str:
        """What ramped before; at no per cent and without a build, nothing does from now on."""
        asked = SetWorkerDeploymentRampingVersionRequest(
            namespace="default", deployment_name=self.name, build_id=build, percentage=percentage,
            identity="a test", **given,
        )  # fmt: skip
        before = await self.server.workflows.SetWorkerDeploymentRampingVersion(asked)
        told = (before.previous_version, before.previous_percentage)
        return f"{told} {before.previous_deployment_version}".replace(self.name, "NAME")

    async def queue(self) -> TaskQueueVersioningInfo:
        asked = DescribeTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=self.name))
        return (await self.server.workflows.DescribeTaskQueue(asked)).versioning_info

    async def ramps(self, build: str, percentage: float, **given: Any) -> None:
        """And the dev server's queues have heard of it."""
        await self.ramp(build, percentage, **given)
        await eventually_async(
            self.queue,
            lambda told: (
                told.ramping_deployment_version.build_id == build
                and told.ramping_version_percentage == percentage
            ),
            within=20,
        )

    def pin(self, build: str) -> VersioningOverride:
        """Without a build, to the version that the run is pinned to."""
        pinned = VersioningOverride.PinnedOverride(
            behavior=VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED
        )
        if build:
            pinned.version.deployment_name, pinned.version.build_id = self.name, build
        return VersioningOverride(pinned=pinned)

    async def refusal(self, method: str, request: Any) -> str:
        request.namespace = "default"
        try:
            await getattr(self.server.workflows, method)(request)
        except grpc.aio.AioRpcError as refused:
            return f"{refused.code().name} {refused.details()}".replace(self.name, "NAME")
        return "done"

    async def told_of(self, handle: WorkflowHandle[Any, str]) -> list[str]:
        described = (await handle.describe()).raw_description.workflow_execution_info
        versioning = described.versioning_info
        versioning.ClearField("revision_number")
        attributes = described.search_attributes.indexed_fields
        said = [f"{name} {attributes[name].data!r}" for name in sorted(attributes)]
        events = [event async for event in handle.fetch_history_events()]
        completed = [
            str((e.deployment_version, e.worker_deployment_name, e.versioning_behavior))
            for e in (event.workflow_task_completed_event_attributes for event in events)
            if e.started_event_id
        ]
        began = events[0].workflow_execution_started_event_attributes
        return [
            line.replace(self.name, "NAME")
            for line in [str(versioning), *said, *completed, str(began.inherited_pinned_version)]
        ]
