"""Claim, conclude, count. Each update names the state it expects, and who holds the claim.

Who else may come: an activity attempt that was given up for dead while it lived. Both send the same
request id to the engine, and only the one that holds the claim writes the outcome.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, QuerySet
from django.db.models.functions import TruncSecond

from console.bulk.models import OPEN_STATES, BulkOperation, BulkTarget, State

#: What the engine was asked for: the outcomes that an error rate is made of.
TRIED = (State.DONE, State.CLOSED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Outcome:
    state: State
    says: str = ""
    new_run_id: str = ""


def open_targets(operation: BulkOperation, first: int, last: int) -> list[BulkTarget]:
    found = operation.targets.filter(
        state__in=OPEN_STATES, position__gte=first, position__lte=last
    ).order_by("position")
    return list(found.select_related("operation"))


def claim(target: BulkTarget, claimant: str) -> bool:
    """False: another attempt has concluded it meanwhile."""
    taken = BulkTarget.objects.filter(pk=target.pk, state__in=OPEN_STATES)
    return bool(taken.update(state=State.CLAIMED, claim=claimant, tries=F("tries") + 1))


def conclude(target: BulkTarget, claimant: str, outcome: Outcome, at: datetime) -> bool:
    """False: the claim went to another attempt, whose outcome will stand."""
    held = BulkTarget.objects.filter(pk=target.pk, state=State.CLAIMED, claim=claimant)
    return bool(
        held.update(
            state=outcome.state,
            says=outcome.says,
            new_run_id=outcome.new_run_id,
            concluded_at=at,
        )
    )


def next_position(operation: BulkOperation) -> int | None:
    return (
        operation.targets.filter(state__in=OPEN_STATES, position__isnull=False)
        .order_by("position")
        .values_list("position", flat=True)
        .first()
    )


def leave_the_rest(operation: BulkOperation, at: datetime) -> int:
    """After an abort: what was not begun is left out, and says so."""
    return operation.targets.filter(state__in=OPEN_STATES).update(
        state=State.LEFT, says="The operation was aborted before its turn.", concluded_at=at
    )


def wait_again(operation: BulkOperation) -> int:
    """The failed ones get another turn; their request ids stay, their tries go on counting."""
    return operation.targets.filter(state=State.FAILED).update(
        state=State.WAITING, claim="", concluded_at=None
    )


def by_state(operation: BulkOperation) -> Counter[str]:
    rows = operation.targets.order_by().values_list("state").annotate(Count("id"))
    return Counter(dict(rows))


def by_status(operation: BulkOperation) -> list[tuple[str, str, int]]:
    """(status when frozen, why not eligible or empty, how many)"""
    rows = (
        operation.targets.order_by()
        .values_list("status_then", "state", "says")
        .annotate(how_many=Count("id"))
    )
    return [
        (status, says if state == State.INELIGIBLE else "", how_many)
        for status, state, says, how_many in rows
    ]


def newest(operation: BulkOperation) -> QuerySet[BulkTarget]:
    return operation.targets.filter(state__in=TRIED, concluded_at__isnull=False).order_by(
        "-concluded_at", "-position"
    )


def failed_of_newest(operation: BulkOperation, how_many: int) -> tuple[int, int]:
    """(failed, of how many)"""
    states = list(newest(operation).values_list("state", flat=True)[:how_many])
    return states.count(State.FAILED), len(states)


def of_canary(operation: BulkOperation) -> Counter[str]:
    first = operation.targets.filter(position__lte=operation.canary).order_by()
    return Counter(dict(first.values_list("state").annotate(Count("id"))))


def by_second(operation: BulkOperation, now: datetime, seconds: int) -> list[int]:
    """How many were concluded in each of the last seconds, the newest last."""
    end = now.replace(microsecond=0)
    since = end - timedelta(seconds=seconds)
    rows = dict(
        operation.targets.order_by()
        .filter(state__in=TRIED, concluded_at__gte=since, concluded_at__lt=end)
        .annotate(second=TruncSecond("concluded_at"))
        .values_list("second")
        .annotate(Count("id"))
    )
    return [rows.get(since + timedelta(seconds=number), 0) for number in range(seconds)]
