"""What one node sees of the cluster at one moment. It is replaced as a whole, never changed."""

from __future__ import annotations

from collections.abc import Iterable

from engine.cluster import placement
from engine.core.keys import QueueKey


class View:
    """`nodes` are the addresses of those that live, in order."""

    def __init__(self, nodes: Iterable[str], shard_count: int) -> None:
        self.nodes = tuple(sorted(nodes))
        self.shard_owners = placement.shard_owners(self.nodes, shard_count)

    def of_queue(self, queue: QueueKey) -> str:
        return placement.queue_owner(queue, self.nodes)
