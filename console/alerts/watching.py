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
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from console.access import sights
from console.alerts import rights
from console.alerts.models import Crossing, Delivery, Kind, Rule
from console.gateway import indexed, lists, sight
from console.gateway.channel import GatewayError
from console.gateway.lists import RUNS
from console.ui import paths

#: A round looks at so many; the others come next, those first that waited longest.
RULES_MAX = 200
#: A rule tells of so many new incidents a round; the others come next.
NEW_MAX = 20
#: A new incident has its name from the survey's look at it; one without is told all the same then.
NAMED_WITHIN = timedelta(minutes=5)
HISTORY_KEPT = timedelta(days=90)


def watch_all(now: datetime) -> None:
    rules = Rule.objects.select_related("maker", "view")
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
    if lapsed := rights.lapsed(rule):
        since = Coalesce("stopped_at", Value(now))
        _as_it_was(rule).update(stopped_at=since, stopped_for=lapsed, says="")
        return
    if rule.stopped_at:
        _as_it_was(rule).update(stopped_at=None, stopped_for="")
    try:
        with sight.through(sights.in_background(rule.maker, rule.namespace)):
            if rule.kind == Kind.COUNT:
                _watch_count(rule, now)
            else:
                _watch_new(rule, now)
                _watch_back(rule, now)
    except GatewayError as error:
        _as_it_was(rule).update(says=str(error))


def _as_it_was(rule: Rule, **given: Any) -> QuerySet[Rule]:
    """Nothing, once its view was deleted: that stops it, and what was counted is told to nobody."""
    return Rule.objects.filter(pk=rule.pk, view=rule.view_id, **given)


def _watch_count(rule: Rule, now: datetime) -> None:
    view = rule.view
    assert view is not None, "a count without a view has lapsed"
    found = lists.count(rule.namespace, view.lists, view.query)
    count = found.counts.total
    _as_it_was(rule).update(counted=count, counted_at=found.at, view_name=view.name, says="")
    rule.view_name = view.name
    if count > rule.threshold:
        _fire(rule, count, now)
    else:
        _clear(rule, count, now)


@transaction.atomic
def _fire(rule: Rule, count: int, now: datetime) -> None:
    if not _as_it_was(rule, is_firing=False).update(is_firing=True):
        return
    what = f"{rule.view_name}: {count:,}, over {rule.threshold:,}"
    crossing = Crossing.objects.create(rule=rule, at=now, count=count, what=what[:500])
    _tell(rule, crossing, "fired", now, count)


@transaction.atomic
def _clear(rule: Rule, count: int, now: datetime) -> None:
    if not _as_it_was(rule, is_firing=True).update(is_firing=False):
        return
    for crossing in rule.crossings.filter(cleared_at=None):
        Crossing.objects.filter(pk=crossing.pk).update(cleared_at=now)
        _tell(rule, crossing, "cleared", now, count)


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
        _tell(rule, crossing, "fired", now, crossing.count, page=_page_of(one))


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
        _tell(rule, crossing, "fired", now, crossing.count, page=_page_of(one))


def _page_of(incident: Any) -> str:
    return reverse("incidents:incident", args=[incident.namespace, incident.pk])


def _tell(
    rule: Rule, crossing: Crossing, event: str, now: datetime, count: int, *, page: str = ""
) -> None:
    """A muted rule keeps its history and tells nobody; what it is now counts."""
    if Rule.objects.filter(pk=rule.pk, is_muted=True).exists():
        return
    query = indexed.told_to_all(rule.namespace, rule.view.query) if rule.view else ""
    page = page or paths.of_list(rule.namespace, rule.view.lists if rule.view else RUNS, query)
    body = {
        "event": event,
        "rule": rule.name,
        "namespace": rule.namespace,
        "kind": rule.kind,
        "what": crossing.what,
        "query": query,
        "threshold": rule.threshold,
        "count": count,
        "crossing": crossing.pk,
        "at": now.isoformat(),
        "page": settings.CONSOLE_URL + page,
    }
    receivers = ([""] if rule.webhook else []) + rule.mail_to.split()
    Delivery.objects.bulk_create(
        Delivery(crossing=crossing, mail_to=to, body=body, due_at=now) for to in receivers
    )
