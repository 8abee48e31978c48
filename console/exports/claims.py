"""Whose turn it is. Each note names the claim under which it is made."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from console.exports.models import ACTIVE, EXPORT_KEPT, Export, State

#: A worker that says nothing for so long is given up; longer than any one page takes.
CLAIM_SECONDS = 120
#: After an engine that was away.
AGAIN_SECONDS = 10


def take(at: datetime) -> Export | None:
    """The oldest that nobody works on."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=at)
    with transaction.atomic():
        found = (
            Export.objects.select_for_update(skip_locked=True)
            .filter(free, state__in=ACTIVE)
            .order_by("claimed_until", "pk")
            .first()
        )
        if found is not None:
            found.state = State.RUNNING
            found.claim += 1
            found.claimed_until = at + timedelta(seconds=CLAIM_SECONDS)
            found.save(update_fields=["state", "claim", "claimed_until"])
    return found


def note(export: Export, at: datetime) -> bool:
    """How far the file is. False: it was canceled, or is another's now."""
    return (
        _held(export).update(
            rows=export.rows,
            size=export.size,
            page_token=export.page_token,
            says="",
            claimed_until=at + timedelta(seconds=CLAIM_SECONDS),
        )
        == 1
    )


def leave(export: Export, at: datetime, says: str = "") -> None:
    """For the next turn: at once, or a while after what went wrong."""
    until = at + timedelta(seconds=AGAIN_SECONDS) if says else at
    _held(export).update(claimed_until=until, says=says)


def conclude(export: Export, state: State, at: datetime, says: str = "") -> None:
    _held(export).update(
        state=state, says=says, ended_at=at, expires_at=at + EXPORT_KEPT, claimed_until=None
    )


def _held(export: Export) -> QuerySet[Export]:
    return Export.objects.filter(pk=export.pk, claim=export.claim, state=State.RUNNING)
