"""Schedule rows, and their visibility records, changed in one transaction.

Who takes a row holds its lock until the transaction ends, so two nodes never act on the same time;
the version in each write says the same once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from engine.store.pool import Connection
from search import outbox
from search.postgres import table
from search.records import VisibilityRecord


class Row(NamedTuple):
    namespace_id: str
    schedule_id: str
    version: int
    next_at: int | None
    state: bytes


_add: LiteralString = """
    insert into schedules (namespace_id, schedule_id, version, next_at, state)
    values (%(namespace_id)s, %(schedule_id)s, %(version)s, %(next_at)s, %(state)s)
    on conflict do nothing
"""
_read: LiteralString = """
    select namespace_id, schedule_id, version, next_at, state from schedules
    where namespace_id = %(namespace_id)s and schedule_id = %(schedule_id)s
"""
_several: LiteralString = """
    select namespace_id, schedule_id, version, next_at, state from schedules
    where namespace_id = %(namespace_id)s and schedule_id = any(%(schedule_ids)s::text[])
"""
# Another node that looks at the same moment takes others.
_due: LiteralString = """
    select namespace_id, schedule_id, version, next_at, state from schedules
    where next_at <= %(at)s order by next_at limit %(rows)s for update skip locked
"""
_nearest: LiteralString = """
    select next_at from schedules where next_at is not null order by next_at limit 1
"""
_change: LiteralString = """
    update schedules set version = version + 1, next_at = %(next_at)s, state = %(state)s
    where namespace_id = %(namespace_id)s and schedule_id = %(schedule_id)s
      and version = %(version)s
"""
_drop: LiteralString = """
    delete from schedules
    where namespace_id = %(namespace_id)s and schedule_id = %(schedule_id)s
"""
_of_namespace: LiteralString = """
    select namespace_id, schedule_id, version, next_at, state from schedules
    where namespace_id = %(namespace_id)s limit %(rows)s for update skip locked
"""


async def _rows(connection: Connection, statement: LiteralString, **given: Any) -> list[Row]:
    found: list[tuple[Any, ...]] = await (await connection.execute(statement, given)).fetchall()
    return [Row(*row) for row in found]


async def add(connection: Connection, row: Row) -> bool:
    """Whether it was added; false where there is one of that id."""
    return (await connection.execute(_add, row._asdict())).rowcount == 1


async def read(connection: Connection, namespace_id: str, schedule_id: str) -> Row | None:
    found = await _rows(connection, _read, namespace_id=namespace_id, schedule_id=schedule_id)
    return found[0] if found else None


_take: LiteralString = _read + " for update"


async def take(connection: Connection, namespace_id: str, schedule_id: str) -> Row | None:
    """Read it, and keep others from it until the transaction ends."""
    found = await _rows(connection, _take, namespace_id=namespace_id, schedule_id=schedule_id)
    return found[0] if found else None


async def several(
    connection: Connection, namespace_id: str, schedule_ids: Sequence[str]
) -> list[Row]:
    return await _rows(
        connection, _several, namespace_id=namespace_id, schedule_ids=list(schedule_ids)
    )


async def take_due(connection: Connection, at: int, rows: int) -> list[Row]:
    return await _rows(connection, _due, at=at, rows=rows)


async def take_of_namespace(connection: Connection, namespace_id: str, rows: int) -> list[Row]:
    return await _rows(connection, _of_namespace, namespace_id=namespace_id, rows=rows)


async def nearest(connection: Connection) -> int | None:
    """When the next one is due."""
    row: tuple[Any, ...] | None = await (await connection.execute(_nearest)).fetchone()
    return int(row[0]) if row else None


async def change(connection: Connection, row: Row) -> bool:
    """Whether `row.version` was still the current one."""
    return (await connection.execute(_change, row._asdict())).rowcount == 1


async def drop(connection: Connection, namespace_id: str, schedule_id: str) -> bool:
    given = {"namespace_id": namespace_id, "schedule_id": schedule_id}
    return (await connection.execute(_drop, given)).rowcount == 1


async def show(
    connection: Connection, shard_id: int, record: VisibilityRecord, at: datetime, *, indexed: bool
) -> None:
    """In the transaction of the change; `indexed`: there is an index beside the table."""
    await table.upsert(connection, [record])
    if indexed:
        await outbox.append(connection, [(shard_id, record)], at)
