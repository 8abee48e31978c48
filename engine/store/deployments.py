"""Deployment rows: read all at once, changed one at a time under the row's lock."""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from engine.store.pool import Connection


class Row(NamedTuple):
    namespace_id: str
    name: str
    detail: bytes


_all: LiteralString = "select namespace_id, name, detail from deployments"
_add: LiteralString = """
    insert into deployments (namespace_id, name, detail)
    values (%(namespace_id)s, %(name)s, %(detail)s)
    on conflict do nothing
"""
_take: LiteralString = """
    select namespace_id, name, detail from deployments
    where namespace_id = %(namespace_id)s and name = %(name)s for update
"""
_write: LiteralString = """
    update deployments set detail = %(detail)s
    where namespace_id = %(namespace_id)s and name = %(name)s
"""
_drop: LiteralString = """
    delete from deployments where namespace_id = %(namespace_id)s and name = %(name)s
"""
_drop_all: LiteralString = "delete from deployments where namespace_id = %(namespace_id)s"


async def every(connection: Connection) -> list[Row]:
    rows: list[tuple[Any, ...]] = await (await connection.execute(_all)).fetchall()
    return [Row(*row) for row in rows]


async def add(connection: Connection, row: Row) -> None:
    """One that is there already stays as it is."""
    await connection.execute(_add, row._asdict())


async def take(connection: Connection, namespace_id: str, name: str) -> Row | None:
    """Read it, and keep others from it until the transaction ends."""
    cursor = await connection.execute(_take, {"namespace_id": namespace_id, "name": name})
    row: tuple[Any, ...] | None = await cursor.fetchone()
    return Row(*row) if row else None


async def write(connection: Connection, row: Row) -> None:
    await connection.execute(_write, row._asdict())


async def drop(connection: Connection, namespace_id: str, name: str) -> None:
    await connection.execute(_drop, {"namespace_id": namespace_id, "name": name})


async def drop_all(connection: Connection, namespace_id: str) -> None:
    await connection.execute(_drop_all, {"namespace_id": namespace_id})
