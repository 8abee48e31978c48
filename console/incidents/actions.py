"""What people say of an incident: check, write, audit."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from console.audit.models import AuditEntry
from console.audit.record import last, record
from console.incidents.looking import counted
from console.incidents.models import Incident, State
from console.ui import stale


def change(person: User, incident: Incident, wanted: Mapping[str, Any]) -> None:
    """`wanted`: state, owner, link, note, the reason, and the version that was seen."""
    said = {name: wanted[name] for name in ("state", "owner", "link", "note")}
    with (
        record(
            person,
            "incident.change",
            namespace=incident.namespace,
            target=incident.target,
            reason=wanted["reason"],
            before=shown(incident),
        ) as act,
        transaction.atomic(),
    ):
        kept = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        stale.check(wanted.get("seen", ""), shown(kept), _last(kept))
        for name, value in said.items():
            setattr(kept, name, value)
        _mark(kept)
        kept.save(update_fields=(*said, *MARKS))
        act.after = shown(kept)


def _last(incident: Incident) -> str:
    about = {"namespace": incident.namespace, "target__startswith": incident.mark}
    return last(AuditEntry.objects.filter(**about))


MARKS = ("fixed_at", "floor_running", "floor_failed", "reopened_at")


def _mark(incident: Incident) -> None:
    """Fixed from now on: what fails now does not count as "again", one more than that does."""
    if incident.state != State.FIXED:
        incident.fixed_at = None
        return
    if incident.fixed_at:
        return
    now, _ = counted(incident)
    incident.fixed_at, incident.reopened_at = timezone.now(), None
    incident.floor_running, incident.floor_failed = now.running, now.failed


def shown(incident: Incident) -> dict[str, str]:
    owner = incident.owner
    return {
        "state": incident.state,
        "owner": (owner.get_full_name() or owner.get_username()) if owner else "nobody",
        "link": incident.link or "none",
        "note": incident.note or "none",
    }
