"""Start an activity that stands alone, and read how another one was started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import ActivityType, SearchAttributes
from temporalio.api.enums.v1 import ActivityIdConflictPolicy, ActivityIdReusePolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartActivityExecutionRequest

from console.gateway import payloads, sight, standalone, starting
from console.gateway.channel import call, workflow_service
from console.gateway.standalone import ACTIVITIES, Key
from console.gateway.starting import AS_USUAL, Parcel, Precedence, Retry

REUSE = {
    "always": ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    "failed": ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
    "never": ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE,
}
CONFLICT = {
    "refuse": ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_FAIL,
    "use": ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING,
}
TIMEOUTS = (
    *("start_to_close_timeout", "schedule_to_close_timeout"),
    *("schedule_to_start_timeout", "heartbeat_timeout"),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to start. A value is anything that JSON can say, or the Parcel of another one."""

    namespace: str
    activity_id: str
    type: str
    task_queue: str
    arguments: Sequence[Any] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)
    #: name -> (type of the attribute, value)
    attributes: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    reuse: str = "always"
    conflict: str = "refuse"
    #: by their names in the protocol; None is no limit
    timeouts: Mapping[str, timedelta | None] = field(default_factory=dict)
    delay: timedelta | None = None
    retry: Retry | None = None
    precedence: Precedence = AS_USUAL
    #: summary and details of the one that was copied
    words: Sequence[Parcel | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Started:
    key: Key
    #: False: there was one already, and it goes on
    is_new: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """How one was started; `attributes` are name -> value, or a Parcel where it is masked."""

    type: str
    task_queue: str
    arguments: tuple[Parcel, ...]
    headers: Mapping[str, Parcel]
    attributes: Mapping[str, Any]
    timeouts: Mapping[str, timedelta | None]
    retry: Retry | None
    precedence: Precedence
    words: tuple[Parcel | None, Parcel | None]


def pattern(key: Key) -> Pattern:
    answer = standalone.asked_about(key, include_input=True)
    sight.prepare(answer)
    info = answer.info
    attributes = starting.attributes_of(info.search_attributes.indexed_fields)
    return Pattern(
        type=info.activity_type.name,
        task_queue=info.task_queue,
        arguments=tuple(starting.parcel_of(one) for one in answer.input.payloads),
        headers=starting.parcels_of(info.header.fields),
        attributes={
            name: value for name, value in attributes.items() if name not in standalone.OWN
        },
        timeouts={name: payloads.span(getattr(info, name)) for name in TIMEOUTS},
        retry=starting.retry_of(info.retry_policy) if info.HasField("retry_policy") else None,
        precedence=starting.precedence_of(info.priority),
        words=starting.words_of(info.user_metadata),
    )


def start(order: Order, identity: str, request_id: str) -> Started:
    asked = StartActivityExecutionRequest(
        namespace=order.namespace,
        activity_id=order.activity_id,
        activity_type=ActivityType(name=order.type),
        task_queue=TaskQueue(name=order.task_queue),
        input=starting.sent(order.namespace, order.arguments),
        identity=identity,
        request_id=request_id,
        id_reuse_policy=REUSE[order.reuse],
        id_conflict_policy=CONFLICT[order.conflict],
        search_attributes=SearchAttributes(
            indexed_fields={
                name: starting.attribute(kind, value)
                for name, (kind, value) in order.attributes.items()
            }
        ),
        header=starting.header(order.headers),
        user_metadata=starting.told(order.words),
        retry_policy=starting.policy_of(order.retry) if order.retry else None,
        priority=starting.priority_of(order.precedence),
    )
    for name, length in {**order.timeouts, "start_delay": order.delay}.items():
        if length is not None:
            getattr(asked, name).FromTimedelta(length)
    answer = call(workflow_service().StartActivityExecution, asked)
    key = Key(order.namespace, ACTIVITIES, order.activity_id, answer.run_id)
    return Started(key, answer.started)
