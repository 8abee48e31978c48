"""Reads of transfer tasks: what a shard that is taken over still has to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

from engine.core.effects import Delivery
from engine.core.keys import QueueKey, RunKey
from engine.ports import Task
from engine.store.codec import decode_delivery
from engine.store.pool import Connection

DELIVER = "deliver"
PAGE_ROWS = 1_000

_queued: LiteralString = """
    select namespace_id, workflow_id, run_id::text, kind, event_id, attempt, queue, priority,
        sticky, offered_at
    from transfer_tasks
    where shard_id = any(%(shards)s) and kind <> 'deliver'
      and (priority, offered_at, run_id, event_id)
        > (%(priority)s, %(offered_at)s, %(run_id)s::uuid, %(event_id)s)
    order by priority, offered_at, run_id, event_id
    limit %(rows)s
"""
_of_queue: LiteralString = """
    select namespace_id, workflow_id, run_id::text, kind, event_id, attempt, queue, priority,
        sticky, offered_at
    from transfer_tasks
    where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
    order by priority, offered_at, run_id, event_id
    limit %(rows)s
"""
_deliveries: LiteralString = """
    select namespace_id, workflow_id, run_id::text, event_id, payload
    from transfer_tasks
    where shard_id = any(%(shards)s) and kind = 'deliver' and run_id > %(after)s::uuid
    order by run_id, event_id
    limit %(rows)s
"""
_count: LiteralString = """
    select count(*) from (
        select 1 from transfer_tasks
        where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
        limit %(most)s
    ) as found
"""
COUNT_MAX = 1_000_000


class Stored(NamedTuple):
    run: RunKey
    event_id: int
    delivery: Delivery


def _task(row: tuple[Any, ...]) -> Task:
    namespace_id, workflow_id, run_id, kind, event_id, attempt, queue = row[:7]
    return Task(
        run=RunKey(namespace_id, workflow_id, run_id),
        queue=QueueKey(namespace_id, queue, kind),
        event_id=event_id,
        attempt=attempt,
        priority=row[7],
        sticky=row[8],
        offered_at=row[9],
    )


async def queued(
    connection: Connection, shards: Sequence[int], after: Task | None, rows: int = PAGE_ROWS
) -> list[Task]:
    """A page of the queue tasks of these shards, in the order that they are to be handed out."""
    given = {
        "shards": list(shards),
        "priority": after.priority if after else -1,
        "offered_at": after.offered_at if after else 0,
        "run_id": after.run.run_id if after else "00000000-0000-0000-0000-000000000000",
        "event_id": after.event_id if after else 0,
        "rows": rows,
    }
    return [_task(row) for row in await (await connection.execute(_queued, given)).fetchall()]


async def of_queue(connection: Connection, queue: QueueKey, rows: int) -> list[Task]:
    """The head of one queue."""
    given = {**queue._asdict(), "queue": queue.name, "rows": rows}
    return [_task(row) for row in await (await connection.execute(_of_queue, given)).fetchall()]


async def count(connection: Connection, queue: QueueKey) -> int:
    """How many wait in one queue; counting ends at COUNT_MAX."""
    given = {**queue._asdict(), "queue": queue.name, "most": COUNT_MAX}
    row: tuple[Any, ...] | None = await (await connection.execute(_count, given)).fetchone()
    return int(row[0]) if row else 0


async def deliveries(
    connection: Connection, shards: Sequence[int], after_run: str, rows: int = PAGE_ROWS
) -> list[Stored]:
    """A page of the messages to other runs that are not known to have arrived."""
    cursor = await connection.execute(
        _deliveries, {"shards": list(shards), "after": after_run, "rows": rows}
    )
    found: list[tuple[Any, ...]] = await cursor.fetchall()
    return [
        Stored(RunKey(row[0], row[1], row[2]), row[3], decode_delivery(row[4])) for row in found
    ]
