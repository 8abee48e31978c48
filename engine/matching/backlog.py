"""Tasks that are in the store: read back as memory drains, counted for those who ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.core.keys import QueueKey
from engine.ports import Task
from engine.store import tasks
from engine.store.pool import Pool


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """`oldest_at` is 0 where nothing waits."""

    count: int
    oldest_at: int


class Backlog(Protocol):
    async def read(self, queue: QueueKey, limit: int) -> list[Task]:
        """The first `limit` tasks of the queue, by priority, then by age."""

    async def count(self, queue: QueueKey) -> Waiting: ...


class StoredBacklog:
    """The transfer tasks of all databases."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    async def read(self, queue: QueueKey, limit: int) -> list[Task]:
        found: list[Task] = []
        for pool in self._pools:
            async with pool.connection() as connection:
                found += await tasks.of_queue(connection, queue, limit)
        if len(self._pools) > 1:
            found.sort(key=lambda task: (task.priority, task.offered_at))
        return found[:limit]

    async def count(self, queue: QueueKey) -> Waiting:
        count, oldest = 0, []
        for pool in self._pools:
            async with pool.connection() as connection:
                count += await tasks.count(connection, queue)
                oldest += await tasks.of_queue(connection, queue, 1)
        return Waiting(count, min((task.offered_at for task in oldest), default=0))

    async def queues(self) -> list[QueueKey]:
        """Those that have tasks in some database."""
        found: dict[QueueKey, None] = {}
        for pool in self._pools:
            async with pool.connection() as connection:
                found |= dict.fromkeys(await tasks.queues(connection))
        return list(found)
