"""Ownership of shards: session advisory locks, held by the connection that commits.

    free ──try_lock──▶ held by this connection ──unlock, or connection ends──▶ free

A stale owner cannot commit: its lock has died with the connection that it would commit on. Two
nodes that want the same shard: one gets true, the other asks again later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from engine.store.pool import Connection

#: The class id of our advisory locks, apart from those of others in the same database.
LOCK_CLASS = 0x50455244

_try_lock: LiteralString = """
    select shard_id from unnest(%(shards)s::integer[]) as wanted (shard_id)
    where pg_try_advisory_lock(%(lock_class)s, shard_id)
"""


async def try_lock(connection: Connection, shards: Sequence[int]) -> list[int]:
    """Those of `shards` that are this connection's now."""
    cursor = await connection.execute(_try_lock, {"shards": list(shards), "lock_class": LOCK_CLASS})
    return [int(str(row[0])) for row in await cursor.fetchall()]


_unlock: LiteralString = """
    select count(*) from unnest(%(shards)s::integer[]) as given (shard_id)
    where pg_advisory_unlock(%(lock_class)s, shard_id)
"""


async def unlock(connection: Connection, shards: Sequence[int]) -> None:
    """Another connection may have them from here on."""
    await connection.execute(_unlock, {"shards": list(shards), "lock_class": LOCK_CLASS})


_facts: LiteralString = """
    select shard_count, database_number, database_count from engine_facts
"""


async def facts(connection: Connection) -> tuple[int, int, int]:
    """Number of shards in all, this database's number, and how many databases there are."""
    cursor = await connection.execute(_facts)
    row = await cursor.fetchone()
    assert row is not None, "a migrated database knows its shards"
    count, number, databases = (int(str(value)) for value in row)
    return count, number, databases
