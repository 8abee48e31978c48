"""Start, and write down what was started. Large arguments stand in the history alone."""

import json
from typing import Any

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import starting, task_queues
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey
from console.gateway.starting import Order, Parcel, Started

#: characters of arguments that the activity log keeps
KEPT_MAX = 16_000


def start(person: User, order: Order, like: RunKey | None, reason: str) -> Started:
    key = RunKey(order.namespace, order.workflow_id, "")
    with record(person, "run.start", key, reason=reason, asked=_asked(order, like)) as act:
        started = starting.start(order, act.identity, act.id)
        act.run_id = started.key.run_id
        act.event_id = 1 if started.is_new else None
        act.after = {"status": "Running" if started.is_new else "was running already"}
    return started


def _asked(order: Order, like: RunKey | None) -> dict[str, Any]:
    arguments = [_shown(one) for one in order.arguments]
    size = len(json.dumps(arguments, default=str))
    return {
        "type": order.workflow_type,
        "task queue": order.task_queue,
        "arguments": arguments if size <= KEPT_MAX else f"{len(arguments)}, {size} characters",
        "like": f"{like.workflow_id} {like.run_id}" if like else "",
        "reuse": order.reuse,
        "conflict": order.conflict,
    }


def _shown(value: Any) -> Any:
    if not isinstance(value, Parcel):
        return value
    return value.value.content if value.value.readable else f"copied, {value.value.encoding}"


def nobody_polls(namespace: str, queue: str) -> bool | None:
    """None: the server did not say."""
    try:
        return not task_queues.describe(namespace, queue).workflow.pollers
    except GatewayError:
        return None
