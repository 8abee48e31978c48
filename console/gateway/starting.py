"""Start a run with all that the protocol lets one say, and read how another run was started.

A payload that was copied and not changed is sent as it came, whatever its encoding; `Parcel`
carries it past those who must not know the protocol.

Of a start, these fields are neither asked for nor copied:

    request_id, identity               of this act: by them it happens once and is found in the log
    completion_callbacks, links,       of whoever called the other run: their caller would be told
    propagated_nexus_…_context         of an end that is not the one that it waits for
    continued_failure,                 the server's own, from the run before this one in its chain
    last_completion_result
    request_eager_execution,           of a caller that is a worker too
    eager_worker_deployment_options
    on_conflict_options                what is to be attached of the above, where one is running
    time_skipping_config               our engine has no such clock

Three are asked for and never copied, since a history does not keep them or they were meant once:
the policies for an id that is taken, and the delay.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio.api.common.v1 import (
    Header,
    Memo,
    Payload,
    Payloads,
    Priority,
    RetryPolicy,
    SearchAttributes,
    WorkflowType,
)
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from console.gateway import events, histories, indexed, payloads, versions
from console.gateway.channel import call, workflow_service
from console.gateway.payloads import Value
from console.gateway.runs import RunKey
from console.gateway.versions import Override

REUSE = {
    "always": WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    "failed": WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
    "never": WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
}
CONFLICT = {
    "refuse": WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
    "use": WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    "terminate": WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One payload of another run: what a person can read of it, and itself."""

    value: Value
    payload: Payload


@dataclass(frozen=True, slots=True)
class Retry:
    maximum_attempts: int = 0
    initial_interval: timedelta | None = None
    backoff_coefficient: float = 0.0
    maximum_interval: timedelta | None = None
    #: types of failures that are not tried again
    final_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Precedence:
    """Zero and empty: as usual."""

    priority_key: int = 0
    fairness_key: str = ""
    fairness_weight: float = 0.0


AS_USUAL = Precedence()


@dataclass(frozen=True, slots=True)
class Order:
    """What to start. A value is anything that JSON can say, or the Parcel of another run."""

    namespace: str
    workflow_id: str
    workflow_type: str
    task_queue: str
    arguments: Sequence[Any] = ()
    memo: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    #: name -> (type of the attribute, value)
    attributes: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    reuse: str = "always"
    conflict: str = "refuse"
    execution_timeout: timedelta | None = None
    run_timeout: timedelta | None = None
    task_timeout: timedelta | None = None
    delay: timedelta | None = None
    cron: str = ""
    retry: Retry | None = None
    precedence: Precedence = AS_USUAL
    #: by which version of its workers, where that is not left to their code
    override: Override | None = None
    #: summary and details of the run that was copied
    words: Sequence[Parcel | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Started:
    key: RunKey
    #: False: there was one already, and it goes on
    is_new: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a run was started; `attributes` are name -> value, or a Parcel where it is masked."""

    workflow_type: str
    task_queue: str
    arguments: tuple[Parcel, ...]
    memo: Mapping[str, Parcel]
    headers: Mapping[str, Parcel]
    attributes: Mapping[str, Any]
    execution_timeout: timedelta | None
    run_timeout: timedelta | None
    task_timeout: timedelta | None
    cron: str
    retry: Retry | None
    precedence: Precedence
    override: Override | None
    words: tuple[Parcel | None, Parcel | None]


def pattern(key: RunKey) -> Pattern:
    event = histories.forward(key, size=1).events[0]
    events.prepare([event])
    began = event.attributes
    return Pattern(
        workflow_type=began.workflow_type.name,
        task_queue=began.task_queue.name,
        arguments=tuple(parcel_of(one) for one in began.input.payloads),
        memo=parcels_of(began.memo.fields),
        headers=parcels_of(began.header.fields),
        attributes=attributes_of(began.search_attributes.indexed_fields),
        execution_timeout=payloads.span(began.workflow_execution_timeout),
        run_timeout=payloads.span(began.workflow_run_timeout),
        task_timeout=payloads.span(began.workflow_task_timeout),
        cron=began.cron_schedule,
        retry=retry_of(began.retry_policy) if began.HasField("retry_policy") else None,
        precedence=precedence_of(began.priority),
        override=versions.override_of(began.versioning_override),
        words=words_of(event.raw.user_metadata),
    )


def attributes_of(fields: Mapping[str, Payload]) -> dict[str, Any]:
    """What this person does not see goes on as it came."""
    return {
        name: value if indexed.value_seen(name, value) == value else parcel_of(fields[name], name)
        for name, value in indexed.typed(fields.items()).items()
    }


def parcel_of(payload: Payload, name: str = "") -> Parcel:
    return Parcel(payloads.readable(payload, name=name), payload)


def parcels_of(fields: Mapping[str, Payload]) -> dict[str, Parcel]:
    """Of a memo or a header."""
    return {name: parcel_of(one, name) for name, one in sorted(fields.items())}


def precedence_of(told: Priority) -> Precedence:
    return Precedence(told.priority_key, told.fairness_key, told.fairness_weight)


def retry_of(policy: RetryPolicy) -> Retry:
    return Retry(
        policy.maximum_attempts,
        payloads.span(policy.initial_interval),
        policy.backoff_coefficient,
        payloads.span(policy.maximum_interval),
        tuple(policy.non_retryable_error_types),
    )


def start(order: Order, identity: str, request_id: str) -> Started:
    answer = call(workflow_service().StartWorkflowExecution, request(order, identity, request_id))
    return Started(RunKey(order.namespace, order.workflow_id, answer.run_id), answer.started)


def request(order: Order, identity: str, request_id: str) -> StartWorkflowExecutionRequest:
    asked = StartWorkflowExecutionRequest(
        namespace=order.namespace,
        workflow_id=order.workflow_id,
        workflow_type=WorkflowType(name=order.workflow_type),
        task_queue=TaskQueue(name=order.task_queue),
        input=sent(order.namespace, order.arguments),
        identity=identity,
        request_id=request_id,
        workflow_id_reuse_policy=REUSE[order.reuse],
        workflow_id_conflict_policy=CONFLICT[order.conflict],
        cron_schedule=order.cron,
        memo=Memo(
            fields=dict(
                zip(
                    order.memo,
                    sent(order.namespace, list(order.memo.values())).payloads,
                    strict=True,
                )
            )
        ),
        search_attributes=SearchAttributes(
            indexed_fields={
                name: attribute(kind, value) for name, (kind, value) in order.attributes.items()
            }
        ),
        header=header(order.headers),
        priority=priority_of(order.precedence),
        versioning_override=versions.message(order.override),
        user_metadata=told(order.words),
    )
    _limit(asked, order)
    return asked


def _limit(asked: StartWorkflowExecutionRequest, order: Order) -> None:
    """A duration that is not set must stay unset: zero is refused as a delay."""
    spans = {
        "workflow_execution_timeout": order.execution_timeout,
        "workflow_run_timeout": order.run_timeout,
        "workflow_task_timeout": order.task_timeout,
        "workflow_start_delay": order.delay,
    }
    for name, length in spans.items():
        if length is not None:
            getattr(asked, name).FromTimedelta(length)
    if order.retry is not None:
        asked.retry_policy.CopyFrom(policy_of(order.retry))


def priority_of(wanted: Precedence) -> Priority:
    return Priority(
        priority_key=wanted.priority_key,
        fairness_key=wanted.fairness_key,
        fairness_weight=wanted.fairness_weight,
    )


def policy_of(retry: Retry) -> RetryPolicy:
    policy = RetryPolicy(
        maximum_attempts=retry.maximum_attempts,
        backoff_coefficient=retry.backoff_coefficient,
        non_retryable_error_types=retry.final_types,
    )
    if retry.initial_interval is not None:
        policy.initial_interval.FromTimedelta(retry.initial_interval)
    if retry.maximum_interval is not None:
        policy.maximum_interval.FromTimedelta(retry.maximum_interval)
    return policy


def words_of(told: UserMetadata) -> tuple[Parcel | None, Parcel | None]:
    """Summary and details."""
    return (
        parcel_of(told.summary) if told.HasField("summary") else None,
        parcel_of(told.details) if told.HasField("details") else None,
    )


def told(words: Sequence[Parcel | None]) -> UserMetadata | None:
    summary, details = words
    if summary is None and details is None:
        return None
    return UserMetadata(
        summary=summary.payload if summary else None, details=details.payload if details else None
    )


def sent(namespace: str, values: Sequence[Any]) -> Payloads:
    """What was written anew goes through the codec, what was copied as it came."""
    return Payloads(payloads=_made(values, partial(payloads.sent, namespace)))


def _made(values: Sequence[Any], make: Callable[[Sequence[Any]], Payloads]) -> list[Payload]:
    fresh = iter(make([one for one in values if not isinstance(one, Parcel)]).payloads)
    return [one.payload if isinstance(one, Parcel) else next(fresh) for one in values]


def header(values: Mapping[str, Any]) -> Header:
    """In the clear: SDKs send no header through a codec unless they are told to."""
    made = _made(list(values.values()), payloads.written)
    return Header(fields=dict(zip(values, made, strict=True)))


def attribute(kind: str, value: Any) -> Payload:
    """In the clear: the index reads it."""
    if isinstance(value, Parcel):
        return value.payload
    told = value.isoformat() if isinstance(value, datetime) else value
    [payload] = payloads.encoded([told]).payloads
    payload.metadata["type"] = kind.encode()
    return payload
