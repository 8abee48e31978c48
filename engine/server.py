"""The composition root: builds every part from the configuration, starts and drains them in order.

    port ▶ pools ▶ namespaces ▶ reader ▶ matching ⇄ shards ▶ sweeps ▶ gRPC ▶ cluster ▶ "serving …"

They end in the opposite order: the others take over, no new call, the calls under way end, then
the shards give up their locks. What was committed is whole at every moment, so a kill needs no
more care than an end.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import grpc
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine import loops
from engine.background.batches import Batches
from engine.background.deployments import Deployments
from engine.background.endpoints import Endpoints
from engine.background.operations import Operations
from engine.background.queue_configs import QueueConfigs
from engine.background.retention import Retention
from engine.background.schedules import Schedules
from engine.clock import Clock, SystemClock
from engine.cluster import membership, node, peers
from engine.cluster.membership import Membership
from engine.cluster.node import Node
from engine.cluster.peers import Peers
from engine.config import CannotServe, EngineConfig
from engine.frontend import rpc
from engine.frontend.parts import Parts
from engine.matching.backlog import StoredBacklog
from engine.matching.polled import SpreadPolled
from engine.matching.registry import TaskQueues
from engine.matching.spread import SpreadQueues
from engine.matching.workers import SpreadWorkers, Workers
from engine.namespaces import Namespaces
from engine.ports import Matching, Shards
from engine.shards.supervisor import Supervisor
from engine.store.pool import Pool, open_readers
from search.reader import open_reader

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
# No address that another machine can call.
UNREACHABLE = ("0.0.0.0:", "[::]:", ":")
# A node that ends waits so long, at most, until the others have its shards.
HAND_OVER_SECONDS_MAX, HAND_OVER_ASKED_SECONDS = 5.0, 0.05
# Official clients ping an idle connection every 30 s; gRPC would hang up on them.
PING_INTERVAL_MS_MIN = 5_000
# How much of a message may come before its handler asks. gRPC would rather find out by pings with
# every message, to which each side wakes once more; a call is far smaller than this.
READ_AHEAD_BYTES = 1 << 20
# gRPC leaves a cycle of five objects behind with every call. To clear up fifty thousand of them
# took an eighth of a second, in which nobody was answered; five hundred take a tenth of a
# millisecond.
OBJECTS_BETWEEN_COLLECTIONS = 500
# What outlives that is seldom garbage: all that is in memory is looked through once in millions of
# calls.
COLLECTIONS_OF_THE_YOUNG, COLLECTIONS_OF_THE_OLDER = 50, 2_000


def run(config: EngineConfig) -> None:
    """Serve until SIGTERM or SIGINT."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve_until_told(config))


async def _serve_until_told(config: EngineConfig) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with serving(config) as address:
        _spare_the_collector()
        print(f"serving on {address}", flush=True)  # noqa: T201  the promise
        await told.wait()


def _spare_the_collector() -> None:
    """What is built by now lives as long as the process."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(
        OBJECTS_BETWEEN_COLLECTIONS, COLLECTIONS_OF_THE_YOUNG, COLLECTIONS_OF_THE_OLDER
    )


@asynccontextmanager
async def serving(config: EngineConfig) -> AsyncIterator[str]:
    """An engine that answers at the address given, until the block ends."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        server, address = _bound(config)
        cluster = await _cluster(config, address, clock, stack)
        parts = await _parts(config, clock, cluster, stack, server)
        await _listen(server, parts, stack)
        parts.operations.introduce(rpc.caller(parts))
        for machine in (parts.schedules, parts.batches):
            machine.introduce(rpc.caller(parts))
            _keep(stack, machine.keep())
        if cluster is not None:
            await cluster.enter()
            stack.push_async_callback(_hand_over, cluster, parts.shards)
        yield address


async def _cluster(
    config: EngineConfig, address: str, clock: Clock, stack: AsyncExitStack
) -> Node | None:
    """This node among others; None where no secret lets it be one of them."""
    home = config.databases[0]
    if not config.cluster_secret:
        if await membership.is_forming(home):
            raise CannotServe(
                "other nodes share these databases as a cluster: give this one their CLUSTER_SECRET"
            )
        return None
    here = config.cluster_address or address
    if here.startswith(UNREACHABLE):
        raise CannotServe(
            f"the other nodes cannot reach this one at {here}: say where in CLUSTER_ADDRESS"
        )
    members = Membership(home, here, clock.new_id(), config.shard_count)
    cluster = Node(members, Peers(config.cluster_secret), config.shard_count, clock)
    stack.push_async_callback(cluster.end)
    _keep(stack, members.keep())
    return cluster


async def _hand_over(cluster: Node, shards: Shards) -> None:
    """The others take this node's part while it still passes on what it is asked."""
    try:
        await cluster.membership.leave()
    except Exception as trouble:  # noqa: BLE001  a node must be able to end without its database
        log.warning("the other nodes were not told of the end: %s", trouble)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(HAND_OVER_SECONDS_MAX):
            while not cluster.is_alone and any(held.owned for held in shards.held()):  # noqa: ASYNC110
                await asyncio.sleep(HAND_OVER_ASKED_SECONDS)


async def _parts(
    config: EngineConfig,
    clock: Clock,
    cluster: Node | None,
    stack: AsyncExitStack,
    server: grpc.aio.Server,
) -> Parts:
    pools = [await open_readers(url) for url in config.databases]
    for pool in pools:
        stack.push_async_callback(pool.close)
    namespaces = Namespaces(pools[0])
    await namespaces.begin(clock, config.retention_seconds_default)
    reader = await open_reader(config.search, lambda: _moment(clock))
    stack.push_async_callback(reader.close)
    backlog, workers = StoredBacklog(pools), Workers(clock)
    queues = TaskQueues(backlog, clock)
    spread = None if cluster is None else SpreadQueues(queues, backlog, cluster, workers)
    supervisor = _supervisor(
        config, pools, spread or queues, namespaces, clock=clock, cluster=cluster, stack=stack
    )
    queues.introduce(supervisor.router)
    if cluster is not None and spread is not None:
        cluster.membership.owned = lambda: supervisor.owned
        namespaces.tell_others = cluster.make_others_read
        answers = node.answers(
            spread.hear,
            queues.attendance,
            supervisor.deliveries.carried,
            namespaces.read_for_others,
            workers=workers.here,
            polled=queues.polled.here,
        )
        server.add_generic_rpc_handlers((peers.handler(cluster.peers, answers),))
    shards: Shards = supervisor.router
    schedules = Schedules(
        namespaces, pools, clock, shards.shard_of,
        indexed=config.search.elasticsearch_url is not None, on_records=supervisor.on_records,
    )  # fmt: skip
    supervisor.deliveries.schedules = schedules
    endpoints = Endpoints(pools[0])
    deployments = Deployments(pools[0], clock, queues.versions)
    queue_configs = QueueConfigs(pools[0], queues.orders)
    await _known((deployments, endpoints, queue_configs), namespaces, cluster, stack)
    operations = Operations(endpoints, namespaces, spread or queues, clock)
    supervisor.deliveries.handlers.operations = operations
    batches = Batches(namespaces, reader, pools, clock, shards.shard_of)
    sweeps = Retention(
        shards, namespaces, reader, pools, clock,
        schedules=schedules, batches=batches, deployments=deployments, queue_configs=queue_configs,
    )  # fmt: skip
    _keep(stack, sweeps.keep_sweeping(config.retention_sweep_seconds))
    _keep(stack, loops.keep_fresh(namespaces.read, "namespaces"))
    return Parts(
        shards=shards,
        matching=spread or queues,
        polled=queues.polled if cluster is None else SpreadPolled(queues.polled, cluster),
        workers=workers if cluster is None else SpreadWorkers(workers, cluster),
        namespaces=namespaces,
        schedules=schedules,
        batches=batches,
        deployments=deployments,
        endpoints=endpoints,
        operations=operations,
        queue_configs=queue_configs,
        reader=reader,
        pools=pools,
        clock=clock,
        config=config,
        cluster=cluster,
    )


class OnEveryNode(Protocol):
    """What each node has in memory, and any may change."""

    tell_others: Callable[[], Awaitable[None]]

    async def read(self) -> None: ...


async def _known(
    things: Sequence[OnEveryNode], namespaces: Namespaces, cluster: Node | None,
    stack: AsyncExitStack,
) -> None:  # fmt: skip
    """Before the first call, and kept as other nodes change it."""
    for known in things:
        await known.read()
        namespaces.on_asked.append(known.read)
        if cluster is not None:
            known.tell_others = cluster.make_others_read
            _keep(stack, loops.keep_fresh(known.read, type(known).__name__))


def _supervisor(
    config: EngineConfig,
    pools: list[Pool],
    matching: Matching,
    namespaces: Namespaces,
    *,
    clock: Clock,
    cluster: Node | None,
    stack: AsyncExitStack,
) -> Supervisor:
    async def namespace_id(name: str) -> str:
        return (await namespaces.named(name)).id

    supervisor = Supervisor(
        list(zip(config.databases, pools, strict=True)),
        matching,
        clock,
        config.limits,
        shard_count=config.shard_count,
        outbox=config.search.elasticsearch_url is not None,
        namespace_id=namespace_id,
        rules_of=namespaces.rules_of,
        on_records=_nudge(config, stack),
        cluster=cluster,
    )
    supervisor.start()
    stack.push_async_callback(supervisor.end)
    return supervisor


def _nudge(config: EngineConfig, stack: AsyncExitStack) -> Callable[[], None] | None:
    """Tells the relay that there are rows; without an index there is nothing to tell."""
    if config.search.elasticsearch_url is None:
        return None
    # Late, as the reader's own backend is: what tells the relay brings Celery with it.
    from search.relay.nudge import Nudge

    nudge = Nudge(config.search)
    stack.callback(nudge.close)

    def tell() -> None:
        for number in range(len(config.databases)):
            nudge(number)

    return tell


def _moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.now() / SECOND, UTC)


def _keep(stack: AsyncExitStack, loop: Coroutine[Any, Any, None]) -> None:
    """Run a loop beside the server, until the end."""
    task = asyncio.get_running_loop().create_task(loop)

    stack.push_async_callback(loops.end, task)


def _bound(config: EngineConfig) -> tuple[grpc.aio.Server, str]:
    """A server that has its port, and its address; it answers nobody yet."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", config.message_bytes_max),
            ("grpc.max_send_message_length", config.message_bytes_max),
            ("grpc.http2.min_ping_interval_without_data_ms", PING_INTERVAL_MS_MIN),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", PING_INTERVAL_MS_MIN),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", READ_AHEAD_BYTES),
            # Two engines on one port would share its callers by chance.
            ("grpc.so_reuseport", 0),
        ]
    )
    try:
        port = server.add_insecure_port(f"{config.host}:{config.port}")
    except RuntimeError:
        raise CannotServe(
            f"port {config.port} cannot be used on {config.host}: choose another with ENGINE_PORT,"
            " or stop what listens there"
        ) from None
    return server, f"{config.host}:{port}"


async def _listen(server: grpc.aio.Server, parts: Parts, stack: AsyncExitStack) -> None:
    server.add_generic_rpc_handlers(rpc.handlers(parts))
    rpc.add_often(server, parts)
    names = [descriptor.full_name for descriptor, _ in rpc.SERVICES]
    await _add_health(server, names)
    reflection.enable_server_reflection(
        [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    await server.start()
    stack.push_async_callback(server.stop, parts.config.drain_seconds)


async def _add_health(server: grpc.aio.Server, names: list[str]) -> None:
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", *names):
        await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
