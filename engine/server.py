"""The composition root: builds every part from the configuration, starts and drains them in order.

    pools ▶ namespaces ▶ reader ▶ matching ⇄ shards ▶ sweeps ▶ gRPC ▶ "serving on …"

They end in the opposite order: no new call, the calls under way end, then the shards give up their
locks. What was committed is whole at every moment, so a kill needs no more care than an end.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import grpc
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine.background.retention import Retention
from engine.clock import Clock, SystemClock
from engine.config import CannotServe, EngineConfig
from engine.frontend import rpc
from engine.frontend.parts import Parts
from engine.matching.backlog import StoredBacklog
from engine.matching.registry import TaskQueues
from engine.namespaces import Namespaces
from engine.ports import Shards
from engine.shards.supervisor import Supervisor
from engine.store.pool import Pool, open_readers
from search.reader import open_reader

SECOND = 1_000_000_000
# Official clients ping an idle connection every 30 s; gRPC would hang up on them.
PING_INTERVAL_MS_MIN = 5_000
# Runs make few cycles, and their caches many objects: a look for garbage is worth it seldom.
OBJECTS_BETWEEN_COLLECTIONS = 50_000


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
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


@asynccontextmanager
async def serving(config: EngineConfig) -> AsyncIterator[str]:
    """An engine that answers at the address given, until the block ends."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        parts = await _parts(config, clock, stack)
        yield await _listening(parts, stack)


async def _parts(config: EngineConfig, clock: Clock, stack: AsyncExitStack) -> Parts:
    pools = [await open_readers(url) for url in config.databases]
    for pool in pools:
        stack.push_async_callback(pool.close)
    namespaces = Namespaces(pools[0])
    await namespaces.begin(clock, config.retention_seconds_default)
    reader = await open_reader(config.search, lambda: _moment(clock))
    stack.push_async_callback(reader.close)
    matching = TaskQueues(StoredBacklog(pools), clock)
    shards = _shards(config, pools, matching, namespaces, clock=clock, stack=stack)
    matching.introduce(shards)
    parts = Parts(
        shards=shards,
        matching=matching,
        namespaces=namespaces,
        reader=reader,
        pools=pools,
        clock=clock,
        config=config,
    )
    sweeps = Retention(shards, namespaces, reader, pools, clock)
    _keep(stack, sweeps.keep_sweeping(config.retention_sweep_seconds))
    _keep(stack, namespaces.keep_fresh())
    return parts


def _shards(
    config: EngineConfig,
    pools: list[Pool],
    matching: TaskQueues,
    namespaces: Namespaces,
    *,
    clock: Clock,
    stack: AsyncExitStack,
) -> Shards:
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
        on_records=_nudge(config, stack),
    )
    supervisor.start()
    stack.push_async_callback(supervisor.end)
    return supervisor.router


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

    async def end() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)


async def _listening(parts: Parts, stack: AsyncExitStack) -> str:
    config = parts.config
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", config.message_bytes_max),
            ("grpc.max_send_message_length", config.message_bytes_max),
            ("grpc.http2.min_ping_interval_without_data_ms", PING_INTERVAL_MS_MIN),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", PING_INTERVAL_MS_MIN),
            ("grpc.keepalive_permit_without_calls", 1),
            # Two engines on one port would share its callers by chance.
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers(rpc.handlers(parts))
    names = [descriptor.full_name for descriptor, _ in rpc.SERVICES]
    await _add_health(server, names)
    reflection.enable_server_reflection(
        [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    try:
        port = server.add_insecure_port(f"{config.host}:{config.port}")
    except RuntimeError:
        raise CannotServe(
            f"port {config.port} cannot be used on {config.host}: choose another with ENGINE_PORT,"
            " or stop what listens there"
        ) from None
    await server.start()
    stack.push_async_callback(server.stop, config.drain_seconds)
    return f"{config.host}:{port}"


async def _add_health(server: grpc.aio.Server, names: list[str]) -> None:
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", *names):
        await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
