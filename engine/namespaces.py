"""The namespaces: read from memory, written through their version.

Each node reads them all at its start, whenever it is asked for one that it does not know, and
every few seconds. Who changes one waits until the other nodes of its cluster have read it too, so
that the next call may go to any; one that cannot be told sees it within those seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from engine.clock import Clock
from engine.core import rules
from engine.core.rules import Rules
from engine.errors import Aborted, NamespaceAlreadyExists, NamespaceNotFound
from engine.store import namespaces as store
from engine.store.pool import Pool
from search.attributes import ValueType

REGISTERED = 1
DELETED = 3
DEFAULT = "default"
SYSTEM = "perdure-system"
PROTECTED = (SYSTEM,)
DESCRIPTIONS = {DEFAULT: "", SYSTEM: "Perdure's own workflows: bulk operations"}

# Callers who ask for what does not exist make this node read at most so often.
READ_AGAIN_SECONDS = 0.2
WRITE_ATTEMPTS_MAX = 5


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    version: int = 1
    #: A number of the protocol's NamespaceState.
    state: int = REGISTERED
    description: str = ""
    owner_email: str = ""
    labels: dict[str, str] = {}
    retention_seconds: int
    created_at: int
    #: The custom search attributes.
    custom: dict[str, ValueType] = {}
    #: Of each of these, the field that tools may name it by (`frontend/aliases.py`).
    fields: dict[str, str] = {}
    #: Each a WorkflowRule of the protocol, in the order in which they are asked.
    rules: tuple[bytes, ...] = ()

    @property
    def is_deleted(self) -> bool:
        return self.state == DELETED

    def with_changes(self, **changes: Any) -> Namespace:
        return msgspec.structs.replace(self, **changes)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Namespace).decode


class Namespaces:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._by_name: dict[str, Namespace] = {}
        self._by_id: dict[str, Namespace] = {}
        # Of the few that have some.
        self._rules: dict[str, Rules] = {}
        self._read_at = float("-inf")
        self.cluster_id = ""
        # Introduced where there are other nodes: makes them read.
        self.tell_others: Callable[[], Awaitable[None]] = _no_others
        # What else is read again when another node has changed something.
        self.on_asked: list[Callable[[], Awaitable[None]]] = []

    async def begin(self, clock: Clock, retention_seconds: int) -> None:
        """Read them; the first start makes those that every server has."""
        for name, description in DESCRIPTIONS.items():
            first = Namespace(
                id=clock.new_id(),
                name=name,
                description=description,
                retention_seconds=retention_seconds,
                created_at=clock.now(),
            )
            async with self._pool.connection() as connection:
                await store.add(connection, _row(first))
        await self.read()
        # One installation, one id: that of a namespace that only it has.
        self.cluster_id = self._by_name[SYSTEM].id

    async def read_for_others(self) -> None:
        await self.read()
        for read in self.on_asked:
            await read()

    async def read(self) -> None:
        async with self._pool.connection() as connection:
            rows = await store.every(connection)
        found = [_decode(row.detail).with_changes(version=row.version) for row in rows]
        self._by_name = {namespace.name: namespace for namespace in found}
        self._by_id = {namespace.id: namespace for namespace in found}
        self._rules = {
            namespace.id: [rules.compiled(each) for each in namespace.rules]
            for namespace in found
            if namespace.rules
        }
        self._read_at = asyncio.get_running_loop().time()

    async def named(self, name: str) -> Namespace:
        found = self._by_name.get(name)
        if found is None:
            await self._read_again()
            found = self._by_name.get(name)
        if found is None:
            raise NamespaceNotFound(name)
        return found

    async def with_id(self, namespace_id: str) -> Namespace:
        if namespace_id not in self._by_id:
            await self._read_again()
        found = self._by_id.get(namespace_id)
        if found is None:
            raise NamespaceNotFound(namespace_id)
        return found

    def known(self, namespace_id: str) -> Namespace | None:
        return self._by_id.get(namespace_id)

    def rules_of(self, namespace_id: str) -> Rules:
        return self._rules.get(namespace_id, ())

    async def all(self) -> list[Namespace]:
        await self._read_again()
        return list(self._by_name.values())

    async def register(self, namespace: Namespace) -> None:
        async with self._pool.connection() as connection:
            added = await store.add(connection, _row(namespace))
        if not added:
            raise NamespaceAlreadyExists(f'Namespace "{namespace.name}" already exists')
        await self.read()
        await self.tell_others()

    async def change(self, name: str, changed: Callable[[Namespace], Namespace]) -> Namespace:
        """Read, change, write back; again if another wrote in between."""
        for _ in range(WRITE_ATTEMPTS_MAX):
            await self.read()
            given = await self.named(name)
            async with self._pool.connection() as connection:
                if await store.change(connection, _row(changed(given))):
                    break
        else:
            raise Aborted(f"Namespace {name} is being changed by others; try again.")
        await self.read()
        await self.tell_others()
        return await self.with_id(given.id)

    async def _read_again(self) -> None:
        if asyncio.get_running_loop().time() - self._read_at > READ_AGAIN_SECONDS:
            await self.read()


async def _no_others() -> None:
    """This is the only node."""


def _row(namespace: Namespace) -> store.Row:
    return store.Row(namespace.id, namespace.name, namespace.version, _encode(namespace))
