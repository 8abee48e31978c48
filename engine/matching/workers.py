"""What workers say of themselves: their last heartbeat, in memory, for as long as they may live.

Nothing here is stored: a worker beats again within a minute. Over several nodes each worker's is
kept by the node that a queue of its instance key would be on; one that moved may be kept twice for
a while, and then the later beat is the one that is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

import msgspec
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat

from engine.clock import Clock
from engine.cluster import messages
from engine.cluster.node import Node
from engine.core.keys import QueueKey
from engine.errors import EngineError

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
#: SDKs beat once a minute; one that has been silent for so long is forgotten.
KEPT_NS = 600 * SECOND
KEPT_MAX = 10_000
KEPT_BYTES_MAX = 64 * 2**20
#: Names the node that keeps a worker, among the names of queues.
KIND = "worker"
_SHUTDOWN = WorkerStatus.WORKER_STATUS_SHUTDOWN

Key = tuple[str, str]


class Kept(msgspec.Struct, frozen=True, gc=False):
    beat: WorkerHeartbeat
    at: int
    size: int


class Workers:
    """Those of this node, the longest silent first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Key, Kept] = {}
        self._bytes = 0

    def record(self, namespace_id: str, beats: Sequence[WorkerHeartbeat]) -> None:
        """The last word of a worker that is gone is that it is gone."""
        at = self._clock.now()
        for beat in beats:
            key = (namespace_id, beat.worker_instance_key)
            self._drop(key)
            if beat.status != _SHUTDOWN:
                self._kept[key] = kept = Kept(beat, at, beat.ByteSize())
                self._bytes += kept.size
        self._make_room(at)

    def _drop(self, key: Key) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._bytes -= kept.size

    def _make_room(self, at: int) -> None:
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            is_full = len(self._kept) > KEPT_MAX or self._bytes > KEPT_BYTES_MAX
            if not is_full and at - oldest.at <= KEPT_NS:
                return
            self._drop(key)

    def here(self, namespace_id: str, instance: str | None = None) -> list[WorkerHeartbeat]:
        self._make_room(self._clock.now())
        if instance is not None:
            kept = self._kept.get((namespace_id, instance))
            return [] if kept is None else [kept.beat]
        return [kept.beat for key, kept in self._kept.items() if key[0] == namespace_id]

    async def seen(self, namespace_id: str, instance: str | None = None) -> list[WorkerHeartbeat]:
        """By their instance key."""
        return latest(self.here(namespace_id, instance))


class SpreadWorkers:
    """Those of all nodes."""

    def __init__(self, local: Workers, cluster: Node) -> None:
        self._local = local
        self._cluster = cluster

    def record(self, namespace_id: str, beats: Sequence[WorkerHeartbeat]) -> None:
        by_node: dict[str, list[WorkerHeartbeat]] = {}
        for beat in beats:
            if beat.status == _SHUTDOWN:
                # Whoever had it before nodes came or went is to forget it too.
                self._local.record(namespace_id, [beat])
                self._cluster.tell_all(message_of(namespace_id, [beat]))
            else:
                key = QueueKey(namespace_id, beat.worker_instance_key, KIND)
                by_node.setdefault(self._cluster.of_queue(key), []).append(beat)
        for node, theirs in by_node.items():
            if node == self._cluster.here:
                self._local.record(namespace_id, theirs)
            else:
                self._cluster.tell(node, message_of(namespace_id, theirs))

    async def seen(self, namespace_id: str, instance: str | None = None) -> list[WorkerHeartbeat]:
        """A node that does not answer is on its way out: its workers beat elsewhere soon."""
        others = [node for node in self._cluster.view.nodes if node != self._cluster.here]
        answers = await asyncio.gather(
            *(self._cluster.workers(node, namespace_id, instance) for node in others),
            return_exceptions=True,
        )
        found = self._local.here(namespace_id, instance)
        for node, answer in zip(others, answers, strict=True):
            if isinstance(answer, EngineError):
                log.warning("%s does not tell of its workers: %s", node, answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += map(WorkerHeartbeat.FromString, answer)
        return latest(found)


def message_of(namespace_id: str, beats: Iterable[WorkerHeartbeat]) -> messages.Beats:
    return messages.Beats(namespace_id, [beat.SerializeToString() for beat in beats])


def latest(beats: Iterable[WorkerHeartbeat]) -> list[WorkerHeartbeat]:
    """One for each worker, in the order of their instance keys."""
    found: dict[str, WorkerHeartbeat] = {}
    for beat in beats:
        known = found.get(beat.worker_instance_key)
        if known is None or _moment(beat) >= _moment(known):
            found[beat.worker_instance_key] = beat
    return [found[key] for key in sorted(found)]


def _moment(beat: WorkerHeartbeat) -> int:
    return beat.heartbeat_time.ToNanoseconds()
