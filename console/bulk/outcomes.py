"""Claim, conclude, count. Each update names the state it expects, and who holds the claim.

Who else may come: an activity attempt that was given up for dead while it lived. Both send the same
request id to the engine, and only the one that holds the claim writes the outcome. Many targets are
claimed, and concluded, by one statement: each by itself would cost more than the act.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum

from console.bulk.models import OPEN_STATES, BulkOperation, State
from console.gateway import sound
from console.ui.htmx import version_of

#: What the engine was asked for: the outcomes that an error rate is made of.
TRIED = (State.DONE, State.CLOSED, State.FAILED)
#: Of ways to fail that a report tells apart.
GROUPS_MAX = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    state: State
    says: str = ""
    new_run_id: str = ""
    facts: Mapping[str, str | int] | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A target that is ours now. `tries` counts this one too."""

    id: int
    position: int
    workflow_id: str
    run_id: str
    tries: int


TAKE = """
update bulk_bulktarget set state = 'claimed', claim = %(claimant)s, tries = tries + 1
where operation_id = %(operation)s and position between %(first)s and %(last)s
  and state in ('waiting', 'claimed')
returning id, position, workflow_id, run_id, tries
"""


def take(operation_id: int, first: int, last: int, claimant: str) -> list[Claimed]:
    """In the order of the list; without those that another attempt has concluded meanwhile."""
    given: dict[str, Any] = {
        "operation": operation_id,
        "first": first,
        "last": last,
        "claimant": claimant,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, given)
        return sorted((Claimed(*row) for row in cursor.fetchall()), key=lambda one: one.position)


CONCLUDE = """
with held as (
    update bulk_bulktarget target
    set state = came.state, says = came.says, new_run_id = came.new_run_id, concluded_at = %(at)s,
      facts = came.facts::jsonb, round = %(in_round)s
    from unnest(%(ids)s::bigint[], %(states)s::text[], %(says)s::text[], %(runs)s::text[],
                %(facts)s::text[])
      as came (id, state, says, new_run_id, facts)
    where target.id = came.id and target.state = 'claimed' and target.claim = %(claimant)s
    returning target.id, target.operation_id, target.state
), tallied as (
    insert into bulk_tally (operation_id, second, state, count)
    select operation_id, date_trunc('second', %(at)s::timestamptz), state, count(*)
    from held group by operation_id, state
    on conflict (operation_id, second, state) do update
    set count = bulk_tally.count + excluded.count
)
select id from held
"""


def conclude(
    came: Sequence[tuple[Claimed, Outcome]], claimant: str, at: datetime, in_round: int
) -> list[tuple[Claimed, Outcome]]:
    """Those whose outcome stands: where the claim went to another attempt, that one's will."""
    given: dict[str, Any] = {
        "ids": [target.id for target, _ in came],
        "states": [outcome.state.value for _, outcome in came],
        "says": [sound.text(outcome.says) for _, outcome in came],
        "runs": [outcome.new_run_id for _, outcome in came],
        "facts": [
            dumps(sound.json(outcome.facts)) if outcome.facts else None for _, outcome in came
        ],
        "claimant": claimant,
        "at": at,
        "in_round": in_round,
    }
    with connection.cursor() as cursor:
        cursor.execute(CONCLUDE, given)
        held = {number for (number,) in cursor.fetchall()}
    return [(target, outcome) for target, outcome in came if target.id in held]


GIVE_BACK = """
update bulk_bulktarget set state = 'waiting', claim = '', tries = tries - 1
where id = any(%(ids)s) and state = 'claimed' and claim = %(claimant)s
"""


def give_back(targets: Sequence[Claimed], claimant: str) -> None:
    """Nothing was done to them."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"ids": [one.id for one in targets], "claimant": claimant})


def next_position(operation: BulkOperation, after: int = 0) -> int | None:
    """`after`: up to there nothing is open, so it need not be looked through again."""
    return (
        operation.targets.filter(state__in=OPEN_STATES, position__gt=after)
        .order_by("position")
        .values_list("position", flat=True)
        .first()
    )


@transaction.atomic
def leave_the_rest(operation: BulkOperation, at: datetime) -> int:
    """After an abort: what was not begun is left out, and says so.

    Nothing is under way then, unless somebody ended the system workflow by force.
    """
    before = operation.targets.filter(state=State.WAITING).update(
        state=State.LEFT, says="The operation was aborted before its turn.", concluded_at=at
    )
    amid = operation.targets.filter(state=State.CLAIMED).update(
        state=State.LEFT,
        says="It was under way when the operation was aborted by force: look at the run itself.",
        concluded_at=at,
    )
    _add(operation, State.LEFT, before + amid, at)
    return before + amid


@transaction.atomic
def wait_again(operation: BulkOperation, at: datetime) -> int:
    """The failed ones get another turn; their request ids stay, their tries go on counting.

    The database keeps the outcome that they had.
    """
    again = operation.targets.filter(state=State.FAILED).update(
        state=State.WAITING, claim="", concluded_at=None, facts=None
    )
    _add(operation, State.FAILED, -again, at)
    return again


ADD = """
insert into bulk_tally (operation_id, second, state, count)
values (%(operation)s, date_trunc('second', %(at)s::timestamptz), %(state)s, %(count)s)
on conflict (operation_id, second, state) do update set count = bulk_tally.count + excluded.count
"""


def _add(operation: BulkOperation, state: State, count: int, at: datetime) -> None:
    if not count:
        return
    given: dict[str, Any] = {
        "operation": operation.pk,
        "at": at,
        "state": state.value,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD, given)


def tally(operation: BulkOperation) -> Counter[str]:
    """Of those that are eligible; who is under way waits for its outcome."""
    rows = operation.tallies.values_list("state").annotate(Sum("count"))
    found = Counter(dict(rows))
    found[State.WAITING] = operation.eligible - found.total()
    return found


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


def failed_of_newest(operation: BulkOperation, how_many: int) -> tuple[int, int]:
    """(failed, of how many). The newest are asked for as their index has them."""
    newest = operation.targets.filter(concluded_at__isnull=False).order_by("-concluded_at")
    states = newest.values_list("state", flat=True)[:how_many]
    tried = [state for state in states if state in TRIED]
    return tried.count(State.FAILED), len(tried)


def of_canary(operation: BulkOperation) -> Counter[str]:
    first = operation.targets.filter(position__lte=operation.canary).order_by()
    return Counter(dict(first.values_list("state").annotate(Count("id"))))


def by_second(operation: BulkOperation, now: datetime, seconds: int) -> list[int]:
    """How many were concluded in each of the last seconds, the newest last."""
    end = now.replace(microsecond=0)
    since = end - timedelta(seconds=seconds)
    rows = dict(
        operation.tallies.filter(state__in=TRIED, count__gt=0, second__gte=since, second__lt=end)
        .values_list("second")
        .annotate(Sum("count"))
    )
    return [rows.get(since + timedelta(seconds=number), 0) for number in range(seconds)]


@dataclass(frozen=True, slots=True)
class Alike:
    """So many failed in the same way. `values`: those facts that are the same."""

    values: Mapping[str, str]
    count: int

    @property
    def mark(self) -> str:
        return version_of(sorted(self.values.items()))

    @property
    def conditions(self) -> dict[str, Any]:
        return {"state": State.FAILED, "facts__contains": dict(self.values)}


def groups(operation: BulkOperation, alike: Sequence[str]) -> list[Alike]:
    """The largest first."""
    if not alike:
        return []
    failed = operation.targets.filter(state=State.FAILED, facts__isnull=False).order_by()
    counted = (
        failed.values_list(*(f"facts__{name}" for name in alike))
        .annotate(how_many=Count("id"))
        .order_by("-how_many", *(f"facts__{name}" for name in alike))
    )
    return [Alike(dict(zip(alike, row[:-1], strict=True)), row[-1]) for row in counted[:GROUPS_MAX]]
