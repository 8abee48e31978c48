"""The door to the runs: `ports.Shards` over the writers of this node.

A run's shard lies in one database, and each database has one writer here. A shard that another
node holds answers Unavailable, which callers and SDKs try again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from engine.cluster import placement
from engine.core.inputs import Input, Reset, Start
from engine.core.keys import RunKey, shard_of
from engine.core.state import RunState
from engine.ports import FailedAttempt, ShardsHeld, StartAnswer, StartPolicy
from engine.shards.actor import Writer
from engine.shards.works import (
    Acknowledge,
    Begin,
    BeginReset,
    Delete,
    Inspect,
    Submit,
    Watch,
    Work,
)
from engine.store import attempts, history

T = TypeVar("T")


class Router:
    def __init__(self, writers: Sequence[Writer], shard_count: int) -> None:
        self._writers = writers
        self._shard_count = shard_count

    def shard_of(self, key: RunKey) -> int:
        return shard_of(key.namespace_id, key.workflow_id, self._shard_count)

    def held(self) -> list[ShardsHeld]:
        return [
            ShardsHeld(
                owned=len(writer.owned),
                cached_runs=len(writer.cache),
                batches_committed=writer.counters.commits,
            )
            for writer in self._writers
        ]

    def owns(self, key: RunKey) -> bool:
        return self._writer(key).owns(key)

    def _writer(self, key: RunKey) -> Writer:
        return self._writers[placement.database_of(self.shard_of(key), len(self._writers))]

    async def _put(self, work: Work) -> Any:
        self._writer(work.key).put(work)
        return await work.answer

    async def start(self, key: RunKey, given: Start, policy: StartPolicy) -> StartAnswer:
        answer: StartAnswer = await self._put(
            Begin(key=key, answer=_future(), given=given, policy=policy)
        )
        return answer

    async def submit(self, key: RunKey, given: Input) -> Any:
        return await self._put(Submit(key=key, answer=_future(), given=given))

    async def reset(self, key: RunKey, given: Reset, new_run_id: str) -> str:
        work = BeginReset(key=key, answer=_future(), given=given, new_run_id=new_run_id)
        return str(await self._put(work))

    async def inspect(self, key: RunKey, question: Callable[[RunState], T]) -> T:
        answer: T = await self._put(Inspect(key=key, answer=_future(), question=question))
        return answer

    async def delete(self, key: RunKey) -> None:
        await self._put(Delete(key=key, answer=_future()))

    async def acknowledge(self, key: RunKey, event_id: int) -> None:
        await self._put(Acknowledge(key=key, answer=_future(), event_id=event_id))

    async def wait(
        self, key: RunKey, satisfied: Callable[[RunState], bool], timeout_seconds: float
    ) -> bool:
        work = Watch(key=key, answer=_future(), satisfied=satisfied)
        self._writer(key).put(work)
        try:
            return bool(await asyncio.wait_for(work.answer, timeout_seconds))
        except TimeoutError:
            return False

    async def history(
        self, key: RunKey, first_event_id: int, last_event_id: int, bytes_max: int
    ) -> list[bytes]:
        writer = self._writer(key)
        entry = writer.cache.get(key)
        if entry is not None and not entry.is_new:
            events = entry.events(first_event_id, last_event_id)
            if events is not None:
                return _bounded(events, bytes_max)
        async with writer.pool.connection() as connection:
            return await history.read(
                connection, key.run_id, first_event_id, last_event_id, bytes_max
            )

    async def attempts(
        self, key: RunKey, scheduled_event_id: int, before: int, rows: int
    ) -> list[FailedAttempt]:
        async with self._writer(key).pool.connection() as connection:
            return await attempts.read(connection, key.run_id, scheduled_event_id, before, rows)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _bounded(events: list[bytes], bytes_max: int) -> list[bytes]:
    size = 0
    for count, event in enumerate(events):
        size += len(event)
        if size > bytes_max and count:
            return events[:count]
    return events
