"""Updates that are acts of their own, by whichever form they are sent.

A general form weighs nothing that it sends. So it is not for whoever has a bound on such an act:
by an exception, or by what another capability says (UPDATE_BOUNDS of the settings).
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils.module_loading import import_string

from console.access.policy import bounds, can

#: name of the update -> the verb that it is
UPDATES = {
    "refund": "billing.refund",
    "adjust_charge": "billing.adjust",
    "adjust_period": "billing.adjust",
    "skip_period": "billing.adjust",
}
#: What their arguments say of the act itself -> which of the console's own words it is.
SIGNATURE = {"actor": "person", "audit_reference": "audit"}


class Forged(Exception):
    """What only the console says was typed; the message is a sentence for the person."""


def may_update(person: User | AnonymousUser, called: str, namespace: str) -> bool:
    return not why_not(person, called, namespace)


def why_not(person: User | AnonymousUser, called: str, namespace: str) -> str:
    """A sentence for who may not send it by a general form; empty for who may."""
    verb = UPDATES.get(called, "run.update")
    says = f"You may not send the update {called} in {namespace} from here."
    if not can(person, verb, namespace):
        return says
    if called not in UPDATES:
        return ""
    bounded = ["An exception bounds what you may move."] * bool(bounds(person, verb, namespace))
    bounded += [said for said in _elsewhere(person, namespace) if said]
    return f"{says} {' '.join(bounded)} Its own page under Billing weighs it." if bounded else ""


def barred(person: User | AnonymousUser, namespace: str) -> frozenset[str]:
    """What is not for this person to send here, of what is an act of its own."""
    return frozenset(one for one in UPDATES if not may_update(person, one, namespace))


def _elsewhere(person: User | AnonymousUser, namespace: str) -> list[str]:
    return [import_string(place)(person, namespace) for place in settings.UPDATE_BOUNDS]


def signed(called: str, arguments: list[Any], fills: Mapping[str, Any]) -> list[Any]:
    """Who acts, and by which entry of the log, is never what somebody typed. Raises Forged."""
    if called not in UPDATES:
        return arguments
    return [_signed(one, fills) if isinstance(one, dict) else one for one in arguments]


def _signed(argument: dict[str, Any], fills: Mapping[str, Any]) -> dict[str, Any]:
    says = {field: fills[word] for field, word in SIGNATURE.items()}
    for field, own in says.items():
        if argument.get(field, own) != own:
            raise Forged(f"The console itself says the {field.replace('_', ' ')}: leave it out.")
    return argument | says
