"""The filters -> the entries that this person may see."""

from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from console.access.models import EVERYWHERE
from console.access.policy import barred, can, reach, token_of
from console.acts.models import Scan
from console.audit.models import AuditEntry, OtherAct
from console.audit.rows import UNKNOWN

#: filter -> the look-up that it is
LOOKS = {
    "who": "who__icontains",
    "verb": "verb",
    "namespace": "namespace",
    "since": "at__gte",
    "until": "at__lt",
    "outcome": "outcome__result",
}


#: A denial of it in one namespace holds there, though the log is of all of them.
RIGHT = "audit.view"
#: of accounts, one's own views, and alert rules that not everyone sees: for admins, and who did it
PERSONAL = ("people.manage", "account.own", "account.sign_in", "alert.keep", "saved_view.keep")


def may_see(person: User) -> QuerySet[AuditEntry]:
    """Somebody with a role in some namespaces sees what was done there, and what they did
    themselves.
    """
    entries = AuditEntry.objects.select_related("outcome")
    entries = entries.exclude(namespace__in=barred(person, RIGHT))
    if can(person, "people.manage", None):
        return entries
    own = Q(pk=None) if token_of(person) else Q(person=person)
    names = reach(person)
    if EVERYWHERE in names:
        return entries.filter(~Q(verb__in=PERSONAL) | own)
    return entries.filter(Q(namespace__in=names) & ~Q(verb__in=PERSONAL) | own)


def others_seen(person: User) -> QuerySet[OtherAct]:
    """What was done by other doors, where this person has a role."""
    names = reach(person)
    every = OtherAct.objects.exclude(namespace__in=barred(person, RIGHT))
    return every if EVERYWHERE in names else every.filter(namespace__in=names)


def others_matching(acts: QuerySet[OtherAct], asked: dict[str, Any]) -> QuerySet[OtherAct]:
    """They have no outcome: who asks for one finds none."""
    if asked.get("outcome"):
        return acts.none()
    return _looked_for(acts, asked, "name")


def scans_seen(person: User) -> QuerySet[Scan]:
    names = reach(person)
    every = Scan.objects.exclude(namespace__in=barred(person, RIGHT)).order_by("closed_to")
    return every if EVERYWHERE in names else every.filter(namespace__in=names)


def matching(entries: QuerySet[AuditEntry], asked: dict[str, Any]) -> QuerySet[AuditEntry]:
    if asked.get("outcome") == UNKNOWN:
        entries = entries.filter(Q(outcome__isnull=True) | Q(outcome__result=UNKNOWN))
        asked = {name: value for name, value in asked.items() if name != "outcome"}
    return _looked_for(entries, asked, "target")


Acts = TypeVar("Acts", AuditEntry, OtherAct)


def _looked_for(acts: QuerySet[Acts], asked: dict[str, Any], called: str) -> QuerySet[Acts]:
    """What it was done to is a run by its workflow id, or has a name in the field `called`."""
    looks = {LOOKS[name]: value for name, value in asked.items() if name != "workflow"}
    found = acts.filter(**looks)
    if what := asked.get("workflow"):
        found = found.filter(Q(workflow_id__contains=what) | Q(**{f"{called}__contains": what}))
    return found
