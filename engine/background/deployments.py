"""Deployments of workers: their versions, and which one a queue's tasks go to.

    a worker of a version polls ──▶ the version and its queue are written down, once
    set current                 ──▶ its queues are routed to it, on every node

Each node has them all in memory, so a poll asks no database, and tells matching what is routed
where. Who changes one waits until the other nodes have read it; one that cannot be told reads it
within seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from engine.clock import Clock
from engine.core.keys import QueueKey, version_name
from engine.ports import Routed
from engine.store import deployments as store
from engine.store.deployments import Row
from engine.store.pool import Pool

log = logging.getLogger(__name__)

REFRESH_SECONDS = 3.0


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Times in nanoseconds; 0 means never, or not now. `queues`: names and kinds of tasks."""

    build_id: str
    created_at: int
    queues: tuple[tuple[str, str], ...] = ()
    current_at: int = 0
    last_current_at: int = 0
    activated_at: int = 0
    deactivated_at: int = 0
    routed_at: int = 0
    drained_at: int = 0

    @property
    def is_draining(self) -> bool:
        """Not current any more, and not known to be without open pinned runs."""
        return bool(self.deactivated_at) and not self.current_at and not self.drained_at

    def with_changes(self, **changes: Any) -> Version:
        return msgspec.structs.replace(self, **changes)


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """`current` is a build id; empty where the unversioned workers have the tasks."""

    namespace_id: str
    name: str
    created_at: int
    changed_at: int
    current: str = ""
    current_at: int = 0
    revision: int = 0
    modified_by: str = ""
    versions: dict[str, Version] = {}

    def with_changes(self, **changes: Any) -> Deployment:
        return msgspec.structs.replace(self, **changes)

    def with_version(self, version: Version) -> Deployment:
        return self.with_changes(versions={**self.versions, version.build_id: version})


Change = Callable[[Deployment], Deployment | None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Deployment).decode


class Deployments:
    def __init__(self, pool: Pool, clock: Clock, queues: Routed) -> None:
        self._pool = pool
        self._clock = clock
        self._queues = queues
        self._known: dict[tuple[str, str], Deployment] = {}
        self._currents: dict[QueueKey, str] = {}
        # Introduced where there are other nodes: makes them read.
        self.tell_others: Callable[[], Awaitable[None]] = _no_others

    async def keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.read()
            except Exception as trouble:  # noqa: BLE001  what is known stays in use
                log.warning("deployments cannot be read: %s", trouble)

    async def read(self) -> None:
        async with self._pool.connection() as connection:
            rows = await store.every(connection)
        found = map(_decode, (row.detail for row in rows))
        self._known = {(each.namespace_id, each.name): each for each in found}
        self._route()

    def _route(self) -> None:
        """Where two deployments claim a queue, the later claim holds."""
        currents: dict[QueueKey, str] = {}
        for deployment in sorted(self._known.values(), key=lambda each: each.current_at):
            current = deployment.versions.get(deployment.current)
            for name, kind in current.queues if current else ():
                key = QueueKey(deployment.namespace_id, name, kind)
                currents[key] = version_name(deployment.name, deployment.current)
        self._currents = currents
        self._queues.route(currents)

    # -- what callers ask

    def current_of(self, queue: QueueKey) -> str:
        """The version that the queue's tasks go to; empty for the unversioned workers."""
        return self._currents.get(queue, "")

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
        async with self._pool.connection() as connection:
            await store.add(connection, Row(queue.namespace_id, name, _encode(first)))
        await self.change(queue.namespace_id, name, with_queue)

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
        await self.read()
        await self.tell_others()
        return before

    async def delete_all(self, namespace_id: str) -> None:
        """Those of a namespace that is going; what a late poll makes goes with the next call."""
        if not self.of_namespace(namespace_id):
            return
        async with self._pool.connection() as connection:
            await store.drop_all(connection, namespace_id)
        await self.read()
        await self.tell_others()

    async def set_current(
        self,
        namespace_id: str,
        name: str,
        build_id: str,
        by: str,
        check: Callable[[Deployment], Any],
    ) -> Deployment | None:
        """`check` refuses what may not be; without a build id the unversioned workers have it."""
        at = self._clock.now()

        def moved(found: Deployment) -> Deployment:
            check(found)
            if found.current == build_id:
                return found
            versions = dict(found.versions)
            if left := versions.get(found.current):
                versions[left.build_id] = left.with_changes(
                    current_at=0, deactivated_at=at, routed_at=at, drained_at=0
                )
            if now := versions.get(build_id):
                versions[build_id] = now.with_changes(
                    current_at=at, last_current_at=at, activated_at=now.activated_at or at,
                    routed_at=at, deactivated_at=0, drained_at=0,
                )  # fmt: skip
            return found.with_changes(
                versions=versions, current=build_id, current_at=at, changed_at=at,
                revision=found.revision + 1, modified_by=by,
            )  # fmt: skip

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


async def _no_others() -> None:
    """This is the only node."""
