"""The questions that the console's pages answer, asked by the calls of the official web UI.

Its list is a page of a hundred runs, a count, and a count by status; its run page describes the run
and reads the whole history, page after page, before it draws. What it does with the answers, and
its own server between, is not counted.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)

from tests.support.engine import Server

ROUNDS = 20
PAGE_RUNS = 100

Question = Callable[[], Awaitable[object]]


def show(name: str, cold: float, warm: list[float], size: int | None = None) -> None:
    """One line of the bench's table; milliseconds."""
    warm = sorted(warm)
    kibibytes = "" if size is None else f", {size / 1024:6.0f} KiB"
    sys.stdout.write(
        f"{name:44} first {cold:6.0f} ms, p50 {statistics.median(warm):6.0f} ms, "
        f"p95 {warm[int(len(warm) * 0.95) - 1]:6.0f} ms{kibibytes}\n"
    )


async def timed(name: str, question: Question) -> None:
    took = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        await question()
        took.append((time.perf_counter() - began) * 1000)
    show(name, took[0], took[1:])


async def ask_for_runs(server: Server, queries: Mapping[str, str]) -> None:
    for name, query in queries.items():
        await timed(f"web UI's list: {name}", lambda query=query: _list(server, query))
    unordered = [query for query in queries.values() if "ORDER BY" not in query]
    await timed("web UI's count", lambda: _count(server, unordered[1]))
    for attribute in ("ExecutionStatus", "WorkflowType"):
        await timed(
            f"count, group by {attribute}",
            lambda attribute=attribute: _count(server, f"GROUP BY {attribute}"),
        )


async def _list(server: Server, query: str) -> None:
    asked = ListWorkflowExecutionsRequest(
        namespace=server.namespace, page_size=PAGE_RUNS, query=query
    )
    await server.workflows.ListWorkflowExecutions(asked)


async def _count(server: Server, query: str) -> None:
    asked = CountWorkflowExecutionsRequest(namespace=server.namespace, query=query)
    await server.workflows.CountWorkflowExecutions(asked)


async def ask_for_run(server: Server, run: WorkflowExecution, name: str) -> None:
    await timed(f"web UI's run page: {name}", lambda: _whole(server, run))


async def _whole(server: Server, run: WorkflowExecution) -> None:
    described = DescribeWorkflowExecutionRequest(namespace=server.namespace, execution=run)
    await server.workflows.DescribeWorkflowExecution(described)
    asked = GetWorkflowExecutionHistoryRequest(namespace=server.namespace, execution=run)
    while True:
        page = await server.workflows.GetWorkflowExecutionHistory(asked)
        if not page.next_page_token:
            return
        asked.next_page_token = page.next_page_token
