"""The verbs, the least role for each, and the one place that decides."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User

from console.access.models import EVERYWHERE, Grant, GroupGrant, Role, Token

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
    "run.update": Role.OPERATOR,
    "run.delete": Role.ADMIN,
    "activity.try": Role.OPERATOR,
    "activity.pause": Role.OPERATOR,
    "activity.resume": Role.OPERATOR,
    "activity.change": Role.OPERATOR,
    "activity.complete": Role.OPERATOR,
    "activity.fail": Role.OPERATOR,
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
    "saved_view.keep": Role.VIEWER,
    "saved_view.save": Role.OPERATOR,
    "overview.view": Role.VIEWER,
    "incident.view": Role.VIEWER,
    "incident.change": Role.OPERATOR,
    "alert.view": Role.VIEWER,
    "alert.change": Role.OPERATOR,
    "saved_view.govern": Role.ADMIN,
    "export.view": Role.VIEWER,
    "export.make": Role.VIEWER,
    "export.govern": Role.ADMIN,
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


#: What is about the person, and not for a key of theirs to see.
NOT_BY_TOKEN = frozenset({"account.own"})


def can(person: User | AnonymousUser, verb: str, namespace: str | None) -> bool:
    """Without a namespace.

    What every viewer may see needs a role anywhere, all else a role everywhere.
    """
    if token_of(person) and verb in NOT_BY_TOKEN:
        return False
    least = VERBS[verb]
    if namespace is None and least == Role.VIEWER:
        return bool(reach(person))
    role = role_of(person, namespace if namespace is not None else EVERYWHERE)
    return role is not None and LADDER.index(role) >= LADDER.index(least)


def role_of(person: User | AnonymousUser, namespace: str) -> Role | None:
    """The highest of the roles in the namespace and everywhere. Who comes with a token looks on."""
    token = token_of(person)
    held = _held(person)
    found = [held[name] for name in (namespace, EVERYWHERE) if name in held]
    if token and not {namespace, EVERYWHERE} & set(token.namespaces):
        return None
    highest = max(found, key=LADDER.index, default=None)
    return Role.VIEWER if token and highest else highest


def reach(person: User | AnonymousUser) -> set[str]:
    """The namespaces in which the person has a role; EVERYWHERE stands for all of them."""
    held, token = set(_held(person)), token_of(person)
    if token is None or EVERYWHERE in token.namespaces:
        return held
    return set(token.namespaces) if EVERYWHERE in held else held & set(token.namespaces)


def token_of(person: User | AnonymousUser) -> Token | None:
    """The token that the person came with, if it was one."""
    return getattr(person, "came_with", None)


def _held(person: User | AnonymousUser) -> dict[str, Role]:
    """Read once per person object, which lives as long as the request."""
    if isinstance(person, AnonymousUser) or not person.is_active:
        return {}
    if person.is_superuser:
        return {EVERYWHERE: Role.ADMIN}
    kept: dict[str, Role] | None = getattr(person, "_kept_grants", None)
    if kept is None:
        kept = _highest(
            Grant.objects.filter(person=person)
            .values_list("namespace", "role")
            .union(GroupGrant.objects.filter(group__user=person).values_list("namespace", "role"))
        )
        person._kept_grants = kept  # type: ignore[attr-defined]
    return kept


def _highest(grants: Iterable[tuple[str, str]]) -> dict[str, Role]:
    """A person's own grants and those of their groups: in each namespace the highest holds."""
    held: dict[str, Role] = {}
    for namespace, role in grants:
        held[namespace] = max(held.get(namespace, LADDER[0]), Role(role), key=LADDER.index)
    return held
