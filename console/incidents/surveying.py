"""The survey: for a whole namespace a count by fingerprint of its runs and one of each kind of what
stands alone, then a look at what is new in it.

It may be killed anywhere and may run twice: `begun_at` says whose turn it is, and each statement
leaves the tables whole.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from console.audit import record as audit
from console.gateway import lists, namespaces, sight, standalone_details
from console.gateway.channel import GatewayError
from console.gateway.runs import RunSummary
from console.gateway.standalone import Execution
from console.gateway.standalone_details import Detail
from console.incidents import tallying
from console.incidents.models import PRESENT, Incident, Sample, State, Survey
from console.incidents.tallying import CALLS_MAX, Budget, Count, Tally

#: The others come next; those that waited longest are first.
NAMESPACES_MAX = 50
#: Fixed ones of which one call asks, within the length of a query.
ASKED_TOGETHER = 15
#: How many of an incident's newest runs tell its types and queues.
LOOK_RUNS = 20
NAMES_MAX = 10
SAMPLES_KEPT = timedelta(hours=24)
SAMPLES_MAX = 100_000
#: An incident that is gone this long, and that nobody said a word about, is forgotten.
FORGOTTEN_AFTER = timedelta(days=90)

#: The lists in which something fails; each has incidents of its own.
FAILING = (lists.RUNS, "activities", "operations")


def survey_all(now: datetime) -> None:
    for name in _longest_waiting([one.name for one in namespaces.everyone()]):
        survey(name, now)


def _longest_waiting(names: list[str]) -> list[str]:
    begun = dict(Survey.objects.filter(namespace__in=names).values_list("namespace", "begun_at"))
    never = datetime.min.replace(tzinfo=timezone.get_current_timezone())
    return sorted(names, key=lambda name: begun.get(name, never))[:NAMESPACES_MAX]


def survey(namespace: str, now: datetime) -> bool:
    """False when it was not its turn, or when the index did not answer; the survey says why."""
    if not _take_turn(namespace, now):
        return False
    mine = Survey.objects.filter(namespace=namespace)
    last, budget, uncounted = mine.get(), Budget(), None
    try:
        if not namespaces.attributes(namespace).ours:
            return False
        for of in FAILING:
            count = tallying.count(of, last, budget)
            keep(namespace, of, count, again(namespace, of, count, budget))
            mine.update(at=count.at)
            if count.asked is not None:
                uncounted = (uncounted or 0) + _uncounted(namespace, of, count)
        look(namespace, count.at, budget)
    except GatewayError as error:
        mine.update(says=str(error), calls=budget.spent)
        return False
    forget(namespace, now)
    mine.update(says="", calls=budget.spent, uncounted=uncounted, turn=F("turn") + 1)
    return True


def _take_turn(namespace: str, now: datetime) -> bool:
    """Two workers may come at once: the one whose update finds the old time goes on."""
    _, is_new = Survey.objects.get_or_create(namespace=namespace, defaults={"begun_at": now})
    due = now - timedelta(seconds=settings.WATCH_SECONDS / 2)
    waiting = Survey.objects.filter(namespace=namespace, begun_at__lte=due)
    return is_new or bool(waiting.update(begun_at=now))


def again(namespace: str, of: str, count: Count, budget: Budget) -> set[str]:
    """The fingerprints of fixed ones that a run has which began, or failed for good, since then.

    A count alone does not tell: what comes may be as many as what the retention takes. Those that
    were not counted are asked for as well.
    """
    fixed = Incident.objects.filter(namespace=namespace, lists=of, state=State.FIXED)
    present = (
        one
        for one in fixed.order_by("-fixed_at")
        if one.fingerprint in count.found or not count.has(one.fingerprint)
    )
    seen: set[str] = set()
    while (some := list(islice(present, ASKED_TOGETHER))) and budget.spend():
        since = " OR ".join(map(_since_fixed, some))
        counted = lists.count(namespace, of, f"({since}) GROUP BY FailureFingerprint")
        seen |= {str(group.values[0]) for group in counted.counts.groups}
    return seen


def _since_fixed(incident: Incident) -> str:
    at = f"{incident.fixed_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    since = f"(StartTime > '{at}' OR CloseTime > '{at}')"
    return f"(FailureFingerprint = '{incident.fingerprint}' AND {since})"


def keep(
    namespace: str, of: str, count: Count, seen_again: Collection[str] = frozenset[str]()
) -> None:
    """Counts, samples and what follows from them. An incident that was counted and not found has
    none now; one that was not counted has what it had."""
    found, at = count.found, count.at
    new = [
        Incident(namespace=namespace, lists=of, fingerprint=one, first_seen_at=at, last_seen_at=at)
        for one in found
    ]
    Incident.objects.bulk_create(new, ignore_conflicts=True)
    mine = Incident.objects.filter(namespace=namespace, lists=of)
    concerned = Q(fingerprint__in=found)
    if count.asked is None:
        concerned |= PRESENT
    else:
        concerned |= Q(fingerprint__in=count.asked) | Q(fingerprint__in=seen_again)
        if count.part is not None:
            concerned |= PRESENT & Q(fingerprint__startswith=count.part)
    for incident in (known := list(mine.filter(concerned))):
        is_counted = count.has(incident.fingerprint)
        none = Tally() if is_counted else Tally(incident.running, incident.failed)
        tally = found.get(incident.fingerprint, none)
        if incident.state == State.FIXED:
            _watch_fixed(incident, tally, at, is_seen=incident.fingerprint in seen_again)
        if is_counted:
            _count(incident, tally, at)
    counted = [one for one in known if count.has(one.fingerprint)]
    mine.filter(pk__in=[one.pk for one in counted]).update(counted_at=at)
    mine.filter(running__gt=0, counted_at=at).update(last_seen_at=at)
    samples = [
        Sample(incident=one, at=at, running=one.running, failed=one.failed) for one in counted
    ]
    Sample.objects.bulk_create(samples, ignore_conflicts=True)


def _uncounted(namespace: str, of: str, count: Count) -> int:
    """Incidents whose numbers are of an earlier count."""
    mine = Incident.objects.filter(PRESENT, namespace=namespace, lists=of)
    return mine.filter(~Q(counted_at=count.at) | Q(counted_at=None)).count()


def _count(incident: Incident, tally: Tally, at: datetime) -> None:
    """Only counts are written: a person may be writing the rest of the row."""
    if (tally.running, tally.failed) == (incident.running, incident.failed):
        return
    facts: dict[str, object] = {"running": tally.running, "failed": tally.failed}
    if tally.running > incident.running or tally.failed > incident.failed:
        facts |= {"last_seen_at": at, "looked_at": None}
    Incident.objects.filter(pk=incident.pk).update(**facts)
    incident.running, incident.failed = tally.running, tally.failed


def _watch_fixed(incident: Incident, tally: Tally, at: datetime, *, is_seen: bool) -> None:
    """It happened again when it was seen again, or when there are more than the fewest since it was
    called fixed: one that ran before may have come to fail so.

    A person may open it, or call it fixed anew, meanwhile: then it is not what was read.
    """
    same = Incident.objects.filter(
        pk=incident.pk, state=State.FIXED, fixed_at=incident.fixed_at, fixed_at__lt=at
    )
    is_more = tally.running > incident.floor_running or tally.failed > incident.floor_failed
    if is_seen or is_more:
        with transaction.atomic():
            if same.update(state=State.OPEN, reopened_at=at, fixed_at=None):
                _tell_of_reopening(incident, tally)
    else:
        same.update(floor_running=tally.running, floor_failed=tally.failed)


def _tell_of_reopening(incident: Incident, tally: Tally) -> None:
    audit.by_itself(
        "incident.change",
        namespace=incident.namespace,
        target=incident.target,
        reason="It happened again after it was called fixed.",
        before={"state": State.FIXED},
        after={"state": State.OPEN, "running": tally.running, "failed": tally.failed},
    )


def look(namespace: str, at: datetime, budget: Budget) -> None:
    """What an incident is, from its newest runs: first what was never looked at, then what grew."""
    waiting = Incident.objects.filter(namespace=namespace, looked_at=None).order_by(
        "failure_type", "-last_seen_at"
    )
    for incident in waiting[:CALLS_MAX]:
        if not budget.spend():
            return
        # kept as the index has it, and masked for whoever looks
        with sight.unmasked():
            found, _ = lists.find(namespace, incident.lists, newest_of(incident), LOOK_RUNS)
            alone = [one for one in found if isinstance(one, Execution)]
            if alone and budget.spend():
                describe_alone(incident, alone, standalone_details.describe(alone[0].key), at)
            elif not alone:
                describe(incident, [one for one in found if isinstance(one, RunSummary)], at)


def newest_of(incident: Incident) -> str:
    order = "StartTime" if incident.running else "CloseTime"
    return f"{query_of(incident, open_ones=bool(incident.running))} ORDER BY {order} DESC"


def query_of(incident: Incident, *, open_ones: bool) -> str:
    """The runs of the group that are still open, or those that it ended."""
    status = "IN ('Running', 'Paused')" if open_ones else "IN ('Failed', 'TimedOut')"
    return f"FailureFingerprint = '{incident.fingerprint}' AND ExecutionStatus {status}"


def describe(incident: Incident, runs: Iterable[RunSummary], at: datetime) -> None:
    """No runs: the index has moved on, and what was known of it stays."""
    told = [(run, run.problem) for run in runs if run.problem is not None]
    facts: dict[str, object] = {"looked_at": at}
    if told:
        newest, problem = told[0]
        facts |= {
            "failure_type": problem.failure_type[:255],
            "message": problem.failure_message,
            "example_workflow_id": newest.key.workflow_id,
            "example_run_id": newest.key.run_id,
            "workflow_types": _commonest(run.type for run, _ in told),
            "task_queues": _commonest(run.task_queue for run, _ in told),
        }
        if failing := _commonest(kind for _, one in told for kind in one.failing_types):
            facts["activity_types"] = failing
    if closed := [run.closed_at for run, _ in told if run.closed_at]:
        facts |= {
            "last_seen_at": max(closed),
            "first_seen_at": min(incident.first_seen_at, *closed),
        }
    Incident.objects.filter(pk=incident.pk).update(**facts)


def describe_alone(
    incident: Incident, some: Sequence[Execution], newest: Detail, at: datetime
) -> None:
    """A list of them does not say how they failed: the newest itself does."""
    failure, closed = newest.trouble, [one.closed_at for one in some]
    ends = [moment for moment in closed if moment]
    facts: dict[str, object] = {
        "looked_at": at,
        "failure_type": failure.type[:255] if failure else "",
        "message": failure.message if failure else "",
        "example_workflow_id": newest.summary.key.id,
        "example_run_id": newest.summary.key.run_id,
        "activity_types": _commonest(one.does for one in some),
        "task_queues": _commonest(one.at for one in some),
    }
    if ends:
        facts |= {
            "last_seen_at": max(ends),
            "first_seen_at": min(incident.first_seen_at, *ends),
        }
    Incident.objects.filter(pk=incident.pk).update(**facts)


def _commonest(names: Iterable[str]) -> list[str]:
    return [name for name, _ in Counter(names).most_common(NAMES_MAX)]


def forget(namespace: str, now: datetime) -> None:
    """Samples are bounded by age and by number, incidents by how long they are gone."""
    samples = Sample.objects.filter(incident__namespace=namespace)
    samples.filter(at__lt=now - SAMPLES_KEPT).delete()
    beyond = samples.order_by("-pk").values_list("pk", flat=True)[SAMPLES_MAX : SAMPLES_MAX + 1]
    for last in beyond:
        samples.filter(pk__lte=last).delete()
    untouched = Q(state=State.OPEN, owner=None, note="", link="")
    gone = Q(running=0, failed=0, last_seen_at__lt=now - FORGOTTEN_AFTER)
    Incident.objects.filter(untouched & gone, namespace=namespace).delete()
