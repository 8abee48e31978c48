"""How fast a queue's tasks go, and in which shares: as an operator has set it, or else as its
workers and its tasks ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.keys import QueueKey
from engine.core.priorities import QueueOrder
from engine.matching.actor import QueueActor
from engine.matching.versions import plain_of

NONE = QueueOrder()


class Orders:
    """What operators have set, of the queues of this node."""

    def __init__(self, actors: Callable[[], Mapping[QueueKey, QueueActor]]) -> None:
        self._actors = actors
        self._set: Mapping[QueueKey, QueueOrder] = {}

    def order(self, orders: Mapping[QueueKey, QueueOrder]) -> None:
        """From now on these queues go so; all others as their workers and tasks say."""
        self._set = orders
        for key, actor in list(self._actors().items()):
            if apply(actor, orders.get(plain_of(key), NONE)):
                actor.match()

    def begin(self, place: QueueKey, actor: QueueActor) -> None:
        apply(actor, self._set.get(plain_of(place), NONE))


def apply(actor: QueueActor, order: QueueOrder) -> bool:
    """Whether it goes otherwise now."""
    if order == actor.order:
        return False
    actor.order = order
    actor.queue.limit(actor.rate_asked if order.rate is None else order.rate)
    actor.queue.share(order.weights, order.key_rate)
    return True
