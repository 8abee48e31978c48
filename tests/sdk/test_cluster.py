"""Three engines share the work: workers and callers on different ones, nodes that come and go."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from engine.cluster.placement import queue_owner, shard_owners
from engine.core.keys import WORKFLOW, QueueKey, shard_of
from tests.sdk import programs
from tests.sdk.charging import (
    Charges,
    charge,
    every_record_is_in_the_index,
    everything_ended_right,
    until_stored,
)
from tests.sdk.programs import Account, Parent
from tests.support.cluster import SECRET, SHARDS, Nodes, nodes_on
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.held import PLACES, Held
from tests.support.killable import KillableEngine
from tests.support.postgres import fresh_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IN_FLIGHT = 20
ENDED_WITHIN = 60.0
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    """A database that no other test has, still empty."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[Nodes]:
    """Three, of which some may be killed."""
    async with nodes_on(url, 3) as nodes:
        yield nodes


@pytest.fixture(scope="module")
async def steady(database: str) -> AsyncIterator[Nodes]:
    """Three that no test disturbs."""
    async with nodes_on(database, 3) as nodes:
        yield nodes


class Places:
    """Names of workflows and queues by the node that they belong on."""

    def __init__(self, nodes: Nodes, namespace_id: str) -> None:
        self._addresses = [node.address for node in nodes.all]
        self._shard_owners = shard_owners(self._addresses, SHARDS)
        self._namespace_id = namespace_id
        self._numbers = itertools.count()

    @classmethod
    async def of(cls, client: Client, nodes: Nodes) -> Places:
        request = DescribeNamespaceRequest(namespace="default")
        described = await client.workflow_service.describe_namespace(request)
        return cls(nodes, described.namespace_info.id)

    def workflow(self, node: KillableEngine) -> str:
        return self._first(
            node, lambda name: self._shard_owners[shard_of(self._namespace_id, name, SHARDS)]
        )

    def queue(self, node: KillableEngine) -> str:
        return self._first(node, self._queue_owner)

    def _queue_owner(self, name: str) -> str:
        return queue_owner(QueueKey(self._namespace_id, name, WORKFLOW), self._addresses)

    def _first(self, node: KillableEngine, owner: Callable[[str], str]) -> str:
        names = (f"name-{number}" for number in self._numbers)
        return next(name for name in names if owner(name) == node.address)


@pytest.mark.parametrize("cached", [1000, 0], ids=["sticky", "always replayed"])
@pytest.mark.parametrize("caller", range(3))
async def test_caller_shard_and_queue_may_be_anywhere(
    steady: Nodes, caller: int, cached: int
) -> None:
    """Each of the nine places of shard and queue, the worker on the node after the caller's."""
    client = await Client.connect(steady.all[caller].address)
    elsewhere = await Client.connect(steady.all[(caller + 1) % 3].address)
    placed = await Places.of(client, steady)

    async def account(shard: KillableEngine, queue: KillableEngine) -> None:
        name = placed.queue(queue)
        async with Worker(
            elsewhere,
            task_queue=name,
            workflows=programs.WORKFLOWS,
            activities=programs.ACTIVITIES,
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=cached,
        ):
            run = await client.start_workflow(
                Account.run, id=placed.workflow(shard), task_queue=name
            )
            closing = asyncio.create_task(run.result())
            await run.signal(Account.deposit, 10)
            assert await run.query(Account.current) == 10
            assert await run.execute_update(Account.withdraw, 4) == 6
            assert await run.query(Account.current) == 6
            await run.signal(Account.close)
            assert await asyncio.wait_for(closing, 10) == 6

    for shard, queue in itertools.product(steady.all, steady.all):
        await asyncio.wait_for(account(shard, queue), 30)


async def test_children_and_parents_may_be_on_different_nodes(steady: Nodes) -> None:
    client = await Client.connect(steady.a.address)
    async with Worker(
        client,
        task_queue="families",
        workflows=programs.WORKFLOWS,
        activities=programs.ACTIVITIES,
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        answers = await asyncio.gather(
            *(
                client.execute_workflow(Parent.run, f"{n}", id=f"parent-{n}", task_queue="families")
                for n in range(12)
            )
        )

    assert answers == [f"Hello, {n}" for n in range(12)]


async def test_tasks_wait_for_a_worker_whichever_nodes_have_them(steady: Nodes) -> None:
    client = await Client.connect(steady.a.address)
    await asyncio.gather(
        *(
            client.start_workflow(Parent.run, "Eve", id=f"w-{n}", task_queue="late")
            for n in range(9)
        )
    )
    request = DescribeTaskQueueRequest(namespace="default", report_stats=True)
    request.task_queue.name = "late"
    for node in steady.all:
        asked = await Client.connect(node.address)
        described = await asked.workflow_service.describe_task_queue(request)
        assert described.stats.approximate_backlog_count == 9

    async with Worker(
        await Client.connect(steady.c.address),
        task_queue="late",
        workflows=programs.WORKFLOWS,
        activities=programs.ACTIVITIES,
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        for number in range(9):
            assert await client.get_workflow_handle(f"w-{number}").result() == "Hello, Eve"


@dataclass
class Load:
    """Callers on node B, a worker on node A; `finished` grows until it is over."""

    client: Client
    finished: dict[str, list[str]] = field(default_factory=dict)

    async def has_grown(self, by: int = 3 * IN_FLIGHT) -> None:
        wanted = len(self.finished) + by

        async def enough() -> bool:
            return len(self.finished) >= wanted

        await eventually_async(enough, within=ENDED_WITHIN)


@asynccontextmanager
async def load_on(nodes: Nodes) -> AsyncIterator[Load]:
    """At its end every workflow that was begun has ended as it should, once."""
    load = Load(await Client.connect(nodes.b.address))
    over = asyncio.Event()

    async def caller(line: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            customer = f"customer-{line}-{number}"
            load.finished[customer] = await until_stored(load.client, customer)

    async with Worker(
        await Client.connect(nodes.a.address),
        task_queue="crash",
        workflows=[Charges],
        activities=[charge],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        callers = [asyncio.create_task(caller(line)) for line in range(IN_FLIGHT)]
        await load.has_grown()
        yield load
        over.set()
        await asyncio.wait_for(asyncio.gather(*callers), ENDED_WITHIN)
    await everything_ended_right(load.client, load.finished)
    await every_record_is_in_the_index(load.client, len(load.finished))


async def held_on_c(load: Load, nodes: Nodes) -> list[Held]:
    """A paused run for each place where one can wait, all on the node that is about to end."""
    placed, server = await Places.of(load.client, nodes), Server(nodes.a.address, "perdure")
    paused = [place(server, placed.workflow(nodes.c)) for place in PLACES]
    await asyncio.gather(*(run.hold() for run in paused))
    return paused


async def goes_on_elsewhere(load: Load, nodes: Nodes, paused: list[Held]) -> None:
    other = Server(nodes.b.address, "perdure")
    for run in paused:
        run.server = other
    await asyncio.gather(*(run.meanwhile() for run in paused))
    await load.has_grown()
    await asyncio.gather(*(run.go_on() for run in paused))


async def test_a_node_that_is_killed_under_load_loses_and_doubles_nothing(nodes: Nodes) -> None:
    """The runs that were paused on it go on where they are now."""
    async with load_on(nodes) as load:
        paused = await held_on_c(load, nodes)
        await asyncio.to_thread(nodes.c.kill)
        await nodes.settled(nodes.a, nodes.b)
        await goes_on_elsewhere(load, nodes, paused)

        await asyncio.to_thread(nodes.c.start)
        await nodes.settled(nodes.a, nodes.b, nodes.c)
        await load.has_grown()


async def test_a_node_that_is_killed_again_and_again_loses_nothing(nodes: Nodes) -> None:
    async with load_on(nodes) as load:
        for _ in range(5):
            await asyncio.to_thread(nodes.c.kill)
            await asyncio.to_thread(nodes.c.start)
            await load.has_grown()


async def test_a_node_that_comes_takes_its_part_under_load(nodes: Nodes) -> None:
    async with load_on(nodes) as load:
        await nodes.add()
        await nodes.settled(*nodes.all)
        await load.has_grown()


async def test_a_node_that_ends_hands_over_within_moments(nodes: Nodes) -> None:
    """The runs that are paused there too."""
    async with load_on(nodes) as load:
        paused = await held_on_c(load, nodes)
        ending = asyncio.create_task(asyncio.to_thread(nodes.c.stop))
        await nodes.settled(nodes.a, nodes.b, within=5)
        assert await ending == 0
        await goes_on_elsewhere(load, nodes, paused)


async def test_a_node_without_the_secret_is_refused(steady: Nodes) -> None:
    alone = KillableEngine(steady.database, ENGINE_SHARDS=str(SHARDS))
    stranger = KillableEngine(
        steady.database, ENGINE_SHARDS=str(SHARDS), CLUSTER_SECRET="x" * len(SECRET)
    )

    for node in (alone, stranger):
        with pytest.raises(AssertionError, match="ended with 2"):
            await asyncio.to_thread(node.start)
    await steady.settled(*steady.all)


async def test_nobody_else_may_speak_as_a_node(steady: Nodes) -> None:
    async with grpc.aio.insecure_channel(steady.a.address) as channel:
        tell = channel.unary_unary("/perdure.peers.v1.Peers/Tell", None, None)
        for metadata in ((), (("perdure-peer", "guessed"),)):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await tell(b"", metadata=metadata)
            assert refused.value.code() == PERMISSION_DENIED


async def test_a_node_alone_has_no_door_for_others(url: str) -> None:
    alone = KillableEngine(url, ENGINE_SHARDS=str(SHARDS))
    await asyncio.to_thread(alone.start)
    try:
        async with grpc.aio.insecure_channel(alone.address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary("/perdure.peers.v1.Peers/Tell", None, None)(b"")
    finally:
        await asyncio.to_thread(alone.kill)

    assert refused.value.code() == UNIMPLEMENTED
