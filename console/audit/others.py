"""Acts by other doors: the command line, an SDK, another console. They are read from histories, and
attested by nothing but the name that the caller gave.

An act of ours is known by the id that it carries (an entry's, or one that a capability vouches
for), by the event that its outcome names, or, where the protocol keeps no id, by the person's
identity at that moment.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from console.audit.models import AuditEntry, AuditOutcome, OtherAct
from console.audit.rows import DID
from console.gateway import sound
from console.gateway.outside import Asked
from console.gateway.runs import RunKey

#: ids that acts carry -> those that a capability knows as its own
Vouches = Callable[[set[UUID]], set[UUID]]
_vouching: list[Vouches] = []
#: clocks of the console and the engine differ by this much at most
SLACK = timedelta(seconds=2)
#: how long an act whose outcome is not known may have been under way
UNDER_WAY = timedelta(seconds=60)
UUID_LENGTH = 36


def vouch(vouches: Vouches) -> None:
    """A capability whose acts carry ids of its own registers here."""
    _vouching.append(vouches)


def unattested(key: RunKey, found: Sequence[Asked]) -> list[Asked]:
    """Those that no row of ours accounts for."""
    left = _without_ids(key, found)
    left = _without_events(key, left)
    return [one for one in left if not _at_that_moment(key, one)]


def keep(key: RunKey, found: Iterable[Asked], at: datetime) -> int:
    """Whoever reads the same event again finds it there."""
    rows = [
        OtherAct(
            namespace=key.namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            event_id=one.event_id,
            at=one.at,
            verb=one.verb,
            name=sound.text(one.name),
            who=sound.text(one.identity)[:200],
            reason=sound.text(one.reason),
            found_at=at,
        )
        for one in found
    ]
    return len(OtherAct.objects.bulk_create(rows, ignore_conflicts=True))


@dataclass(frozen=True, slots=True)
class OtherRow:
    at: datetime
    who: str
    did: str
    name: str
    reason: str
    namespace: str
    workflow_id: str
    run_id: str
    event_id: int


def row(act: OtherAct) -> OtherRow:
    return OtherRow(
        act.at, act.who, DID.get(act.verb, act.verb), act.name, act.reason,
        act.namespace, act.workflow_id, act.run_id, act.event_id,
    )  # fmt: skip


def row_of(key: RunKey, one: Asked) -> OtherRow:
    return OtherRow(
        one.at, one.identity, DID.get(one.verb, one.verb), one.name, one.reason,
        key.namespace, key.workflow_id, key.run_id, one.event_id,
    )  # fmt: skip


def _without_ids(key: RunKey, found: Sequence[Asked]) -> list[Asked]:
    carried = {one.event_id: _uuids(one.ids) for one in found}
    every: set[UUID] = set().union(*carried.values()) if carried else set()
    if not every:
        return list(found)
    # An id of an act on something else was borrowed.
    ours = set(
        AuditEntry.objects.filter(pk__in=every, namespace=key.namespace)
        .filter(Q(workflow_id=key.workflow_id) | Q(workflow_id="") | Q(verb="run.reset"))
        .values_list("pk", flat=True)
    )
    for vouches in _vouching:
        ours |= vouches(every)
    return [one for one in found if not carried[one.event_id] & ours]


def _without_events(key: RunKey, found: list[Asked]) -> list[Asked]:
    """A reset's outcome names the new run; where it names none, it is the entry's own."""
    pointed = AuditOutcome.objects.filter(
        entry__namespace=key.namespace,
        entry__workflow_id=key.workflow_id,
        event_id__in=[one.event_id for one in found],
    ).filter(Q(run_id=key.run_id) | Q(run_id="", entry__run_id=key.run_id))
    known = set(pointed.values_list("event_id", flat=True)) if found else set()
    return [one for one in found if one.event_id not in known]


def _at_that_moment(key: RunKey, one: Asked) -> bool:
    person = User.objects.filter(Q(email=one.identity) | Q(email="", username=one.identity))
    is_open = Q(outcome__isnull=True) | Q(outcome__result=AuditOutcome.Result.UNKNOWN)
    ended = Q(outcome__at__gte=one.at - SLACK) | is_open & Q(at__gte=one.at - UNDER_WAY)
    return AuditEntry.objects.filter(
        ended, namespace=key.namespace, person__in=person, verb=one.verb, at__lte=one.at + SLACK
    ).exists() and bool(one.identity)


def _uuids(ids: Iterable[str]) -> set[UUID]:
    """`UUID`, `UUID:7`, `UUID/child`."""
    found = set()
    for text in ids:
        try:
            found.add(UUID(text[:UUID_LENGTH]))
        except ValueError:
            continue
    return found
