"""What is asked of the server, and what a person does to an endpoint: check, call, audit."""

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import endpoints as gateway
from console.gateway import task_queues
from console.gateway.channel import GatewayError, Trouble
from console.gateway.endpoints import Endpoint, Page, Wanted
from console.gateway.task_queues import Side
from console.ui.refusals import Refusal

VERB = "endpoint.change"
ROWS = 100


def known(token: bytes) -> Page | None:
    """None: the server has no endpoints."""
    try:
        return gateway.find(ROWS, token)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise


def named(name: str) -> Endpoint:
    found = gateway.named(name)
    if found is None:
        raise Refusal(404, f"There is no endpoint {name}, or not any more.")
    return found


def handlers(one: Endpoint) -> Side | None:
    """Who takes what comes by it. None: it leads outside, or the queue cannot be asked."""
    if one.target.url:
        return None
    try:
        return task_queues.side(one.target.namespace, one.target.task_queue, "nexus")
    except GatewayError:
        return None


def create(person: User, wanted: Wanted, reason: str) -> None:
    with record(person, VERB, target=wanted.name, reason=reason, asked=told(wanted)) as act:
        act.after = told(gateway.create(wanted).wanted)


def change(person: User, found: Endpoint, wanted: Wanted, reason: str) -> None:
    with record(
        person, VERB, target=found.name, reason=reason,
        before=told(found.wanted), asked=told(wanted),
    ) as act:  # fmt: skip
        act.after = told(gateway.change(found, wanted).wanted)


def delete(person: User, found: Endpoint, reason: str) -> None:
    with record(person, VERB, target=found.name, reason=reason, before=told(found.wanted)) as act:
        gateway.delete(found)
        act.after = {"endpoint": "deleted"}


def told(wanted: Wanted) -> dict[str, str]:
    """For the activity log."""
    return {
        "name": wanted.name,
        "leads to": str(wanted.target),
        "description": wanted.description,
    }
