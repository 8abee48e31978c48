"""The watch: looks at each rule, and writes a crossing once with all that is to be told of it.

A crossing and its deliveries are one transaction, guarded by the rule's own state: of two workers
only one finds it as it was.
"""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse

from console.alerts.models import Crossing, Delivery, Kind, Rule
from console.gateway import lists
from console.gateway.channel import GatewayError
from console.ui import paths

#: A round looks at so many; the others come next, those first that waited longest.
RULES_MAX = 200
#: A rule tells of so many new incidents a round; the others come next.
NEW_MAX = 20
#: A new incident has its name from the survey's look at it; one without is told all the same then.
NAMED_WITHIN = timedelta(minutes=5)
HISTORY_KEPT = timedelta(days=90)


def watch_all(now: datetime) -> None:
    rules = Rule.objects.select_related("maker")
    for rule in rules.order_by(F("looked_at").asc(nulls_first=True))[:RULES_MAX]:
        watch(rule, now)
    Crossing.objects.filter(at__lt=now - HISTORY_KEPT).exclude(
        cleared_at=None, rule__is_firing=True
    ).delete()


def watch(rule: Rule, now: datetime) -> None:
    """Two workers may come at once: the one whose update finds the old time goes on."""
    due = Q(looked_at=None) | Q(looked_at__lte=now - timedelta(seconds=settings.WATCH_SECONDS / 2))
    if not Rule.objects.filter(due, pk=rule.pk).update(looked_at=now):
        return
    if lapsed := rule.lapsed():
        Rule.objects.filter(pk=rule.pk).update(says=lapsed)
        return
    try:
        if rule.kind == Kind.COUNT:
            _watch_count(rule, now)
        else:
            _watch_new(rule, now)
            _watch_back(rule, now)
    except GatewayError as error:
        Rule.objects.filter(pk=rule.pk).update(says=str(error))


def _watch_count(rule: Rule, now: datetime) -> None:
    found = lists.count(rule.namespace, rule.lists, rule.query)
    count = found.counts.total
    Rule.objects.filter(pk=rule.pk).update(counted=count, counted_at=found.at, says="")
    if count > rule.threshold:
        _fire(rule, count, now)
    else:
        _clear(rule, count, now)


@transaction.atomic
def _fire(rule: Rule, count: int, now: datetime) -> None:
    if not Rule.objects.filter(pk=rule.pk, is_firing=False).update(is_firing=True):
        return
    what = f"{rule.view_name}: {count:,}, over {rule.threshold:,}"
    crossing = Crossing.objects.create(rule=rule, at=now, count=count, what=what[:500])
    _tell(crossing, "fired", now, count)


@transaction.atomic
def _clear(rule: Rule, count: int, now: datetime) -> None:
    if not Rule.objects.filter(pk=rule.pk, is_firing=True).update(is_firing=False):
        return
    for crossing in rule.crossings.filter(cleared_at=None).select_related("rule"):
        Crossing.objects.filter(pk=crossing.pk).update(cleared_at=now)
        _tell(crossing, "cleared", now, count)


@transaction.atomic
def _watch_new(rule: Rule, now: datetime) -> None:
    """Incidents are another capability's: only their table is read."""
    late = now - NAMED_WITHIN
    incidents: Any = apps.get_model("incidents", "Incident").objects
    fresh = list(
        incidents.filter(namespace=rule.namespace, pk__gt=rule.told_of).order_by("pk")[:NEW_MAX]
    )
    named = list(takewhile(lambda one: one.looked_at or one.first_seen_at < late, fresh))
    if not named:
        return
    moved = Rule.objects.filter(pk=rule.pk, told_of=rule.told_of)
    if not moved.update(told_of=named[-1].pk, counted_at=now, says=""):
        return
    for one in named:
        crossing = Crossing.objects.create(
            rule=rule, at=now, count=one.running + one.failed, what=str(one)[:500]
        )
        _tell(crossing, "fired", now, crossing.count, _page_of(one))


@transaction.atomic
def _watch_back(rule: Rule, now: datetime) -> None:
    """What was called fixed and happened again."""
    incidents: Any = apps.get_model("incidents", "Incident").objects
    mine = incidents.filter(namespace=rule.namespace, reopened_at__gt=rule.told_back)
    back = list(mine.order_by("reopened_at")[:NEW_MAX])
    moved = Rule.objects.filter(pk=rule.pk, told_back=rule.told_back)
    if not back or not moved.update(told_back=back[-1].reopened_at, counted_at=now, says=""):
        return
    for one in back:
        what = f"{str(one)[:450]}: again, after it was called fixed"
        crossing = Crossing.objects.create(
            rule=rule, at=now, count=one.running + one.failed, what=what
        )
        _tell(crossing, "fired", now, crossing.count, _page_of(one))


def _page_of(incident: Any) -> str:
    return reverse("incidents:incident", args=[incident.namespace, incident.pk])


def _tell(crossing: Crossing, event: str, now: datetime, count: int, page: str = "") -> None:
    """A muted rule keeps its history and tells nobody; what it is now counts."""
    rule = Rule.objects.get(pk=crossing.rule_id)
    if rule.is_muted:
        return
    listed = paths.of_list(rule.namespace, rule.lists, rule.query)
    body = {
        "event": event,
        "rule": rule.name,
        "namespace": rule.namespace,
        "kind": rule.kind,
        "what": crossing.what,
        "query": rule.query,
        "threshold": rule.threshold,
        "count": count,
        "crossing": crossing.pk,
        "at": now.isoformat(),
        "page": settings.CONSOLE_URL + (page or listed),
    }
    receivers = ([""] if rule.webhook else []) + rule.mail_to.split()
    Delivery.objects.bulk_create(
        Delivery(crossing=crossing, mail_to=to, body=body, due_at=now) for to in receivers
    )
