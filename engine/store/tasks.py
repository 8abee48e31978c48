"""Reads of transfer tasks: the backlog of the queues, and messages on their way to other runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

from engine.core.effects import Delivery
from engine.core.keys import QueueKey, RunKey
from engine.core.priorities import Waiting
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
# And through one queue, from one lane to the next: a row each, however much waits behind it.
_lanes: LiteralString = """
    with recursive found as (
        (select priority, fairness_key, fairness_weight from transfer_tasks
         where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
           and kind <> 'deliver' and (priority, fairness_key) > (%(priority)s, %(key)s)
         order by priority, fairness_key limit 1)
        union all
        select following.* from found cross join lateral (
            select task.priority, task.fairness_key, task.fairness_weight
            from transfer_tasks as task
            where task.namespace_id = %(namespace_id)s and task.queue = %(queue)s
              and task.kind = %(kind)s and task.kind <> 'deliver'
              and (task.priority, task.fairness_key) > (found.priority, found.fairness_key)
            order by task.priority, task.fairness_key limit 1
        ) as following
    )
    select priority, fairness_key, fairness_weight from found limit %(rows)s
"""
_oldest: LiteralString = """
    select task.* from unnest(%(keys)s::text[], %(offered_ats)s::bigint[], %(run_ids)s::uuid[],
        %(event_ids)s::bigint[], %(shares)s::integer[])
        as lane (key, offered_at, run_id, event_id, share)
    cross join lateral (
        select namespace_id, workflow_id, run_id::text, kind, event_id, attempt, queue, priority,
            fairness_key, fairness_weight, sticky, offered_at, payload
        from transfer_tasks
        where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
          and kind <> 'deliver' and priority = %(priority)s and fairness_key = lane.key
          and (offered_at, run_id, event_id) > (lane.offered_at, lane.run_id, lane.event_id)
        order by offered_at, run_id, event_id
        limit lane.share
    ) as task
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
    select priority, count(*), min(offered_at) from (
        select priority, offered_at from transfer_tasks
        where namespace_id = %(namespace_id)s and queue = %(queue)s and kind = %(kind)s
          and kind <> 'deliver'
        order by priority, fairness_key, offered_at
        limit %(most)s
    ) as found
    group by priority
"""
COUNT_MAX = 1_000_000
QUEUES_MAX = 100_000


class Stored(NamedTuple):
    run: RunKey
    event_id: int
    delivery: Delivery


#: Where a walk over all deliveries begins.
BEFORE_ALL = ("00000000-0000-0000-0000-000000000000", 0)


class Head(NamedTuple):
    """A lane of a queue: its tasks of one priority and key, those after the one named here."""

    priority: int
    key: str
    weight: float
    offered_at: int = -1
    run_id: str = BEFORE_ALL[0]
    event_id: int = 0

    def after(self, task: Task) -> Head:
        return self._replace(
            offered_at=task.offered_at, run_id=task.run.run_id, event_id=task.event_id
        )


def _task(row: tuple[Any, ...]) -> Task:
    namespace_id, workflow_id, run_id, kind, event_id, attempt, queue = row[:7]
    return Task(
        run=RunKey(namespace_id, workflow_id, run_id),
        queue=QueueKey(namespace_id, queue, kind),
        event_id=event_id,
        attempt=attempt,
        priority=row[7],
        key=row[8],
        weight=row[9],
        sticky=row[10],
        offered_at=row[11],
        prefers_ramp=row[12] is not None,
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


async def lanes(
    connection: Connection, queue: QueueKey, after: tuple[int, str], rows: int
) -> list[Head]:
    """The lanes of one queue that follow this one, each as its oldest task weighs it."""
    given = {**_named(queue), "priority": after[0], "key": after[1], "rows": rows}
    found: list[tuple[Any, ...]] = await (await connection.execute(_lanes, given)).fetchall()
    return [Head(*row) for row in found]


async def oldest(
    connection: Connection, queue: QueueKey, of: Sequence[Head], counts: Sequence[int]
) -> list[Task]:
    """So many of each of these lanes, which are of one priority."""
    given = {
        **_named(queue),
        "priority": of[0].priority,
        "keys": [head.key for head in of],
        "offered_ats": [head.offered_at for head in of],
        "run_ids": [head.run_id for head in of],
        "event_ids": [head.event_id for head in of],
        "shares": list(counts),
    }
    return [_task(row) for row in await (await connection.execute(_oldest, given)).fetchall()]


async def count(connection: Connection, queue: QueueKey) -> list[Waiting]:
    """How many wait in one queue, by priority; counting ends at COUNT_MAX."""
    given = {**_named(queue), "most": COUNT_MAX}
    found: list[tuple[Any, ...]] = await (await connection.execute(_count, given)).fetchall()
    return [Waiting(*row) for row in found]


def _named(queue: QueueKey) -> dict[str, object]:
    return {"namespace_id": queue.namespace_id, "queue": queue.name, "kind": queue.kind}


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
