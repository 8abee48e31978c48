"""Check, write, audit: exceptions to roles, for a person or a group."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from console.access.models import Rule
from console.audit.record import called, record
from console.people.presenters import exception_row
from console.ui.refusals import Refusal

VERB = "people.manage"
TWICE = "There is such an exception already. Take it away first."


def give(admin: User, who: User | Group, asked: Mapping[str, Any]) -> None:
    """The row says it in the words of the page, so that before and after compare."""
    _not_oneself(admin, who)
    rule = Rule(
        person=who if isinstance(who, User) else None,
        group=who if isinstance(who, Group) else None,
        given_by=called(admin),
        **{name: asked[name] for name in FIELDS},
    )
    try:
        with transaction.atomic(), _recorded(admin, rule) as act:
            rule.save()
            act.after = {"exception": _said(rule)}
    except IntegrityError as error:
        raise Refusal(409, TWICE) from error


FIELDS = ("namespace", "verb", "may", "up_to", "currency", "reason")


def take(admin: User, rule: Rule) -> None:
    _not_oneself(admin, rule.person or rule.group)
    with transaction.atomic(), _recorded(admin, rule, {"exception": _said(rule)}) as act:
        rule.delete()
        act.after = {"exception": "none"}


def _recorded(admin: User, rule: Rule, before: dict[str, str] | None = None) -> Any:
    target = rule.person.username if rule.person else f"group {rule.group and rule.group.name}"
    return record(
        admin, VERB, target=target, namespace=rule.namespace, reason=rule.reason,
        before=before or {"exception": "none"},
    )  # fmt: skip


def _said(rule: Rule) -> str:
    row = exception_row(rule)
    return " ".join(part for part in (row.says, rule.verb, row.where, row.up_to) if part)


def _not_oneself(admin: User, who: User | Group | None) -> None:
    if isinstance(who, User) and who.pk == admin.pk:
        raise Refusal(409, "You cannot change or take away your own access. Ask another admin.")
