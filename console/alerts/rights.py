"""Who sees a rule, who may make, mute and delete one, and when it ends with its maker's rights.

rule of a view of its maker's own    alert.keep                  seen by its maker alone
of a team's view                     alert.keep, alert.change    by its maker, and who sees the view
of everyone's view, of incidents     alert.change                by everyone here

An act on a rule that not everyone sees is written down as `alert.keep`, which not everyone reads.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from console.access.policy import can, token_of
from console.alerts.models import Kind, Rule
from console.gateway.lists import RUNS

KEEP, CHANGE = "alert.keep", "alert.change"
#: audience of the view -> what its rule needs
NEEDED = {"person": (KEEP,), "team": (KEEP, CHANGE), "namespace": (CHANGE,)}
ANEW = "It tells nobody any more: delete it, and make it anew if you need it."


def views(person: User, namespace: str) -> Any:
    """Those that the person sees. They are another capability's: only their table is asked."""
    table: Any = apps.get_model("saved_views", "SavedView").objects
    return table.seen_by(person, namespace)


def choice(person: User, namespace: str) -> Any:
    """Those that the person may have a rule of."""
    found = views(person, namespace)
    return found if can(person, CHANGE, namespace) else found.filter(audience="person")


def seen(person: User, namespace: str) -> QuerySet[Rule]:
    """One's own, also of a view that one sees no longer; of others', by their view."""
    is_everyones = Q(kind=Kind.NEW) | Q(was_shared=True)
    is_of_a_view = Q(view__in=views(person, namespace))
    found = Rule.objects.filter(Q(maker=person) | is_everyones | is_of_a_view, namespace=namespace)
    return found.select_related("maker", "view__team")


def needed(rule: Rule) -> tuple[str, ...]:
    if rule.view is not None:
        return NEEDED[rule.view.audience]
    return NEEDED["namespace" if rule.kind == Kind.NEW or rule.was_shared else "person"]


def may_change(person: User, rule: Rule) -> bool:
    """Of a rule that the person sees. Who comes with a token looks on, and sees no secret."""
    is_let = all(can(person, verb, rule.namespace) for verb in needed(rule))
    return is_let and token_of(person) is None


def lapsed(rule: Rule) -> str:
    """Why it tells nobody any more; else empty.

    Asked of the policy as it is now, if the rule was just read.
    """
    if rule.kind == Kind.COUNT and rule.view is None:
        return gone(rule.view_name)
    maker, namespace = rule.maker, rule.namespace
    if not all(can(maker, verb, namespace) for verb in needed(rule)):
        return f"{maker}, who made this rule, may no longer have rules in {namespace}. {ANEW}"
    if not can(maker, _look(rule), namespace):
        return f"{maker}, who made this rule, may no longer look at what it watches. {ANEW}"
    if rule.view and not views(maker, namespace).filter(pk=rule.view.pk).exists():
        return f"{maker}, who made this rule, no longer sees its view. {ANEW}"
    return ""


def _look(rule: Rule) -> str:
    """The right to look at what it tells of."""
    if rule.view is None:
        return "incident.view"
    return "run.view" if rule.view.lists == RUNS else "standalone.view"


def gone(view_name: str) -> str:
    return (
        f"Its view, “{view_name}”, was deleted. It tells nobody any more: delete it, and make one "
        "of another view if you need it."
    )
