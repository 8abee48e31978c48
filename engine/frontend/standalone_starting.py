"""Start a standalone activity; whether beside, or after, another of its id: by its shard."""

from __future__ import annotations

from temporalio.api.common.v1 import Link
from temporalio.api.enums.v1 import ActivityIdConflictPolicy as _Conflict
from temporalio.api.enums.v1 import ActivityIdReusePolicy as _Reuse
from temporalio.api.history.v1 import (
    ActivityTaskScheduledEventAttributes,
    WorkflowExecutionStartedEventAttributes,
)
from temporalio.api.workflowservice.v1 import (
    StartActivityExecutionRequest,
    StartActivityExecutionResponse,
)

from engine.core.inputs import Attach, Start
from engine.core.keys import RunKey, activity_run
from engine.errors import ActivityAlreadyStarted, AlreadyStarted
from engine.frontend import attributes, checks, standalone_checks
from engine.frontend.parts import Parts
from engine.namespaces import Namespace
from engine.ports import StartAnswer, StartPolicy
from engine.protocol.copying import copy_set

_COPIED = (
    "activity_type",
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "retry_policy",
    "input",
    "header",
    "priority",
)


async def start(
    parts: Parts, request: StartActivityExecutionRequest
) -> StartActivityExecutionResponse:
    namespace = await parts.namespace(request.namespace)
    standalone_checks.start(request, parts.limits)
    at, run_id = parts.clock.now(), parts.clock.new_id()
    given = Start(
        at=at,
        attributes=_first_event(parts, namespace, request, run_id),
        activity=_scheduled(parts, request),
        request_id=request.request_id or parts.clock.new_id(),
        links=tuple(request.links),
        user_metadata=request.user_metadata if request.HasField("user_metadata") else None,
    )
    key = activity_run(namespace.id, request.activity_id, run_id)
    answer = await _started(parts, request, key, given)
    link = Link.Activity(
        namespace=namespace.name, activity_id=request.activity_id, run_id=answer.run_id
    )
    return StartActivityExecutionResponse(
        run_id=answer.run_id, started=answer.run_id == run_id, link=Link(activity=link)
    )


async def _started(
    parts: Parts, request: StartActivityExecutionRequest, key: RunKey, given: Start
) -> StartAnswer:
    # The protocol gives these policies the numbers that a workflow's have.
    policy = StartPolicy(
        reuse=request.id_reuse_policy or _Reuse.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE,
        conflict=request.id_conflict_policy or _Conflict.ACTIVITY_ID_CONFLICT_POLICY_FAIL,
        attach=_links(request, given.at),
    )
    try:
        return await parts.shards.start(key, given, policy)
    except AlreadyStarted as there:
        raise ActivityAlreadyStarted(
            "activity execution already started", there.run_id, there.start_request_id
        ) from there


def _links(request: StartActivityExecutionRequest, at: int) -> Attach | None:
    """What one that is there already is to keep of this start."""
    if not (request.on_conflict_options.attach_links and request.links):
        return None
    return Attach(at=at, links=tuple(request.links))


def _first_event(
    parts: Parts, namespace: Namespace, request: StartActivityExecutionRequest, run_id: str
) -> WorkflowExecutionStartedEventAttributes:
    """Of the run that it is; a start delay is what it has for a first back-off."""
    first = WorkflowExecutionStartedEventAttributes(
        task_queue=checks.queue(request.task_queue, parts.limits),
        original_execution_run_id=run_id,
        first_execution_run_id=run_id,
        attempt=1,
    )
    first.workflow_type.name = request.activity_type.name
    if request.HasField("start_delay"):
        first.first_workflow_task_backoff.CopyFrom(request.start_delay)
    if request.search_attributes.indexed_fields:
        typed = attributes.typed(request.search_attributes, namespace, parts.limits)
        first.search_attributes.CopyFrom(typed)
    return first


def _scheduled(
    parts: Parts, request: StartActivityExecutionRequest
) -> ActivityTaskScheduledEventAttributes:
    scheduled = ActivityTaskScheduledEventAttributes(
        activity_id=request.activity_id,
        task_queue=checks.queue(request.task_queue, parts.limits),
    )
    copy_set(request, scheduled, _COPIED)
    return scheduled
