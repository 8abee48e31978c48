"""Queries: ask a run's worker, and see every change that was committed before the question.

the run has a workflow task    the question goes with it, or waits until there is none
else                           it is a task of its own: to the worker that knows the run,
                               and if that does not answer, to any other
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import (
    QueryRejectCondition,
    QueryResultType,
    TaskQueueKind,
    WorkflowExecutionStatus,
)
from temporalio.api.failure.v1 import Failure
from temporalio.api.query.v1 import QueryRejected
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    QueryWorkflowRequest,
    QueryWorkflowResponse,
    RespondQueryTaskCompletedRequest,
    RespondQueryTaskCompletedResponse,
)

from engine.core import versioning
from engine.core.keys import WORKFLOW, QueueKey, RunKey, version_queue
from engine.core.state import RunState
from engine.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    QueryFailed,
    WorkflowNotReady,
)
from engine.frontend import calls
from engine.frontend.parts import Parts
from engine.ports import Query, QueryOutcome, Task
from engine.protocol import tokens, wire
from engine.protocol.tokens import HistoryToken, QueryToken

SECOND = 1_000_000_000
ANSWER_SECONDS_MAX = 60.0
# A workflow task that carried the question has ended: its answer is here at once, or never.
SETTLE_SECONDS = 1.0
# With no worker for so long, more waiting is of no use.
POLLER_GONE_NS = 20 * SECOND
# A workflow task that has failed so often does not go on by itself.
FAILING_ATTEMPT_MIN = 3

COMPLETED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
PAUSED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED
ANSWERED = QueryResultType.QUERY_RESULT_TYPE_ANSWERED
FAILED = QueryResultType.QUERY_RESULT_TYPE_FAILED


class View(NamedTuple):
    """What of the run's state decides who is asked, and what the worker is told."""

    run: RunKey
    status: WorkflowExecutionStatus.ValueType
    is_running: bool
    has_task: bool
    is_failing: bool
    queue: str
    pin: str
    sticky_queue: str
    sticky_seconds: float
    workflow_type: str
    previous_started_event_id: int
    last_event_id: int


def _view(state: RunState) -> View:
    return View(
        run=state.key,
        status=WorkflowExecutionStatus.ValueType(state.shown_status),
        is_running=state.is_running,
        has_task=_has_task(state),
        is_failing=_is_failing(state),
        queue=state.queue,
        pin=versioning.pin_of(state),
        sticky_queue=state.sticky_queue,
        sticky_seconds=state.sticky_timeout_ns / SECOND,
        workflow_type=state.workflow_type,
        previous_started_event_id=state.previous_started_event_id,
        last_event_id=state.last_event_id,
    )


def _has_task(state: RunState) -> bool:
    return state.is_running and (state.task is not None or state.task_backoff_until != 0)


def _is_failing(state: RunState) -> bool:
    return state.is_running and state.task_attempt >= FAILING_ATTEMPT_MIN


def _may_be_asked_again(state: RunState) -> bool:
    return not _has_task(state)


async def query(parts: Parts, request: QueryWorkflowRequest) -> QueryWorkflowResponse:
    run = await parts.run_of(request.namespace, request, "execution")
    _check(request)
    view = await parts.shards.inspect(run, _view)
    if _is_rejected(request.query_reject_condition, view):
        return QueryWorkflowResponse(query_rejected=QueryRejected(status=view.status))
    # One that waits already when the task begins to fail waits on: the next attempt may answer.
    if view.is_failing:
        raise WorkflowNotReady("Unable to query workflow due to Workflow Task in failed state.")
    try:
        async with asyncio.timeout(calls.seconds_left(ANSWER_SECONDS_MAX)):
            outcome = await _outcome(parts, request, view)
    except TimeoutError:
        raise await _no_answer(parts, view) from None
    if outcome.refusal is not None:
        raise QueryFailed(outcome.refusal, outcome.failure)
    return QueryWorkflowResponse(query_result=outcome.result)


def _check(request: QueryWorkflowRequest) -> None:
    if not request.HasField("query"):
        raise InvalidArgument("WorkflowQuery is not set on request.")
    if not request.query.query_type:
        raise InvalidArgument("QueryType is not set on request.")


def _is_rejected(condition: QueryRejectCondition.ValueType, view: View) -> bool:
    if view.status == PAUSED:
        return True
    if condition == QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_OPEN:
        return not view.is_running
    if condition == QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY:
        return not view.is_running and view.status != COMPLETED
    return False


async def _no_answer(parts: Parts, view: View) -> Exception:
    queue = _key(view, view.queue)
    seen_at = (await parts.matching.attendance(queue)).polled_at
    if not view.has_task and parts.clock.now() - seen_at > POLLER_GONE_NS:
        return FailedPrecondition(
            "no poller seen for task queue recently, worker may be down",
        )
    return DeadlineExceeded("The workflow's worker did not answer the query in time.")


async def _outcome(parts: Parts, request: QueryWorkflowRequest, view: View) -> QueryOutcome:
    while True:
        _refuse_unready(view)
        asked = parts.matching.queries.open(view.run, request.query)
        try:
            ask = _carried if view.has_task else _direct
            outcome = await ask(parts, asked, view)
        finally:
            parts.matching.queries.close(asked)
        if outcome is not None:
            return outcome
        view = await parts.shards.inspect(view.run, _view)


def _refuse_unready(view: View) -> None:
    if view.previous_started_event_id or view.has_task:
        return
    if view.is_running:
        raise WorkflowNotReady("Workflow task is not scheduled yet.")
    raise WorkflowNotReady("Workflow execution closed before WorkflowTaskStarted event")


async def _carried(parts: Parts, asked: Query, view: View) -> QueryOutcome | None:
    """None: the run's workflow task is over, and it did not bring the answer."""
    over = asyncio.create_task(parts.shards.wait(view.run, _may_be_asked_again, ANSWER_SECONDS_MAX))
    try:
        await asyncio.wait((asked.answer, over), return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            over.result()
        if not asked.is_carried:
            return None
        await asyncio.wait((asked.answer,), timeout=SETTLE_SECONDS)
    finally:
        over.cancel()
    outcome: QueryOutcome | None = asked.answer.result() if asked.answer.done() else None
    return outcome


async def _direct(parts: Parts, asked: Query, view: View) -> QueryOutcome | None:
    asked.about = view
    sticky = _key(view, view.sticky_queue)
    if view.sticky_queue and (await parts.matching.attendance(sticky)).has_pollers:
        parts.matching.offer(_task(asked, sticky))
        await asyncio.wait((asked.answer,), timeout=view.sticky_seconds)
        parts.matching.withdraw_query(sticky, asked.id)
    normal = _key(view, view.queue)
    if not asked.answer.done():
        parts.matching.offer(_task(asked, normal))
    try:
        outcome: QueryOutcome | None = await asked.answer
        return outcome
    finally:
        parts.matching.withdraw_query(normal, asked.id)


def _key(view: View, name: str) -> QueueKey:
    name = version_queue(name, view.pin) if view.pin else name
    return QueueKey(view.run.namespace_id, name, WORKFLOW)


def _task(asked: Query, queue: QueueKey) -> Task:
    return Task(run=asked.run, queue=queue, event_id=0, attempt=1, query=asked)


async def task_answer(parts: Parts, task: Task, *, sticky: bool) -> bytes:
    """The answer to a poll that was given a question; a worker that knows the run needs no more."""
    asked = task.query
    assert asked is not None, "only a question is answered so"
    view: View = asked.about
    run = asked.run
    response = PollWorkflowTaskQueueResponse(
        task_token=tokens.encode(
            QueryToken(
                run.namespace_id,
                task.queue.name,
                asked.id,
                parts.cluster.here if parts.cluster is not None else "",
            )
        ),
        workflow_execution=WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id),
        workflow_type=WorkflowType(name=view.workflow_type),
        previous_started_event_id=view.previous_started_event_id,
        attempt=1,
        query=asked.question,
        workflow_execution_task_queue=TaskQueue(
            name=view.queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL
        ),
    )
    events: list[bytes] = []
    if not sticky:
        last = view.last_event_id
        events = await parts.shards.history(run, 1, last, parts.config.page_bytes_max)
        if len(events) < last:
            token = HistoryToken(*run, len(events) + 1, last)
            response.next_page_token = tokens.encode(token)
    return wire.with_field(response, "history", wire.history(events))


class Result(Protocol):
    @property
    def error_message(self) -> str: ...

    @property
    def failure(self) -> Failure: ...


def outcome_of(kind: QueryResultType.ValueType, result: Result, answer: Payloads) -> QueryOutcome:
    if kind == ANSWERED:
        return QueryOutcome(result=answer)
    return QueryOutcome(refusal=result.error_message, failure=result.failure)


async def answer(
    parts: Parts, request: RespondQueryTaskCompletedRequest
) -> RespondQueryTaskCompletedResponse:
    found = await parts.namespace(request.namespace) if request.namespace else None
    if not request.task_token:
        raise InvalidArgument("Task token not set on request.")
    token = tokens.decode(QueryToken, request.task_token, "Error deserializing task token.")
    if found is None:
        raise InvalidArgument("Namespace not set on request.")
    if found.id != token.namespace_id:
        raise InvalidArgument("Operation requested with a token from a different namespace.")
    if request.completed_type not in (ANSWERED, FAILED):
        raise InvalidArgument("Invalid query result type.")
    outcome = outcome_of(request.completed_type, request, request.query_result)
    parts.matching.queries.answer(token.query_id, outcome)
    return RespondQueryTaskCompletedResponse()
