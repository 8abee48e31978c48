"""Which queues are a version's, and where a worker of a version waits.

What is pinned to a version is in a queue of its own, which only that version's workers poll; all
else of a queue goes to the workers of the version that the queue is routed to, or to those of none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import partial

from engine.core.keys import QueueKey, plain_queue, version_queue
from engine.matching.actor import QueueActor
from engine.ports import Poller


class Versions:
    """`leave` gives up a sticky queue: its tasks go to the normal queues of their runs."""

    def __init__(
        self, actors: Callable[[], Mapping[QueueKey, QueueActor]], leave: Callable[[QueueKey], None]
    ) -> None:
        self.currents: Mapping[QueueKey, str] = {}
        self._actors = actors
        self._leave = leave

    def places(self, queue: QueueKey, poller: Poller) -> tuple[QueueKey, QueueKey | None]:
        """Where the poll waits, and where besides.

        A worker that the queue is not routed to, and of no version, waits where no task comes.
        """
        is_open = self.currents.get(home(queue, poller), "") == poller.version
        if is_open and not poller.version:
            return queue, None
        own = queue._replace(name=version_queue(queue.name, poller.version))
        return own, queue if is_open else None

    def route(self, currents: Mapping[QueueKey, str]) -> None:
        """Who waits where others are served now polls again; what only these would do moves on."""
        names = currents.keys() | self.currents.keys()
        changed = {name for name in names if currents.get(name) != self.currents.get(name)}
        self.currents = currents
        if not changed:
            return
        for key, actor in list(self._actors().items()):
            plain = key._replace(name=plain_queue(key.name))
            homes = {home(plain, poller) for poller in pollers(actor)}
            if homes & changed:
                actor.end_polls(partial(_is_home_of, plain, changed))
                if key == plain and plain not in homes:
                    self._leave(key)


def pollers(actor: QueueActor) -> list[Poller]:
    """Who waits, or has polled of late."""
    shown = actor.seen.shown(actor.now())
    return [*(poll.poller for poll in actor.queue.polls), *(seen.poller for seen in shown)]


def home(queue: QueueKey, poller: Poller) -> QueueKey:
    """The queue whose routing says what the poller of this one may have."""
    return queue._replace(name=poller.normal) if poller.normal else queue


def _is_home_of(queue: QueueKey, changed: Set[QueueKey], poller: Poller) -> bool:
    return home(queue, poller) in changed


def is_of(queue: QueueKey, key: QueueKey) -> bool:
    """Whether `key` is the queue of a version beside this one."""
    name = plain_queue(key.name)
    return name != key.name and key._replace(name=name) == queue
