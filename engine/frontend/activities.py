"""Activities: polls, heartbeats and answers, by task token or by activity id.

A payload that is too large ends the activity for good, as the same code would send it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from google.protobuf.message import Message
from temporalio.api.common.v1 import ActivityType, WorkflowExecution, WorkflowType
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollActivityTaskQueueResponse,
    RecordActivityTaskHeartbeatByIdResponse,
    RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdResponse,
    RespondActivityTaskCanceledResponse,
    RespondActivityTaskCompletedByIdResponse,
    RespondActivityTaskCompletedResponse,
    RespondActivityTaskFailedByIdResponse,
    RespondActivityTaskFailedResponse,
)

from engine.core.effects import ActivityStarted, HeartbeatAnswer
from engine.core.inputs import (
    ActivityTarget,
    CancelActivity,
    CompleteActivity,
    FailActivity,
    Heartbeat,
    Input,
    StartActivity,
)
from engine.core.keys import ACTIVITY, RunKey, activity_of, activity_run
from engine.errors import InvalidArgument
from engine.frontend import checks, polling
from engine.frontend.parts import Parts
from engine.ports import Task
from engine.protocol import times, tokens
from engine.protocol.ids import is_uuid
from engine.protocol.tokens import TaskToken

Target = tuple[RunKey, ActivityTarget]
Find = Callable[[Parts, Any], Awaitable[Target]]
Function = Callable[[Parts, Any], Awaitable[Message]]

#: There also where they are zero: the TypeScript SDK takes no task that lacks one.
TIMES = ("schedule_to_close_timeout", "start_to_close_timeout", "heartbeat_timeout")
#: As an operator may have changed them since.
CHANGEABLE = (*TIMES, "retry_policy", "priority")
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
            sdk_name=poller.sdk_name,
            sdk_version=poller.sdk_version,
            version=poller.version,
        )

    task = await polling.next_task(parts, request, queue, poller, start)
    if isinstance(task, bytes):
        return task
    if task is None:
        return PollActivityTaskQueueResponse()
    answer = task_answer(queue.namespace_id, request.namespace, task.started)
    return polling.hinted(task, answer)


def _rate(request: PollActivityTaskQueueRequest) -> float | None:
    metadata = request.task_queue_metadata
    if not metadata.HasField("max_tasks_per_second"):
        return None
    return metadata.max_tasks_per_second.value


def task_answer(
    namespace_id: str, namespace: str, started: ActivityStarted
) -> PollActivityTaskQueueResponse:
    scheduled = started.scheduled.activity_task_scheduled_event_attributes
    standalone = bool(activity_of(started.workflow_id))
    token = TaskToken(
        namespace_id,
        started.workflow_id,
        started.run_id,
        started.scheduled.event_id,
        0,
        started.attempt,
        scheduled.activity_id,
        started.started_at if standalone else 0,
    )
    response = PollActivityTaskQueueResponse(
        task_token=tokens.encode(token),
        workflow_namespace=namespace,
        activity_type=ActivityType(name=scheduled.activity_type.name),
        activity_id=scheduled.activity_id,
        heartbeat_details=started.heartbeat,
        scheduled_time=times.timestamp(started.scheduled_at),
        current_attempt_scheduled_time=times.timestamp(started.current_attempt_scheduled_at),
        started_time=times.timestamp(started.started_at),
        attempt=started.attempt,
    )
    if standalone:
        response.workflow_execution.SetInParent()
        response.activity_run_id = started.run_id
    else:
        response.workflow_type.CopyFrom(WorkflowType(name=started.workflow_type))
        response.workflow_execution.CopyFrom(
            WorkflowExecution(workflow_id=started.workflow_id, run_id=started.run_id)
        )
    for name in COPIED:
        if scheduled.HasField(name):  # type: ignore[arg-type]  # the stub lists them one by one
            getattr(response, name).CopyFrom(getattr(scheduled, name))
    if started.options is not None:
        for name in CHANGEABLE:
            getattr(response, name).CopyFrom(getattr(started.options, name))
    if started.priority is not None:
        response.priority.CopyFrom(started.priority)
    for name in TIMES:
        getattr(response, name).SetInParent()
    return response


async def _by_token(parts: Parts, request: Any) -> Target:
    run, token = await polling.task_token(parts, request.namespace, request.task_token)
    checks.length("Identity", request.identity, parts.limits)
    return run, ActivityTarget(
        scheduled_event_id=token.scheduled_event_id,
        attempt=token.attempt,
        started_at=token.started_at,
    )


async def _by_id(parts: Parts, request: Any) -> Target:
    """Without a workflow's id it is a standalone activity's."""
    namespace = await parts.namespace(request.namespace)
    if not request.activity_id:
        raise InvalidArgument("ActivityId is not set on request.")
    checks.length("Identity", request.identity, parts.limits)
    if not request.workflow_id:
        checks.without_nul("ActivityId", request.activity_id)
        if request.run_id and not is_uuid(request.run_id):
            raise InvalidArgument("RunId is not valid UUID.")
        key = activity_run(namespace.id, request.activity_id, request.run_id)
        return key, ActivityTarget(activity_id=request.activity_id)
    run = WorkflowExecution(workflow_id=request.workflow_id, run_id=request.run_id)
    return await parts.run_key(request.namespace, run), ActivityTarget(
        activity_id=request.activity_id
    )


class Word(NamedTuple):
    """Something that a worker says of its activity: by token and by id it means the same."""

    # The payloads that come with it, and what the activity fails with where they are too large.
    field: str
    too_large: str
    given: Callable[[int, ActivityTarget, Any], Input]


def _heartbeat(at: int, target: ActivityTarget, request: Any) -> Heartbeat:
    return Heartbeat(at=at, target=target, details=request.details, identity=request.identity)


def _completion(at: int, target: ActivityTarget, request: Any) -> CompleteActivity:
    return CompleteActivity(at=at, target=target, result=request.result, identity=request.identity)


def _failure(at: int, target: ActivityTarget, request: Any) -> FailActivity:
    failed = request.HasField("failure")
    if failed and not request.failure.HasField("application_failure_info"):
        raise InvalidArgument("Failure must have ApplicationFailureInfo.")
    return FailActivity(
        at=at,
        target=target,
        failure=request.failure,
        identity=request.identity,
        heartbeat=(
            request.last_heartbeat_details if request.HasField("last_heartbeat_details") else None
        ),
    )


def _cancellation(at: int, target: ActivityTarget, request: Any) -> CancelActivity:
    return CancelActivity(at=at, target=target, details=request.details, identity=request.identity)


BEAT = Word("details", "Heartbeat details exceed size limit.", _heartbeat)
COMPLETED = Word("result", "Complete result exceeds size limit.", _completion)
FAILED = Word("last_heartbeat_details", "Heartbeat details exceed size limit.", _failure)
CANCELED = Word("details", "Cancel details exceed size limit.", _cancellation)


def _said(find: Find, word: Word, response: type[Message]) -> Function:
    async def answer(parts: Parts, request: Any) -> Message:
        run, target = await find(parts, request)
        at = parts.clock.now()
        if getattr(request, word.field).ByteSize() > parts.limits.payload_bytes_max:
            await parts.shards.submit(run, _refused(at, target, word, request.identity))
            # For a heartbeat: the activity is over, and its worker may stop.
            return response(**({"cancel_requested": True} if word is BEAT else {}))
        return response(**_told(await parts.shards.submit(run, word.given(at, target, request))))

    return answer


def _refused(at: int, target: ActivityTarget, word: Word, identity: str) -> FailActivity:
    failure = Failure(message=word.too_large)
    failure.server_failure_info.non_retryable = True
    return FailActivity(at=at, target=target, failure=failure, identity=identity, heartbeat=None)


def _told(reply: object) -> dict[str, bool]:
    if not isinstance(reply, HeartbeatAnswer):
        return {}
    return {
        "cancel_requested": reply.cancel_requested,
        "activity_paused": reply.paused,
        "activity_reset": reply.was_reset,
    }


heartbeat = _said(_by_token, BEAT, RecordActivityTaskHeartbeatResponse)
heartbeat_by_id = _said(_by_id, BEAT, RecordActivityTaskHeartbeatByIdResponse)
complete = _said(_by_token, COMPLETED, RespondActivityTaskCompletedResponse)
complete_by_id = _said(_by_id, COMPLETED, RespondActivityTaskCompletedByIdResponse)
fail = _said(_by_token, FAILED, RespondActivityTaskFailedResponse)
fail_by_id = _said(_by_id, FAILED, RespondActivityTaskFailedByIdResponse)
cancel = _said(_by_token, CANCELED, RespondActivityTaskCanceledResponse)
cancel_by_id = _said(_by_id, CANCELED, RespondActivityTaskCanceledByIdResponse)
