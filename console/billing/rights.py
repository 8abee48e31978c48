"""Who may do to many subscriptions what a cohort does: who may do it to each."""

from django.contrib.auth.models import User

from console.access.policy import bounds, can, money, why_not
from console.billing.limits import Asked
from console.billing.models import About
from console.ui.refusals import Refusal


def check(person: User, namespace: str, change: object, asked: Asked | None = None) -> None:
    """Raises Refusal; `asked` is known once the cohort is weighed."""
    verb = "billing.refund" if change == "refund" else "billing.adjust"
    if not can(person, verb, namespace):
        raise Refusal(403, why_not(person, verb, namespace))
    for currency, much in (asked or {}).get(About.REFUND, {}).items():
        if not can(person, verb, namespace, (much, currency)):
            most = ", ".join(bounds(person, verb, namespace))
            says = f"One of them is {money(much, currency)}, above what you may give back: {most}."
            raise Refusal(403, says)
