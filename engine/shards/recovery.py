"""Takeover: what shards that are newly held still have to do, read back from the store.

Everything read here may have been done already by the owner before: it is harmless to do again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.core.inputs import Wake
from engine.ports import Task
from engine.shards.wakes import ENTRIES_MAX, WINDOW_NS
from engine.shards.works import Submit
from engine.store import runs, tasks

if TYPE_CHECKING:
    from engine.shards.actor import Writer

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
WAKES_PER_ROUND_MAX = 500
WAKE_ROUND_SECONDS = 0.02
NO_RUN = "00000000-0000-0000-0000-000000000000"
#: So many queue tasks are put into memory at takeover; the rest is read when queues drain.
OFFERED_AT_TAKEOVER_MAX = 20_000


async def take_over(writer: Writer, gained: Sequence[int]) -> None:
    writer.wakes.clear()
    await _offer_tasks(writer, gained)
    await _send_deliveries(writer, gained)


async def _offer_tasks(writer: Writer, gained: Sequence[int]) -> None:
    last: Task | None = None
    offered = 0
    while offered < OFFERED_AT_TAKEOVER_MAX:
        async with writer.pool.connection() as connection:
            page = await tasks.queued(connection, gained, last)
        for task in page:
            writer.matching.offer(task)
        offered += len(page)
        if len(page) < tasks.PAGE_ROWS:
            return
        last = page[-1]


async def _send_deliveries(writer: Writer, gained: Sequence[int]) -> None:
    after = NO_RUN
    while True:
        async with writer.pool.connection() as connection:
            page = await tasks.deliveries(connection, gained, after)
        for stored in page:
            writer.deliver(stored.run, stored.delivery)
        if len(page) < tasks.PAGE_ROWS:
            return
        after = page[-1].run.run_id


async def keep_waking(writer: Writer) -> None:
    """Send Wake to the runs whose time has come; refill the window as it is used up."""
    while True:
        try:
            await _wake_round(writer)
        except Exception as trouble:  # noqa: BLE001  the next round asks again
            log.warning("wake-ups cannot be read: %s", trouble)
            await asyncio.sleep(1)
        await asyncio.sleep(WAKE_ROUND_SECONDS)


async def _wake_round(writer: Writer) -> None:
    now = writer.clock.now()
    if writer.wakes.known_until < now + WINDOW_NS // 2:
        await _refill(writer, now)
    for key in writer.wakes.take_due(now, WAKES_PER_ROUND_MAX):
        answer = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_swallow)
        writer.put(Submit(key=key, answer=answer, given=Wake(at=now)))


async def _refill(writer: Writer, now: int) -> None:
    until = now + WINDOW_NS
    async with writer.pool.connection() as connection:
        sleepers = await runs.due(connection, sorted(writer.owned), until, ENTRIES_MAX)
    if len(sleepers) == ENTRIES_MAX:
        until = sleepers[-1].wake_at
    writer.wakes.refill([(sleeper.key, sleeper.wake_at) for sleeper in sleepers], until)


def _swallow(answer: asyncio.Future[object]) -> None:
    """A run that is gone, or a commit that failed: the row stays, and is read again."""
    if not answer.cancelled() and answer.exception() is not None:
        log.debug("a wake-up was refused: %s", answer.exception())
