"""The filters -> the entries that this person may see."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from console.access.models import EVERYWHERE
from console.access.policy import can, reach, token_of
from console.audit.models import AuditEntry
from console.audit.rows import UNKNOWN

#: filter -> the look-up that it is
LOOKS = {
    "who": "who__icontains",
    "verb": "verb",
    "namespace": "namespace",
    "workflow": "workflow_id__contains",
    "since": "at__gte",
    "until": "at__lt",
    "outcome": "outcome__result",
}


#: of accounts: for admins, and for who did it
PERSONAL = ("people.manage", "account.own", "account.sign_in")


def may_see(person: User) -> QuerySet[AuditEntry]:
    """Somebody with a role in some namespaces sees what was done there, and what they did
    themselves.
    """
    entries = AuditEntry.objects.select_related("outcome")
    if can(person, "people.manage", None):
        return entries
    own = Q(pk=None) if token_of(person) else Q(person=person)
    names = reach(person)
    if EVERYWHERE in names:
        return entries.filter(~Q(verb__in=PERSONAL) | own)
    return entries.filter(Q(namespace__in=names) & ~Q(verb__in=PERSONAL) | own)


def matching(entries: QuerySet[AuditEntry], asked: dict[str, Any]) -> QuerySet[AuditEntry]:
    if asked.get("outcome") == UNKNOWN:
        entries = entries.filter(outcome__isnull=True)
        asked = {name: value for name, value in asked.items() if name != "outcome"}
    return entries.filter(**{LOOKS[name]: value for name, value in asked.items()})
