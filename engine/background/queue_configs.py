"""What operators set of task queues: how fast their tasks go, and how heavy fairness keys weigh.

Each node has it all in memory, and tells matching. Who changes one waits until the other
nodes have read it; one that cannot be told reads it within seconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from temporalio.api.taskqueue.v1 import RateLimitConfig, TaskQueueConfig

from engine.core.keys import QueueKey
from engine.core.priorities import QueueOrder, clamped
from engine.ports import Ordered
from engine.store import queue_configs as store
from engine.store.pool import Pool

#: Refuses what may not be, and writes into the message what is to be.
Change = Callable[[TaskQueueConfig], None]


class QueueConfigs:
    def __init__(self, pool: Pool, queues: Ordered) -> None:
        self._pool = pool
        self._queues = queues
        self._known: dict[QueueKey, TaskQueueConfig] = {}
        # Introduced where there are other nodes: makes them read.
        self.tell_others: Callable[[], Awaitable[None]] = _no_others

    async def read(self) -> None:
        async with self._pool.connection() as connection:
            rows = await store.every(connection)
        self._known = {row.queue: TaskQueueConfig.FromString(row.detail) for row in rows}
        self._queues.order({queue: _order(known) for queue, known in self._known.items()})

    def find(self, queue: QueueKey) -> TaskQueueConfig:
        """An empty one where nothing was ever set."""
        return self._known.get(queue, TaskQueueConfig())

    async def change(self, queue: QueueKey, change: Change) -> TaskQueueConfig:
        async with self._pool.connection() as connection, connection.transaction():
            config = TaskQueueConfig.FromString(await store.take(connection, queue))
            change(config)
            await store.write(connection, queue, config.SerializeToString())
        await self._tell()
        return config

    async def delete_all(self, namespace_id: str) -> None:
        """Those of a namespace that is going."""
        if not any(queue.namespace_id == namespace_id for queue in self._known):
            return
        async with self._pool.connection() as connection:
            await store.drop_all(connection, namespace_id)
        await self._tell()

    async def _tell(self) -> None:
        await self.read()
        await self.tell_others()


def _order(config: TaskQueueConfig) -> QueueOrder:
    return QueueOrder(
        rate=_rate(config.queue_rate_limit),
        key_rate=_rate(config.fairness_keys_rate_limit_default),
        weights={key: clamped(weight) for key, weight in config.fairness_weight_overrides.items()},
    )


def _rate(config: RateLimitConfig) -> float | None:
    return config.rate_limit.requests_per_second if config.HasField("rate_limit") else None


async def _no_others() -> None:
    """This is the only node."""
