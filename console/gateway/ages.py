"""How long runs took and how long open ones are there: times only, so that many cost little.

No payload is opened but the one date that is asked for, which the index holds in the clear. `of` is
a name of `gateway.lists`: what stands alone ages as well.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
)

from console.gateway import indexed, lists, moments, standalone
from console.gateway.channel import call, workflow_service
from console.gateway.runs import RunKey
from console.gateway.standalone import KINDS, Execution, Key


@dataclass(frozen=True, slots=True)
class OpenRun:
    key: RunKey | Key
    type: str
    started_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenRuns:
    """`whole`: there are no more of them."""

    runs: tuple[OpenRun, ...]
    whole: bool


def lengths(namespace: str, of: str, query: str, most: int) -> tuple[timedelta, ...]:
    """Of closed ones, from start to close."""
    if of in KINDS:
        found = standalone.find(namespace, KINDS[of], query, most).executions
        return tuple(
            one.closed_at - one.started_at for one in found if one.closed_at and one.started_at
        )
    return tuple(
        run.close_time.ToDatetime() - run.start_time.ToDatetime()
        for run in _listed(namespace, query, most).executions
        if run.HasField("close_time")
    )


def opened(namespace: str, of: str, query: str, most: int, due: str = "") -> OpenRuns:
    """`due` names the Datetime attribute that says when one shall be done."""
    if of in KINDS:
        page = standalone.find(namespace, KINDS[of], query, most)
        alone = (_open_alone(of, one, due) for one in page.executions)
        return OpenRuns(tuple(one for one in alone if one), not page.next_token)
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


def _open_alone(of: str, one: Execution, due: str) -> OpenRun | None:
    """None: a server that does not say since when."""
    if one.started_at is None:
        return None
    at = one.attributes.get(due)
    kind = str(lists.value(one, lists.TYPES[of], one.started_at))
    return OpenRun(one.key, kind, one.started_at, at if isinstance(at, datetime) else None)
