"""Deployments beside their routing: made by hand, managed, annotated; alike on both servers."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as Version
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    CreateWorkerDeploymentRequest,
    CreateWorkerDeploymentVersionRequest,
    DeleteWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentManagerRequest,
    SetWorkerDeploymentRampingVersionRequest,
    UpdateWorkerDeploymentVersionMetadataRequest,
)
from temporalio.client import Client

from tests.features.differential.conftest import Script, told_alike
from tests.features.differential.fleet import Fleet
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names

#: How a version stands of which no worker has polled yet.
CREATED = str(WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CREATED)


class Office(Fleet):
    async def ask(self, request: Any) -> str:
        """The answer, but for its token, which differs."""
        request.namespace = "default"
        method = type(request).__name__.removesuffix("Request")
        try:
            answer = await getattr(self.server.workflows, method)(request)
        except grpc.aio.AioRpcError as refused:
            return f"{refused.code().name} {refused.details()}".replace(self.name, "NAME")
        if "conflict_token" in answer.DESCRIPTOR.fields_by_name:
            answer.ClearField("conflict_token")
        return str(answer).replace(self.name, "NAME")

    async def manage(self, /, **given: Any) -> str:
        asked = SetWorkerDeploymentManagerRequest(deployment_name=self.name, **given)
        said = await self.ask(asked)
        info = (await self.describe()).worker_deployment_info
        revision = info.routing_config.revision_number
        return f"{said} {info.manager_identity} {info.last_modifier_identity} {revision}"

    async def note(self, build: str, /, **given: Any) -> str:
        version = Version(deployment_name=self.name, build_id=build)
        noted = UpdateWorkerDeploymentVersionMetadataRequest(deployment_version=version, **given)
        return await self.ask(noted)

    async def told(self, build: str) -> list[str]:
        """What is noted of a version, how it stands, and who has changed it."""
        asked = DescribeWorkerDeploymentVersionRequest(
            namespace="default",
            deployment_version=Version(deployment_name=self.name, build_id=build),
        )
        told = await self.server.workflows.DescribeWorkerDeploymentVersion(asked)
        info = told.worker_deployment_version_info
        notes = sorted((name, note.data) for name, note in info.metadata.entries.items())
        return [str(notes), str(info.status), info.last_modifier_identity]


def note(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=text.encode())


async def managed(server: Server, name: str) -> list[Any]:
    office = Office(server, await Client.connect(server.address), name)
    version = Version(deployment_name=name, build_id="one")

    async def others() -> list[str]:
        return [
            await office.ask(request)
            for request in (
                SetWorkerDeploymentCurrentVersionRequest(
                    deployment_name=name, build_id="one", identity="bob"
                ),
                SetWorkerDeploymentRampingVersionRequest(
                    deployment_name=name, build_id="one", percentage=5, identity="bob"
                ),
                DeleteWorkerDeploymentVersionRequest(deployment_version=version, identity="bob"),
            )
        ]

    async with office.worker("one"):
        return [
            await office.manage(manager_identity="ada"),
            await office.manage(manager_identity="ada", identity="eve", conflict_token=b"old"),
            await office.manage(manager_identity="ada", identity="eve"),
            await office.manage(manager_identity="ada", identity="eve"),
            *await others(),
            await office.manage(self=True, identity="bob"),
            *await others(),
            await office.manage(identity="eve"),
        ]


async def noted(server: Server, name: str) -> list[Any]:
    office = Office(server, await Client.connect(server.address), name)
    async with office.worker("one"):
        told = [
            await office.note("one"),
            # The dev server says where it has looked.
            (await office.note("none", upsert_entries={"a": note("1")})).partition(" ")[0],
        ]
        await office.note("one", identity="ada", upsert_entries={"a": note("1"), "b": note("2")})
        told.append(await office.told("one"))
        await office.note(
            "one", identity="bob", upsert_entries={"b": note("3")}, remove_entries=["a", "z"]
        )
        told.append(await office.told("one"))
        told.append(await office.note("one", upsert_entries={"b": note("4")}, remove_entries=["b"]))
        return [*told, await office.told("one")]


async def made(server: Server, name: str) -> list[Any]:
    office = Office(server, await Client.connect(server.address), name)

    async def make(called: str = name, **given: Any) -> str:
        return await office.ask(CreateWorkerDeploymentRequest(deployment_name=called, **given))

    async def version(build: str, called: str = name, **given: Any) -> str:
        wanted = Version(deployment_name=called, build_id=build)
        asked = CreateWorkerDeploymentVersionRequest(deployment_version=wanted, **given)
        return await office.ask(asked)

    async def route(request: Any, build: str, **given: Any) -> str:
        return await office.ask(request(deployment_name=name, build_id=build, **given))

    async def settled(request: Any, build: str, **given: Any) -> str:
        """The answer to asking again: theirs may ask itself twice, and tells what it found then."""
        await route(request, build, **given)
        return await route(request, build, **given)

    told: list[Any] = [
        await make(""),
        await make("a.b"),
        await make("a:b"),
        await make("__a"),
        await version("one"),
        await make(identity="ada", request_id="r1"),
        await make(request_id="r1"),
        await make(request_id="r2"),
        await version("one", identity="ada", request_id="v1"),
        await version("one", request_id="v1"),
        await version("one", request_id="v2"),
        await version(""),
        await version("one", ""),
        await office.told("one"),
        (await office.describe()).worker_deployment_info.last_modifier_identity,
    ]
    current, ramp = (
        SetWorkerDeploymentCurrentVersionRequest,
        SetWorkerDeploymentRampingVersionRequest,
    )
    told += [
        await route(current, "two"),
        await settled(current, "two", allow_no_pollers=True),
        await route(ramp, "three", percentage=5),
        await settled(ramp, "three", percentage=5, allow_no_pollers=True),
        sorted((await office.versions()).items()),
    ]
    async with office.worker("one"):
        polled = await eventually_async(lambda: office.told("one"), lambda now: now[1] != CREATED)
        return [*told, polled, await make()]


@pytest.mark.parametrize("script", [managed, noted, made])
async def test_both_servers_keep_deployments_alike(
    script: Script,
    server: Server,
    official: Server,
    names: Names,
) -> None:
    name = names.queue().replace("/", "-")

    await told_alike(script, server, official, name)
