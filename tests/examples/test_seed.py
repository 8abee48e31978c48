"""The example data: every state is there, and a second time nothing is added."""

import os
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeWorkerDeploymentRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from console.billing.contract import LEDGER_QUERY, Ledger
from examples import alone, worker
from examples.providers.client import ProviderClient
from examples.seed import OF_NOVEMBER, OF_OCTOBER, deploy, everything, schedule, seed
from examples.seeds import alone as without_workflows
from examples.seeds import statements, subscriptions
from examples.seeds.orders import DEPOT_WITHOUT_WORKER
from examples.statements import versions
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def namespace(server_address: str) -> Client:
    """A namespace of its own: other tests count their runs, too."""
    name = f"seeded-{os.getpid()}-{int(monotonic())}"
    client = await Client.connect(server_address, namespace=name)
    request = RegisterNamespaceRequest(namespace=name)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(request)
    asked = DescribeNamespaceRequest(namespace=name)

    async def is_known() -> bool:
        try:
            await client.workflow_service.describe_namespace(asked)
            await client.count_workflows()
        except RPCError:
            return False
        return True

    await eventually_async(is_known, within=30, every=0.2)
    return client


async def counts(client: Client, query: str) -> dict[str, int]:
    answer = await client.count_workflows(f"{query} GROUP BY ExecutionStatus")
    return {str(group.group_values[0]): group.count for group in answer.groups}


async def test_every_state_is_there_and_a_second_time_adds_nothing(
    namespace: Client, providers_url: str
) -> None:
    now = datetime.now(UTC)  # noqa: TID251  the server's clock is the real one
    starts = everything(now)
    activities = list(without_workflows.activities(now))
    operations = list(without_workflows.operations(now))
    assert await seed(namespace, starts) == len(starts)
    alone_count = len(activities) + len(operations)
    assert await alone.begin(namespace, activities, operations) == alone_count

    async with worker.running(namespace, ProviderClient(providers_url)):

        async def states() -> dict[str, int]:
            return await counts(namespace, "")

        def is_full(seen: dict[str, int]) -> bool:
            return (
                seen.get("Completed", 0) >= 70
                and seen.get("Failed", 0) >= 25
                and seen.get("Canceled", 0) >= 18
                and seen.get("Terminated", 0) == 6
                and seen.get("TimedOut", 0) == 11
                and seen.get("ContinuedAsNew", 0) >= 20
                and seen.get("Running", 0) >= 150
            )

        await eventually_async(states, is_full, within=200, every=1)
        desk = await namespace.get_workflow_handle("customer-desk/first-day").result()
        assert desk == 33
        assert await seed(namespace, starts) == 0
        await without_workflows_every_state_is_there(namespace, now)
        assert await alone.begin(namespace, activities, operations) == 0
        await an_adjusted_subscription_says_who_and_why(namespace)
        await orders_without_a_worker_are_stuck(namespace)


async def without_workflows_every_state_is_there(client: Client, now: datetime) -> None:
    async def activities() -> dict[str, int]:
        counted = await client.count_activities("GROUP BY ExecutionStatus")
        return {str(group.group_values[0]): group.count for group in counted.groups}

    async def operations() -> dict[str, int]:
        counted = await client.count_nexus_operations("GROUP BY ExecutionStatus")
        return {str(group.group_values[0]): group.count for group in counted.groups}

    ended = {"Completed": 23, "Failed": 8, "TimedOut": 3, "Canceled": 2, "Terminated": 1}
    await eventually_async(activities, lambda seen: seen == {**ended, "Running": 9}, within=60)
    ended = {"Completed": 14, "Failed": 3, "TimedOut": 3, "Terminated": 1}
    await eventually_async(operations, lambda seen: seen == {**ended, "Running": 7}, within=60)
    late = f"due_at < '{now.isoformat()}' AND ExecutionStatus = 'Running'"
    assert (await client.count_activities(late)).count == 6
    assert (await client.count_workflows(late)).count >= 5


async def an_adjusted_subscription_says_who_and_why(client: Client) -> None:
    handle = client.get_workflow_handle(subscriptions.subscription_id("active", 0))
    ledger: Ledger = await handle.query(LEDGER_QUERY, result_type=Ledger)
    by_people = [entry for entry in ledger.entries if entry.audit_reference]
    assert [entry.audit_reference for entry in by_people] == ["desk-charge-000", "desk-refund-000"]
    assert by_people[0].actor == "Ines Okafor"
    assert by_people[0].reason


async def orders_without_a_worker_are_stuck(client: Client) -> None:
    stuck = await counts(client, "WorkflowType = 'Shipping'")
    assert stuck["Running"] >= 6
    waiting = await counts(client, f"Depot = '{DEPOT_WITHOUT_WORKER}'")
    assert waiting == {"Running": 6}


def test_the_seeds_are_the_same_every_time() -> None:
    assert everything(NOON) == everything(NOON)
    assert len({start.id for start in everything(NOON)}) == len(everything(NOON))
    for seeds in (without_workflows.activities, without_workflows.operations):
        alone_ones = list(seeds(NOON))
        assert alone_ones == list(seeds(NOON))
        assert len({one.id for one in alone_ones}) == len(alone_ones)


async def test_a_deployment_is_in_the_middle_of_its_rollout_and_schedules_have_run(
    namespace: Client, providers_url: str
) -> None:
    now = datetime.now(UTC)  # noqa: TID251  the server's clock is the real one
    async with versions.running(namespace, ProviderClient(providers_url)):
        assert await deploy(namespace)
        assert await schedule(namespace, statements.schedules(now)) == 6
        handle = namespace.get_schedule_handle("cash-report/weekdays")

        async def reported() -> int:
            """Backfilled, one after the other."""
            return (await handle.describe()).info.num_actions

        await eventually_async(reported, lambda seen: seen >= 5, within=60, every=0.2)
        assert await open_runs(namespace, versions.OLD) == OF_OCTOBER
        assert await open_runs(namespace, versions.CURRENT) >= OF_NOVEMBER

        assert await ramping(namespace) == (versions.NEXT, 20)

        assert not await deploy(namespace)
        assert await schedule(namespace, statements.schedules(now)) == 0


async def ramping(client: Client) -> tuple[str, float]:
    asked = DescribeWorkerDeploymentRequest(
        namespace=client.namespace, deployment_name=versions.DEPLOYMENT
    )
    told = await client.workflow_service.describe_worker_deployment(asked)
    routing = told.worker_deployment_info.routing_config
    return routing.ramping_deployment_version.build_id, routing.ramping_version_percentage


async def open_runs(client: Client, build_id: str) -> int:
    pinned = f"TemporalWorkerDeploymentVersion = '{versions.DEPLOYMENT}:{build_id}'"
    return (await client.count_workflows(f"{pinned} AND ExecutionStatus = 'Running'")).count
