"""The door to visibility: one interface, two backends, the same answers.

    reader = await open_reader(config, clock)
    page = await reader.list(namespace_id, "ExecutionStatus = 'Running'", 100, b"", custom)

Raises QueryError for a query or page token that cannot be used, SearchUnavailable where
the backend cannot answer now.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from search.attributes import CustomAttributes
from search.config import SearchConfig
from search.postgres import reader as postgres
from search.records import Grouped, Page


class VisibilityReader(Protocol):
    async def list(
        self,
        namespace_id: str,
        query: str,
        page_size: int,
        page_token: bytes,
        custom: CustomAttributes,
    ) -> Page: ...

    async def count(self, namespace_id: str, query: str, custom: CustomAttributes) -> int: ...

    async def group(self, namespace_id: str, query: str, custom: CustomAttributes) -> Grouped:
        """Without GROUP BY: one group of no values, which is the whole count."""
        ...

    async def close(self) -> None: ...


async def open_reader(config: SearchConfig, clock: Callable[[], datetime]) -> VisibilityReader:
    if config.elasticsearch_url:
        # Late: an engine without an index is a third of a second quicker without this import.
        from search.elastic import reader as elastic

        return await elastic.open_reader(config, clock)
    return await postgres.open_reader(config, clock)
