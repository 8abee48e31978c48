"""Make, mute and delete a rule: check, write, audit. The secret stands in no audit row."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from secrets import token_urlsafe
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from console.access.policy import can, why_not
from console.alerts import addresses, rights
from console.alerts.models import Kind, Rule
from console.audit.record import Act, record
from console.gateway import lists
from console.ui.refusals import Refusal

SECRET_BYTES = 32
#: Of one person in a namespace, of views of their own: each is a count of the namespace's budget.
OWN_RULES_MAX = 20
NAME_TAKEN = "You have a rule of this name already."
VIEW_GONE = "You see this view no longer: somebody has changed or deleted it. Choose another one."
TOO_MANY = (
    f"You have {OWN_RULES_MAX} rules of views of your own here. Delete one that you no longer need."
)


def make(person: User, namespace: str, wanted: Mapping[str, Any]) -> Rule:
    """A view is counted once before: what the engine refuses would never fire."""
    view = wanted["view"] if wanted["kind"] == Kind.COUNT else None
    rule = Rule(
        namespace=namespace,
        name=wanted["name"],
        kind=wanted["kind"],
        view=view,
        view_name=view.name if view else "",
        threshold=wanted["threshold"] if view else 0,
        webhook=wanted["webhook"],
        mail_to=wanted["mail_to"],
        secret=token_urlsafe(SECRET_BYTES),
        maker=person,
        made_at=timezone.now(),
    )
    _refuse_others(person, rule)
    with _recorded(person, rule, wanted["reason"], None) as act:
        if view:
            lists.count(namespace, view.lists, view.query)
        else:
            rule.told_of = _newest_incident(namespace)
        act.refused = _keep(person, rule)
        act.after = None if act.refused else shown(rule)
    if act.refused:
        raise Refusal(409, act.refused)
    return rule


def _keep(person: User, rule: Rule) -> str:
    """Why it was not kept: between the form and here somebody else may have come."""
    mine = Rule.objects.filter(maker=person, namespace=rule.namespace, stopped_at=None)
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=person.pk)
            if rule.view and not _held(person, rule):
                return VIEW_GONE
            own = mine.filter(view__audience="person").count()
            if rights.needed(rule) == (rights.KEEP,) and own >= OWN_RULES_MAX:
                return TOO_MANY
            rule.save()
    except IntegrityError:
        return NAME_TAKEN
    return ""


def _held(person: User, rule: Rule) -> bool:
    """Until the commit nobody deletes the view."""
    views = rights.choice(person, rule.namespace)
    return views.select_for_update(of=("self",)).filter(pk=rule.view_id).first() is not None


def _newest_incident(namespace: str) -> int:
    """What is there already is not new."""
    incidents: Any = apps.get_model("incidents", "Incident").objects
    newest: int | None = incidents.filter(namespace=namespace).aggregate(pk=Max("pk"))["pk"]
    return newest or 0


def mute(person: User, rule: Rule, muted: bool, reason: str) -> None:
    _refuse_others(person, rule)
    with _recorded(person, rule, reason, {"muted": rule.is_muted}) as act, transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(is_muted=muted)
        act.after = {"muted": muted}


def delete(person: User, rule: Rule, reason: str) -> None:
    _refuse_others(person, rule)
    with _recorded(person, rule, reason, shown(rule)) as act:
        rule.delete()
        act.after = {}


def _refuse_others(person: User, rule: Rule) -> None:
    if not rights.may_change(person, rule):
        lacks = [verb for verb in rights.needed(rule) if not can(person, verb, rule.namespace)]
        raise Refusal(403, why_not(person, (lacks or [rights.CHANGE])[0], rule.namespace))


def _recorded(
    person: User, rule: Rule, reason: str, before: Mapping[str, Any] | None
) -> AbstractContextManager[Act]:
    return record(
        person,
        rights.needed(rule)[0],
        namespace=rule.namespace,
        target=rule.name,
        reason=reason,
        before=before,
    )


def shown(rule: Rule) -> dict[str, Any]:
    return {
        "kind": rule.kind,
        "view": rule.view_name or "none",
        "threshold": rule.threshold,
        "webhook": addresses.told(rule.webhook) or "none",
        "mail to": rule.mail_to or "none",
    }
