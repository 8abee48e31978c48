"""Make, mute and delete a rule: check, write, audit. The secret stands in no audit row."""

from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from console.alerts.models import Kind, Rule
from console.audit.record import record
from console.gateway import lists

SECRET_BYTES = 32


def make(person: User, namespace: str, wanted: Mapping[str, Any]) -> Rule:
    """A view is counted once before: what the engine refuses would never fire."""
    view = wanted["view"] if wanted["kind"] == Kind.COUNT else None
    rule = Rule(
        namespace=namespace,
        name=wanted["name"],
        kind=wanted["kind"],
        view_name=view.name if view else "",
        query=view.query if view else "",
        lists=view.lists if view else lists.RUNS,
        threshold=wanted["threshold"] if view else 0,
        webhook=wanted["webhook"],
        mail_to=wanted["mail_to"],
        secret=token_urlsafe(SECRET_BYTES),
        maker=person,
        made_at=timezone.now(),
    )
    with record(
        person, "alert.change", namespace=namespace, target=rule.name, reason=wanted["reason"]
    ) as act:
        if view:
            lists.count(namespace, rule.lists, rule.query)
        else:
            rule.told_of = _newest_incident(namespace)
        rule.save()
        act.after = shown(rule)
    return rule


def _newest_incident(namespace: str) -> int:
    """What is there already is not new."""
    incidents: Any = apps.get_model("incidents", "Incident").objects
    newest: int | None = incidents.filter(namespace=namespace).aggregate(pk=Max("pk"))["pk"]
    return newest or 0


def mute(person: User, rule: Rule, muted: bool, reason: str) -> None:
    before = {"muted": rule.is_muted}
    with _changing(person, rule, reason, before) as act, transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(is_muted=muted)
        act.after = {"muted": muted}


def delete(person: User, rule: Rule, reason: str) -> None:
    with _changing(person, rule, reason, shown(rule)) as act:
        rule.delete()
        act.after = {}


def _changing(person: User, rule: Rule, reason: str, before: Mapping[str, Any]) -> Any:
    return record(
        person,
        "alert.change",
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
        "webhook": rule.webhook or "none",
        "mail to": rule.mail_to or "none",
    }
