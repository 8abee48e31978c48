"""The verbs, the least role for each, the exceptions, and the one place that decides.

a denial holds against everything  ▶  the role  ▶  an allowance adds to it
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q

from console.access.models import EVERYWHERE, Grant, GroupGrant, Role, Rule, Token

LADDER = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)

#: Every verb of the console. A capability adds its own here, and nowhere else.
VERBS: dict[str, Role] = {
    "run.view": Role.VIEWER,
    "run.query": Role.VIEWER,
    "history.open": Role.VIEWER,
    "run.signal": Role.OPERATOR,
    "run.cancel": Role.OPERATOR,
    "run.terminate": Role.OPERATOR,
    "run.pause": Role.OPERATOR,
    "run.resume": Role.OPERATOR,
    "run.reset": Role.OPERATOR,
    "run.start": Role.OPERATOR,
    "run.update": Role.OPERATOR,
    "run.version": Role.OPERATOR,
    "payload.view": Role.VIEWER,
    "payload.reveal": Role.OPERATOR,
    "run.delete": Role.ADMIN,
    "activity.try": Role.OPERATOR,
    "activity.pause": Role.OPERATOR,
    "activity.resume": Role.OPERATOR,
    "activity.change": Role.OPERATOR,
    "activity.complete": Role.OPERATOR,
    "activity.fail": Role.OPERATOR,
    "standalone.view": Role.VIEWER,
    "standalone.start": Role.OPERATOR,
    "standalone.cancel": Role.OPERATOR,
    "standalone.terminate": Role.OPERATOR,
    "standalone.delete": Role.ADMIN,
    "queue.view": Role.VIEWER,
    "queue.limit": Role.OPERATOR,
    "worker.view": Role.VIEWER,
    "deployment.view": Role.VIEWER,
    "deployment.change": Role.OPERATOR,
    "deployment.delete": Role.ADMIN,
    "batch.view": Role.VIEWER,
    "batch.stop": Role.OPERATOR,
    "schedule.view": Role.VIEWER,
    "schedule.create": Role.OPERATOR,
    "schedule.change": Role.OPERATOR,
    "schedule.pause": Role.OPERATOR,
    "schedule.trigger": Role.OPERATOR,
    "schedule.backfill": Role.OPERATOR,
    "schedule.delete": Role.ADMIN,
    "rule.view": Role.VIEWER,
    "rule.change": Role.OPERATOR,
    "namespace.view": Role.VIEWER,
    "namespace.create": Role.ADMIN,
    "namespace.change": Role.ADMIN,
    "saved_view.view": Role.VIEWER,
    "saved_view.keep": Role.VIEWER,
    "saved_view.save": Role.OPERATOR,
    "overview.view": Role.VIEWER,
    "ageing.view": Role.VIEWER,
    "incident.view": Role.VIEWER,
    "incident.change": Role.OPERATOR,
    "alert.view": Role.VIEWER,
    "alert.keep": Role.VIEWER,
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
    "billing.propose": Role.OPERATOR,
    "billing.approve": Role.OPERATOR,
    "billing.cohort": Role.OPERATOR,
    "billing.limit": Role.ADMIN,
    "replay.view": Role.VIEWER,
    "replay.check": Role.OPERATOR,
    "endpoint.view": Role.VIEWER,
    "endpoint.change": Role.ADMIN,
    "cluster.view": Role.VIEWER,
    "parked.retry": Role.ADMIN,
    "parked.drop": Role.ADMIN,
    "audit.view": Role.VIEWER,
    "account.own": Role.VIEWER,
    "people.manage": Role.ADMIN,
}


#: What is about the person, and not for a key of theirs to see.
NOT_BY_TOKEN = frozenset({"account.own"})


#: No exception gives or takes them: an account is its person's, and exceptions are made by them.
NOT_BY_RULE = frozenset({"account.own", "people.manage"})
#: Verbs that take an amount of money, which an exception may bound.
WITH_AMOUNT = frozenset({"billing.refund"})

Amount = tuple[Decimal, str]


@dataclass(frozen=True, slots=True)
class Exempted:
    """A Rule, as far as it decides."""

    namespace: str
    verb: str
    may: bool
    up_to: Decimal | None
    currency: str

    @property
    def is_bound(self) -> bool:
        """It forbids what is above an amount."""
        return not self.may and self.up_to is not None

    @property
    def forbids(self) -> bool:
        return not self.may and self.up_to is None

    def is_passed(self, amount: Amount) -> bool:
        return self.is_bound and self.currency == amount[1] and not self._within(amount)

    def allows(self, amount: Amount | None) -> bool:
        return self.may and (self.up_to is None or amount is None or self._within(amount))

    def _within(self, amount: Amount) -> bool:
        much, currency = amount
        return self.up_to is not None and currency == self.currency and much <= self.up_to


def can(
    person: User | AnonymousUser, verb: str, namespace: str | None, amount: Amount | None = None
) -> bool:
    """Without a namespace: what every viewer may see needs a role anywhere, all else everywhere.

    Without an amount: whether there is any amount for which it holds.
    """
    token = token_of(person)
    if token and verb in NOT_BY_TOKEN:
        return False
    exempted = _about(person, verb, namespace)
    if any(one.forbids for one in exempted) or _is_beyond(exempted, amount):
        return False
    if _by_role(person, verb, namespace):
        return True
    is_here = role_of(person, namespace if namespace is not None else EVERYWHERE) is not None
    return is_here and not token and any(one.allows(amount) for one in exempted)


def _is_beyond(exempted: Iterable[Exempted], amount: Amount | None) -> bool:
    """A bound in one currency says nothing good of another that has none."""
    bounds = [one for one in exempted if one.is_bound]
    if amount is None or not bounds:
        return False
    has_one = any(one.currency == amount[1] for one in bounds)
    return not has_one or any(one.is_passed(amount) for one in bounds)


def bounds(person: User | AnonymousUser, verb: str, namespace: str) -> list[str]:
    """`50 EUR`: up to what somebody may; empty where no exception with an amount is about them."""
    found = (one for one in _about(person, verb, namespace) if one.up_to is not None)
    return sorted({money(one.up_to, one.currency) for one in found if one.up_to is not None})


def money(much: Decimal, currency: str) -> str:
    """`2,500 EUR`, `0.5 EUR`: as it was written down, without the column's zeros."""
    text = f"{much:,f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {currency}"


def why_not(person: User | AnonymousUser, verb: str, namespace: str | None) -> str:
    """A sentence for who was refused."""
    where = f"in {namespace}" if namespace is not None else "everywhere"
    if any(one.forbids for one in _about(person, verb, namespace)):
        return f"An exception to your role forbids you {verb} {where}. Ask an admin."
    return f"This needs the role {VERBS[verb].label} {where}, which you do not have."


def _by_role(person: User | AnonymousUser, verb: str, namespace: str | None) -> bool:
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


def barred(person: User | AnonymousUser, verb: str) -> set[str]:
    """The namespaces in which an exception forbids it, where the roles say nothing of it."""
    every = _exempted(person) if verb not in NOT_BY_RULE else []
    return {one.namespace for one in every if one.verb == verb and one.forbids}


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


def _about(person: User | AnonymousUser, verb: str, namespace: str | None) -> list[Exempted]:
    """The exceptions for this verb here."""
    if verb in NOT_BY_RULE:
        return []
    places = {EVERYWHERE, namespace}
    return [one for one in _exempted(person) if one.verb == verb and one.namespace in places]


def _exempted(person: User | AnonymousUser) -> list[Exempted]:
    """All that are about the person. Read once per person object, as the grants are."""
    if isinstance(person, AnonymousUser) or person.is_superuser:
        return []
    kept: list[Exempted] | None = getattr(person, "_kept_rules", None)
    if kept is None:
        theirs = Rule.objects.filter(Q(person=person) | Q(group__user=person)).order_by()
        fields = ("namespace", "verb", "may", "up_to", "currency")
        kept = [Exempted(*row) for row in theirs.values_list(*fields).distinct()]
        person._kept_rules = kept  # type: ignore[attr-defined]
    return kept


def _highest(grants: Iterable[tuple[str, str]]) -> dict[str, Role]:
    """A person's own grants and those of their groups: in each namespace the highest holds."""
    held: dict[str, Role] = {}
    for namespace, role in grants:
        held[namespace] = max(held.get(namespace, LADDER[0]), Role(role), key=LADDER.index)
    return held
