"""Takeover: what shards that are newly held still have to do, read back from the store.

Everything read here may have been done already by the owner before: it is harmless to do again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from engine.core.inputs import Wake
from engine.core.keys import RunKey
from engine.shards.wakes import ENTRIES_MAX, WINDOW_NS
from engine.shards.works import Submit
from engine.store import runs, tasks

if TYPE_CHECKING:
    from engine.shards.actor import Writer

log = logging.getLogger(__name__)

WAKES_PER_ROUND_MAX = 500
WAKE_WAIT_SECONDS_MAX = 0.25
LEFT_DELIVERIES_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 1.0


async def take_over(writer: Writer) -> None:
    """Tasks are read back by matching when workers ask for them; messages are sent again."""
    writer.wakes.clear()
    async with writer.pool.connection() as connection:
        for queue in await tasks.queues(connection):
            writer.matching.nudge(queue)
    await send_deliveries(writer)


async def send_deliveries(writer: Writer) -> None:
    writer.has_left_deliveries = False
    after = tasks.BEFORE_ALL
    while True:
        async with writer.pool.connection() as connection:
            page = await tasks.deliveries(connection, sorted(writer.owned), after)
        for stored in page:
            if not writer.deliver(stored.run, stored.delivery):
                writer.has_left_deliveries = True
                return
        if len(page) < tasks.PAGE_ROWS:
            return
        after = (page[-1].run.run_id, page[-1].event_id)


async def keep_delivering(writer: Writer) -> None:
    """Read back the messages that found no room when they were committed."""
    while True:
        await asyncio.sleep(LEFT_DELIVERIES_SECONDS)
        if writer.has_left_deliveries:
            try:
                await send_deliveries(writer)
            except Exception as trouble:  # noqa: BLE001  the next round asks again
                writer.has_left_deliveries = True
                log.warning("messages between runs cannot be read: %s", trouble)


async def keep_waking(writer: Writer) -> None:
    """Send Wake to the runs whose time has come; refill the window as it is used up."""
    while True:
        try:
            if writer.wakes.wants_refill(writer.clock.now()):
                await _refill(writer)
        except Exception as trouble:  # noqa: BLE001  the next round asks again
            log.warning("wake-ups cannot be read: %s", trouble)
            await asyncio.sleep(AFTER_TROUBLE_SECONDS)
        await _wake_due(writer)
        await writer.wakes.wait(writer.clock.now(), WAKE_WAIT_SECONDS_MAX)


async def _refill(writer: Writer) -> None:
    until = writer.clock.now() + WINDOW_NS
    writer.wakes.begin_refill()
    async with writer.pool.connection() as connection:
        sleepers = await runs.due(connection, sorted(writer.owned), until, ENTRIES_MAX)
    if len(sleepers) == ENTRIES_MAX:
        until = sleepers[-1].wake_at
    writer.wakes.end_refill(sleepers, until)


async def _wake_due(writer: Writer) -> None:
    now = writer.clock.now()
    answers = [_wake(writer, key, now) for key in writer.wakes.take_due(now, WAKES_PER_ROUND_MAX)]
    if answers:
        await asyncio.wait(answers)
        for answer in answers:
            _swallow(answer)


def _wake(writer: Writer, key: RunKey, now: int) -> asyncio.Future[object]:
    answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    writer.put(Submit(key=key, answer=answer, given=Wake(at=now)))
    return answer


def _swallow(answer: asyncio.Future[object]) -> None:
    """A run that is gone, or a commit that failed: the row stays, and is read again."""
    if not answer.cancelled() and answer.exception() is not None:
        log.debug("a wake-up was refused: %s", answer.exception())
