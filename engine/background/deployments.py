"""Deployments of workers: their versions, and which one a queue's tasks go to.

    a worker of a version polls ──▶ the version and its queue are written down, once
    set current, ramping        ──▶ its queues are routed to it, on every node

Each node has them all in memory, so a poll asks no database, and tells matching what is routed
where. Who changes one waits until the other nodes have read it; one that cannot be told reads it
within seconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from engine.background.deployment import Deployment, Version, with_current, with_ramp
from engine.clock import Clock
from engine.core.keys import QueueKey, version_name
from engine.core.routing import UNROUTED, Route
from engine.ports import Routed
from engine.store import deployments as store
from engine.store.deployments import Row
from engine.store.pool import Pool

Change = Callable[[Deployment], Deployment | None]
#: Refuses what may not be; what it answers is changed then.
Check = Callable[[Deployment], Deployment]
#: The build id, or None for the end of a ramp; and how many per cent.
Ramp = tuple[str | None, float]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Deployment).decode


class Deployments:
    def __init__(self, pool: Pool, clock: Clock, queues: Routed) -> None:
        self._pool = pool
        self._clock = clock
        self._queues = queues
        self._known: dict[tuple[str, str], Deployment] = {}
        self._routes: dict[QueueKey, Route] = {}
        # Introduced where there are other nodes: makes them read.
        self.tell_others: Callable[[], Awaitable[None]] = _no_others

    async def read(self) -> None:
        async with self._pool.connection() as connection:
            rows = await store.every(connection)
        found = map(_decode, (row.detail for row in rows))
        self._known = {(each.namespace_id, each.name): each for each in found}
        self._route()

    def _route(self) -> None:
        """Where two deployments claim a queue, the later claim holds."""
        currents: dict[QueueKey, str] = {}
        for each in sorted(self._known.values(), key=lambda each: each.current_at):
            for queue in _queues(each, each.current):
                currents[queue] = version_name(each.name, each.current)
        routes = {queue: Route(current) for queue, current in currents.items()}
        for each in sorted(self._known.values(), key=lambda each: each.ramp_percentage_at):
            if each.ramping is None:
                continue
            ramp = version_name(each.name, each.ramping) if each.ramping else ""
            # The unversioned workers take over, in part, what is the current version's.
            for queue in _queues(each, each.ramping or each.current):
                routes[queue] = Route(currents.get(queue, ""), ramp, each.ramp_percentage)
        self._routes = routes
        self._queues.route(routes)

    # -- what callers ask

    def route_of(self, queue: QueueKey) -> Route:
        """Whose workers have what is pinned to no version."""
        return self._routes.get(queue, UNROUTED)

    def find(self, namespace_id: str, name: str) -> Deployment | None:
        return self._known.get((namespace_id, name))

    def of_namespace(self, namespace_id: str) -> list[Deployment]:
        found = [each for key, each in self._known.items() if key[0] == namespace_id]
        return sorted(found, key=lambda each: each.name)

    async def register(self, queue: QueueKey, name: str, build_id: str) -> None:
        """A worker of the version polls this queue."""
        task = (queue.name, queue.kind)
        known = self.find(queue.namespace_id, name)
        version = known.versions.get(build_id) if known else None
        if version is not None and task in version.queues:
            return
        at = self._clock.now()

        def with_queue(found: Deployment) -> Deployment:
            here = found.versions.get(build_id) or Version(build_id=build_id, created_at=at)
            queues = tuple(sorted({*here.queues, task}))
            return found.with_version(here.with_changes(queues=queues))

        first = Deployment(namespace_id=queue.namespace_id, name=name, created_at=at, changed_at=at)
        await self._add(first)
        await self.change(queue.namespace_id, name, with_queue)

    async def make(self, wanted: Deployment) -> None:
        """Without versions; where there is one already, it stays."""
        await self._add(wanted)
        await self._tell()

    async def _add(self, wanted: Deployment) -> None:
        async with self._pool.connection() as connection:
            row = Row(wanted.namespace_id, wanted.name, _encode(wanted))
            await store.add(connection, row)

    async def change(self, namespace_id: str, name: str, change: Change) -> Deployment | None:
        """The deployment as it was; None where there is none. A change to None deletes it."""
        async with self._pool.connection() as connection, connection.transaction():
            row = await store.take(connection, namespace_id, name)
            if row is None:
                return None
            before = _decode(row.detail)
            after = change(before)
            if after is None:
                await store.drop(connection, namespace_id, name)
            else:
                await store.write(connection, row._replace(detail=_encode(after)))
        await self._tell()
        return before

    async def _tell(self) -> None:
        await self.read()
        await self.tell_others()

    async def delete_all(self, namespace_id: str) -> None:
        """Those of a namespace that is going; what a late poll makes goes with the next call."""
        if not self.of_namespace(namespace_id):
            return
        async with self._pool.connection() as connection:
            await store.drop_all(connection, namespace_id)
        await self._tell()

    async def set_current(
        self, namespace_id: str, name: str, build_id: str, by: str, check: Check
    ) -> Deployment | None:
        at = self._clock.now()

        def moved(found: Deployment) -> Deployment:
            return with_current(check(found), build_id, at, by)

        return await self.change(namespace_id, name, moved)

    async def set_ramp(
        self, namespace_id: str, name: str, ramp: Ramp, by: str, check: Check
    ) -> Deployment | None:
        at = self._clock.now()

        def moved(found: Deployment) -> Deployment:
            return with_ramp(check(found), *ramp, at, by)

        return await self.change(namespace_id, name, moved)

    async def drained(self, deployment: Deployment, build_id: str) -> None:
        """No pinned run is open on it."""
        at = self._clock.now()

        def noted(found: Deployment) -> Deployment:
            version = found.versions.get(build_id)
            if version is None or not version.is_draining:
                return found
            return found.with_version(version.with_changes(drained_at=at))

        await self.change(deployment.namespace_id, deployment.name, noted)


def _queues(deployment: Deployment, build_id: str) -> list[QueueKey]:
    version = deployment.versions.get(build_id)
    named = version.queues if version else ()
    return [QueueKey(deployment.namespace_id, name, kind) for name, kind in named]


async def _no_others() -> None:
    """This is the only node."""
