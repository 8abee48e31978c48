"""How far a person goes alone.

A role without a limit of a kind has none of it. Where it has one in any currency, all other
currencies need a second person: nobody gets around a limit by a currency that it does not name.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from console.access.models import Role
from console.access.policy import role_of
from console.audit.record import record
from console.billing import effects
from console.billing.contract import Money
from console.billing.models import About, Limit, Spending

DAY = timedelta(hours=24)

#: currency -> what is moved in it
Sums = Mapping[str, Decimal]
#: what is looked at -> how much of it
Asked = Mapping[About, Sums]

SAYS = {
    About.ADJUSTMENT: "one adjustment",
    About.REFUND: "one refund",
    About.COHORT: "a whole cohort",
    About.DAY: "24 hours together",
}


def about(kind: str) -> About:
    return About.REFUND if kind == "refund" else About.ADJUSTMENT


def beyond(person: User, namespace: str, asked: Asked) -> list[str]:
    """A sentence for each limit that is passed; none: the person may do it alone."""
    role = role_of(person, namespace)
    if role is None:
        return ["You have no role here."]
    kept = _kept(namespace, role)
    spent = _spent(person, namespace)
    all_day = {
        currency: amount + spent.get(currency, Decimal(0))
        for currency, amount in _moved(asked).items()
    }
    looked_at = {**asked, About.DAY: all_day}
    return [
        says
        for what, amounts in looked_at.items()
        for currency, amount in amounts.items()
        if (says := _passed(role, what, currency, amount, kept.get(what, {})))
    ]


def bound(person: User | AnonymousUser, namespace: str) -> str:
    """For forms that weigh nothing: whether any limit is about this person here."""
    role = role_of(person, namespace)
    if role is None or not Limit.objects.filter(namespace=namespace, role=role).exists():
        return ""
    return f"{role.label}s have limits here on what they move alone."


@transaction.atomic
def reserve(person: User, namespace: str, asked: Asked, act: str) -> list[str]:
    """Sets it against the day. Two requests of one person at once: the second sees the first."""
    User.objects.select_for_update().get(pk=person.pk)
    over = beyond(person, namespace, asked)
    if over:
        return over
    now = timezone.now()
    # What is older counts no more: a person's rows are those of a day.
    Spending.objects.filter(person=person, at__lt=now - DAY).delete()
    Spending.objects.bulk_create(
        Spending(
            person=person, namespace=namespace, at=now, currency=currency, amount=amount, act=act
        )
        for currency, amount in _moved(asked).items()
    )
    return []


def _moved(asked: Asked) -> Sums:
    """What is set against the day: of a cohort the whole of it."""
    return asked[About.COHORT] if About.COHORT in asked else next(iter(asked.values()), {})


def release(act: str) -> None:
    """It was refused: nothing was moved."""
    Spending.objects.filter(act=act).delete()


def _kept(namespace: str, role: Role) -> dict[About, dict[str, Decimal]]:
    kept: dict[About, dict[str, Decimal]] = {}
    for limit in Limit.objects.filter(namespace=namespace, role=role):
        kept.setdefault(About(limit.about), {})[limit.currency] = limit.amount
    return kept


def _spent(person: User, namespace: str) -> dict[str, Decimal]:
    rows = (
        Spending.objects.filter(person=person, namespace=namespace, at__gt=timezone.now() - DAY)
        .values_list("currency")
        .annotate(Sum("amount"))
    )
    return dict(rows)


def _passed(role: Role, what: About, currency: str, amount: Decimal, kept: Sums) -> str:
    if not kept or amount == 0:
        return ""
    most = kept.get(currency)
    if most is None:
        return f"No limit in {currency} is set for {role.label.lower()}s and {SAYS[what]}."
    if amount <= most:
        return ""
    return (
        f"{effects.written(amount, currency)} is above the "
        f"{effects.written(most, currency)} that {role.label.lower()}s may move alone "
        f"by {SAYS[what]}."
    )


def in_force(namespace: str) -> list[tuple[str, str, list[str]]]:
    """(role, of what, the amounts)"""
    rows: dict[tuple[str, str], list[str]] = {}
    for limit in Limit.objects.filter(namespace=namespace):
        amounts = rows.setdefault((limit.get_role_display(), limit.get_about_display()), [])
        amounts.append(effects.written(limit.amount, limit.currency))
    return [(role, about, amounts) for (role, about), amounts in rows.items()]


def change(admin: User, namespace: str, given: Mapping[str, Any]) -> str:
    """Sets one, or takes it away where no amount is given. What was done, as a sentence."""
    where = {name: given[name] for name in ("role", "about", "currency")}
    amount: Money | None = given["money"]
    before = Limit.objects.filter(namespace=namespace, **where).first()
    name = f"limit of {where['role']}s, {About(where['about']).label.lower()}, {where['currency']}"
    was = effects.written(before.amount, before.currency) if before else "none"
    with record(
        admin,
        "billing.limit",
        namespace=namespace,
        target=name,
        reason=given["reason"],
        before={"limit": was},
    ) as act:
        if amount is None:
            Limit.objects.filter(namespace=namespace, **where).delete()
        else:
            Limit.objects.update_or_create(
                namespace=namespace, **where, defaults={"amount": amount.value}
            )
        now = effects.written(amount.value, amount.currency) if amount else "none"
        act.after = {"limit": now}
    return f"The {name}: {was} → {now}."
