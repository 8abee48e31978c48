"""Reads of transfer tasks: the backlog of the queues, and messages on their way to other runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

from engine.core.effects import Delivery
from engine.core.keys import QueueKey, RunKey
from engine.ports import Task
from engine.store.codec import decode_delivery
from engine.store.pool import Connection

PAGE_ROWS = 1_000

# A loose scan of the index: it reads one row a queue, not one a task.
_queues: LiteralString = """
    with recursive found as (
        (select namespace_id, queue, kind from transfer_tasks
         where kind <> 'deliver'
         order by namespace_id, queue, kind limit 1)
        union all
        select following.* from found cross join lateral (
            select task.namespace_id, task.queue, task.kind from transfer_tasks as task
            where task.kind <> 'deliver' and (task.namespace_id, task.queue, task.kind)
                > (found.namespace_id, found.queue, found.kind)
            order by task.namespace_id, task.queue, task.kind limit 1
        ) as following
    )
    select namespace_id, queue, kind from found limit %(rows)s
"""
# The same way through one namespace.
_queues_of: LiteralString = """
    with recursive found as (
        (select queue, kind from transfer_tasks
         where kind <> 'deliver' and namespace_id = %(namespace_id)s
         order by queue, kind limit 1)
        union all
        select following.* from found cross join lateral (
            select task.queue, task.kind from transfer_tasks as task
            where task.kind <> 'deliver' and task.namespace_id = %(namespace_id)s
                and (task.queue, task.kind) > (found.queue, found.kind)
            order by task.queue, task.kind limit 1
        ) as following
    )
    select queue from found where kind = %(kind)s limit %(rows)s
"""
_of_queue: LiteralString = """
    select namespace_id, workflow_id, run_id::text, kind, event_id, attempt, queue, priority,
        sticky, offered_at, payload
    from transfer_tasks
    where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
      and kind <> 'deliver'
    order by priority, offered_at, run_id, event_id
    limit %(rows)s
"""
_of_queue_after: LiteralString = """
    select namespace_id, workflow_id, run_id::text, kind, event_id, attempt, queue, priority,
        sticky, offered_at, payload
    from transfer_tasks
    where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
      and kind <> 'deliver'
      and (priority, offered_at, run_id, event_id)
        > (%(priority)s, %(offered_at)s, %(run_id)s::uuid, %(event_id)s)
    order by priority, offered_at, run_id, event_id
    limit %(rows)s
"""
_deliveries: LiteralString = """
    select namespace_id, workflow_id, run_id::text, event_id, payload
    from transfer_tasks
    where shard_id = any(%(shards)s) and kind = 'deliver'
      and (run_id, event_id) > (%(run_id)s::uuid, %(event_id)s)
    order by run_id, event_id
    limit %(rows)s
"""
_count: LiteralString = """
    select count(*) from (
        select 1 from transfer_tasks
        where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
          and kind <> 'deliver'
        limit %(most)s
    ) as found
"""
COUNT_MAX = 1_000_000
QUEUES_MAX = 100_000


class Stored(NamedTuple):
    run: RunKey
    event_id: int
    delivery: Delivery


#: Where a walk over all deliveries begins.
BEFORE_ALL = ("00000000-0000-0000-0000-000000000000", 0)


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
        prefers_ramp=row[10] is not None,
    )


async def queues(connection: Connection) -> list[QueueKey]:
    """The queues that have tasks in this database."""
    cursor = await connection.execute(_queues, {"rows": QUEUES_MAX})
    rows: list[tuple[Any, ...]] = await cursor.fetchall()
    return [QueueKey(*row) for row in rows]


async def queues_of(connection: Connection, namespace_id: str, kind: str, rows: int) -> list[str]:
    """The names of a namespace's queues that have tasks of the kind in this database."""
    given = {"namespace_id": namespace_id, "kind": kind, "rows": rows}
    rows_found: list[tuple[Any, ...]] = await (
        await connection.execute(_queues_of, given)
    ).fetchall()
    return [name for (name,) in rows_found]


async def of_queue(connection: Connection, queue: QueueKey, rows: int) -> list[Task]:
    """The head of one queue."""
    given = {**queue._asdict(), "queue": queue.name, "rows": rows}
    return [_task(row) for row in await (await connection.execute(_of_queue, given)).fetchall()]


async def of_queue_after(
    connection: Connection, queue: QueueKey, rows: int, after: Task
) -> list[Task]:
    """What follows that task of the queue."""
    given = {
        **queue._asdict(),
        "queue": queue.name,
        "rows": rows,
        "priority": after.priority,
        "offered_at": after.offered_at,
        "run_id": after.run.run_id,
        "event_id": after.event_id,
    }
    cursor = await connection.execute(_of_queue_after, given)
    return [_task(row) for row in await cursor.fetchall()]


async def count(connection: Connection, queue: QueueKey) -> int:
    """How many wait in one queue; counting ends at COUNT_MAX."""
    given = {**queue._asdict(), "queue": queue.name, "most": COUNT_MAX}
    row: tuple[Any, ...] | None = await (await connection.execute(_count, given)).fetchone()
    return int(row[0]) if row else 0


async def deliveries(
    connection: Connection, shards: Sequence[int], after: tuple[str, int], rows: int = PAGE_ROWS
) -> list[Stored]:
    """A page of the messages that are not known to have arrived, after that run and event."""
    given = {
        "shards": list(shards),
        "run_id": after[0],
        "event_id": after[1],
        "rows": rows,
    }
    found: list[tuple[Any, ...]] = await (await connection.execute(_deliveries, given)).fetchall()
    return [
        Stored(RunKey(row[0], row[1], row[2]), row[3], decode_delivery(row[4])) for row in found
    ]
