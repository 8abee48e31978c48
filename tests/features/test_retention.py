"""What has been kept long enough goes by itself, and so does all of a deleted namespace."""

import re
from collections.abc import AsyncIterator, Iterator

import grpc
import psycopg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import ActivityType, WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.nexus.v1 import Endpoint
from temporalio.api.operatorservice.v1 import (
    DeleteNamespaceRequest,
    DeleteNexusEndpointRequest,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    CountNexusOperationExecutionsRequest,
    CountWorkflowExecutionsRequest,
    DescribeWorkflowExecutionRequest,
    RegisterNamespaceRequest,
    StartActivityExecutionRequest,
    StartNexusOperationExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.support.batches import COMPLETED, TERMINATE, Batched
from tests.support.engine import PERDURE, Server, engine_on, seconds
from tests.support.eventually import eventually_async
from tests.support.handlers import ScriptedHandler
from tests.support.names import Names
from tests.support.postgres import fresh_database
from tests.support.worker import ScriptedWorker

DAY = 24 * 3600


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
async def sweeping(database: str) -> AsyncIterator[Server]:
    """An engine that sweeps each second."""
    async with engine_on(database, ENGINE_RETENTION_SWEEP_SECONDS="1") as address:
        server = Server(address, PERDURE)
        yield server
        await server.channel.close()


async def register(server: Server, name: str, retention_seconds: int) -> None:
    await server.workflows.RegisterNamespace(
        RegisterNamespaceRequest(
            namespace=name,
            workflow_execution_retention_period=Duration(seconds=retention_seconds),
        )
    )
    server.namespace = name


async def is_there(server: Server, run: WorkflowExecution) -> bool:
    try:
        await server.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(namespace=server.namespace, execution=run)
        )
    except grpc.aio.AioRpcError as refused:
        if refused.code() != grpc.StatusCode.NOT_FOUND:
            raise
        return False
    return True


async def close(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace=server.namespace, workflow_execution=run)
    )


async def start_activity(server: Server, activity_id: str, queue: str) -> str:
    started = await server.workflows.StartActivityExecution(
        StartActivityExecutionRequest(
            namespace=server.namespace,
            activity_id=activity_id,
            activity_type=ActivityType(name="Charge"),
            task_queue=TaskQueue(name=queue),
            start_to_close_timeout=seconds(30),
        )
    )
    return started.run_id


async def start_operation(server: Server, names: Names) -> Endpoint:
    """At a handler that nobody is, behind an endpoint of its own."""
    endpoint = re.sub(r"[^a-z0-9]+", "-", f"endpoint-{server.namespace}".lower())
    handler = ScriptedHandler(server, names.queue(), endpoint)
    offered = await handler.begin()
    await server.workflows.StartNexusOperationExecution(
        StartNexusOperationExecutionRequest(
            namespace=server.namespace,
            operation_id=names.workflow("operation"),
            endpoint=handler.endpoint,
            service="payments",
            operation="charge",
        )
    )
    return offered


async def make_older(url: str, run: WorkflowExecution, days: int) -> None:
    """Nobody waits for days: the row says that the run closed so long ago."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "update runs set closed_at = closed_at - %s where run_id = %s",
            (days * DAY * 1_000_000_000, run.run_id),
        )
        # Batches are kept as long.
        await connection.execute(
            "update batches set closed_at = closed_at - %s", (days * DAY * 1_000_000_000,)
        )


async def test_a_deleted_namespace_takes_its_runs_along_even_those_that_run(
    sweeping: Server, names: Names
) -> None:
    await register(sweeping, names.namespace(), DAY)
    for _ in range(3):
        await sweeping.start(names.workflow(), names.queue())
    await start_activity(sweeping, names.workflow("activity"), names.queue())
    offered = await start_operation(sweeping, names)
    asked = DeleteNamespaceRequest(namespace=sweeping.namespace)
    with pytest.raises(grpc.aio.AioRpcError, match="target of a Nexus endpoint"):
        await sweeping.operator.DeleteNamespace(asked)
    await sweeping.operator.DeleteNexusEndpoint(
        DeleteNexusEndpointRequest(id=offered.id, version=offered.version)
    )
    deleted = await sweeping.operator.DeleteNamespace(asked)

    async def count() -> int:
        namespace = deleted.deleted_namespace
        found = await sweeping.workflows.CountWorkflowExecutions(
            CountWorkflowExecutionsRequest(namespace=namespace)
        )
        activities = await sweeping.workflows.CountActivityExecutions(
            CountActivityExecutionsRequest(namespace=namespace)
        )
        operations = await sweeping.workflows.CountNexusOperationExecutions(
            CountNexusOperationExecutionsRequest(namespace=namespace)
        )
        return found.count + activities.count + operations.count

    assert await eventually_async(count, lambda found: found == 0, within=15) == 0


async def test_a_deleted_namespace_takes_its_workers_versions_along_and_no_others(
    sweeping: Server, database: str, names: Names
) -> None:
    async def known() -> set[str]:
        async with await psycopg.AsyncConnection.connect(database) as connection:
            found = await connection.execute("select name from deployments")
            return {name for (name,) in await found.fetchall()}

    for namespace in ("default", names.namespace()):
        if namespace != "default":
            await register(sweeping, namespace, DAY)
        worker = ScriptedWorker(sweeping, names.queue())
        await worker.poll(within=2.5, deployment_options=versioned(f"of-{namespace}", "one"))
    assert await known() == {"of-default", f"of-{sweeping.namespace}"}

    await sweeping.operator.DeleteNamespace(DeleteNamespaceRequest(namespace=sweeping.namespace))

    await eventually_async(known, lambda left: left == {"of-default"}, within=15)


def versioned(name: str, build_id: str) -> WorkerDeploymentOptions:
    return WorkerDeploymentOptions(
        deployment_name=name,
        build_id=build_id,
        worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
    )


async def test_a_closed_run_goes_when_its_namespace_no_longer_keeps_it(
    sweeping: Server, database: str, names: Names
) -> None:
    await register(sweeping, names.namespace(), 3 * DAY)
    old, recent, running = [await sweeping.start(names.workflow(), names.queue()) for _ in range(3)]
    await close(sweeping, old)
    await close(sweeping, recent)
    job = Batched(sweeping, "long ago")
    await job.start("WorkflowType = 'Nobody'", **TERMINATE)
    await job.until(COMPLETED)
    await make_older(database, old, days=4)
    await make_older(database, recent, days=2)

    assert not await eventually_async(
        lambda: is_there(sweeping, old), lambda there: not there, within=15
    )
    await eventually_async(job.page, lambda page: not page.operation_info)
    assert await is_there(sweeping, recent)
    assert await is_there(sweeping, running)
