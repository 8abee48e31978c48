"""What is asked of the server, and what a person does to a rule: check, call, audit."""

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import rules as gateway
from console.gateway.channel import GatewayError, Trouble
from console.gateway.rules import Rule, Wanted
from console.ui import words
from console.ui.refusals import Refusal

VERB = "rule.change"


def known(namespace: str) -> tuple[Rule, ...] | None:
    """None: the server has no rules."""
    try:
        return gateway.find(namespace)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise


def named(namespace: str, name: str) -> Rule:
    for one in gateway.find(namespace):
        if one.wanted.id == name:
            return one
    raise Refusal(404, f"There is no rule {name} in {namespace}, or not any more.")


def create(person: User, namespace: str, wanted: Wanted, reason: str) -> None:
    with record(
        person, VERB, namespace=namespace, target=wanted.id, reason=reason, asked=told(wanted)
    ) as act:
        made = gateway.create(namespace, wanted, reason, identity=act.identity, request_id=act.id)
        act.after = told(made.wanted)


def delete(person: User, namespace: str, one: Rule, reason: str) -> None:
    with record(
        person, VERB, namespace=namespace, target=one.wanted.id, reason=reason,
        before=told(one.wanted),
    ) as act:  # fmt: skip
        gateway.delete(namespace, one.wanted.id)
        act.after = {"rule": "deleted"}


def told(wanted: Wanted) -> dict[str, str]:
    """For the activity log."""
    return {
        "pauses activities": wanted.activities,
        "of runs": wanted.runs or "all",
        "until": words.exactly(wanted.expires_at) if wanted.expires_at else "it is deleted",
    }
