"""Rows of what operators set of task queues; what that is, is its owner's to encode."""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from engine.core.keys import QueueKey
from engine.store.pool import Connection


class Row(NamedTuple):
    namespace_id: str
    name: str
    kind: str
    detail: bytes

    @property
    def queue(self) -> QueueKey:
        return QueueKey(self.namespace_id, self.name, self.kind)


_all: LiteralString = "select namespace_id, name, kind, detail from queue_configs"
_add: LiteralString = """
    insert into queue_configs (namespace_id, name, kind, detail)
    values (%(namespace_id)s, %(name)s, %(kind)s, %(detail)s)
    on conflict do nothing
"""
_take: LiteralString = """
    select detail from queue_configs
    where namespace_id = %(namespace_id)s and name = %(name)s and kind = %(kind)s for update
"""
_write: LiteralString = """
    update queue_configs set detail = %(detail)s
    where namespace_id = %(namespace_id)s and name = %(name)s and kind = %(kind)s
"""
_drop_all: LiteralString = "delete from queue_configs where namespace_id = %(namespace_id)s"


async def every(connection: Connection) -> list[Row]:
    rows: list[tuple[Any, ...]] = await (await connection.execute(_all)).fetchall()
    return [Row(*row) for row in rows]


async def take(connection: Connection, queue: QueueKey) -> bytes:
    """Read it, and keep others from it until the transaction ends; empty where there was none."""
    await connection.execute(_add, Row(*queue, b"")._asdict())
    row: tuple[Any, ...] | None = await (
        await connection.execute(_take, queue._asdict())
    ).fetchone()
    assert row is not None, "it was added, and nobody drops a single one"
    detail: bytes = row[0]
    return detail


async def write(connection: Connection, queue: QueueKey, detail: bytes) -> None:
    await connection.execute(_write, Row(*queue, detail)._asdict())


async def drop_all(connection: Connection, namespace_id: str) -> None:
    await connection.execute(_drop_all, {"namespace_id": namespace_id})
