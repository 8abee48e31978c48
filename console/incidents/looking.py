"""What the pages of incidents ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import Http404

from console.gateway import lists
from console.gateway.lists import Listed
from console.incidents.models import PRESENT, Incident, Sample, State, Survey
from console.incidents.surveying import query_of
from console.incidents.tallying import Tally, tallies

ROWS_MAX = 200
RUNS_SHOWN = 20
#: A survey that is older than this did not come when it should.
LATE_AFTER = timedelta(seconds=3 * settings.WATCH_SECONDS)

TABS: dict[str, tuple[str, Q]] = {
    "": ("Open", Q(state=State.OPEN) & PRESENT),
    "nobodys": ("Nobody’s", Q(state=State.OPEN, owner=None) & PRESENT),
    "known": ("Known", Q(state=State.KNOWN)),
    "fixed": ("Fixed", Q(state=State.FIXED)),
    "gone": ("Gone by itself", Q(state=State.OPEN) & ~PRESENT),
}


def incidents(namespace: str, tab: str, text: str, since: datetime) -> list[Incident]:
    """The largest first, each with its samples since then."""
    _, which = TABS.get(tab, TABS[""])
    samples = Sample.objects.filter(at__gte=since).order_by("at")
    found = _with_text(Incident.objects.filter(which, namespace=namespace), text)
    return list(
        found.select_related("owner")
        .prefetch_related(Prefetch("samples", samples, to_attr="recent"))
        .annotate(runs=F("running") + F("failed"))
        .order_by("-runs", "-last_seen_at")[:ROWS_MAX]
    )


def _with_text(found: QuerySet[Incident], text: str) -> QuerySet[Incident]:
    if not text:
        return found
    return found.filter(
        Q(message__icontains=text)
        | Q(failure_type__icontains=text)
        | Q(fingerprint=text)
        | Q(activity_types__icontains=text)
        | Q(workflow_types__icontains=text)
        | Q(task_queues__icontains=text)
    )


def tab_counts(namespace: str) -> dict[str, int]:
    mine = Incident.objects.filter(namespace=namespace)
    return {tab: mine.filter(which).count() for tab, (_, which) in TABS.items()}


def survey_of(namespace: str) -> Survey | None:
    return Survey.objects.filter(namespace=namespace).first()


def is_late(survey: Survey | None, now: datetime) -> bool:
    return survey is None or survey.at is None or now - survey.at > LATE_AFTER


def incident_of(namespace: str, number: int) -> Incident:
    found = Incident.objects.filter(namespace=namespace, pk=number).select_related("owner").first()
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True, slots=True)
class Runs:
    """The newest of one side of the group, open or closed."""

    query: str
    runs: Sequence[Listed]


def sides(incident: Incident, tally: Tally) -> list[Runs]:
    """At most two calls: a side without runs is not asked for."""
    found = []
    for open_ones, count in ((True, tally.running), (False, tally.failed)):
        if count:
            query = query_of(incident, open_ones=open_ones)
            some, _ = lists.find(incident.namespace, incident.lists, query, RUNS_SHOWN)
            found.append(Runs(query, some))
    return found


def counted(incident: Incident) -> tuple[Tally, datetime]:
    """How many there are now, and when the index was asked."""
    found = lists.count(
        incident.namespace,
        incident.lists,
        f"FailureFingerprint = '{incident.fingerprint}'"
        " GROUP BY FailureFingerprint, ExecutionStatus",
    )
    return tallies(found.counts.groups).get(incident.fingerprint, Tally()), found.at
