"""One update carried out in the background, exactly once.

    begin     the audit entry, under the errand's own id; one that has an outcome is done with
    send      the update, under the same id: the server runs it once, whoever asks how often
    conclude  the outcome; the first one stands

Who else may come: another try of an activity that was given up while it lived, and the next try
after a kill between any two of the three. All of them use the same id. A subscription that went on
as another run has forgotten update ids, but not its ledger: it refuses an audit reference that it
has booked, and that is read as what it is.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from console.audit import keeping, pointing, record
from console.audit.models import AuditEntry, AuditOutcome
from console.audit.record import Act
from console.billing import reading
from console.billing.contract import ACTOR_CHARACTERS_MAX, REASON_CHARACTERS_MAX
from console.billing.kinds import Kind
from console.billing.orders import CALL_SECONDS
from console.billing.reading import NotTheContract, Refused
from console.gateway import sight, steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey

#: It may be there again in a moment, and then the same is asked once more.
PASSING = frozenset({Trouble.AWAY, Trouble.UNSEARCHED, Trouble.SLOW, Trouble.BUSY})
WHO_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Errand:
    act: UUID
    person: User
    #: In ledger and audit: the person, and who approved it.
    actor: str
    identity: str
    key: RunKey
    kind: Kind
    argument: dict[str, Any]
    noun: str
    before: str
    reason: str


@dataclass(frozen=True, slots=True)
class Carried:
    done: bool
    says: str = ""
    after: str = ""
    event_id: int | None = None


def carry_out(errand: Errand) -> Carried:
    """Raises GatewayError for what may pass."""
    entry = begin(errand)
    carried = known(entry) or send(errand)
    conclude(entry, errand, carried)
    return carried


def begin(errand: Errand) -> AuditEntry:
    unsigned = {"actor", "reason", "audit_reference", "dry_run"}
    return record.opened(
        errand.act,
        errand.person,
        errand.kind.verb,
        errand.key,
        who=errand.actor[:WHO_CHARACTERS_MAX],
        reason=errand.reason,
        before={errand.noun: errand.before},
        asked={name: value for name, value in errand.argument.items() if name not in unsigned},
    )


def known(entry: AuditEntry) -> Carried | None:
    """What came of it, if an earlier try wrote that down."""
    outcome: AuditOutcome | None = getattr(entry, "outcome", None)
    if outcome is None:
        return None
    after = next(iter((outcome.after or {}).values()), "")
    return Carried(outcome.result == AuditOutcome.Result.DONE, outcome.says, after)


def send(errand: Errand) -> Carried:
    """Speaks to the server only, and so may run in any thread. What it reads is not shown: a mask
    would make nonsense of what was done. What it says is."""
    with sight.unmasked():
        carried = _sent(errand)
    says = keeping.said(errand.key.namespace, carried.says) if carried.says else ""
    return replace(carried, says=says)


def _sent(errand: Errand) -> Carried:
    try:
        outcome = reading.outcome(
            steering.update(
                _newest(errand.key),
                errand.kind.update,
                [_signed(errand)],
                identity=errand.identity,
                update_id=str(errand.act),
                deadline=CALL_SECONDS,
            )
        )
    except Refused as no:
        booked = no.code == "audit_reference_used"
        return _booked(errand, str(no)) if booked else Carried(False, str(no))
    except NotTheContract as error:
        return Carried(False, str(error))
    except GatewayError as error:
        if error.trouble in PASSING:
            raise
        return _booked(errand, f"{error} Nothing was changed.")
    event_id = pointing.event_of_update(errand.key, str(errand.act))
    return Carried(True, after=outcome.after, event_id=event_id)


def conclude(entry: AuditEntry, errand: Errand, carried: Carried) -> None:
    after = {errand.noun: carried.after} if carried.done else None
    act = Act(str(errand.act), errand.identity, after, carried.event_id)
    act.refused = "" if carried.done else carried.says or "refused"
    record.concluded(entry, act)


def _signed(errand: Errand) -> dict[str, Any]:
    return errand.argument | {
        "actor": errand.actor[:ACTOR_CHARACTERS_MAX],
        "reason": errand.reason[:REASON_CHARACTERS_MAX],
        "audit_reference": str(errand.act),
        "dry_run": False,
    }


def _booked(errand: Errand, otherwise: str) -> Carried:
    """An earlier try came through in a run that has ended since; the ledger knows."""
    try:
        ledger = reading.ledger(_newest(errand.key), CALL_SECONDS)
    except NotTheContract:
        return Carried(False, otherwise)
    except GatewayError as error:
        if error.trouble in PASSING:
            raise
        return Carried(False, otherwise)
    reference = str(errand.act)
    found = next((one for one in ledger.entries if one.audit_reference == reference), None)
    return Carried(True, after=found.after) if found else Carried(False, otherwise)


def _newest(key: RunKey) -> RunKey:
    """Whichever run goes on under the workflow id."""
    return RunKey(key.namespace, key.workflow_id, "")
