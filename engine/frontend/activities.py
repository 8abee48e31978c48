"""Activities: polls, heartbeats and answers, by task token or by activity id.

A payload that is too large ends the activity for good, as the same code would send it again.
"""

from __future__ import annotations

from google.protobuf.message import Message
from temporalio.api.common.v1 import ActivityType, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollActivityTaskQueueResponse,
    RecordActivityTaskHeartbeatByIdRequest,
    RecordActivityTaskHeartbeatByIdResponse,
    RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdRequest,
    RespondActivityTaskCanceledByIdResponse,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCanceledResponse,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskCompletedByIdResponse,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskCompletedResponse,
    RespondActivityTaskFailedByIdRequest,
    RespondActivityTaskFailedByIdResponse,
    RespondActivityTaskFailedRequest,
    RespondActivityTaskFailedResponse,
)

from engine.core.effects import ActivityStarted, HeartbeatAnswer
from engine.core.inputs import (
    ActivityTarget,
    CancelActivity,
    CompleteActivity,
    FailActivity,
    Heartbeat,
    StartActivity,
)
from engine.core.keys import ACTIVITY, RunKey
from engine.errors import InvalidArgument
from engine.frontend import checks, polling
from engine.frontend.parts import Parts
from engine.ports import Task
from engine.protocol import failures, times, tokens
from engine.protocol.tokens import TaskToken

Target = tuple[RunKey, ActivityTarget]
ByToken = (
    RecordActivityTaskHeartbeatRequest
    | RespondActivityTaskCompletedRequest
    | RespondActivityTaskFailedRequest
    | RespondActivityTaskCanceledRequest
)
ById = (
    RecordActivityTaskHeartbeatByIdRequest
    | RespondActivityTaskCompletedByIdRequest
    | RespondActivityTaskFailedByIdRequest
    | RespondActivityTaskCanceledByIdRequest
)
Completing = RespondActivityTaskCompletedRequest | RespondActivityTaskCompletedByIdRequest
Failing = RespondActivityTaskFailedRequest | RespondActivityTaskFailedByIdRequest
Cancelling = RespondActivityTaskCanceledRequest | RespondActivityTaskCanceledByIdRequest
Beating = RecordActivityTaskHeartbeatRequest | RecordActivityTaskHeartbeatByIdRequest

#: As an operator may have changed them since.
CHANGEABLE = (
    "schedule_to_close_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "retry_policy",
    "priority",
)
COPIED = (*CHANGEABLE, "header", "input")


async def poll(parts: Parts, request: PollActivityTaskQueueRequest) -> object:
    queue = await polling.queue_key(parts, request, ACTIVITY)
    poller = polling.poller(parts, request, _rate(request))

    def start(task: Task) -> StartActivity:
        return StartActivity(
            at=parts.clock.now(),
            scheduled_event_id=task.event_id,
            attempt=task.attempt,
            request_id=task.request_id or poller.request_id,
            identity=poller.identity,
        )

    task = await polling.next_task(parts, request, queue, poller, start)
    if isinstance(task, bytes):
        return task
    if task is None:
        return PollActivityTaskQueueResponse()
    return task_answer(queue.namespace_id, request.namespace, task.started)


def _rate(request: PollActivityTaskQueueRequest) -> float | None:
    metadata = request.task_queue_metadata
    if not metadata.HasField("max_tasks_per_second"):
        return None
    return metadata.max_tasks_per_second.value


def task_answer(
    namespace_id: str, namespace: str, started: ActivityStarted
) -> PollActivityTaskQueueResponse:
    scheduled = started.scheduled.activity_task_scheduled_event_attributes
    token = TaskToken(
        namespace_id,
        started.workflow_id,
        started.run_id,
        started.scheduled.event_id,
        0,
        started.attempt,
        scheduled.activity_id,
    )
    response = PollActivityTaskQueueResponse(
        task_token=tokens.encode(token),
        workflow_namespace=namespace,
        workflow_type=WorkflowType(name=started.workflow_type),
        workflow_execution=WorkflowExecution(
            workflow_id=started.workflow_id, run_id=started.run_id
        ),
        activity_type=ActivityType(name=scheduled.activity_type.name),
        activity_id=scheduled.activity_id,
        heartbeat_details=started.heartbeat,
        scheduled_time=times.timestamp(started.scheduled_at),
        current_attempt_scheduled_time=times.timestamp(started.current_attempt_scheduled_at),
        started_time=times.timestamp(started.started_at),
        attempt=started.attempt,
    )
    for name in COPIED:
        if scheduled.HasField(name):  # type: ignore[arg-type]  # the stub lists them one by one
            getattr(response, name).CopyFrom(getattr(scheduled, name))
    if started.options is not None:
        for name in CHANGEABLE:
            getattr(response, name).CopyFrom(getattr(started.options, name))
    return response


async def _by_token(parts: Parts, request: ByToken) -> Target:
    run, token = await polling.task_token(parts, request.namespace, request.task_token)
    checks.length("Identity", request.identity, parts.limits)
    return run, ActivityTarget(scheduled_event_id=token.scheduled_event_id, attempt=token.attempt)


async def _by_id(parts: Parts, request: ById) -> Target:
    await parts.namespace(request.namespace)
    if not request.activity_id:
        raise InvalidArgument("ActivityId is not set on request.")
    checks.length("Identity", request.identity, parts.limits)
    run = WorkflowExecution(workflow_id=request.workflow_id, run_id=request.run_id)
    return await parts.run_key(request.namespace, run), ActivityTarget(
        activity_id=request.activity_id
    )


async def heartbeat(
    parts: Parts, request: RecordActivityTaskHeartbeatRequest
) -> RecordActivityTaskHeartbeatResponse:
    answer = await _beat(parts, await _by_token(parts, request), request)
    return RecordActivityTaskHeartbeatResponse(
        cancel_requested=answer.cancel_requested,
        activity_paused=answer.paused,
        activity_reset=answer.was_reset,
    )


async def heartbeat_by_id(
    parts: Parts, request: RecordActivityTaskHeartbeatByIdRequest
) -> RecordActivityTaskHeartbeatByIdResponse:
    answer = await _beat(parts, await _by_id(parts, request), request)
    return RecordActivityTaskHeartbeatByIdResponse(
        cancel_requested=answer.cancel_requested,
        activity_paused=answer.paused,
        activity_reset=answer.was_reset,
    )


async def _beat(parts: Parts, target: Target, request: Beating) -> HeartbeatAnswer:
    if _is_too_large(parts, request.details):
        await _refuse(parts, target, "Heartbeat details exceed size limit.", request.identity)
        return HeartbeatAnswer(cancel_requested=True)
    answer: HeartbeatAnswer = await parts.shards.submit(
        target[0],
        Heartbeat(
            at=parts.clock.now(),
            target=target[1],
            details=request.details,
            identity=request.identity,
        ),
    )
    return answer


async def complete(
    parts: Parts, request: RespondActivityTaskCompletedRequest
) -> RespondActivityTaskCompletedResponse:
    await _complete(parts, await _by_token(parts, request), request)
    return RespondActivityTaskCompletedResponse()


async def complete_by_id(
    parts: Parts, request: RespondActivityTaskCompletedByIdRequest
) -> RespondActivityTaskCompletedByIdResponse:
    await _complete(parts, await _by_id(parts, request), request)
    return RespondActivityTaskCompletedByIdResponse()


async def _complete(parts: Parts, target: Target, request: Completing) -> None:
    if _is_too_large(parts, request.result):
        await _refuse(parts, target, "Complete result exceeds size limit.", request.identity)
        return
    await parts.shards.submit(
        target[0],
        CompleteActivity(
            at=parts.clock.now(),
            target=target[1],
            result=request.result,
            identity=request.identity,
        ),
    )


async def fail(
    parts: Parts, request: RespondActivityTaskFailedRequest
) -> RespondActivityTaskFailedResponse:
    await _fail(parts, await _by_token(parts, request), request)
    return RespondActivityTaskFailedResponse()


async def fail_by_id(
    parts: Parts, request: RespondActivityTaskFailedByIdRequest
) -> RespondActivityTaskFailedByIdResponse:
    await _fail(parts, await _by_id(parts, request), request)
    return RespondActivityTaskFailedByIdResponse()


async def _fail(parts: Parts, target: Target, request: Failing) -> None:
    details: Payloads | None = None
    if request.HasField("last_heartbeat_details"):
        details = request.last_heartbeat_details
        if _is_too_large(parts, details):
            await _refuse(parts, target, "Heartbeat details exceed size limit.", request.identity)
            return
    await _submit_failure(parts, target, request.failure, request.identity, details)


async def cancel(
    parts: Parts, request: RespondActivityTaskCanceledRequest
) -> RespondActivityTaskCanceledResponse:
    await _cancel(parts, await _by_token(parts, request), request)
    return RespondActivityTaskCanceledResponse()


async def cancel_by_id(
    parts: Parts, request: RespondActivityTaskCanceledByIdRequest
) -> RespondActivityTaskCanceledByIdResponse:
    await _cancel(parts, await _by_id(parts, request), request)
    return RespondActivityTaskCanceledByIdResponse()


async def _cancel(parts: Parts, target: Target, request: Cancelling) -> None:
    if _is_too_large(parts, request.details):
        await _refuse(parts, target, "Cancel details exceed size limit.", request.identity)
        return
    await parts.shards.submit(
        target[0],
        CancelActivity(
            at=parts.clock.now(),
            target=target[1],
            details=request.details,
            identity=request.identity,
        ),
    )


def _is_too_large(parts: Parts, payloads: Message) -> bool:
    return payloads.ByteSize() > parts.limits.payload_bytes_max


async def _refuse(parts: Parts, target: Target, reason: str, identity: str) -> None:
    failure = failures.server(reason, non_retryable=True)
    await _submit_failure(parts, target, failure, identity, None)


async def _submit_failure(
    parts: Parts, target: Target, failure: Failure, identity: str, details: Payloads | None
) -> None:
    await parts.shards.submit(
        target[0],
        FailActivity(
            at=parts.clock.now(),
            target=target[1],
            failure=failure,
            identity=identity,
            heartbeat=details,
        ),
    )
