"""Who may do to many subscriptions what a cohort does: who may do it to each."""

from django.contrib.auth.models import User

from console.access.policy import bounds, can, money, why_not
from console.billing.limits import Asked
from console.billing.models import About
from console.ui.refusals import Refusal


def check(person: User, namespace: str, change: object, asked: Asked | None = None) -> None:
    """Raises Refusal; `asked` is known once the cohort is weighed."""
    verb = verb_of(change)
    if not can(person, verb, namespace):
        raise Refusal(403, why_not(person, verb, namespace))
    if says := beyond(person, namespace, change, asked or {}, "you"):
        raise Refusal(403, says)


def beyond(person: User, namespace: str, change: object, asked: Asked, called: str) -> str:
    """A sentence, where a bound on one refund is passed by the largest of them; else nothing."""
    verb = verb_of(change)
    for currency, much in asked.get(About.REFUND, {}).items():
        if not can(person, verb, namespace, (much, currency)):
            most = ", ".join(bounds(person, verb, namespace))
            largest = money(much, currency)
            return f"One of them is {largest}, above what {called} may give back: {most}."
    return ""


def verb_of(change: object) -> str:
    return "billing.refund" if change == "refund" else "billing.adjust"
