"""Which queues somebody asks: of this node, and of all. A hint: in memory, and soon forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec

from engine.clock import Clock
from engine.cluster.node import Node
from engine.core.keys import QueueKey
from engine.errors import EngineError
from engine.matching.actor import QueueActor

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_names = msgspec.msgpack.Decoder(list[str]).decode


class Polled:
    """Those of this node."""

    def __init__(self, actors: Callable[[], Mapping[QueueKey, QueueActor]], clock: Clock) -> None:
        self._actors = actors
        self._clock = clock

    def here(self, namespace_id: str, kind: str) -> list[str]:
        now, actors = self._clock.now(), self._actors()
        meant = [key for key in actors if (key.namespace_id, key.kind) == (namespace_id, kind)]
        return [key.name for key in meant if actors[key].seen.shown(now)]

    async def names(self, namespace_id: str, kind: str) -> set[str]:
        return set(self.here(namespace_id, kind))


class SpreadPolled:
    """Those of all nodes."""

    def __init__(self, local: Polled, cluster: Node) -> None:
        self._local = local
        self._cluster = cluster

    async def names(self, namespace_id: str, kind: str) -> set[str]:
        """A node that does not answer is on its way out: its queues are asked elsewhere soon."""
        cluster, question = self._cluster, _encode((namespace_id, kind))
        others = [node for node in cluster.view.nodes if node != cluster.here]
        answers = await asyncio.gather(
            *(cluster.peers.ask(node, "Polled", question) for node in others),
            return_exceptions=True,
        )
        found = set(self._local.here(namespace_id, kind))
        for node, answer in zip(others, answers, strict=True):
            if isinstance(answer, EngineError):
                log.warning("%s does not tell of its queues: %s", node, answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.update(_names(answer))
        return found
