"""Whose act a round is: the first one the launcher's, another one theirs who began it.

Whoever resumes a round lets it go on in the name of who began it: what is done was asked for by
that person, in that form, and one round never bears two names. Who resumed it stands beside.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from console.audit.record import called, identity
from console.bulk.models import BulkOperation, Continuation

What = Continuation.What


def note(operation: BulkOperation, what: What, person: User, at: datetime) -> None:
    Continuation.objects.create(
        operation=operation,
        what=what,
        round=operation.round,
        person=person,
        who=called(person),
        at=at,
    )


def actor(operation: BulkOperation) -> str:
    """As histories name whoever began the round that it is in."""
    begun = _retries(operation).filter(round=operation.round).first()
    return identity(begun.person if begun else operation.person)


def actors_before(operation: BulkOperation) -> frozenset[str]:
    """What an earlier try of a target left in a history may bear one of these names."""
    begun = (identity(one.person) for one in _retries(operation).filter(round__lt=operation.round))
    return frozenset({identity(operation.person), *begun})


def _retries(operation: BulkOperation) -> QuerySet[Continuation]:
    return operation.continuations.filter(what=What.RETRIED).select_related("person")


def shown(operation: BulkOperation) -> Sequence[Continuation]:
    """All who tried again; who resumed, the last one alone, if it was in this round."""
    found = list(operation.continuations.all())
    resumed = [one for one in found if one.what == What.RESUMED and one.round == operation.round]
    return [one for one in found if one.what == What.RETRIED] + resumed[-1:]


def words(operation: BulkOperation) -> Mapping[int, str]:
    """By round, for files. A round of before these were noted was the launcher's in histories."""
    began = operation.started_at.isoformat() if operation.started_at else ""
    launched = f"launched by {operation.who} at {began}"
    said = dict.fromkeys(range(1, operation.round + 1), launched)
    for one in _retries(operation):
        said[one.round] = f"tried again by {one.who} at {one.at.isoformat()}"
    return said
