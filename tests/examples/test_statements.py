"""Statements: each run is ended by the version of the program that began it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion
from temporalio.service import RPCError

from examples.providers.client import ProviderClient
from examples.statements import versions
from examples.statements.workflow import AGREED, TASK_QUEUE, StatementOrder
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.slow]

SECONDS = 1 / 86_400


@pytest.fixture(scope="module", autouse=True)
async def workers(client: Client, providers_url: str) -> AsyncIterator[None]:
    async with versions.running(client, ProviderClient(providers_url)):
        yield


async def sent(client: Client, build_id: str, account: str, days: float) -> WorkflowHandle:
    """A server takes a version when its workers have been seen to poll."""
    version = WorkerDeploymentVersion(deployment_name=versions.DEPLOYMENT, build_id=build_id)

    async def start() -> WorkflowHandle:
        try:
            return await client.start_workflow(
                "Statement",
                StatementOrder(account, f"{account}@books.example", "Statement of May", days),
                id=f"statement-{account}",
                task_queue=TASK_QUEUE,
                versioning_override=PinnedVersioningOverride(version),
            )
        except RPCError as refused:
            raise AssertionError(str(refused)) from None

    return await eventually_async(start, within=30, every=0.2)


@pytest.mark.parametrize(
    ("build_id", "account", "mails"),
    [
        (versions.OLD, "reminded-never", ["statement"]),
        (versions.CURRENT, "reminded-once", ["statement", "reminder"]),
    ],
)
async def test_what_nobody_objects_to_is_agreed_and_only_todays_program_reminds(
    client: Client, providers_url: str, build_id: str, account: str, mails: list[str]
) -> None:
    handle = await sent(client, build_id, account, SECONDS)

    assert await handle.result() == AGREED
    async with ProviderClient(providers_url) as providers:
        kept = await providers.get(f"/mail/messages?to={account}@books.example")
    assert [one["template"] for one in kept] == mails


@pytest.mark.parametrize("build_id", [versions.OLD, versions.CURRENT])
async def test_an_objection_ends_it(client: Client, build_id: str) -> None:
    handle = await sent(client, build_id, f"objects-to-{build_id}", 42)

    await handle.signal("object_to", "charged twice")

    assert await handle.result() == "charged twice"
