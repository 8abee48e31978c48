"""Where things are: rules, so that they need no table and cannot disagree.

A shard lies in one database, by its number. Among the nodes that live, each shard and each task
queue goes to the one that scores highest for it (rendezvous hashing): when a node comes or goes,
only what it gains or had moves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from engine.core.keys import QueueKey, plain_queue

SCORES_KEPT_MAX = 64


def database_of(shard_id: int, databases: int) -> int:
    """The number of the database, in the order of DATABASE_URL."""
    return shard_id % databases


def shards_of(database: int, databases: int, shard_count: int) -> tuple[int, ...]:
    return tuple(range(database, shard_count, databases))


def shard_owners(nodes: Sequence[str], shard_count: int) -> tuple[str, ...]:
    """The node of each shard; empty names where there is no node."""
    if not nodes:
        return ("",) * shard_count
    scores = [_shard_scores(node, shard_count) for node in nodes]
    best = (max(zip(of_shard, nodes, strict=True)) for of_shard in zip(*scores, strict=True))
    return tuple(node for _, node in best)


def queue_owner(queue: QueueKey, nodes: Sequence[str]) -> str:
    """Both kinds of a queue, for all versions, are on one node, which can then describe it."""
    subject = f"queue\0{queue.namespace_id}\0{plain_queue(queue.name)}"
    return max(((_score(node, subject), node) for node in nodes), default=(0, ""))[1]


@lru_cache(SCORES_KEPT_MAX)
def _shard_scores(node: str, shard_count: int) -> tuple[int, ...]:
    return tuple(_score(node, f"shard\0{shard}") for shard in range(shard_count))


def _score(node: str, subject: str) -> int:
    named = f"{node}\0{subject}".encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big")
