"""Which queues are a version's, and where a worker of a version waits.

What is pinned to a version is in a queue of its own, which only that version's workers poll; all
else of a queue goes to the workers of the version that the queue is routed to, or to those of none.

Under a ramp the plain queue has two sides: what the ramp takes, by its workflow id, waits in the
place `ramp_queue`, which is in memory alone. The store keeps both under the plain name, so a ramp
that moves stores nothing: both sides forget what they hold, and read back what is theirs now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import partial

from engine.core.keys import QueueKey, plain_queue, ramp_queue, version_queue
from engine.core.routing import UNROUTED, Route
from engine.matching.actor import QueueActor, emptied
from engine.matching.reading import Meant
from engine.ports import Poller, Task


class Versions:
    """`leave` gives up a sticky queue: its tasks go to the normal queues of their runs. `move`
    takes a task that was held, to wait where it belongs now."""

    def __init__(
        self,
        actors: Callable[[], Mapping[QueueKey, QueueActor]],
        leave: Callable[[QueueKey], None],
        move: Callable[[Task], None],
    ) -> None:
        self.routes: Mapping[QueueKey, Route] = {}
        self.is_ramping = False
        self._actors = actors
        self._leave = leave
        self._move = move

    # -- where polls and tasks wait

    def places(self, queue: QueueKey, poller: Poller) -> tuple[QueueKey, QueueKey | None]:
        """Where the poll waits, and where besides.

        A worker that the queue is not routed to, and of no version, waits where no task comes.
        """
        open_ = self._open(queue, poller)
        if open_ is not None and not poller.version:
            return open_, None
        return queue._replace(name=version_queue(queue.name, poller.version or _NOBODY)), open_

    def _open(self, queue: QueueKey, poller: Poller) -> QueueKey | None:
        """The place of what is pinned to no version, as far as this worker may have it."""
        route = self.routes.get(home(queue, poller), UNROUTED)
        if route.current == poller.version:
            return queue
        if route.ramp != poller.version:
            return None
        # Of a sticky queue the worker has whatever is in it: all of that is routed to it.
        return queue if poller.normal else of_ramp(queue)

    def place(
        self, queue: QueueKey, workflow_id: str, *, prefers_ramp: bool = False
    ) -> QueueKey | None:
        """Where a task waits; None for one in the sticky queue of a worker that it is not for."""
        if not self.is_ramping:
            return queue
        if (route := self.routes.get(queue)) is not None:
            is_ramped = route.is_ramped(workflow_id, prefers_ramp=prefers_ramp)
            return of_ramp(queue) if is_ramped else queue
        is_owners = self._is_owners(queue)
        return queue if is_owners is None or is_owners(workflow_id) else None

    def _is_owners(self, queue: QueueKey) -> Callable[[str], bool] | None:
        """Of a sticky queue under a ramp: whether its worker is the one for a workflow id."""
        actor = self._actors().get(queue)
        owner = actor.owner if actor is not None else None
        if owner is None or not owner.normal:
            return None
        route = self.routes.get(home(queue, owner), UNROUTED)
        if route.ramp is None:
            return None
        return lambda workflow_id: route.version_of(workflow_id) == owner.version

    def meant(self, place: QueueKey) -> Meant | None:
        """Which of the stored tasks of its queue are for this place; None for all."""
        if is_of_ramp(place):
            ramped = self.routes.get(plain_of(place), UNROUTED)
            return partial(_is_taken, ramped)
        if not self.is_ramping:
            return None
        if (route := self.routes.get(place)) is not None:
            return None if route.ramp is None else partial(_is_left, route)
        if (is_owners := self._is_owners(place)) is not None:
            return lambda task: is_owners(task.run.workflow_id)
        return None

    def sides(self, queue: QueueKey) -> list[QueueActor]:
        """Where tasks of the queue wait that are pinned to no version, as far as it is in use."""
        places = (queue, of_ramp(queue)) if _is_ramped(self.routes, queue) else (queue,)
        found = map(self._actors().get, places)
        return [actor for actor in found if actor is not None]

    # -- routes that change

    def route(self, routes: Mapping[QueueKey, Route]) -> None:
        """Who waits where others are served now polls again; what only these would do moves on."""
        old, self.routes = self.routes, routes
        changed = {name for name in routes.keys() | old.keys() if routes.get(name) != old.get(name)}
        if not changed:
            return
        self.is_ramping = any(route.ramp is not None for route in routes.values())
        for key, actor in list(self._actors().items()):
            plain = plain_of(key)
            homes = {home(plain, poller) for poller in pollers(actor)}
            if homes & changed:
                actor.end_polls(partial(_is_home_of, plain, changed))
                if key == plain and plain not in homes:
                    self._leave(key)
        ramped = {name for name in changed if _is_ramped(old, name) or _is_ramped(routes, name)}
        self._sort_again(ramped)

    def _sort_again(self, queues: Set[QueueKey]) -> None:
        """All that either side holds is taken out before any of it is put back."""
        sides = [place for queue in queues for place in (queue, of_ramp(queue))]
        found = [actor for place in sides if (actor := self._actors().get(place)) is not None]
        for task in [task for actor in found for task in emptied(actor)]:
            self._move(task)


#: A version that no worker has: where one of none waits that no task is for.
_NOBODY = ":"
_RAMPS = ramp_queue("")


def _is_ramped(routes: Mapping[QueueKey, Route], name: QueueKey) -> bool:
    return routes.get(name, UNROUTED).ramp is not None


def of_ramp(queue: QueueKey) -> QueueKey:
    return queue._replace(name=ramp_queue(queue.name))


def is_of_ramp(place: QueueKey) -> bool:
    return place.name.startswith(_RAMPS)


def _is_taken(route: Route, task: Task) -> bool:
    return route.is_ramped(task.run.workflow_id, prefers_ramp=task.prefers_ramp)


def _is_left(route: Route, task: Task) -> bool:
    return not _is_taken(route, task)


def plain_of(key: QueueKey) -> QueueKey:
    return key._replace(name=plain_queue(key.name))


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
    return key.name != queue.name and plain_of(key) == queue
