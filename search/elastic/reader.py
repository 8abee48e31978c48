"""List, count and group by Elasticsearch."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import ApiError, AsyncElasticsearch, TransportError

from search.attributes import EPOCH, Attribute, CustomAttributes
from search.config import SearchConfig
from search.elastic import dsl, mapping
from search.query import answers, nodes, parser
from search.query.check import check
from search.query.errors import QueryError, SearchUnavailable
from search.query.parser import parse
from search.records import Group, Grouped, GroupValue, Page

SEARCH_SECONDS_MAX = 10
_NOT_NOW = {401, 403, 404, 408, 429, 500, 502, 503, 504}


class ElasticReader:
    def __init__(
        self, client: AsyncElasticsearch, index: str, clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._index = index
        self._clock = clock

    async def close(self) -> None:
        await self._client.close()

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
        search = request.search
        after = {}
        if request.after is not None:
            after["search_after"] = dsl.search_after(search.order, request.after)
        found = await self._search(
            namespace_id,
            search,
            size=request.rows_wanted,
            sort=dsl.sort(search.order),
            track_total_hits=False,
            **after,
        )
        hits = found["hits"]["hits"]
        return answers.page(request, [mapping.record_of(hit["_source"]) for hit in hits])

    async def count(self, namespace_id: str, query: str, custom: CustomAttributes) -> int:
        search = answers.count_request(query, custom, self._clock())
        found = await self._search(namespace_id, search, size=0, track_total_hits=True)
        return _total(found)

    async def group(self, namespace_id: str, query: str, custom: CustomAttributes) -> Grouped:
        search = check(parse(query), custom, self._clock())
        if not search.group:
            total = await self.count(namespace_id, query, custom)
            return Grouped(total, [Group((), total)])
        if search.largest is not None and answers.is_by_values(search):
            return await self._largest(namespace_id, search, search.largest)
        is_all = search.largest is None
        size = (parser.GROUPS_MAX if is_all else answers.LOOKED_THROUGH_MAX) + 1
        composite = {"composite": {"size": size, "sources": dsl.sources(search.group)}}
        found = await self._search(
            namespace_id, search, size=0, track_total_hits=not is_all, aggs={"groups": composite}
        )
        buckets = found["aggregations"]["groups"]["buckets"]
        rows = [(_values(search, bucket["key"]), bucket["doc_count"]) for bucket in buckets]
        return answers.grouped(search, rows, None if is_all else _total(found))

    async def _largest(self, namespace_id: str, search: nodes.Search, limit: int) -> Grouped:
        aggregations = dsl.largest(search.group[0], limit)
        found = await self._search(
            namespace_id, search, size=0, track_total_hits=True, aggs=aggregations
        )
        groups, missing = found["aggregations"]["groups"], found["aggregations"]["missing"]
        if groups["doc_count_error_upper_bound"]:
            # Our index is one shard, which knows; one that somebody cut into several may not.
            message = "the shards of the index do not tell together which groups are the largest"
            raise QueryError(message, hint="narrow the query")
        rows: list[tuple[tuple[GroupValue], int]] = [
            ((bucket["key"],), bucket["doc_count"]) for bucket in groups["buckets"]
        ]
        if missing["doc_count"]:
            rows.append(((None,), missing["doc_count"]))
        return answers.grouped(search, rows, _total(found))

    async def _search(self, namespace_id: str, search: nodes.Search, **given: Any) -> Any:
        try:
            return await self._client.search(
                index=self._index,
                query=dsl.query(namespace_id, search.meaning),
                allow_partial_search_results=False,
                **given,
            )
        except TransportError as problem:
            raise SearchUnavailable(f"Elasticsearch does not answer: {problem}") from problem
        except ApiError as problem:
            if problem.status_code not in _NOT_NOW:
                raise
            raise SearchUnavailable(f"Elasticsearch cannot answer now: {problem}") from problem


def _total(found: Any) -> int:
    return int(found["hits"]["total"]["value"])


def _values(search: nodes.Search, key: dict[str, Any]) -> tuple[GroupValue, ...]:
    return tuple(map(_value, search.group, key.values()))


def _value(key: nodes.GroupKey, found: Any) -> GroupValue:
    if found is None or isinstance(key, Attribute):
        text: str | None = found
        return text
    return EPOCH + timedelta(microseconds=int(found))


async def open_reader(config: SearchConfig, clock: Callable[[], datetime]) -> ElasticReader:
    assert config.elasticsearch_url is not None, "the reader of an index needs its address"
    client = AsyncElasticsearch(
        config.elasticsearch_url,
        request_timeout=SEARCH_SECONDS_MAX,
        max_retries=1,
        retry_on_timeout=False,
    )
    return ElasticReader(client, config.index_alias, clock)
