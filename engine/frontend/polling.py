"""What polls for workflow tasks and polls for activities share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollNexusTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
)

from engine.core import versioning
from engine.core.inputs import StartActivity, StartWorkflowTask
from engine.core.keys import ACTIVITY, NEXUS, WORKFLOW, QueueKey, RunKey, plain_queue
from engine.core.state import RunState
from engine.errors import EngineError, InvalidArgument, NotFound, Unavailable
from engine.frontend import calls, checks, deployments, forwarding
from engine.frontend.parts import Parts
from engine.ports import Poller, Task
from engine.protocol import tokens
from engine.protocol.tokens import TaskToken

PollRequest = (
    PollWorkflowTaskQueueRequest | PollActivityTaskQueueRequest | PollNexusTaskQueueRequest
)
Start = StartWorkflowTask | StartActivity

_SERVICE = "temporal.api.workflowservice.v1.WorkflowService"
_PATHS = {
    WORKFLOW: f"/{_SERVICE}/PollWorkflowTaskQueue",
    ACTIVITY: f"/{_SERVICE}/PollActivityTaskQueue",
    NEXUS: f"/{_SERVICE}/PollNexusTaskQueue",
}
#: Of the older versions, which a worker may still say.
BUILD_ID_CHARACTERS_MAX = 255
_rescues: set[asyncio.Task[None]] = set()


def is_sticky(queue: TaskQueue) -> bool:
    return queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY


async def queue_key(parts: Parts, request: PollRequest, kind: str) -> QueueKey:
    namespace = await parts.namespace(request.namespace)
    checks.length("Identity", request.identity, parts.limits)
    queue = request.task_queue
    _check_versions(request)
    checks.named_queue(queue, parts.limits)
    checks.part(queue, kind)
    key = QueueKey(namespace.id, queue.name, kind)
    if request.deployment_options.worker_versioning_mode and not is_sticky(queue):
        await deployments.register(parts, key, request.deployment_options)
    return key


def _check_versions(request: PollRequest) -> None:
    """What a worker says of its version, whether or not it is known already."""
    options, capabilities = request.deployment_options, request.worker_version_capabilities
    if not (request.HasField("deployment_options") or capabilities.ByteSize()):
        return
    is_versioned = capabilities.use_versioning or request.HasField("deployment_options")
    if is_versioned and is_sticky(request.task_queue) and not request.task_queue.normal_name:
        raise InvalidArgument(
            "NormalName must be set on sticky queue when UseVersioning is true or"
            " DeploymentOptions are set."
        )
    if capabilities.use_versioning and not capabilities.build_id:
        raise InvalidArgument("WorkerVersionStamp must be present if UseVersioning is true.")
    if len(capabilities.build_id) > BUILD_ID_CHARACTERS_MAX:
        raise InvalidArgument(
            "Build ID exceeds configured limit.workerBuildIdSize, use a shorter build ID."
        )
    if options.worker_versioning_mode == deployments.VERSIONED and not (
        options.deployment_name and options.build_id
    ):
        raise InvalidArgument("Deployment name and build id must be set together.")


def poller(parts: Parts, request: PollRequest, rate_max: float | None = None) -> Poller:
    versions = request.worker_version_capabilities
    deployment = request.deployment_options
    is_noted = isinstance(request, PollActivityTaskQueueRequest)
    return Poller(
        identity=request.identity,
        request_id=parts.clock.new_id(),
        instance=request.worker_instance_key,
        sdk_name=calls.header("client-name") if is_noted else "",
        sdk_version=calls.header("client-version") if is_noted else "",
        rate_max=rate_max,
        versions=versions if versions.ByteSize() else None,
        deployment=deployment if deployment.ByteSize() else None,
        version=versioning.of_worker(deployment),
        normal=request.task_queue.normal_name if is_sticky(request.task_queue) else "",
    )


def target(parts: Parts, queue: QueueKey, by: Poller, task: Task) -> str | None:
    """The version that a pinned run would go to if it were not; None for any other run."""
    if plain_queue(task.queue.name) == task.queue.name:
        return None
    home = queue._replace(name=by.normal) if by.normal else queue
    return parts.deployments.route_of(home).version_of(task.run.workflow_id)


async def next_task(
    parts: Parts,
    request: PollRequest,
    queue: QueueKey,
    by: Poller,
    start: Callable[[Task], Start],
) -> Task | bytes | None:
    """The next task of the queue, started for this poller; None at the time-out.

    Bytes are the whole answer, from the node that has the task's run.
    """
    given_task = forwarding.handed(parts)
    if given_task is not None:
        return await forwarding.taken(parts, given_task, start(given_task))
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + calls.seconds_left(parts.config.task_poll_seconds)
    while True:
        task = await parts.matching.poll(queue, by, max(0.0, ends_at - loop.time()))
        if task is None or task.query is not None or task.started is not None:
            return task
        if node := forwarding.keeper(parts, task):
            asked = msgspec.structs.replace(task, request_id=task.request_id or by.request_id)
            answer = await forwarding.fetched(parts, node, _PATHS[queue.kind], request, asked)
            if answer is None:
                continue
            return answer
        given = start(task)
        try:
            reply = await parts.shards.submit(task.run, given)
        except NotFound:
            # It was started, or is of no use, since it was offered.
            continue
        except Unavailable:
            again = msgspec.structs.replace(task, request_id=given.request_id)
            parts.matching.offer_again(again)
            continue
        except asyncio.CancelledError:
            _rescue(parts, task, given)
            raise
        return msgspec.structs.replace(task, started=reply)


def hinted(task: Task, answer: Any) -> Any:
    """The answer with what the worker is told of its pollers."""
    if task.pollers_delta:
        decision = answer.poller_scaling_decision
        decision.poll_request_delta_suggestion = task.pollers_delta
    return answer


def _rescue(parts: Parts, task: Task, given: Start) -> None:
    """The poller left while its task was being started: another one is to get it."""
    rescue = asyncio.get_running_loop().create_task(_pass_on(parts, task, given))
    _rescues.add(rescue)
    rescue.add_done_callback(_rescues.discard)


async def _pass_on(parts: Parts, task: Task, given: Start) -> None:
    try:
        if not await parts.shards.inspect(task.run, lambda state: _is_started(state, given)):
            parts.matching.offer(task)
            return
        # The same request id: the answer is the one that was lost.
        reply = await parts.shards.submit(task.run, given)
    except NotFound:
        return
    except EngineError:
        parts.matching.offer_again(task)
        return
    parts.matching.offer(msgspec.structs.replace(task, started=reply))


def _is_started(state: RunState, given: Start) -> bool:
    if isinstance(given, StartWorkflowTask):
        return state.task is not None and state.task.request_id == given.request_id
    activity = state.activities.get(given.scheduled_event_id)
    return activity is not None and activity.request_id == given.request_id


async def hand_over(parts: Parts, task: Task, answer: Callable[[], Any]) -> Any:
    """Make the answer; the task goes to another poller if that fails or its caller has left.

    One that another node's queue has asked for stays with that queue.
    """
    asked_for = forwarding.handed(parts)
    if asked_for is not None and asked_for.claim is None:
        return await answer()
    try:
        return await answer()
    except (EngineError, asyncio.CancelledError):
        parts.matching.offer_again(task)
        raise


async def task_token(parts: Parts, namespace: str, given: bytes) -> tuple[RunKey, TaskToken]:
    found = await parts.namespace(namespace) if namespace else None
    token = tokens.task(given)
    if found is None:
        raise InvalidArgument("Namespace not set on request.")
    if found.id != token.namespace_id:
        raise InvalidArgument("Operation requested with a token from a different namespace.")
    return RunKey(token.namespace_id, token.workflow_id, token.run_id), token
