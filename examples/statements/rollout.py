"""A deployment in the middle of its rollout: what it sent in October is ended by October's code.

    all poll ▶ OLD is current, and gets its statements ▶ CURRENT is, and gets its own ▶ NEXT ramps

It goes on where a killed one stopped. A version that somebody else made current is left alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from examples.statements.versions import CODE, CURRENT, DEPLOYMENT, NEXT, OLD

IDENTITY: Final = "release pipeline"
#: So much of what is new goes to NEXT.
RAMP_PERCENT: Final = 20
PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.2


async def roll_out(
    client: Client,
    start_on_old: Callable[[], Awaitable[Iterable[str]]],
    start_on_current: Callable[[], Awaitable[object]],
) -> bool:
    """Whether there was anything to do. The first gives the ids of the runs that OLD keeps."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        routed = await _routed(client)
        while routed is None:
            await asyncio.sleep(LOOK_SECONDS)
            routed = await _routed(client)
        if routed not in {"", OLD}:
            return False
        await _make_current(client, OLD)
        for workflow_id in await start_on_old():
            await _until_pinned(client, workflow_id)
    await _make_current(client, CURRENT)
    await start_on_current()
    await client.workflow_service.set_worker_deployment_ramping_version(
        SetWorkerDeploymentRampingVersionRequest(
            namespace=client.namespace,
            deployment_name=DEPLOYMENT,
            build_id=NEXT,
            percentage=RAMP_PERCENT,
            identity=IDENTITY,
        )
    )
    return True


async def _routed(client: Client) -> str | None:
    """The current version; empty: there is none yet. None: not all workers have polled."""
    asked = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    try:
        told = (
            await client.workflow_service.describe_worker_deployment(asked)
        ).worker_deployment_info
    except RPCError as refused:
        if refused.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    known = {one.deployment_version.build_id for one in told.version_summaries}
    current = told.routing_config.current_deployment_version.build_id
    return current if current or known >= set(CODE) else None


async def _make_current(client: Client, build_id: str) -> None:
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=DEPLOYMENT,
            build_id=build_id,
            identity=IDENTITY,
        )
    )


async def _until_pinned(client: Client, workflow_id: str) -> None:
    """With its first workflow task it belongs to a version."""
    handle = client.get_workflow_handle(workflow_id)
    while True:
        told = (await handle.describe()).raw_description.workflow_execution_info
        if told.versioning_info.deployment_version.build_id:
            return
        await asyncio.sleep(LOOK_SECONDS)
