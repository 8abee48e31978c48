"""Which versions there are, and the worker of each."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from examples.activities.mail import MailActivities
from examples.providers.client import ProviderClient
from examples.statements.workflow import TASK_QUEUE, Statement, StatementOfOctober

DEPLOYMENT: Final = "statements"
OLD: Final = "2026-10-05.1"
CURRENT: Final = "2026-11-20.2"
#: It ramps up.
NEXT: Final = "2026-11-27.1"
CODE: Final[dict[str, type]] = {OLD: StatementOfOctober, CURRENT: Statement, NEXT: Statement}


async def connected(like: Client, build_id: str) -> Client:
    """Each version has a connection of its own, as in a process of its own: by it workers are told
    apart where they say that they live.
    """
    return await Client.connect(
        like.service_client.config.target_host,
        namespace=like.namespace,
        identity=f"{DEPLOYMENT} {build_id}",
    )


def worker(client: Client, providers: ProviderClient, build_id: str) -> Worker:
    version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id)
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[CODE[build_id]],
        activities=[MailActivities(providers).send_email],
        deployment_config=WorkerDeploymentConfig(version=version, use_worker_versioning=True),
        max_concurrent_workflow_tasks=16,
        max_concurrent_activities=16,
        max_concurrent_workflow_task_polls=2,
        max_concurrent_activity_task_polls=2,
        graceful_shutdown_timeout=timedelta(seconds=5),
    )


@asynccontextmanager
async def running(client: Client, providers: ProviderClient) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(providers)
        for build_id in CODE:
            own = await connected(client, build_id)
            await stack.enter_async_context(worker(own, providers, build_id))
        yield
