"""How long runs took and how long open ones are there: times only, so that many cost little.

No payload is opened but the one date that is asked for, which the index holds in the clear.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)

from console.gateway import indexed, moments
from console.gateway.channel import call, workflow_service
from console.gateway.runs import RunKey


@dataclass(frozen=True, slots=True)
class OpenRun:
    key: RunKey
    type: str
    started_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenRuns:
    """`whole`: there are no more of them."""

    runs: tuple[OpenRun, ...]
    whole: bool


def lengths(namespace: str, query: str, most: int) -> tuple[timedelta, ...]:
    """Of closed runs, from start to close."""
    return tuple(
        run.close_time.ToDatetime() - run.start_time.ToDatetime()
        for run in _listed(namespace, query, most).executions
        if run.HasField("close_time")
    )


def opened(namespace: str, query: str, most: int, due: str = "") -> OpenRuns:
    """`due` names the Datetime attribute that says when a run shall be done."""
    answer = _listed(namespace, query, most)
    runs = tuple(_open_run(namespace, run, due) for run in answer.executions)
    return OpenRuns(runs, not answer.next_page_token)


def _listed(namespace: str, query: str, most: int) -> ListWorkflowExecutionsResponse:
    asked = moments.for_server(namespace, query)
    request = ListWorkflowExecutionsRequest(namespace=namespace, query=asked, page_size=most)
    return call(workflow_service().ListWorkflowExecutions, request)


def _open_run(namespace: str, run: WorkflowExecutionInfo, due: str) -> OpenRun:
    fields = run.search_attributes.indexed_fields
    at = indexed.seen([(due, fields[due])])[due] if due in fields else None
    return OpenRun(
        RunKey(namespace, run.execution.workflow_id, run.execution.run_id),
        run.type.name,
        run.start_time.ToDatetime(UTC),
        at if isinstance(at, datetime) else None,
    )
