"""Schedules: what is due is taken, stepped and stored; then what the new state asks for is done.

    due, told, asked ──lock──▶ step ──▶ store (state · record) ──commit──▶ start, cancel, terminate
                                 ▲                                                    │
                                 └───────────────── started, refused ─────────────────┘

A node that dies between the commit and the start leaves it in the state: it is due again two
seconds later, wherever, with the same request id, and so happens once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from temporalio.api.history.v1 import HistoryEvent

from engine.background.errands import Errands
from engine.background.starts import Call, given_of
from engine.clock import Clock
from engine.core.keys import SCHEDULER, RunKey
from engine.core.schedule.state import ScheduleState, next_at
from engine.core.schedule.step import Input, Wake, step
from engine.core.schedule.visibility import record_of
from engine.errors import NotFound, ScheduleExists
from engine.namespaces import Namespaces
from engine.store import schedules as store
from engine.store.codec import decode_schedule, encode_schedule
from engine.store.pool import PASSING, Connection, Pool

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
DUE_AT_ONCE_MAX = 100
#: Another node may have written one that is due sooner than what this one knows of.
LOOK_SECONDS_MAX = 1.0
POISONED_SECONDS = 60
#: Who asks a schedule to act waits until it has, so long at most.
SETTLED_SECONDS_MAX = 2.0


class Schedules:
    """`shard_of` says in which shard, and so in which database, the schedule's row lies."""

    def __init__(
        self,
        namespaces: Namespaces,
        pools: Sequence[Pool],
        clock: Clock,
        shard_of: Callable[[RunKey], int],
        *,
        indexed: bool,
        on_records: Callable[[], None] | None = None,
    ) -> None:
        self._namespaces = namespaces
        self._pools = pools
        self._clock = clock
        self._shard_of = shard_of
        self._indexed = indexed
        self._on_records = on_records or _nobody
        self._errands = Errands(namespaces, clock, self.tell)
        self._is_sooner = [asyncio.Event() for _ in pools]

    def introduce(self, call: Call) -> None:
        """`call` is how a client of this engine would call it."""
        self._errands.introduce(call)

    def _shard(self, namespace_id: str, schedule_id: str) -> int:
        return self._shard_of(RunKey(namespace_id, schedule_id, ""))

    def _database(self, namespace_id: str, schedule_id: str) -> int:
        return self._shard(namespace_id, schedule_id) % len(self._pools)

    # -- what callers ask

    async def create(self, state: ScheduleState, given: Input) -> None:
        """Refused where there is one of that id, unless this very request made it."""
        named = (state.namespace_id, state.schedule_id)
        number = self._database(*named)
        step(state, given)
        due = next_at(state, given.at)
        row = store.Row(*named, 1, due, encode_schedule(state))
        async with self._pools[number].connection() as connection, connection.transaction():
            added = await store.add(connection, row)
            if added:
                await self._show(connection, state, 1)
        if not added:
            known = await self.read(*named)
            if known.request_id != state.request_id:
                raise ScheduleExists(state.schedule_id, known.id)
            return
        self._after(number, state, due)
        await self.settled(state)

    async def read(self, namespace_id: str, schedule_id: str) -> ScheduleState:
        pool = self._pools[self._database(namespace_id, schedule_id)]
        async with pool.connection() as connection:
            row = await store.read(connection, namespace_id, schedule_id)
        if row is None:
            raise _unknown(schedule_id)
        return decode_schedule(row.state)

    async def several(
        self, namespace_id: str, schedule_ids: Sequence[str]
    ) -> dict[str, ScheduleState]:
        """Those of them that there are."""
        by_database: dict[int, list[str]] = {}
        for schedule_id in schedule_ids:
            number = self._database(namespace_id, schedule_id)
            by_database.setdefault(number, []).append(schedule_id)
        found: dict[str, ScheduleState] = {}
        for number, ids in by_database.items():
            async with self._pools[number].connection() as connection:
                rows = await store.several(connection, namespace_id, ids)
            found.update({row.schedule_id: decode_schedule(row.state) for row in rows})
        return found

    async def tell(self, namespace_id: str, schedule_id: str, given: Input) -> ScheduleState:
        """Step it; refused with NotFound where there is none."""
        number = self._database(namespace_id, schedule_id)
        async with self._pools[number].connection() as connection, connection.transaction():
            row = await store.take(connection, namespace_id, schedule_id)
            if row is None:
                raise _unknown(schedule_id)
            state, due = await self._step(connection, row, given)
        self._after(number, state, due)
        return state

    async def settled(self, state: ScheduleState) -> None:
        """Whoever asks it to act sees in its next description that it did; what takes longer goes
        on by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_SECONDS_MAX):
                await self._errands.settled(state)

    async def delete(self, namespace_id: str, schedule_id: str) -> None:
        """What it has started runs on."""
        number = self._database(namespace_id, schedule_id)
        async with self._pools[number].connection() as connection, connection.transaction():
            row = await store.take(connection, namespace_id, schedule_id)
            if row is None:
                raise _unknown(schedule_id)
            await self._drop(connection, row)
        self._on_records()

    async def delete_all(self, namespace_id: str) -> None:
        """Those of a namespace that is going."""
        for pool in self._pools:
            while True:
                async with pool.connection() as connection, connection.transaction():
                    rows = await store.take_of_namespace(connection, namespace_id, DUE_AT_ONCE_MAX)
                    for row in rows:
                        await self._drop(connection, row)
                if not rows:
                    break
        self._on_records()

    async def run_closed(
        self,
        namespace_id: str,
        starter: str,
        workflow_id: str,
        first_run_id: str,
        closing: HistoryEvent,
    ) -> None:
        given = given_of(closing, workflow_id, first_run_id, self._clock.now())
        try:
            namespace = await self._namespaces.with_id(namespace_id)
            schedule_id = starter.removeprefix(f"{SCHEDULER}{namespace.name}-")
            await self.tell(namespace_id, schedule_id, given)
        except NotFound:
            log.debug("the schedule of %s was gone before it could be told", workflow_id)

    # -- one step of one schedule

    async def _step(
        self, connection: Connection, row: store.Row, given: Input
    ) -> tuple[ScheduleState, int | None]:
        state = decode_schedule(row.state)
        shown = _shown(state)
        step(state, given)
        due = next_at(state, given.at)
        changed = row._replace(next_at=due, state=encode_schedule(state))
        written = await store.change(connection, changed)
        assert written, "the row was locked at the version that it was read at"
        if _shown(state) != shown:
            await self._show(connection, state, row.version + 1)
        return state, due

    async def _wake(
        self, connection: Connection, row: store.Row, at: int
    ) -> list[tuple[ScheduleState, int | None]]:
        """One that cannot be stepped must not keep the others from their time."""
        try:
            return [await self._step(connection, row, Wake(at=at))]
        except PASSING:
            raise
        except Exception:
            log.exception("schedule %s cannot be stepped; it is left alone", row.schedule_id)
            later = row._replace(next_at=at + POISONED_SECONDS * SECOND)
            await store.change(connection, later)
            return []

    async def _show(
        self, connection: Connection, state: ScheduleState, version: int, *, deleted: bool = False
    ) -> None:
        record = record_of(state, version, deleted=deleted)
        moment = datetime.fromtimestamp(self._clock.now() / SECOND, tz=UTC)
        shard = self._shard(state.namespace_id, state.schedule_id)
        await store.show(connection, shard, record, moment, indexed=self._indexed)

    async def _drop(self, connection: Connection, row: store.Row) -> None:
        await store.drop(connection, row.namespace_id, row.schedule_id)
        await self._show(connection, decode_schedule(row.state), row.version + 1, deleted=True)

    def _after(self, number: int, state: ScheduleState, due: int | None) -> None:
        """The commit is done: now what it asks for."""
        self._on_records()
        self._errands.run(state)
        if due is not None:
            self._is_sooner[number].set()

    # -- its life

    async def keep(self) -> None:
        """Act on what is due, until cancelled; a failure ends no loop."""
        loops = [self._keep_one(number) for number in range(len(self._pools))]
        try:
            await asyncio.gather(*loops)
        finally:
            self._errands.end()

    async def _keep_one(self, number: int) -> None:
        while True:
            self._is_sooner[number].clear()
            try:
                seconds = await self._act_once(number)
            except PASSING as trouble:
                log.warning("schedules cannot be read: %s", trouble)
                seconds = LOOK_SECONDS_MAX
            except Exception:
                log.exception("schedules cannot act now; they are tried again")
                seconds = LOOK_SECONDS_MAX
            try:
                async with asyncio.timeout(seconds):
                    await self._is_sooner[number].wait()
            except TimeoutError:
                continue

    async def _act_once(self, number: int) -> float:
        """How long until the next look."""
        pool, at = self._pools[number], self._clock.now()
        acted: list[tuple[ScheduleState, int | None]] = []
        async with pool.connection() as connection:
            async with connection.transaction():
                for row in await store.take_due(connection, at, DUE_AT_ONCE_MAX):
                    acted += await self._wake(connection, row, at)
            nearest = await store.nearest(connection)
        for state, due in acted:
            self._after(number, state, due)
        if nearest is None:
            return LOOK_SECONDS_MAX
        return min(max(nearest - self._clock.now(), 0) / SECOND, LOOK_SECONDS_MAX)


def _shown(state: ScheduleState) -> tuple[bool, bytes]:
    """What its record says that can change."""
    return state.schedule.state.paused, state.search_attributes.SerializeToString()


def _nobody() -> None:
    """No relay is to be told."""


def _unknown(schedule_id: str) -> NotFound:
    return NotFound(f"schedule not found: {schedule_id}")
