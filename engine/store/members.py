"""The nodes that share the databases: one row each, and a notice to all when one comes or goes.

A row says that a node lives, as far as others can see; it gives no right to anything. Two nodes
that were told the same address take the row from each other: `beat` finds out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString, NamedTuple

from engine.store.pool import Connection


class Row(NamedTuple):
    address: str
    node_id: str
    beats: int
    owned: int


_listen: LiteralString = "listen perdure_members"
_tell: LiteralString = "notify perdure_members"
_enter: LiteralString = """
    insert into members (address, node_id, beats, owned)
    values (%(address)s, %(node_id)s::uuid, 0, 0)
    on conflict (address) do update set node_id = excluded.node_id, beats = 0, owned = 0
"""
_beat: LiteralString = """
    update members set beats = beats + 1, owned = %(owned)s
    where address = %(address)s and node_id = %(node_id)s::uuid
"""
_leave: LiteralString = """
    delete from members where address = %(address)s and node_id = %(node_id)s::uuid
"""
# It may have come to life since it was seen: then its count has moved, and it stays.
_bury: LiteralString = """
    delete from members
    where address = %(address)s and node_id = %(node_id)s::uuid and beats = %(beats)s
"""
_every: LiteralString = """
    select address, node_id::text, beats, owned from members order by address
"""


async def listen(connection: Connection) -> None:
    """From here on `changed` wakes on this connection."""
    await connection.execute(_listen)


async def changed(connection: Connection, seconds: float) -> bool:
    """Whether a node came or went within the time."""
    async for _ in connection.notifies(timeout=seconds, stop_after=1):
        return True
    return False


async def enter(connection: Connection, address: str, node_id: str) -> None:
    """Also in the place of one that was at this address before."""
    await connection.execute(_enter, {"address": address, "node_id": node_id})
    await connection.execute(_tell)


async def beat(connection: Connection, address: str, node_id: str, owned: int) -> bool:
    """Whether the row was still there, and ours."""
    given = {"address": address, "node_id": node_id, "owned": owned}
    return (await connection.execute(_beat, given)).rowcount == 1


async def leave(connection: Connection, address: str, node_id: str) -> None:
    await _drop(connection, _leave, {"address": address, "node_id": node_id})


async def bury(connection: Connection, dead: Row) -> bool:
    """Whether it went; the others may have been first, or it lives after all."""
    return await _drop(connection, _bury, dead._asdict())


async def _drop(
    connection: Connection, statement: LiteralString, given: Mapping[str, object]
) -> bool:
    if (await connection.execute(statement, given)).rowcount == 0:
        return False
    await connection.execute(_tell)
    return True


async def every(connection: Connection) -> list[Row]:
    rows = await (await connection.execute(_every)).fetchall()
    return [Row(str(row[0]), str(row[1]), int(str(row[2])), int(str(row[3]))) for row in rows]
