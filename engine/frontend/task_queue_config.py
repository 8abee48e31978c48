"""What an operator sets of a task queue: its rate, and how fairness keys share it.

It holds at once, on whichever node the queue is, also for what waits already. The rate goes before
what workers ask for, a weight before what a task says; a key's own rate is the rate for keys by its
weight.
"""

from __future__ import annotations

from temporalio.api.taskqueue.v1 import RateLimitConfig, TaskQueueConfig
from temporalio.api.workflowservice.v1 import (
    UpdateTaskQueueConfigRequest,
    UpdateTaskQueueConfigResponse,
)

from engine.core.command_parts import RESERVED_QUEUE_PREFIX
from engine.core.keys import WORKFLOW, QueueKey
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.frontend.parts import Parts
from engine.frontend.task_queues import KINDS

RateLimitUpdate = UpdateTaskQueueConfigRequest.RateLimitUpdate
TEXT_CHARACTERS_MAX = 1_000
WEIGHTS_MAX = 1_000
#: The update's field, what it is called in refusals, and where it is kept; the stubs would have
#: each written out.
_RATES = (
    ("update_queue_rate_limit", "UpdateQueueRateLimit", "queue_rate_limit"),
    (
        "update_fairness_key_rate_limit_default",
        "UpdateFairnessKeyRateLimitDefault",
        "fairness_keys_rate_limit_default",
    ),
)
_NOT_OF_WORKFLOWS = {
    "update_queue_rate_limit": "Setting rate limit",
    "update_fairness_key_rate_limit_default": "Setting fairness key rate limit",
}


async def update(
    parts: Parts, request: UpdateTaskQueueConfigRequest
) -> UpdateTaskQueueConfigResponse:
    namespace = await parts.namespace(request.namespace)
    _check(parts, request)
    key = QueueKey(namespace.id, request.task_queue, KINDS[request.task_queue_type])
    at = parts.clock.now()

    def changed(config: TaskQueueConfig) -> None:
        for field, _, kept in _RATES:
            if request.HasField(field):  # type: ignore[arg-type]
                _set_rate(getattr(config, kept), getattr(request, field), request.identity, at)
        _set_weights(config, request)

    return UpdateTaskQueueConfigResponse(config=await parts.queue_configs.change(key, changed))


def _set_rate(kept: RateLimitConfig, given: RateLimitUpdate, identity: str, at: int) -> None:
    """Without a rate there is none any more; who took it away is kept."""
    kept.Clear()
    if given.HasField("rate_limit"):
        kept.rate_limit.CopyFrom(given.rate_limit)
    kept.metadata.reason = given.reason
    kept.metadata.update_identity = identity
    kept.metadata.update_time.FromNanoseconds(at)


def _set_weights(config: TaskQueueConfig, request: UpdateTaskQueueConfigRequest) -> None:
    for name in request.unset_fairness_weight_overrides:
        config.fairness_weight_overrides.pop(name, None)
    for name, weight in request.set_fairness_weight_overrides.items():
        config.fairness_weight_overrides[name] = weight
    if len(config.fairness_weight_overrides) > WEIGHTS_MAX:
        raise InvalidArgument(f"a task queue has no more than {WEIGHTS_MAX} fairness weights")


def _check(parts: Parts, request: UpdateTaskQueueConfigRequest) -> None:
    _check_text("Identity", request.identity)
    if not request.task_queue:
        raise InvalidArgument("missing task queue name")
    checks.queue_name(request.task_queue, parts.limits)
    if request.task_queue.startswith(RESERVED_QUEUE_PREFIX):
        raise InvalidArgument(
            f"task queue family name cannot have prefix {RESERVED_QUEUE_PREFIX}"
            f" {request.task_queue}"
        )
    if request.task_queue_type not in KINDS:
        raise InvalidArgument("Unknown TaskQueueType.")
    for field, name, _ in _RATES:
        if request.HasField(field):  # type: ignore[arg-type]
            _check_rate(request, field, name)
    _check_weights(request)


def _check_rate(request: UpdateTaskQueueConfigRequest, field: str, name: str) -> None:
    given: RateLimitUpdate = getattr(request, field)
    if given.HasField("rate_limit"):
        if KINDS[request.task_queue_type] == WORKFLOW:
            raise InvalidArgument(
                f"{_NOT_OF_WORKFLOWS[field]} on workflow task queues is not allowed."
            )
        if not given.rate_limit.requests_per_second >= 0:
            raise InvalidArgument(f"RequestsPerSecond for {name} rate limit must be non-negative.")
    _check_text(f"{name}.Reason", given.reason)


def _check_weights(request: UpdateTaskQueueConfigRequest) -> None:
    given = request.set_fairness_weight_overrides
    count = len(given) + len(request.unset_fairness_weight_overrides)
    if count > WEIGHTS_MAX:
        raise InvalidArgument(
            f"too many fairness weight overrides in request: got {count}, maximum {WEIGHTS_MAX}"
        )
    for name, weight in given.items():
        checks.fairness_key(name)
        if not weight > 0:
            raise InvalidArgument(
                f'invalid fairness weight weight for key "{name}": must be greater than zero'
            )
    for name in request.unset_fairness_weight_overrides:
        if not name:
            raise InvalidArgument("fairness weight override key must not be empty")
        checks.fairness_key(name)
        if name in given:
            raise InvalidArgument(
                f'fairness weight override key "{name}" present in both set and unset lists'
            )


def _check_text(field: str, value: str) -> None:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise InvalidArgument(f"{field} field too long (max {TEXT_CHARACTERS_MAX} characters).")
    checks.without_nul(field, value)
