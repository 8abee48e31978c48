"""A form is sent once: pressed twice, or sent again by going back, its act is done once.

Each such form carries a key that was made with it (`{% once %}`), and the entries of one key have
ids that are made of it, so of two that come at one moment the database lets one stand:

    done, or under way ─▶ nothing more: the person is led to what came of it
    refused            ─▶ nothing was done: the next try is an act of its own
    not known          ─▶ asked for again under the id of that try, which the server does once

Whose key it was, what it does and to what go into the ids too: no key hits anything else.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.urls import reverse

from console.audit.models import AuditEntry, AuditOutcome
from console.ui.refusals import Refusal

TRIES_MAX = 20
#: An entry that has no outcome by then is of a console that stopped amid the act.
UNDER_WAY = timedelta(minutes=2)
ANEW = "To do it once more, open the form anew."
ABOUT = ("verb", "namespace", "workflow_id", "run_id", "target")


def begin(once: str, written: Mapping[str, Any], now: datetime) -> tuple[AuditEntry, str]:
    """The entry, and the id that the engine gets. Raises Refusal where there is nothing to do."""
    if not once:
        entry = AuditEntry.objects.create(**written)
        return entry, str(entry.id)
    asked_by: UUID | None = None
    for number in range(TRIES_MAX):
        own = _id_of(once, number, written)
        entry, is_new = AuditEntry.objects.select_related("outcome").get_or_create(
            pk=own, defaults=dict(written)
        )
        if is_new:
            return entry, str(asked_by or own)
        if _is_unknown(entry, written, now):
            asked_by = asked_by or own
    raise Refusal(409, f"This form was sent {TRIES_MAX} times. {ANEW}")


def _id_of(once: str, number: int, written: Mapping[str, Any]) -> UUID:
    about = [written["person"].pk, *(written[name] for name in ABOUT), once, number]
    return uuid5(NAMESPACE_OID, json.dumps(about))


def _is_unknown(entry: AuditEntry, written: Mapping[str, Any], now: datetime) -> bool:
    """Whether that try may have been done; False: it was refused. Of any other none follows."""
    outcome = getattr(entry, "outcome", None)
    if outcome is None:
        if now - entry.at < UNDER_WAY:
            raise _led_to(entry, "and is under way. Look what comes of it.")
    elif outcome.result == AuditOutcome.Result.DONE:
        raise _led_to(entry, f"and it was done; it was not done again. {ANEW}")
    elif outcome.result == AuditOutcome.Result.REFUSED:
        if outcome.event_id is None:
            return False
        raise _led_to(entry, f"and was taken, and failed; it was not sent again. {ANEW}")
    if json.loads(json.dumps(written["asked"])) != entry.asked:
        raise _led_to(
            entry, "asking for something else, and whether that was done is not known. Look first."
        )
    return True


def _led_to(entry: AuditEntry, says: str) -> Refusal:
    way = {"url": reverse("acts:act", args=[entry.id]), "word": "To its entry"}
    return Refusal(409, f"This form was sent already, {says}", way=way)
