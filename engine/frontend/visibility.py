"""List, scan and count runs by a query; the older RPCs are made into queries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    CountWorkflowExecutionsResponse,
    ListClosedWorkflowExecutionsRequest,
    ListClosedWorkflowExecutionsResponse,
    ListOpenWorkflowExecutionsRequest,
    ListOpenWorkflowExecutionsResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
    ScanWorkflowExecutionsRequest,
    ScanWorkflowExecutionsResponse,
)

from engine.errors import EngineError, InvalidArgument, Unavailable
from engine.frontend.parts import Parts
from engine.frontend.rows import payload, row
from search.attributes import STATUSES, CustomAttributes, find
from search.query.errors import QueryError, SearchUnavailable
from search.query.nodes import Name, WrittenBucket
from search.query.parser import parse
from search.records import Group, Page

#: As queries say it; one that is paused has not closed.
OPEN = "ExecutionStatus IN ('Running', 'Paused')"
PAGE_ROWS_MAX = 1_000
QUERY_CHARACTERS_MAX = 100_000


async def list_runs(
    parts: Parts, request: ListWorkflowExecutionsRequest
) -> ListWorkflowExecutionsResponse:
    page = await _page(parts, request, request.page_size, request.query)
    return ListWorkflowExecutionsResponse(
        executions=map(row, page.records), next_page_token=page.next_page_token
    )


async def scan(
    parts: Parts, request: ScanWorkflowExecutionsRequest
) -> ScanWorkflowExecutionsResponse:
    page = await _page(parts, request, request.page_size, request.query)
    return ScanWorkflowExecutionsResponse(
        executions=map(row, page.records), next_page_token=page.next_page_token
    )


async def list_open(
    parts: Parts, request: ListOpenWorkflowExecutionsRequest
) -> ListOpenWorkflowExecutionsResponse:
    conditions = [OPEN, *_filters(request, "StartTime")]
    page = await _page(parts, request, request.maximum_page_size, " AND ".join(conditions))
    return ListOpenWorkflowExecutionsResponse(
        executions=map(row, page.records), next_page_token=page.next_page_token
    )


async def list_closed(
    parts: Parts, request: ListClosedWorkflowExecutionsRequest
) -> ListClosedWorkflowExecutionsResponse:
    conditions = [f"NOT {OPEN}", *_filters(request, "CloseTime")]
    if request.HasField("status_filter"):
        status = request.status_filter.status
        if not 0 < status < len(STATUSES):
            raise InvalidArgument("StatusFilter is not set on request.")
        conditions.append(f"ExecutionStatus = {quoted(STATUSES[status])}")
    page = await _page(parts, request, request.maximum_page_size, " AND ".join(conditions))
    return ListClosedWorkflowExecutionsResponse(
        executions=map(row, page.records), next_page_token=page.next_page_token
    )


async def count(
    parts: Parts, request: CountWorkflowExecutionsRequest
) -> CountWorkflowExecutionsResponse:
    namespace = await parts.namespace(request.namespace)
    return await counted(parts, namespace.id, namespace.custom, request.query)


async def counted(
    parts: Parts, division: str, custom: CustomAttributes, query: str
) -> CountWorkflowExecutionsResponse:
    """`division`: where the index keeps those that are counted."""
    query = checked(query)
    try:
        keys = parse(query).group
        if not keys:
            count = await parts.reader.count(division, query, custom)
            return CountWorkflowExecutionsResponse(count=count)
        found = await parts.reader.group(division, query, custom)
    except (QueryError, SearchUnavailable) as trouble:
        raise refused(trouble) from trouble
    kinds = [_kind(key, custom) for key in keys]
    return CountWorkflowExecutionsResponse(
        count=found.total,
        groups=[_group(group, kinds) for group in found.groups],
    )


async def _page(parts: Parts, request: Any, size: int, query: str) -> Page:
    namespace = await parts.namespace(request.namespace)
    return await page_of(
        parts, (namespace.id, namespace.custom), query, size, request.next_page_token
    )


async def page_of(
    parts: Parts, where: tuple[str, CustomAttributes], query: str, size: int, token: bytes
) -> Page:
    """`where`: the division of the index, and what a query may name in it."""
    division, custom = where
    size = min(size, PAGE_ROWS_MAX) if size > 0 else PAGE_ROWS_MAX
    try:
        return await parts.reader.list(division, checked(query), size, token, custom)
    except (QueryError, SearchUnavailable) as trouble:
        raise refused(trouble) from trouble


def checked(query: str) -> str:
    if len(query) > QUERY_CHARACTERS_MAX:
        raise InvalidArgument(f"invalid query: longer than {QUERY_CHARACTERS_MAX} characters")
    if "\0" in query:
        raise InvalidArgument("invalid query: it contains a NUL character")
    return query


def refused(trouble: QueryError | SearchUnavailable) -> EngineError:
    if isinstance(trouble, SearchUnavailable):
        return Unavailable(f"runs cannot be searched now: {trouble}")
    return InvalidArgument(f"invalid query: {trouble}")


def _filters(request: Any, time_attribute: str) -> list[str]:
    conditions = []
    span = request.start_time_filter
    if 0 < span.latest_time.ToNanoseconds() < span.earliest_time.ToNanoseconds():
        raise InvalidArgument(
            "EarliestTime in StartTimeFilter should not be larger than LatestTime."
        )
    if span.HasField("earliest_time"):
        conditions.append(f"{time_attribute} >= {_moment(span.earliest_time)}")
    if span.HasField("latest_time"):
        conditions.append(f"{time_attribute} <= {_moment(span.latest_time)}")
    if request.execution_filter.workflow_id:
        conditions.append(f"WorkflowId = {quoted(request.execution_filter.workflow_id)}")
    if request.execution_filter.run_id:
        conditions.append(f"RunId = {quoted(request.execution_filter.run_id)}")
    if request.type_filter.name:
        conditions.append(f"WorkflowType = {quoted(request.type_filter.name)}")
    return conditions


def _moment(given: Timestamp) -> str:
    moment: datetime = given.ToDatetime(UTC)
    return quoted(moment.isoformat())


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _kind(key: Name | WrittenBucket, custom: CustomAttributes) -> str:
    known = find(key.text if isinstance(key, Name) else key.name.text, custom)
    return known.type.value if known else "Keyword"


def _group(group: Group, kinds: list[str]) -> CountWorkflowExecutionsResponse.AggregationGroup:
    values = zip(group.values, kinds, strict=True)
    return CountWorkflowExecutionsResponse.AggregationGroup(
        group_values=[payload(value, kind) for value, kind in values], count=group.count
    )
