"""The writer: one for each database on this node, the only one who steps and commits its runs.

    waiting work ──take──▶ batch ──load, step──▶ one commit ──▶ release
                             ▲                      │
                             └── one at a time ── refused: the states of the batch are dropped

While one is being committed the next is begun (`ahead.py`).

It holds its shards by advisory locks on the connection that it commits on. When that connection
is gone so are the locks; everything in memory is then thrown away and the locks are asked for
again. Whoever gets them reads from the store what is to be done.

A batch that cannot be stepped or stored although the connection lives has something in it that
never can be: its works are tried again one by one, so that only the one at fault is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from engine import loops
from engine.clock import Clock
from engine.cluster import placement
from engine.core.effects import Delivery
from engine.core.keys import RunKey, shard_of
from engine.core.limits import Limits
from engine.core.rules import Rules
from engine.errors import ResourceExhausted, Unavailable
from engine.ports import Matching
from engine.shards import carrying, recovery
from engine.shards.ahead import Ahead
from engine.shards.batch import WORKS_MAX, Batch
from engine.shards.cache import Cache, Entry
from engine.shards.inbox import Inbox
from engine.shards.pace import Pace
from engine.shards.wakes import Wakes
from engine.shards.watchers import Watchers
from engine.shards.works import Work
from engine.store import runs, shards
from engine.store.commit import commit
from engine.store.pool import PASSING, Connection, Pool, connect

log = logging.getLogger(__name__)

INBOX_MAX = 20_000
RECONNECT_SECONDS = 0.5
#: A writer that has not heard from its database for so long asks whether it still owns anything.
LOCKS_LOOKED_AFTER_SECONDS = 1.0
#: How often a shard is asked for that another node is to give back.
MISSING_ASKED_SECONDS = 0.1


@dataclass(slots=True)
class Counters:
    """Since the start of this process."""

    batches: int = 0
    works: int = 0
    commits: int = 0
    commits_failed: int = 0
    events: int = 0
    takeovers: int = 0


class Writer:
    def __init__(
        self,
        url: str,
        pool: Pool,
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
        self.counters = Counters()
        self.owned: frozenset[int] = frozenset()
        self.wanted: tuple[int, ...] = ()
        # Those that lie in this database.
        self._here: tuple[int, ...] = ()
        self.shard_count = 0
        # Introduced by the supervisor: carries messages to other runs, tells the relay.
        self.deliver: Callable[[RunKey, Delivery], bool] = _nobody
        self.on_records: Callable[[], None] | None = None
        # And knows the rules of each namespace.
        self.rules_of: Callable[[str], Rules] = _no_rules
        # Whether a shard is to be this node's, where there are several.
        self.is_placed_here: Callable[[int], bool] | None = None
        # Messages to other runs that found no room are read back from the store later.
        self.has_left_deliveries = False
        self._inbox = Inbox(INBOX_MAX)
        self._ahead = Ahead(self)
        self._pace = Pace()
        self._heard_at = 0.0
        # When the locks are to be looked after although the database has just been heard.
        self._look_at = float("inf")
        # So many works at the front of the inbox are to be tried each in a batch of its own.
        self._singly = 0
        self._is_ending = False

    # -- the door

    def put(self, work: Work) -> None:
        """Answered through `work.answer`; at once if there is no room."""
        if not self._singly and self._ahead.has_taken(work):
            self._inbox.stir()
        elif not self._inbox.put(work):
            _refuse(work, ResourceExhausted("too much waits for this shard"))

    def owns(self, key: RunKey) -> bool:
        return bool(self.owned) and self.shard(key) in self.owned

    def shard(self, key: RunKey) -> int:
        return shard_of(key.namespace_id, key.workflow_id, self.shard_count)

    def place_anew(self) -> None:
        """Nodes came or went: other shards may be ours to have, or to give back."""
        self._look_at = 0.0
        self._inbox.stir()

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

    def end(self) -> None:
        """Finish what is in the inbox, then let the locks go."""
        self._is_ending = True
        self._inbox.stir()

    async def _own_and_work(self) -> None:
        connection = await connect(self.url)
        try:
            self.shard_count, number, databases = await shards.facts(connection)
            self._here = placement.shards_of(number, databases, self.shard_count)
            await self._look_after_locks(connection)
            beside = [
                asyncio.create_task(recovery.keep_waking(self)),
                asyncio.create_task(recovery.keep_delivering(self)),
            ]
            try:
                await self._work(connection)
            finally:
                await loops.end(*beside)
        finally:
            await connection.close()

    async def _work(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time
        while self._inbox or self._ahead.waiting or not self._is_ending:
            await self._inbox.wait(min(LOCKS_LOOKED_AFTER_SECONDS, max(self._look_at - now(), 0.0)))
            if now() >= min(self._heard_at + LOCKS_LOOKED_AFTER_SECONDS, self._look_at):
                await self._look_after_locks(connection)
            if pause := self._pace.pause_seconds(self._inbox.pressing + self._ahead.waiting):
                await asyncio.sleep(pause)
            taken = self._take()
            works = [work for work in taken if self._is_mine(work)]
            if works or self._ahead.waiting:
                await self._batch(connection, works)

    def _take(self) -> list[Work]:
        if not self._singly:
            return self._inbox.take(WORKS_MAX, beside=self._ahead.waiting)
        if self._ahead.waiting:
            return []
        self._singly -= 1
        return self._inbox.take(1)

    async def _look_after_locks(self, connection: Connection) -> None:
        """Ask for the shards that another node holds, and may have let go; notice a lost one."""
        self._look_at = float("inf")
        self.wanted = self._placed()
        if moved := self.owned.difference(self.wanted):
            await self._give_back(connection, moved)
        missing = [shard for shard in self.wanted if shard not in self.owned]
        gained = await shards.try_lock(connection, missing)
        now = asyncio.get_running_loop().time()
        self._heard_at = now
        if len(gained) < len(missing) and self.is_placed_here is not None:
            self._look_at = min(self._look_at, now + MISSING_ASKED_SECONDS)
        if gained:
            self.owned |= frozenset(gained)
            self.counters.takeovers += 1
            await recovery.take_over(self)

    def _placed(self) -> tuple[int, ...]:
        if self.is_placed_here is None:
            return self._here
        return tuple(filter(self.is_placed_here, self._here))

    async def _give_back(self, connection: Connection, moved: frozenset[int]) -> None:
        """No batch is under way. What still waits for these shards is refused when it is taken."""
        self.owned -= moved
        if self._ahead.waiting:
            await self._batch(connection, [])
        for key in self.cache.drop_shards(moved):
            self.watchers.forget(key.run_id)
        await shards.unlock(connection, sorted(moved))

    def _is_mine(self, work: Work) -> bool:
        if work.answer.cancelled():
            return False
        if not self.owns(work.key):
            _refuse(work, Unavailable("this shard is owned by another node"))
            return False
        return True

    def _forget(self, why: str) -> None:
        self.owned = frozenset()
        self._singly = 0
        self.cache.clear()
        self.wakes.clear()
        self.watchers.forget_all()
        for work in [*self._ahead.forget(), *self._inbox.empty()]:
            _refuse(work, Unavailable(why))

    # -- one batch

    async def _batch(self, connection: Connection, works: list[Work]) -> None:
        begun = None
        try:
            await self._load(connection, works)
            begun = self._ahead.take()
            self._inbox.put_back(begun.step_all(works))
            if begun.trouble is not None:
                raise begun.trouble
            self._ahead.under_way = begun
            await self._store(connection, begun.batch)
        except BaseException as trouble:
            if begun is not None:
                works = begun.works
                begun.release.give_up()
            self.counters.commits_failed += 1
            if connection.closed or not isinstance(trouble, Exception):
                for work in works:
                    _refuse(work, Unavailable(f"the batch could not be stored: {trouble}"))
                raise
            self._isolate(works, trouble)
            return
        finally:
            self._ahead.under_way = None
        self.counters.batches += 1
        self.counters.works += len(begun.works)
        self._pace.note(sum(not work.patient for work in begun.works))
        begun.release.let_out()
        self.cache.trim(self._ahead.needs)

    async def _store(self, connection: Connection, batch: Batch) -> None:
        write = batch.write()
        if write.is_empty:
            return
        await commit(connection, write, batch.at)
        self._heard_at = asyncio.get_running_loop().time()
        self.counters.commits += 1
        self.counters.events += batch.events_count

    def _isolate(self, works: list[Work], trouble: Exception) -> None:
        if len(works) > 1:
            self._inbox.put_back(works)
            self._singly += len(works)
        elif isinstance(trouble, PASSING):
            _refuse(works[0], Unavailable(f"it could not be stored: {trouble}"))
        else:
            log.error("%s cannot be carried out", type(works[0]).__name__, exc_info=trouble)
            _refuse(works[0], trouble)

    async def _load(self, connection: Connection, works: list[Work]) -> None:
        """Bring the runs that are not in memory, in one query."""
        missing = {
            key: None
            for work in works
            for key in carrying.keys(work)
            if self.cache.get(key) is None
        }
        if not missing:
            return
        for loaded in await runs.find(connection, list(missing)):
            known = self.cache.get(loaded.state.key)
            if known is None:
                known = Entry(
                    state=loaded.state,
                    shard_id=self.shard(loaded.state.key),
                    stored_wake_at=loaded.wake_at,
                    facts_since_snapshot=loaded.facts_since_snapshot,
                    snapshot_bytes=loaded.snapshot_bytes,
                )
            self.cache.put(known, is_current=not loaded.asked.run_id)


def _nobody(source: RunKey, delivery: Delivery) -> bool:
    raise AssertionError("the supervisor introduces deliveries before a writer runs")


def _no_rules(_namespace_id: str) -> Rules:
    return ()


def _refuse(work: Work, why: Exception) -> None:
    if not work.answer.done():
        work.answer.set_exception(why)
