"""Tasks that are in the store: read back as memory drains, counted for those who ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from engine.core.keys import QueueKey
from engine.core.priorities import Waiting
from engine.matching.pages import START, LaneName, Page, Wanted
from engine.matching.reading import Meant, read
from engine.ports import Task
from engine.store import tasks
from engine.store.pool import Connection, Pool
from engine.store.tasks import Head


class Backlog(Protocol):
    async def read(self, queue: QueueKey, wanted: Wanted, is_meant: Meant | None = None) -> Page:
        """The first tasks of the queue; of those meant."""

    async def count(self, queue: QueueKey) -> Sequence[Waiting]: ...


def by_priority(found: Iterable[Waiting]) -> tuple[Waiting, ...]:
    sums: dict[int, Waiting] = {}
    for each in found:
        known = sums.get(each.priority)
        sums[each.priority] = each if known is None else _sum(known, each)
    return tuple(sums.values())


def _sum(one: Waiting, other: Waiting) -> Waiting:
    oldest_at = min(one.oldest_at, other.oldest_at)
    return Waiting(one.priority, one.count + other.count, oldest_at)


class StoredBacklog:
    """The transfer tasks of all databases."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    async def read(self, queue: QueueKey, wanted: Wanted, is_meant: Meant | None = None) -> Page:
        pages = []
        for pool in self._pools:
            async with pool.connection() as connection:
                pages.append(await read(Stored(connection, queue), wanted, is_meant))
        return pages[0] if len(pages) == 1 else _joined(pages)

    async def count(self, queue: QueueKey) -> Sequence[Waiting]:
        found: list[Waiting] = []
        for pool in self._pools:
            async with pool.connection() as connection:
                found += await tasks.count(connection, queue)
        return found

    async def queues(self) -> list[QueueKey]:
        """Those that have tasks in some database."""
        found: dict[QueueKey, None] = {}
        for pool in self._pools:
            async with pool.connection() as connection:
                found |= dict.fromkeys(await tasks.queues(connection))
        return list(found)


class Stored:
    """One queue in one database: `reading.Source`."""

    def __init__(self, connection: Connection, queue: QueueKey) -> None:
        self._connection = connection
        self._queue = queue

    async def lanes(self, after: LaneName, rows: int) -> list[Head]:
        return await tasks.lanes(self._connection, self._queue, after, rows)

    async def oldest(self, of: Sequence[Head], counts: Sequence[int]) -> list[Task]:
        return await tasks.oldest(self._connection, self._queue, of, counts)


def _joined(pages: Sequence[Page]) -> Page:
    """Of several databases: no task of a lane that is younger than what one of them cut off."""
    cut: dict[LaneName, int] = {}
    for page in pages:
        for name, last in page.cut.items():
            cut[name] = min(last, cut.get(name, last))
    found = [task for page in pages for task in page.tasks]
    return Page(
        tasks=[
            task
            for task in found
            if task.offered_at <= cut.get((task.priority, task.key), task.offered_at)
        ],
        cut=cut,
        unread=min(page.unread for page in pages),
        after=min((page.after for page in pages if page.after != START), default=START),
    )
