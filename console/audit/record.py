"""record(): what every write goes through.

    with record(request.user, "run.terminate", key, reason=reason, before={"status": "Running"}) as
    act:
        steering.terminate(key, reason, act.identity)
        act.after = {"status": "Terminated"}

`act.id` is the request id (or update id) that the engine gets, so that event and entry point at
each other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from console.audit.keeping import kept, said
from console.audit.models import AuditEntry, AuditOutcome
from console.audit.once import begin
from console.gateway import sound
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey
from console.ui.refusals import Refusal

ITSELF = "Perdure"
#: To who pressed the button: where its form has no key (`once`), pressed again it is another act.
MAYBE = "Whether it was done is not known: look before you repeat it."
WHO_LENGTH_MAX = 200


@dataclass(slots=True)
class Act:
    """An act under way. Fill in what came of it; leaving the block writes it down."""

    id: str
    identity: str
    after: Any = None
    event_id: int | None = None
    run_id: str = ""
    #: set it when the workflow itself said no: nothing was raised, and yet nothing was done
    refused: str = ""
    #: set it when nobody has said yet what comes of it
    unknown: str = ""


@contextmanager
def record(
    person: User,
    verb: str,
    key: RunKey | None = None,
    *,
    namespace: str = "",
    target: str = "",
    reason: str = "",
    before: Any = None,
    asked: Mapping[str, Any] | None = None,
    once: str = "",
) -> Iterator[Act]:
    """`once`: the key of the form that asks for it, where a second time would be another act."""
    where = key.namespace if key else namespace
    written = {
        "person": person,
        "who": called(person),
        "verb": verb,
        "namespace": where,
        "workflow_id": key.workflow_id if key else "",
        "run_id": key.run_id if key else "",
        "target": sound.text(target),
        "reason": sound.text(reason),
        "before": kept(where, before),
        "asked": kept(where, asked),
    }
    entry, request_id = begin(once, written, timezone.now())
    act = Act(request_id, identity(person))
    try:
        yield act
    except GatewayError as error:
        if error.is_no_answer:
            _close(entry, act, AuditOutcome.Result.UNKNOWN, str(error))
            raise GatewayError(error.trouble, f"{error} {MAYBE}", error.detail) from error
        _close(entry, act, AuditOutcome.Result.REFUSED, str(error))
        raise
    except Refusal as refusal:
        _close(entry, act, AuditOutcome.Result.REFUSED, str(refusal))
        raise
    if act.refused:
        _close(entry, act, AuditOutcome.Result.REFUSED, act.refused)
    elif act.unknown:
        _close(entry, act, AuditOutcome.Result.UNKNOWN, act.unknown)
    else:
        _close(entry, act, AuditOutcome.Result.DONE, "")


def opened(
    entry_id: UUID,
    person: User,
    verb: str,
    key: RunKey,
    *,
    who: str,
    reason: str,
    before: Any,
    asked: Mapping[str, Any],
) -> AuditEntry:
    """For an act in the background, that may be tried again: the id is its own, and the entry of
    the first try stands. `who` may name who approved it, too."""
    entry, _ = AuditEntry.objects.select_related("outcome").get_or_create(
        pk=entry_id,
        defaults={
            "person": person,
            "who": who,
            "verb": verb,
            "namespace": key.namespace,
            "workflow_id": key.workflow_id,
            "run_id": key.run_id,
            "reason": reason,
            "before": before,
            "asked": dict(asked),
        },
    )
    return entry


def concluded(entry: AuditEntry, act: Act) -> None:
    """The first outcome stands."""
    is_refused = bool(act.refused)
    AuditOutcome.objects.get_or_create(
        entry=entry,
        defaults={
            "result": AuditOutcome.Result.REFUSED if is_refused else AuditOutcome.Result.DONE,
            "says": act.refused,
            "after": act.after,
            "event_id": act.event_id,
            "run_id": act.run_id,
        },
    )


def sign_in(person: User, how: str) -> None:
    with record(person, "account.sign_in", target=person.username, asked={"with": how}):
        pass


def by_itself(
    verb: str, *, namespace: str, target: str, reason: str, before: Any, after: Any
) -> None:
    """What the console did without anybody asking for it."""
    entry = AuditEntry.objects.create(
        who=ITSELF, verb=verb, namespace=namespace, target=target, reason=reason, before=before
    )
    _close(entry, Act(str(entry.id), ITSELF, after=after), AuditOutcome.Result.DONE, "")


def called(person: User) -> str:
    """As rows name them; a provider may tell a name of any length."""
    return (person.get_full_name() or person.get_username())[:WHO_LENGTH_MAX]


def identity(person: User) -> str:
    """How the engine's history names the person."""
    return person.email or person.get_username()


def of_run(key: RunKey) -> QuerySet[AuditEntry]:
    """What people did to this workflow id, newest first."""
    return AuditEntry.objects.filter(
        namespace=key.namespace, workflow_id=key.workflow_id
    ).select_related("outcome")


def last(entries: QuerySet[AuditEntry]) -> str:
    """Who did the newest of these that came through, as a sentence about it begins."""
    done = entries.filter(outcome__result=AuditOutcome.Result.DONE)
    return done.order_by("-at").values_list("who", flat=True).first() or "Somebody"


def _close(entry: AuditEntry, act: Act, result: AuditOutcome.Result, says: str) -> None:
    AuditOutcome.objects.create(
        entry=entry,
        result=result,
        says=said(entry.namespace, says),
        after=kept(entry.namespace, act.after),
        event_id=act.event_id,
        run_id=act.run_id,
    )
