"""The writer: one for each database on this node, the only one who steps and commits its runs.

    waiting work ──take──▶ batch ──load, step──▶ one commit ──▶ release
                                                     └─ failed ──▶ all state dropped, Unavailable

It holds its shards by advisory locks on the connection that it commits on. When that connection
is gone so are the locks; everything in memory is then thrown away and the locks are asked for
again. Whoever gets them reads from the store what is to be done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from psycopg_pool import AsyncConnectionPool

from engine.clock import Clock
from engine.core.effects import Delivery
from engine.core.keys import RunKey, shard_of
from engine.core.limits import Limits
from engine.errors import EngineError, ResourceExhausted, Unavailable
from engine.ports import Matching
from engine.shards import carrying, recovery
from engine.shards.batch import Batch
from engine.shards.cache import Cache, Entry
from engine.shards.release import Release
from engine.shards.wakes import Wakes
from engine.shards.watchers import Watchers
from engine.shards.works import Work
from engine.store import runs, shards
from engine.store.commit import commit
from engine.store.pool import Connection, connect

log = logging.getLogger(__name__)

BATCH_WORKS_MAX = 256
INBOX_MAX = 20_000
RECONNECT_SECONDS = 0.5
LOCKS_ASKED_AGAIN_SECONDS = 1.0


class Writer:
    def __init__(
        self,
        url: str,
        pool: AsyncConnectionPool[Connection],
        matching: Matching,
        clock: Clock,
        limits: Limits,
        *,
        outbox: bool,
    ) -> None:
        self.url = url
        self.pool = pool
        self.matching = matching
        self.clock = clock
        self.limits = limits
        self.outbox = outbox
        self.cache = Cache()
        self.wakes = Wakes()
        self.watchers = Watchers()
        self.owned: frozenset[int] = frozenset()
        self.wanted: tuple[int, ...] = ()
        self.shard_count = 0
        self.batches = 0
        # Introduced by the supervisor: carries messages to other runs, tells the relay.
        self.deliver: Callable[[RunKey, Delivery], None] = _nobody
        self.on_committed: Callable[[], None] | None = None
        self._inbox: deque[Work] = deque()
        self._arrived = asyncio.Event()
        self._is_ending = False

    # -- the door

    def put(self, work: Work) -> None:
        """Answered through `work.answer`, at once if there is no room or no lock."""
        if len(self._inbox) >= INBOX_MAX:
            work.answer.set_exception(ResourceExhausted("too much waits for this shard"))
            return
        self._inbox.append(work)
        self._arrived.set()

    def owns(self, key: RunKey) -> bool:
        return self.shard(key) in self.owned

    def shard(self, key: RunKey) -> int:
        return shard_of(key.namespace_id, key.workflow_id, self.shard_count)

    # -- the life of a writer

    async def run(self) -> None:
        while not self._is_ending:
            try:
                await self._own_and_work()
            except Exception as trouble:  # noqa: BLE001  a writer outlives its database
                log.warning("the writer starts anew: %s", trouble)
            self._forget("the shard has lost its database; nothing was stored")
            if not self._is_ending:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def end(self) -> None:
        """Finish what is in the inbox, then let the locks go."""
        self._is_ending = True
        self._arrived.set()

    async def _own_and_work(self) -> None:
        connection = await connect(self.url)
        try:
            self.shard_count, number, databases = await shards.facts(connection)
            self.wanted = tuple(range(number, self.shard_count, databases))
            locking = asyncio.create_task(self._keep_asking(connection))
            try:
                await self._work(connection)
            finally:
                locking.cancel()
        finally:
            await connection.close()

    async def _lock_free(self, connection: Connection) -> None:
        missing = [shard for shard in self.wanted if shard not in self.owned]
        if not missing:
            return
        gained = await shards.try_lock(connection, missing)
        if gained:
            self.owned |= frozenset(gained)
            await recovery.take_over(self, gained)

    async def _keep_asking(self, connection: Connection) -> None:
        """Until all shards are here: another node may hold them, and may go."""
        while len(self.owned) < len(self.wanted):
            await asyncio.sleep(LOCKS_ASKED_AGAIN_SECONDS)
            self._arrived.set()

    async def _work(self, connection: Connection) -> None:
        await self._lock_free(connection)
        waking = asyncio.create_task(recovery.keep_waking(self))
        try:
            while self._inbox or not self._is_ending:
                await self._arrived.wait()
                if len(self.owned) < len(self.wanted):
                    await self._lock_free(connection)
                works = [
                    self._inbox.popleft() for _ in range(min(len(self._inbox), BATCH_WORKS_MAX))
                ]
                if not self._inbox and not self._is_ending:
                    self._arrived.clear()
                if works:
                    await self._batch(connection, works)
        finally:
            waking.cancel()

    def _forget(self, why: str) -> None:
        self.owned = frozenset()
        self.cache.clear()
        self.wakes.clear()
        self.watchers.forget_all()
        while self._inbox:
            _refuse(self._inbox.popleft(), Unavailable(why))

    # -- one batch

    async def _batch(self, connection: Connection, works: list[Work]) -> None:
        at = self.clock.now()
        batch = Batch(at, outbox=self.outbox)
        release = Release(self, batch)
        try:
            mine = self._sort_out(works)
            await self._load(connection, mine)
            for work in mine:
                self._carry_out(work, batch, release)
            write = batch.write()
            if not write.is_empty:
                await commit(connection, write, at)
        except BaseException as trouble:
            release.give_up()
            for work in works:
                _refuse(work, Unavailable(f"the batch could not be stored: {trouble}"))
            raise
        self.batches += 1
        release.let_out()
        self.cache.trim()

    def _sort_out(self, works: list[Work]) -> list[Work]:
        mine = []
        for work in works:
            if work.answer.cancelled():
                continue
            if self.owns(work.key):
                mine.append(work)
            else:
                _refuse(work, Unavailable("this shard is owned by another node"))
        return mine

    async def _load(self, connection: Connection, works: list[Work]) -> None:
        """Bring the runs that are not in memory, in one query."""
        missing = {key: None for work in works for key in carrying.keys(work)
                   if self.cache.get(key) is None}  # fmt: skip
        if not missing:
            return
        for loaded in await runs.find(connection, list(missing)):
            key = loaded.state.key
            known = self.cache.get(key)
            if known is None:
                known = Entry(
                    state=loaded.state,
                    shard_id=self.shard(key),
                    stored_wake_at=loaded.wake_at,
                    facts_since_snapshot=loaded.facts_since_snapshot,
                    snapshot_bytes=loaded.snapshot_bytes,
                )
            self.cache.put(known, is_current=not loaded.asked.run_id)

    def _carry_out(self, work: Work, batch: Batch, release: Release) -> None:
        try:
            carrying.CARRIERS[type(work)](self, work, batch, release)
        except EngineError as refusal:
            release.refuse(work, refusal)


def _nobody(source: RunKey, delivery: Delivery) -> None:
    raise AssertionError("the supervisor introduces deliveries before a writer runs")


def _refuse(work: Work, why: EngineError) -> None:
    if not work.answer.done():
        work.answer.set_exception(why)
