"""Namespace rows; what a namespace is, is its owner's (`engine/namespaces.py`) to encode."""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from engine.store.pool import Connection


class Row(NamedTuple):
    id: str
    name: str
    version: int
    detail: bytes


_all: LiteralString = "select id, name, version, detail from namespaces order by name"
_add: LiteralString = """
    insert into namespaces (id, name, version, detail)
    values (%(id)s, %(name)s, 1, %(detail)s)
    on conflict do nothing
"""
# Another may have changed it since it was read: then no row is found, and the caller reads again.
_change: LiteralString = """
    update namespaces set detail = %(detail)s, name = %(name)s, version = version + 1
    where id = %(id)s and version = %(version)s
"""
_drop: LiteralString = "delete from namespaces where id = %(id)s"


async def every(connection: Connection) -> list[Row]:
    rows: list[tuple[Any, ...]] = await (await connection.execute(_all)).fetchall()
    return [Row(*row) for row in rows]


async def add(connection: Connection, row: Row) -> bool:
    """Whether it was added; false if the name or id is taken."""
    cursor = await connection.execute(_add, row._asdict())
    return cursor.rowcount == 1


async def change(connection: Connection, row: Row) -> bool:
    """Whether `row.version` was still the current one."""
    cursor = await connection.execute(_change, row._asdict())
    return cursor.rowcount == 1


async def drop(connection: Connection, namespace_id: str) -> None:
    await connection.execute(_drop, {"id": namespace_id})
