"""Which database a shard lies in: a rule, so that it needs no table and cannot disagree."""

from __future__ import annotations


def database_of(shard_id: int, databases: int) -> int:
    """The number of the database, in the order of DATABASE_URL."""
    return shard_id % databases


def shards_of(database: int, databases: int, shard_count: int) -> tuple[int, ...]:
    return tuple(range(database, shard_count, databases))
