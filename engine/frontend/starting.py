"""Start a run, alone or with a signal.

The first event is built here once, as it will stand in the history; whether there may be a new
run beside the one that runs, or ran, is decided by the shard that owns the workflow id.
"""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.api.common.v1 import Link
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from engine.core import versioning
from engine.core.inputs import Attach, Signal, Start
from engine.core.keys import WORKFLOW, QueueKey, RunKey
from engine.core.state import RunState
from engine.errors import NamespaceIsNotRegistered, NotFound
from engine.frontend import (
    attributes,
    callbacks,
    checks,
    options,
    start_checks,
    workflow_tasks,
)
from engine.frontend.parts import Parts
from engine.frontend.start_checks import Conflict, Reuse, StartRequest
from engine.namespaces import REGISTERED, Namespace
from engine.ports import StartAnswer, StartPolicy
from engine.protocol import nexus, times, wire

_COPIED = ("input", "header", "priority")


@dataclass(frozen=True, slots=True)
class Opening:
    """A start that passed all checks, ready for its shard."""

    namespace: Namespace
    key: RunKey
    given: Start
    policy: StartPolicy


async def start(parts: Parts, request: StartWorkflowExecutionRequest) -> object:
    await _check_registered(parts, request)
    opening = await opened(parts, request)
    answer = await parts.shards.start(opening.key, opening.given, opening.policy)
    response = StartWorkflowExecutionResponse(
        run_id=answer.run_id,
        started=answer.started,
        status=answer.status,  # type: ignore[arg-type]
        first_execution_run_id=await _first_run_id(parts, opening, answer),
        link=started_link(opening, answer),
    )
    if answer.eager_task is None:
        return response
    key = opening.key._replace(run_id=answer.run_id)
    task = await workflow_tasks.answer(parts, key, answer.eager_task, sticky=False)
    return wire.with_field(response, "eager_workflow_task", task)


async def signal_with_start(
    parts: Parts, request: SignalWithStartWorkflowExecutionRequest
) -> SignalWithStartWorkflowExecutionResponse:
    await _check_registered(parts, request)
    opening = await opened(parts, request)
    answer = await parts.shards.start(opening.key, opening.given, opening.policy)
    link = nexus.to_request(
        request.namespace,
        request.workflow_id,
        answer.run_id,
        opening.given.request_id,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    )
    return SignalWithStartWorkflowExecutionResponse(
        run_id=answer.run_id,
        started=answer.started,
        first_execution_run_id=await _first_run_id(parts, opening, answer),
        signal_link=link,
    )


def _is_eager(
    parts: Parts,
    namespace: Namespace,
    request: StartWorkflowExecutionRequest,
    first: WorkflowExecutionStartedEventAttributes,
) -> bool:
    """The worker that asks may have the first task only where the queue is routed to it."""
    if not request.request_eager_execution or _is_delayed(request):
        return False
    queue = QueueKey(namespace.id, request.task_queue.name, WORKFLOW)
    version = versioning.of_worker(request.eager_worker_deployment_options)
    if first.versioning_override.HasField("pinned"):
        return versioning.named(first.versioning_override.pinned.version) == version
    return parts.deployments.route_of(queue).version_of(request.workflow_id) == version


async def _check_registered(parts: Parts, request: StartRequest) -> None:
    """A start with an update is none of those that a deprecated namespace refuses."""
    namespace = await parts.namespace(request.namespace)
    if namespace.state != REGISTERED:
        raise NamespaceIsNotRegistered(
            "Namespace has invalid state: Deprecated. Must be Registered.",
            namespace.name,
            namespace.state,
        )


async def opened(parts: Parts, request: StartRequest) -> Opening:
    namespace = await parts.namespace(request.namespace)
    start_checks.check(parts, request)
    at, run_id = parts.clock.now(), parts.clock.new_id()
    request_id = request.request_id or parts.clock.new_id()
    first = _first_event(parts, namespace, request, run_id)
    if first.HasField("versioning_override"):
        options.check_queue(parts, namespace.id, first.task_queue.name, first.versioning_override)
    eager = ""
    signal = None
    if isinstance(request, SignalWithStartWorkflowExecutionRequest):
        signal = _signal(parts, request, request_id, at)
    elif _is_eager(parts, namespace, request, first):
        eager = request.identity or "eager"
        first.eager_execution_accepted = True
    given = Start(
        at=at,
        attributes=first,
        request_id=request_id,
        signal=signal,
        links=tuple(request.links),
        user_metadata=request.user_metadata if request.HasField("user_metadata") else None,
        eager_identity=eager,
    )
    key = RunKey(namespace.id, request.workflow_id, run_id)
    return Opening(namespace, key, given, _policy(request, at, request_id))


def _is_delayed(request: StartRequest) -> bool:
    return bool(request.cron_schedule or request.workflow_start_delay.ToNanoseconds())


def _policy(request: StartRequest, at: int, request_id: str) -> StartPolicy:
    reuse, conflict = request.workflow_id_reuse_policy, request.workflow_id_conflict_policy
    signals = isinstance(request, SignalWithStartWorkflowExecutionRequest)
    if reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING:
        reuse = Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
        conflict = Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
    if not conflict:
        conflict = (
            Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
            if signals
            else Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL
        )
    return StartPolicy(
        reuse=reuse or Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
        conflict=conflict,
        attach=_attach(request, at, request_id),
        signal_running=signals,
    )


def _attach(request: StartRequest, at: int, request_id: str) -> Attach | None:
    if isinstance(request, SignalWithStartWorkflowExecutionRequest):
        return None
    if not request.HasField("on_conflict_options"):
        return None
    conflict = request.on_conflict_options
    return Attach(
        at=at,
        request_id=request_id if conflict.attach_request_id else "",
        links=tuple(request.links) if conflict.attach_links else (),
        completions=(
            tuple(request.completion_callbacks) if conflict.attach_completion_callbacks else ()
        ),
    )


def _first_event(
    parts: Parts, namespace: Namespace, request: StartRequest, run_id: str
) -> WorkflowExecutionStartedEventAttributes:
    first = WorkflowExecutionStartedEventAttributes(
        workflow_type=request.workflow_type,
        workflow_id=request.workflow_id,
        task_queue=checks.queue_of(request, parts.limits),
        original_execution_run_id=run_id,
        first_execution_run_id=run_id,
        identity=request.identity,
        attempt=1,
        cron_schedule=request.cron_schedule,
    )
    for name in _COPIED:
        if request.HasField(name):  # type: ignore[arg-type]
            getattr(first, name).CopyFrom(getattr(request, name))
    if request.HasField("versioning_override"):
        first.versioning_override.CopyFrom(options.override(request.versioning_override))
    if request.memo.fields:
        first.memo.CopyFrom(request.memo)
    if request.HasField("retry_policy"):
        first.retry_policy.CopyFrom(checks.retry_policy(request.retry_policy))
    if request.search_attributes.indexed_fields:
        typed = attributes.typed(request.search_attributes, namespace, parts.limits)
        if typed.indexed_fields:
            first.search_attributes.CopyFrom(typed)
    if isinstance(request, StartWorkflowExecutionRequest):
        _carry_over(first, request)
        callbacks.check(request.completion_callbacks, parts.limits)
        first.completion_callbacks.extend(request.completion_callbacks)
    _set_timeouts(first, request)
    first.first_workflow_task_backoff.FromNanoseconds(
        times.nanoseconds(request.workflow_start_delay)
    )
    return first


def _carry_over(
    first: WorkflowExecutionStartedEventAttributes, request: StartWorkflowExecutionRequest
) -> None:
    if request.HasField("continued_failure"):
        first.continued_failure.CopyFrom(request.continued_failure)
    if request.HasField("last_completion_result"):
        first.last_completion_result.CopyFrom(request.last_completion_result)


def _set_timeouts(first: WorkflowExecutionStartedEventAttributes, request: StartRequest) -> None:
    execution = checks.timeout(
        "WorkflowExecutionTimeoutSeconds", request.workflow_execution_timeout
    )
    run = checks.timeout("WorkflowRunTimeoutSeconds", request.workflow_run_timeout)
    task = checks.timeout("WorkflowTaskTimeoutSeconds", request.workflow_task_timeout)
    # One that is said to be none stands in the event so.
    if request.HasField("workflow_execution_timeout"):
        first.workflow_execution_timeout.FromNanoseconds(execution)
    if request.HasField("workflow_run_timeout"):
        first.workflow_run_timeout.FromNanoseconds(run)
    if task:
        first.workflow_task_timeout.FromNanoseconds(task)


def _signal(
    parts: Parts, request: SignalWithStartWorkflowExecutionRequest, request_id: str, at: int
) -> Signal:
    checks.blob(request.signal_input, parts.limits)
    return Signal(
        at=at,
        name=request.signal_name,
        input=request.signal_input,
        identity=request.identity,
        header=request.header if request.HasField("header") else None,
        request_id=request_id,
        links=tuple(request.links),
    )


async def _first_run_id(parts: Parts, opening: Opening, answer: StartAnswer) -> str:
    if answer.started and answer.run_id == opening.key.run_id:
        return answer.run_id
    try:
        return await parts.shards.inspect(
            opening.key._replace(run_id=answer.run_id), _first_of_chain
        )
    except NotFound:
        # Deleted between the two questions.
        return ""


def _first_of_chain(state: RunState) -> str:
    assert state.start is not None
    return state.start.first_execution_run_id


def started_link(opening: Opening, answer: StartAnswer) -> Link:
    namespace, workflow_id = opening.namespace.name, opening.key.workflow_id
    if answer.is_attached:
        request_id = opening.given.request_id
        kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED
        return nexus.to_request(namespace, workflow_id, answer.run_id, request_id, kind)
    started = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
    return nexus.to_event(namespace, workflow_id, answer.run_id, 1, started)
