"""The verbs, the least role for each, and the one place that decides."""

from django.contrib.auth.models import AnonymousUser, User

from console.access.models import EVERYWHERE, Grant, Role

LADDER = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)

#: Every verb of the console. A capability adds its own here, and nowhere else.
VERBS: dict[str, Role] = {
    "run.view": Role.VIEWER,
    "run.query": Role.VIEWER,
    "run.signal": Role.OPERATOR,
    "run.cancel": Role.OPERATOR,
    "run.terminate": Role.OPERATOR,
    "run.reset": Role.OPERATOR,
    "run.start": Role.OPERATOR,
    "queue.view": Role.VIEWER,
    "schedule.view": Role.VIEWER,
    "schedule.pause": Role.OPERATOR,
    "schedule.trigger": Role.OPERATOR,
    "schedule.backfill": Role.OPERATOR,
    "schedule.delete": Role.ADMIN,
    "namespace.view": Role.VIEWER,
    "namespace.create": Role.ADMIN,
    "namespace.change": Role.ADMIN,
    "saved_view.view": Role.VIEWER,
    "saved_view.save": Role.OPERATOR,
    "bulk.view": Role.VIEWER,
    "bulk.run": Role.OPERATOR,
    "billing.view": Role.VIEWER,
    "billing.adjust": Role.OPERATOR,
    "billing.refund": Role.OPERATOR,
    "replay.view": Role.VIEWER,
    "replay.check": Role.OPERATOR,
    "cluster.view": Role.VIEWER,
    "parked.retry": Role.ADMIN,
    "parked.drop": Role.ADMIN,
    "audit.view": Role.VIEWER,
    "account.own": Role.VIEWER,
    "people.manage": Role.ADMIN,
}


def can(person: User | AnonymousUser, verb: str, namespace: str | None) -> bool:
    """Without a namespace.

    What every viewer may see needs a role anywhere, all else a role everywhere.
    """
    role = role_of(person, namespace if namespace is not None else EVERYWHERE)
    least = VERBS[verb]
    if role is None and namespace is None and least == Role.VIEWER:
        return bool(_grants(person))
    return role is not None and LADDER.index(role) >= LADDER.index(least)


def role_of(person: User | AnonymousUser, namespace: str) -> Role | None:
    """The higher of the role in the namespace and the role everywhere."""
    if isinstance(person, AnonymousUser) or not person.is_active:
        return None
    if person.is_superuser:
        return Role.ADMIN
    grants = _grants(person)
    held = [Role(grants[name]) for name in (namespace, EVERYWHERE) if name in grants]
    return max(held, key=LADDER.index, default=None)


def _grants(person: User | AnonymousUser) -> dict[str, str]:
    """Read once per person object, which lives as long as the request."""
    if isinstance(person, AnonymousUser):
        return {}
    kept: dict[str, str] | None = getattr(person, "_kept_grants", None)
    if kept is None:
        kept = dict(Grant.objects.filter(person=person).values_list("namespace", "role"))
        person._kept_grants = kept  # type: ignore[attr-defined]
    return kept
