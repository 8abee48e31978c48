"""List, count and group over all shard databases: each asked at once, the answers merged."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import QueryCanceled
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from search.attributes import CustomAttributes
from search.config import SearchConfig
from search.postgres import sql, table
from search.query import answers, nodes, parser
from search.query.check import check
from search.query.errors import SearchUnavailable
from search.query.parser import parse
from search.records import Group, Grouped, Page

CONNECTIONS_MAX = 8
STATEMENT_SECONDS_MAX = 10
WAIT_SECONDS_MAX = 5

Rows = list[TupleRow]
Answer = list[Rows]  # one for each database
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


class PostgresReader:
    def __init__(self, pools: Sequence[Pool], clock: Callable[[], datetime]) -> None:
        self._pools = pools
        self._clock = clock

    async def close(self) -> None:
        for pool in self._pools:
            await pool.close()

    async def list(
        self,
        namespace_id: str,
        query: str,
        page_size: int,
        page_token: bytes,
        custom: CustomAttributes,
    ) -> Page:
        request = answers.list_request(
            namespace_id, query, custom, self._clock(), page_size=page_size, page_token=page_token
        )
        statement = sql.page(
            table.SELECT_LIST, namespace_id, request.search, request.after, request.rows_wanted
        )
        pages = [map(table.record_of, rows) for rows in await self._ask(statement)]
        if len(pages) == 1:
            return answers.page(request, list(pages[0]))
        return answers.page(request, answers.merged(pages, request.search.order))

    async def count(self, namespace_id: str, query: str, custom: CustomAttributes) -> int:
        search = answers.count_request(query, custom, self._clock())
        answer = await self._ask(sql.count(namespace_id, search))
        return sum(rows[0][0] for rows in answer)

    async def group(self, namespace_id: str, query: str, custom: CustomAttributes) -> Grouped:
        search = check(parse(query), custom, self._clock())
        if not search.group:
            total = await self.count(namespace_id, query, custom)
            return Grouped(total, [Group((), total)])
        if search.largest is None:
            answer = await self._ask(sql.groups(namespace_id, search, parser.GROUPS_MAX + 1))
            return answers.grouped(search, ((row[:-1], row[-1]) for rows in answer for row in rows))
        return await self._largest(namespace_id, search, search.largest)

    async def _largest(self, namespace_id: str, search: nodes.Search, limit: int) -> Grouped:
        """One database knows its largest. Of several each may have others: all have to be told."""
        if len(self._pools) > 1 or not answers.is_by_values(search):
            limit = answers.LOOKED_THROUGH_MAX + 1
        answer = await self._ask(sql.largest(namespace_id, search, limit))
        found = ((row[:-2], row[-2]) for rows in answer for row in rows)
        return answers.grouped(search, found, sum(rows[0][-1] for rows in answer if rows))

    async def _ask(self, statement: sql.Fragment) -> Answer:
        try:
            return await asyncio.gather(*(_rows(pool, statement) for pool in self._pools))
        except QueryCanceled:
            message = f"the search took longer than {STATEMENT_SECONDS_MAX} seconds"
            raise SearchUnavailable(message) from None
        except (OperationalError, PoolTimeout) as problem:
            raise SearchUnavailable(f"the database does not answer: {problem}") from problem


async def _rows(pool: Pool, statement: sql.Fragment) -> list[TupleRow]:
    async with pool.connection() as connection:
        cursor = await connection.execute(statement.text, statement.parameters)
        return await cursor.fetchall()


async def open_reader(config: SearchConfig, clock: Callable[[], datetime]) -> PostgresReader:
    pools = [_pool(url) for url in config.databases]
    for pool in pools:
        await pool.open()
    return PostgresReader(pools, clock)


def _pool(url: str) -> Pool:
    settings: dict[str, Any] = {
        "autocommit": True,
        # Each search is another statement; a generic plan would suit none of them.
        "prepare_threshold": None,
        "options": f"-c statement_timeout={int(STATEMENT_SECONDS_MAX * 1000)}"
        " -c default_transaction_read_only=on",
        "application_name": "perdure search",
    }
    return AsyncConnectionPool(
        url,
        kwargs=settings,
        min_size=1,
        max_size=CONNECTIONS_MAX,
        timeout=WAIT_SECONDS_MAX,
        open=False,
    )
