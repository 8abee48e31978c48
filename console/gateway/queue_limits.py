"""What operators set of a task queue: how fast its tasks go, and how fairness keys share it.

told      what the server says of one half of a queue, with what its workers ask for
change    only what differs is sent: the server keeps who set each rate, and why
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from temporalio.api.enums.v1 import RateLimitSource, TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, RateLimitConfig, TaskQueueConfig
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueResponse,
    UpdateTaskQueueConfigRequest,
)

from console.gateway import payloads
from console.gateway.channel import call, workflow_service

TYPES = {
    "workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    "nexus": TaskQueueType.TASK_QUEUE_TYPE_NEXUS,
}
#: The protocol gives workflow tasks no rate: they wait behind nothing but workers.
WITH_RATES = ("activity", "nexus")
RateUpdate = UpdateTaskQueueConfigRequest.RateLimitUpdate


@dataclass(frozen=True, slots=True)
class Half:
    """One kind of a queue's tasks, by its address."""

    namespace: str
    queue: str
    kind: str

    def __str__(self) -> str:
        return f"{self.queue} ({self.kind} tasks)"


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` is None where it was taken away again; who did that is known all the same."""

    per_second: float | None
    who: str = ""
    reason: str = ""
    at: datetime | None = None


UNSET = Rate(None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """As a person sets it."""

    rate: float | None
    key_rate: float | None
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Limits:
    rate: Rate = UNSET
    #: of each fairness key, times its weight
    key_rate: Rate = UNSET
    weights: Mapping[str, float] = field(default_factory=dict)
    #: the tasks a second that hold now, where something bounds them
    effective: float | None = None
    #: the bound is what workers ask for
    is_by_workers: bool = False
    #: tasks wait for it right now
    is_reached: bool = False

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.rate.per_second, self.key_rate.per_second, self.weights)


NO_LIMITS = Limits()


def told(answer: DescribeTaskQueueResponse) -> Limits:
    config, now = answer.config, answer.effective_rate_limit
    by_workers = now.rate_limit_source == RateLimitSource.RATE_LIMIT_SOURCE_WORKER
    is_bound = by_workers or now.rate_limit_source == RateLimitSource.RATE_LIMIT_SOURCE_API
    return Limits(
        rate=_rate(config.queue_rate_limit),
        key_rate=_rate(config.fairness_keys_rate_limit_default),
        weights=_weights(config),
        effective=now.requests_per_second if is_bound else None,
        is_by_workers=by_workers,
        is_reached=answer.stats.rate_limiting_active,
    )


def change(half: Half, now: Wanted, wanted: Wanted, *, reason: str, identity: str) -> Wanted:
    """`now`: what the person has looked at. What the queue has then comes back."""
    asked = UpdateTaskQueueConfigRequest(
        namespace=half.namespace,
        identity=identity,
        task_queue=half.queue,
        task_queue_type=TYPES[half.kind],
        set_fairness_weight_overrides={
            key: weight for key, weight in wanted.weights.items() if now.weights.get(key) != weight
        },
        unset_fairness_weight_overrides=[key for key in now.weights if key not in wanted.weights],
    )
    if wanted.rate != now.rate:
        asked.update_queue_rate_limit.CopyFrom(_sent(wanted.rate, reason))
    if wanted.key_rate != now.key_rate:
        asked.update_fairness_key_rate_limit_default.CopyFrom(_sent(wanted.key_rate, reason))
    config = call(workflow_service().UpdateTaskQueueConfig, asked).config
    rate, key_rate = config.queue_rate_limit, config.fairness_keys_rate_limit_default
    return Wanted(_rate(rate).per_second, _rate(key_rate).per_second, _weights(config))


def _sent(per_second: float | None, reason: str) -> RateUpdate:
    """Without a rate it is taken away."""
    rate = None if per_second is None else RateLimit(requests_per_second=per_second)
    return RateUpdate(rate_limit=rate, reason=reason)


def _rate(config: RateLimitConfig) -> Rate:
    has_rate, about = config.HasField("rate_limit"), config.metadata
    return Rate(
        _plain(config.rate_limit.requests_per_second) if has_rate else None,
        about.update_identity,
        about.reason,
        payloads.moment(about.update_time) if config.HasField("metadata") else None,
    )


def _weights(config: TaskQueueConfig) -> dict[str, float]:
    return {key: _plain(one) for key, one in sorted(config.fairness_weight_overrides.items())}


def _plain(value: float) -> float:
    """The protocol's number is short: 0.1 comes back as 0.10000000149."""
    return float(f"{value:.6g}")
