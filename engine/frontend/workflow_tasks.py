"""Workflow tasks: polls and answers.

poll ──▶ matching ──▶ StartWorkflowTask ──▶ answer with the history as it is stored
complete · fail ──▶ the run, by the task's token
"""

from __future__ import annotations

from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
    ResetStickyTaskQueueRequest,
    ResetStickyTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
    RespondWorkflowTaskFailedResponse,
)

from engine.core.effects import WorkflowTaskCompleted, WorkflowTaskStarted
from engine.core.inputs import (
    ClearSticky,
    CompleteWorkflowTask,
    FailWorkflowTask,
    StartWorkflowTask,
)
from engine.core.keys import WORKFLOW, RunKey
from engine.errors import FailedPrecondition, InvalidArgument
from engine.frontend import activities, checks, commands, polling, queries
from engine.frontend.parts import Parts
from engine.ports import Task
from engine.protocol import times, tokens, wire
from engine.protocol.tokens import HistoryToken, TaskToken


async def poll(parts: Parts, request: PollWorkflowTaskQueueRequest) -> object:
    queue = await polling.queue_key(parts, request, WORKFLOW)
    poller = polling.poller(parts, request)
    sticky = polling.is_sticky(request.task_queue)

    def start(task: Task) -> StartWorkflowTask:
        return StartWorkflowTask(
            at=parts.clock.now(),
            scheduled_event_id=task.event_id,
            attempt=task.attempt,
            request_id=task.request_id or poller.request_id,
            identity=poller.identity,
            sticky=sticky,
            target=polling.target(parts, queue, poller, task),
        )

    task = await polling.next_task(parts, request, queue, poller, start)
    if isinstance(task, bytes):
        return task
    if task is None:
        return PollWorkflowTaskQueueResponse()
    if task.query is not None:
        found = await polling.hand_over(
            parts, task, lambda: queries.task_answer(parts, task, sticky=sticky)
        )
    else:
        found = await polling.hand_over(
            parts, task, lambda: answer(parts, task.run, task.started, sticky=sticky)
        )
    return _hinted(task, found)


def _hinted(task: Task, answer: bytes) -> bytes:
    """A message that is serialised already is one with another field behind it."""
    if not task.pollers_delta:
        return answer
    more: PollWorkflowTaskQueueResponse = polling.hinted(task, PollWorkflowTaskQueueResponse())
    return answer + more.SerializeToString()


async def answer(parts: Parts, run: RunKey, started: WorkflowTaskStarted, *, sticky: bool) -> bytes:
    """`sticky`: the worker knows the run, so it is sent what is new only."""
    response = PollWorkflowTaskQueueResponse(
        task_token=tokens.encode(
            TaskToken(
                run.namespace_id,
                started.workflow_id,
                started.run_id,
                started.scheduled_event_id,
                started.started_event_id,
                started.attempt,
                started_at=started.started_at,
            )
        ),
        workflow_execution=WorkflowExecution(
            workflow_id=started.workflow_id, run_id=started.run_id
        ),
        workflow_type=WorkflowType(name=started.workflow_type),
        previous_started_event_id=started.previous_started_event_id,
        started_event_id=started.started_event_id,
        attempt=started.attempt,
        scheduled_time=times.timestamp(started.scheduled_at),
        started_time=times.timestamp(started.started_at),
        # The SDKs take no task without it.
        workflow_execution_task_queue=TaskQueue(
            name=started.run_queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL
        ),
        messages=started.messages,
    )
    run = run._replace(run_id=started.run_id)
    for query in parts.matching.queries.carry(run):
        if query.question is not None:
            response.queries[query.id].CopyFrom(query.question)
    first = started.previous_started_event_id + 1 if sticky else 1
    return await _with_history(parts, run, response, first, started)


async def _with_history(
    parts: Parts,
    run: RunKey,
    response: PollWorkflowTaskQueueResponse,
    first: int,
    started: WorkflowTaskStarted,
) -> bytes:
    last = started.last_event_id
    held = tuple(event.SerializeToString() for event in started.held)
    events = list(started.events)
    if started.events_from != first and first <= last:
        events = await parts.shards.history(run, first, last, parts.config.page_bytes_max)
    if first + len(events) <= last:
        token = HistoryToken(*run, first + len(events), last, held=held)
        response.next_page_token = tokens.encode(token)
    else:
        events = [*events, *held]
    return wire.with_field(response, "history", wire.history(events))


async def complete(parts: Parts, request: RespondWorkflowTaskCompletedRequest) -> object:
    run, token = await polling.task_token(parts, request.namespace, request.task_token)
    checks.length("Identity", request.identity, parts.limits)
    checks.queue_name(request.sticky_attributes.worker_task_queue.name, parts.limits)
    _check_whole(request)
    await _fill_in(parts, request)
    outcomes = {}
    try:
        reply = await parts.shards.submit(
            run,
            CompleteWorkflowTask(
                at=parts.clock.now(),
                scheduled_event_id=token.scheduled_event_id,
                started_event_id=token.started_event_id,
                attempt=token.attempt,
                started_at=token.started_at,
                request=request,
                endpoints=await commands.endpoints(request, parts.endpoints),
            ),
        )
        outcomes = {
            query_id: queries.outcome_of(result.result_type, result, result.answer)
            for query_id, result in request.query_results.items()
        }
    finally:
        parts.matching.queries.settle(run, outcomes)
    return await _completed(parts, run, request.namespace, reply)


def _check_whole(request: RespondWorkflowTaskCompletedRequest) -> None:
    """No worker is told that it may answer in pages, here or on the official server."""
    if request.intermediate_page or request.page_number > 0:
        raise FailedPrecondition(
            "workflow task completion pagination is disabled for this namespace"
            f" {request.namespace}"
        )


async def _fill_in(parts: Parts, request: RespondWorkflowTaskCompletedRequest) -> None:
    """A command that cannot be taken fails the task."""
    here = await parts.namespace(request.namespace)
    cause = commands.BAD_ATTRIBUTES
    try:
        commands.fill_in(request, here, parts.limits)
        cause = commands.BAD_OPERATION
        commands.check_own_operations(parts, request, here)
    except InvalidArgument as refusal:
        failed = commands.failure_of(request, refusal, cause)
        await fail(parts, failed)
        raise InvalidArgument(failed.failure.message) from refusal


async def _completed(
    parts: Parts, run: RunKey, namespace: str, reply: WorkflowTaskCompleted
) -> object:
    response = RespondWorkflowTaskCompletedResponse(
        activity_tasks=[
            activities.task_answer(run.namespace_id, namespace, started)
            for started in reply.eager_activities
        ],
        reset_history_event_id=reply.reset_history_event_id,
    )
    if reply.next_task is None:
        return response
    # Its worker has just done the task before it.
    task = await answer(parts, run, reply.next_task, sticky=True)
    return wire.with_field(response, "workflow_task", task)


async def fail(
    parts: Parts, request: RespondWorkflowTaskFailedRequest
) -> RespondWorkflowTaskFailedResponse:
    run, token = await polling.task_token(parts, request.namespace, request.task_token)
    checks.length("Identity", request.identity, parts.limits)
    try:
        await parts.shards.submit(
            run,
            FailWorkflowTask(
                at=parts.clock.now(),
                scheduled_event_id=token.scheduled_event_id,
                started_event_id=token.started_event_id,
                attempt=token.attempt,
                started_at=token.started_at,
                request=request,
            ),
        )
    finally:
        parts.matching.queries.settle(run, {})
    return RespondWorkflowTaskFailedResponse()


async def reset_sticky(
    parts: Parts, request: ResetStickyTaskQueueRequest
) -> ResetStickyTaskQueueResponse:
    run = await parts.run_of(request.namespace, request, "execution")
    await parts.shards.submit(run, ClearSticky(at=parts.clock.now()))
    return ResetStickyTaskQueueResponse()
