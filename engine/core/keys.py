"""Names of runs and queues, and the shard that a workflow id belongs to."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class RunKey(NamedTuple):
    """A run; an empty `run_id` means the current run of the workflow id."""

    namespace_id: str
    workflow_id: str
    run_id: str


class QueueKey(NamedTuple):
    """A task queue as matching sees it: one per namespace, name and kind of task."""

    namespace_id: str
    name: str
    kind: str


WORKFLOW = "workflow"
ACTIVITY = "activity"


def shard_of(namespace_id: str, workflow_id: str, shard_count: int) -> int:
    named = f"{namespace_id}\0{workflow_id}".encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big") % shard_count
