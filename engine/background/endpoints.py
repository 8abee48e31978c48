"""Nexus endpoints: names by which workflows reach the handlers behind a task queue.

Each node has them all in memory. Who changes one waits until the other nodes have read it; one
that cannot be told reads it within seconds, or when it is asked for one that it does not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from engine.errors import EndpointExists, FailedPrecondition, NotFound
from engine.store import endpoints as store
from engine.store.pool import Pool

#: Callers who ask for what does not exist make this node read at most so often.
READ_AGAIN_SECONDS = 0.2


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The namespace by its name, as its operator gave it."""

    namespace: str
    task_queue: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Times in nanoseconds; `description` is a serialised Payload, or empty."""

    id: str
    name: str
    version: int = 1
    target: Target
    description: bytes = b""
    created_at: int
    modified_at: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Endpoint).decode


class Endpoints:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._by_id: dict[str, Endpoint] = {}
        self._by_name: dict[str, Endpoint] = {}
        self._read_at = float("-inf")
        # Introduced where there are other nodes: makes them read.
        self.tell_others: Callable[[], Awaitable[None]] = _no_others

    async def read(self) -> None:
        async with self._pool.connection() as connection:
            rows = await store.every(connection)
        found = [msgspec.structs.replace(_decode(row.detail), version=row.version) for row in rows]
        self._by_id = {endpoint.id: endpoint for endpoint in found}
        self._by_name = {endpoint.name: endpoint for endpoint in found}
        self._read_at = asyncio.get_running_loop().time()

    async def with_id(self, endpoint_id: str) -> Endpoint | None:
        if endpoint_id not in self._by_id:
            await self._read_again()
        return self._by_id.get(endpoint_id)

    async def named(self, name: str) -> Endpoint | None:
        if name not in self._by_name:
            await self._read_again()
        return self._by_name.get(name)

    async def all(self) -> list[Endpoint]:
        """In the order of their ids."""
        await self._read_again()
        return [self._by_id[endpoint_id] for endpoint_id in sorted(self._by_id)]

    async def add(self, endpoint: Endpoint) -> None:
        async with self._pool.connection() as connection:
            added = await store.add(connection, _row(endpoint))
        if not added:
            raise EndpointExists(
                f"error creating Nexus endpoint. Endpoint with name {endpoint.name} already"
                " registered"
            )
        await self._tell()

    async def change(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint.version` is the one that was read; the answer has the next."""
        async with self._pool.connection() as connection:
            changed = await store.change(connection, _row(endpoint))
        await self._tell()
        if changed is store.Changed.NAME_TAKEN:
            raise EndpointExists(f"Endpoint with name {endpoint.name} already registered")
        found = await self.with_id(endpoint.id)
        if found is None:
            raise NotFound(f"could not find Nexus endpoint with ID: {endpoint.id}")
        if changed is store.Changed.NOT_THERE:
            raise FailedPrecondition(
                f"nexus endpoint version mismatch. received: {endpoint.version} expected"
                f" {found.version}"
            )
        return found

    async def drop(self, endpoint_id: str) -> bool:
        """Whether it was there."""
        async with self._pool.connection() as connection:
            dropped = await store.drop(connection, endpoint_id)
        await self._tell()
        return dropped

    async def _tell(self) -> None:
        await self.read()
        await self.tell_others()

    async def _read_again(self) -> None:
        if asyncio.get_running_loop().time() - self._read_at > READ_AGAIN_SECONDS:
            await self.read()


def _row(endpoint: Endpoint) -> store.Row:
    return store.Row(endpoint.id, endpoint.name, endpoint.version, _encode(endpoint))


async def _no_others() -> None:
    """This is the only node."""
