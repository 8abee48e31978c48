"""Starts the writers, introduces deliveries and watches over their ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from engine import loops
from engine.clock import Clock
from engine.cluster.node import Node
from engine.core.limits import Limits
from engine.core.rules import Rules
from engine.ports import Matching
from engine.shards.actor import Writer
from engine.shards.deliveries import Deliveries, NamespaceId
from engine.shards.router import Router
from engine.store.pool import Pool

#: A database that does not answer must not keep a node from ending.
END_SECONDS_MAX = 10.0


class Supervisor:
    """All writers of this node; `router` is what the rest of the engine sees of them."""

    def __init__(
        self,
        databases: Sequence[tuple[str, Pool]],
        matching: Matching,
        clock: Clock,
        limits: Limits,
        *,
        shard_count: int,
        outbox: bool,
        namespace_id: NamespaceId,
        rules_of: Callable[[str], Rules],
        on_records: Callable[[], None] | None = None,
        cluster: Node | None = None,
    ) -> None:
        self.writers = [
            Writer(url, pool, matching, clock, limits, outbox=outbox) for url, pool in databases
        ]
        self.on_records = on_records
        self.router = Router(self.writers, shard_count)
        self.deliveries = Deliveries(
            self.router,
            clock,
            namespace_id,
            self.router.acknowledge,
            self.router.owns,
            cluster=cluster,
        )
        for writer in self.writers:
            writer.shard_count = shard_count
            writer.deliver = self.deliveries.send
            writer.on_records = on_records
            writer.rules_of = rules_of
            if cluster is not None:
                writer.is_placed_here = partial(_is_placed_here, cluster)
                cluster.on_change(writer.place_anew)
        self._running: list[asyncio.Task[None]] = []

    @property
    def owned(self) -> int:
        return sum(len(writer.owned) for writer in self.writers)

    def start(self) -> None:
        self._running = [asyncio.create_task(writer.run()) for writer in self.writers]

    async def end(self) -> None:
        """Commit what waits, then let the shards go."""
        self.deliveries.end()
        for writer in self.writers:
            writer.end()
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=END_SECONDS_MAX)
        await loops.end(*late)


def _is_placed_here(cluster: Node, shard_id: int) -> bool:
    return cluster.of_shard(shard_id) == cluster.here
