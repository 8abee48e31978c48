"""Several engine nodes, each a process of its own, on one database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from engine.cluster.placement import shard_owners
from engine.store.shards import LOCK_CLASS
from tests.support.eventually import eventually_async
from tests.support.killable import KillableEngine

SECRET = "a word that only these nodes know"
# So many that each of three nodes has some, whatever their ports are.
SHARDS = 32


class Nodes:
    """`a`, `b` and `c` are the first three."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.all: list[KillableEngine] = []

    async def add(self) -> KillableEngine:
        node = KillableEngine(
            self.database,
            ENGINE_SHARDS=str(SHARDS),
            CLUSTER_SECRET=SECRET,
        )
        if not self.all:
            await asyncio.to_thread(node.migrate)
        await asyncio.to_thread(node.start)
        self.all.append(node)
        return node

    @property
    def a(self) -> KillableEngine:
        return self.all[0]

    @property
    def b(self) -> KillableEngine:
        return self.all[1]

    @property
    def c(self) -> KillableEngine:
        return self.all[2]

    async def owned(self) -> dict[str, int]:
        """How many shards each node says that it holds."""
        connection = await psycopg.AsyncConnection.connect(self.database, autocommit=True)
        async with connection:
            cursor = await connection.execute("select address, owned from members")
            return {str(row[0]): int(row[1]) for row in await cursor.fetchall()}

    async def locked(self) -> int:
        """Shards whose lock some connection holds."""
        connection = await psycopg.AsyncConnection.connect(self.database, autocommit=True)
        async with connection:
            cursor = await connection.execute(
                "select count(*) from pg_locks join pg_database on pg_database.oid = database"
                " where locktype = 'advisory' and classid = %(lock_class)s and granted"
                " and datname = current_database()",
                {"lock_class": LOCK_CLASS},
            )
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def settled(self, *nodes: KillableEngine, within: float = 15) -> None:
        """Until these, and no others, have the shards as they are placed."""
        addresses = [node.address for node in nodes]
        placed = Counter(shard_owners(addresses, SHARDS))
        wanted = {address: placed[address] for address in addresses}

        async def as_placed() -> None:
            assert (await self.owned(), await self.locked()) == (wanted, SHARDS)

        await eventually_async(as_placed, lambda _: True, within=within)


@asynccontextmanager
async def nodes_on(database: str, count: int) -> AsyncIterator[Nodes]:
    nodes = Nodes(database)
    try:
        for _ in range(count):
            await nodes.add()
        await nodes.settled(*nodes.all)
        yield nodes
    finally:
        for node in nodes.all:
            await asyncio.to_thread(node.kill)
