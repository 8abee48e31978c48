"""Tasks that are in the store: read back as memory drains, counted for those who ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from engine.core.keys import QueueKey
from engine.ports import Task
from engine.store import tasks
from engine.store.pool import Connection, Pool


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """`oldest_at` is 0 where nothing waits."""

    count: int
    oldest_at: int


#: Whether a task of the queue is meant, for one side of a ramp.
Meant = Callable[[Task], bool]


class Backlog(Protocol):
    async def read(self, queue: QueueKey, limit: int, is_meant: Meant | None = None) -> list[Task]:
        """The first `limit` tasks of the queue, by priority, then by age; of those meant."""

    async def count(self, queue: QueueKey) -> Waiting: ...


async def _sifted(
    connection: Connection, queue: QueueKey, limit: int, is_meant: Meant
) -> list[Task]:
    """Page by page, so that what waits for other workers is passed over and not kept."""
    found: list[Task] = []
    page = await tasks.of_queue(connection, queue, limit)
    while True:
        found += filter(is_meant, page)
        if len(page) < limit or len(found) >= limit:
            return found[:limit]
        page = await tasks.of_queue_after(connection, queue, limit, page[-1])


class StoredBacklog:
    """The transfer tasks of all databases."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    async def read(self, queue: QueueKey, limit: int, is_meant: Meant | None = None) -> list[Task]:
        found: list[Task] = []
        for pool in self._pools:
            async with pool.connection() as connection:
                if is_meant is None:
                    found += await tasks.of_queue(connection, queue, limit)
                else:
                    found += await _sifted(connection, queue, limit, is_meant)
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
