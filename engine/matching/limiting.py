"""How fast a queue's tasks go: as an operator has set it, or else as its workers ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.keys import QueueKey
from engine.matching.actor import QueueActor
from engine.matching.versions import plain_of


class Rates:
    """What operators have set, of the queues of this node."""

    def __init__(self, actors: Callable[[], Mapping[QueueKey, QueueActor]]) -> None:
        self._actors = actors
        self._set: Mapping[QueueKey, float] = {}

    def limit(self, rates: Mapping[QueueKey, float]) -> None:
        """From now on these queues go so, by tasks a second; all others as their workers say."""
        self._set = rates
        for key, actor in list(self._actors().items()):
            if apply(actor, rates.get(plain_of(key))):
                actor.match()

    def begin(self, place: QueueKey, actor: QueueActor) -> None:
        apply(actor, self._set.get(plain_of(place)))


def apply(actor: QueueActor, rate: float | None) -> bool:
    """Whether it goes otherwise now; None leaves it to the workers."""
    if rate == actor.rate_set:
        return False
    actor.rate_set = rate
    actor.queue.limit(actor.rate_asked if rate is None else rate)
    return True
