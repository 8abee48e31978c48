"""Rows of Nexus endpoints; what an endpoint is, is its owner's to encode."""

from __future__ import annotations

from enum import Enum
from typing import Any, LiteralString, NamedTuple

from psycopg.errors import UniqueViolation

from engine.store.pool import Connection


class Row(NamedTuple):
    id: str
    name: str
    version: int
    detail: bytes


class Changed(Enum):
    DONE = "done"
    #: Or another has changed it since it was read.
    NOT_THERE = "not there"
    NAME_TAKEN = "name taken"


_all: LiteralString = "select id, name, version, detail from nexus_endpoints order by id"
_add: LiteralString = """
    insert into nexus_endpoints (id, name, version, detail)
    values (%(id)s, %(name)s, 1, %(detail)s)
    on conflict do nothing
"""
_change: LiteralString = """
    update nexus_endpoints set detail = %(detail)s, name = %(name)s, version = version + 1
    where id = %(id)s and version = %(version)s
"""
_drop: LiteralString = "delete from nexus_endpoints where id = %(id)s"


async def every(connection: Connection) -> list[Row]:
    rows: list[tuple[Any, ...]] = await (await connection.execute(_all)).fetchall()
    return [Row(*row) for row in rows]


async def add(connection: Connection, row: Row) -> bool:
    """False where the name is taken."""
    cursor = await connection.execute(_add, row._asdict())
    return cursor.rowcount == 1


async def change(connection: Connection, row: Row) -> Changed:
    try:
        async with connection.transaction():
            cursor = await connection.execute(_change, row._asdict())
    except UniqueViolation:
        return Changed.NAME_TAKEN
    return Changed.DONE if cursor.rowcount == 1 else Changed.NOT_THERE


async def drop(connection: Connection, endpoint_id: str) -> bool:
    cursor = await connection.execute(_drop, {"id": endpoint_id})
    return cursor.rowcount == 1
