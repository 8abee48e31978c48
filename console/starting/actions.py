"""Start, and write down what was started. Large arguments stand in the history alone."""

from typing import Any

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import starting, task_queues
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey
from console.gateway.starting import Order, Started
from console.offering import copies


def start(
    person: User, order: Order, like: RunKey | None, reason: str, *, once: str = ""
) -> Started:
    key = RunKey(order.namespace, order.workflow_id, "")
    asked = _asked(order, like)
    with record(person, "run.start", key, reason=reason, asked=asked, once=once) as act:
        started = starting.start(order, act.identity, act.id)
        act.run_id = started.key.run_id
        act.event_id = 1 if started.is_new else None
        act.after = {"status": "Running" if started.is_new else "was running already"}
    return started


def _asked(order: Order, like: RunKey | None) -> dict[str, Any]:
    return {
        "type": order.workflow_type,
        "task queue": order.task_queue,
        "arguments": copies.kept(order.arguments),
        "headers": sorted(order.headers),
        "like": f"{like.workflow_id} {like.run_id}" if like else "",
        "reuse": order.reuse,
        "conflict": order.conflict,
    }


def nobody_polls(namespace: str, queue: str) -> bool | None:
    """None: the server did not say."""
    try:
        return not task_queues.describe(namespace, queue).workflow.pollers
    except GatewayError:
        return None
