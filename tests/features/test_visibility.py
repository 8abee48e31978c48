"""Lists and counts: what is found, what a row says, what is refused."""

import grpc
import pytest
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.filter.v1 import StatusFilter, WorkflowTypeFilter
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    CountWorkflowExecutionsResponse,
    ListClosedWorkflowExecutionsRequest,
    ListOpenWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest,
    ScanWorkflowExecutionsRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names

RUNS = 5
KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
INT = IndexedValueType.INDEXED_VALUE_TYPE_INT


def json(data: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data.encode())


@pytest.fixture(scope="module")
async def attributes(server: Server) -> None:
    await server.operator.AddSearchAttributes(
        AddSearchAttributesRequest(
            namespace="default", search_attributes={"TestBatch": KEYWORD, "TestNumber": INT}
        )
    )


@pytest.fixture
async def batch(server: Server, names: Names, attributes: None) -> str:
    """Runs numbered 0 to 4 of one batch; the last one is terminated."""
    batch = names.workflow("batch")
    last = WorkflowExecution()
    for number in range(RUNS):
        indexed = {"TestBatch": json(f'"{batch}"'), "TestNumber": json(str(number))}
        last = await server.start(
            names.workflow(),
            "nobody polls",
            search_attributes=SearchAttributes(indexed_fields=indexed),
            memo=Memo(fields={"note": json('"kept"')}),
        )
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=last)
    )
    closed = f"TestBatch = '{batch}' AND ExecutionStatus = 'Terminated'"
    await eventually_async(lambda: count(server, closed), lambda seen: seen.count == 1)
    everything = f"TestBatch = '{batch}'"
    await eventually_async(lambda: count(server, everything), lambda seen: seen.count == RUNS)
    return batch


async def count(server: Server, query: str) -> CountWorkflowExecutionsResponse:
    return await server.workflows.CountWorkflowExecutions(
        CountWorkflowExecutionsRequest(namespace="default", query=query)
    )


async def test_runs_are_found_by_the_words_of_their_memo(
    server: Server, names: Names, batch: str
) -> None:
    mine = f"TestBatch = '{batch}' AND MemoText"

    assert (await count(server, f"{mine} CONTAINS 'KEPT'")).count == RUNS
    assert (await count(server, f"{mine} CONTAINS 'kept note'")).count == 0
    assert (await count(server, f"{mine} = 'kept note'")).count == RUNS
    assert (await count(server, f"{mine} IS NULL")).count == 0
    fields = f"TestBatch = '{batch}' AND MemoFields"
    assert (await count(server, f"{fields} = 'note'")).count == RUNS
    assert (await count(server, f"{fields} NOT IN ('note', '*')")).count == 0


async def test_a_list_pages_through_all_that_match(server: Server, batch: str) -> None:
    numbers: list[bytes] = []
    request = ListWorkflowExecutionsRequest(
        namespace="default", page_size=2, query=f"TestBatch = '{batch}' AND TestNumber >= 1"
    )
    while True:
        page = await server.workflows.ListWorkflowExecutions(request)
        numbers += [row.search_attributes.indexed_fields["TestNumber"].data
                    for row in page.executions]  # fmt: skip
        if not page.next_page_token:
            break
        request.next_page_token = page.next_page_token

    assert sorted(numbers) == [b"1", b"2", b"3", b"4"]


async def test_a_row_says_what_was_given(server: Server, batch: str) -> None:
    page = await server.workflows.ListWorkflowExecutions(
        ListWorkflowExecutionsRequest(
            namespace="default", query=f"TestBatch = '{batch}' AND ExecutionStatus = 'Terminated'"
        )
    )
    (row,) = page.executions

    assert (row.type.name, row.task_queue, row.status) == ("Scripted", "nobody polls", 5)
    assert row.memo.fields["note"] == json('"kept"')
    assert set(row.search_attributes.indexed_fields) == {"TestBatch", "TestNumber"}
    number = row.search_attributes.indexed_fields["TestNumber"]
    assert (number.data, number.metadata["type"]) == (b"4", b"Int")
    assert row.HasField("start_time")
    assert row.HasField("close_time")
    assert row.history_length == 3


async def test_counts_are_grouped(server: Server, batch: str) -> None:
    found = await count(server, f"TestBatch = '{batch}' GROUP BY ExecutionStatus")

    assert found.count == RUNS
    groups = {group.group_values[0].data: group.count for group in found.groups}
    assert groups == {b'"Running"': RUNS - 1, b'"Terminated"': 1}
    assert found.groups[0].group_values[0].metadata["type"] == b"Keyword"


async def test_the_largest_groups_are_counted_beside_all_that_match(
    server: Server, batch: str
) -> None:
    found = await count(
        server,
        f"TestBatch = '{batch}' GROUP BY ExecutionStatus ORDER BY COUNT(*) DESC LIMIT 1",
    )

    assert found.count == RUNS
    assert [(group.group_values[0].data, group.count) for group in found.groups] == [
        (b'"Running"', RUNS - 1)
    ]


async def test_scan_finds_what_list_finds(server: Server, batch: str) -> None:
    page = await server.workflows.ScanWorkflowExecutions(
        ScanWorkflowExecutionsRequest(namespace="default", query=f"TestBatch = '{batch}'")
    )
    assert len(page.executions) == RUNS


async def test_open_and_closed_runs_are_listed_apart(server: Server, batch: str) -> None:
    opened = await server.workflows.ListOpenWorkflowExecutions(
        ListOpenWorkflowExecutionsRequest(
            namespace="default",
            maximum_page_size=1000,
            type_filter=WorkflowTypeFilter(name="Scripted"),
        )
    )
    closed = await server.workflows.ListClosedWorkflowExecutions(
        ListClosedWorkflowExecutionsRequest(
            namespace="default", maximum_page_size=1000, status_filter=StatusFilter(status=5)
        )
    )

    def of_batch(rows: object) -> int:
        return sum(
            row.search_attributes.indexed_fields["TestBatch"].data.decode() == f'"{batch}"'
            for row in rows  # type: ignore[attr-defined]
        )

    assert of_batch(opened.executions) == RUNS - 1
    assert of_batch(closed.executions) == 1


@pytest.mark.parametrize(
    "query",
    ["Nope = 1", "WorkflowId =", "WorkflowId = 'a' AND", "StartTime > 'yesterday'", "x" * 2000],
    ids=["unknown name", "no value", "cut off", "no time", "no query at all"],
)
async def test_a_bad_query_is_refused(server: Server, query: str) -> None:
    for call in (
        server.workflows.ListWorkflowExecutions(
            ListWorkflowExecutionsRequest(namespace="default", query=query)
        ),
        count(server, query),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "invalid query" in (refused.value.details() or "")


async def test_the_place_of_a_mistake_is_told(server: Server) -> None:
    if server.is_official:
        pytest.skip("the official server names the attribute, not the place")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await count(server, "WorkflowType = 'a' AND WorkflowIdd = 'b'")
    details = refused.value.details() or ""
    assert "position 24" in details
    assert "WorkflowId" in details


async def test_a_broken_page_token_is_refused(server: Server) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.ListWorkflowExecutions(
            ListWorkflowExecutionsRequest(namespace="default", next_page_token=b"forged")
        )
    if not server.is_official:
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
