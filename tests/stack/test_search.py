"""`SEARCH=elasticsearch make up`: once it says that it is up, its own node answers searches."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from elasticsearch import Elasticsearch
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from tests.stack.whole import Up
from tests.support.eventually import eventually, eventually_async

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

START_SECONDS_MAX = 180
TARGETS = 30
LISTED = "WorkflowType = 'Listed' AND ExecutionStatus = 'Running'"
RUNS = f"/namespaces/default/runs/?{urlencode({'q': LISTED})}"
BULK = "/namespaces/default/bulk/"
PLAN = {"verb": "terminate", "query": LISTED, "all_matching": "yes"}
HOW = {
    "canary": "0",
    "rate": "20",
    "errors_percent_max": "5",
    "reason": "last year's prices",
    "count": str(TARGETS),
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, elasticsearch_home: str) -> Iterator[Up]:
    directory = tmp_path_factory.mktemp("search")
    directory.chmod(0o755)
    shutil.copytree(elasticsearch_home, directory / "run" / "elasticsearch", copy_function=_link)
    stack = Up(directory / "run", SEARCH="elasticsearch", EXAMPLES="no")
    try:
        stack.start(within=START_SECONDS_MAX)
        yield stack
    finally:
        if stack.lives:
            stack.end()


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
async def client(up: Up) -> Client:
    return await Client.connect(f"127.0.0.1:{up.engine_port}")


async def found(client: Client, query: str) -> list[WorkflowExecution]:
    return [run async for run in client.list_workflows(query)]


async def test_the_first_search_is_answered(client: Client) -> None:
    await found(client, "ExecutionStatus = 'Running'")


async def test_a_run_is_found_in_the_index(up: Up, client: Client) -> None:
    await client.start_workflow("Found", id="found", task_queue="nobody")

    runs = await eventually_async(lambda: found(client, "WorkflowType = 'Found'"), within=60)

    with Elasticsearch(up.address_of("ELASTICSEARCH_URL")) as node:
        assert node.exists(index="visibility", id=runs[0].run_id)


async def test_without_its_node_pages_say_so_a_frozen_list_goes_on_and_with_it_all_is_well(
    up: Up, client: Client
) -> None:
    for number in range(TARGETS):
        await client.start_workflow("Listed", id=f"listed-{number}", task_queue="nobody")
    await eventually_async(lambda: found(client, LISTED), lambda runs: len(runs) == TARGETS)
    alice = up.signs_in()
    alice.post(f"{BULK}plan/", PLAN)
    frozen = alice.at
    alice.post(f"{frozen}launch/", HOW)

    os.kill(up.pid_of("elasticsearch", "java .*Node"), signal.SIGKILL)

    async def refusal() -> RPCStatusCode | None:
        """At once: the client's own tries last longer than a node takes to come back."""
        asked = ListWorkflowExecutionsRequest(namespace="default", query=LISTED)
        try:
            await client.workflow_service.list_workflow_executions(asked)
        except RPCError as refused:
            return refused.status
        return None

    assert await eventually_async(refusal) == RPCStatusCode.UNAVAILABLE
    with pytest.raises(AssertionError, match=r"(?s)503 on .*The index does not answer"):
        alice.get(RUNS)
    with pytest.raises(AssertionError, match=r"(?s)503 on .*Runs cannot be found or counted now"):
        alice.post(f"{BULK}plan/", PLAN)
    eventually(lambda: alice.get(f"{frozen}outcomes.csv").count(b",Terminated,") == TARGETS)
    assert await refusal() == RPCStatusCode.UNAVAILABLE, "nobody waited for the node"
    assert set(re.findall(rf'href="({BULK}\d+/)"', alice.get(BULK).decode())) == {frozen}

    await eventually_async(refusal, lambda status: status is None, within=60)
    await client.start_workflow("Anything", id="since", task_queue="nobody")
    await eventually_async(lambda: found(client, "WorkflowId = 'since'"), within=60)
    await eventually_async(lambda: found(client, LISTED), lambda runs: runs == [], within=60)
    assert "No run matches" in alice.get(RUNS).decode()
