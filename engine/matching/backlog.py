"""Tasks that are in the store: read back as memory drains, counted for those who ask."""

from __future__ import annotations

from typing import Protocol

import msgspec

from engine.core.keys import QueueKey
from engine.ports import Task


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """`oldest_at` is 0 where nothing waits."""

    count: int
    oldest_at: int


class Backlog(Protocol):
    async def read(self, queue: QueueKey, limit: int) -> list[Task]:
        """The first `limit` tasks of the queue, by priority, then by age."""

    async def count(self, queue: QueueKey) -> Waiting: ...
