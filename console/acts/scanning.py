"""Reads histories for acts by other doors: those of runs that have closed since the last look, and
those of open runs in turn.

    closed  a span of close times after `closed_to`; halved while it holds more runs than one look
            takes, doubled when it did not
    open    one page of the open runs after the other, and from the first again

It may be killed anywhere and may run twice: `begun_at` says whose turn it is, and what is found
twice is kept once. Only the newest events of a run are read; a run's own page reads all of them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from console.acts.models import Scan
from console.audit import others
from console.audit.models import OtherAct
from console.gateway import histories, namespaces, outside, workflows
from console.gateway.channel import GatewayError
from console.gateway.runs import RunSummary

#: Histories of one namespace and look.
CLOSED_MAX = 40
OPEN_MAX = 20
EVENTS_MAX = 200
NAMESPACES_MAX = 50
SPAN_MIN, SPAN_MAX = timedelta(seconds=1), timedelta(hours=1)
#: The index follows the engine; what closed a moment ago is looked at the next time.
INDEX_LAG = timedelta(seconds=15)
#: A first look, or one after a long pause, goes back this far and no further.
BACK_MAX = timedelta(hours=24)
KEPT = timedelta(days=90)
ROWS_MAX = 100_000


def scan_all(now: datetime) -> None:
    names = [one.name for one in namespaces.everyone()]
    begun = dict(Scan.objects.filter(namespace__in=names).values_list("namespace", "begun_at"))
    never = now - BACK_MAX
    for name in sorted(names, key=lambda name: begun.get(name, never))[:NAMESPACES_MAX]:
        scan(name, now)


def scan(namespace: str, now: datetime) -> bool:
    """False when it was not its turn, or when the server did not answer; the row says why."""
    it = _my_turn(namespace, now)
    if it is None:
        return False
    try:
        _closed(it, now)
        _open(it, now)
    except GatewayError as error:
        Scan.objects.filter(pk=it.pk).update(says=str(error))
        return False
    it.says, it.at = "", now
    it.save(update_fields=["closed_to", "span", "open_token", "missed", "says", "at"])
    forget(namespace, now)
    return True


def _my_turn(namespace: str, now: datetime) -> Scan | None:
    Scan.objects.bulk_create(
        [
            Scan(
                namespace=namespace,
                begun_at=now - BACK_MAX,
                closed_to=now - BACK_MAX,
                span=SPAN_MAX,
            )
        ],
        ignore_conflicts=True,
    )
    due = now - timedelta(seconds=settings.WATCH_SECONDS / 2)
    if not Scan.objects.filter(namespace=namespace, begun_at__lte=due).update(begun_at=now):
        return None
    return Scan.objects.get(namespace=namespace)


def _closed(it: Scan, now: datetime) -> None:
    """One span. A second that holds more than one look takes is not read whole: that is counted."""
    since = max(it.closed_to, now - BACK_MAX)
    until = min(since + it.span, now - INDEX_LAG)
    if until <= since:
        return
    query = f"CloseTime >= '{_said(since)}' AND CloseTime < '{_said(until)}'"
    page = workflows.find(it.namespace, query, CLOSED_MAX)
    if page.next_token and it.span > SPAN_MIN:
        it.span = max(min(it.span, until - since) / 2, SPAN_MIN)
        return
    if page.next_token:
        it.missed += workflows.count(it.namespace, query).total - len(page.runs)
    else:
        it.span = min(it.span * 2, SPAN_MAX)
    _read(page.runs, now)
    it.closed_to = until


def _open(it: Scan, now: datetime) -> None:
    page = workflows.find(
        it.namespace, namespaces.open_runs(it.namespace), OPEN_MAX, bytes(it.open_token)
    )
    it.open_token = page.next_token
    _read(page.runs, now)


def _read(runs: Iterable[RunSummary], now: datetime) -> None:
    for run in runs:
        page = histories.backward(run.key, size=EVENTS_MAX)
        found = others.unattested(run.key, outside.asked(page.events))
        others.keep(run.key, found, now)


def forget(namespace: str, now: datetime) -> None:
    kept = OtherAct.objects.filter(namespace=namespace)
    kept.filter(at__lt=now - KEPT).delete()
    for last in kept.order_by("-pk").values_list("pk", flat=True)[ROWS_MAX : ROWS_MAX + 1]:
        kept.filter(pk__lte=last).delete()


def _said(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
