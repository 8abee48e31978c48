"""Check and apply: the same update, first as a dry run, then with the audit row's id.

The identity, the reason and the audit row's id travel in the argument, and the id is the update's
id too: so the ledger, the event and the audit row point at each other.
"""

from django.contrib.auth.models import User
from django.utils.crypto import get_random_string

from console.audit import pointing
from console.audit.record import Act, called, identity, record
from console.billing import effects, limits, reading
from console.billing.contract import Outcome
from console.billing.forms import AskForm, Checked
from console.billing.kinds import Kind, Signed
from console.billing.reading import Refused
from console.gateway import steering, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.ui import words

#: Not accepted, and never will be.
REFUSALS = frozenset({Trouble.NOT_FOUND, Trouble.CONFLICT, Trouble.INVALID, Trouble.DENIED})


class BeyondLimits(Exception):
    """A second person has to approve it; each of the sentences names a limit."""

    def __init__(self, over: list[str]) -> None:
        super().__init__(" ".join(over))
        self.over = over


def check(person: User, key: RunKey, kind: Kind, form: AskForm) -> tuple[Outcome, Checked]:
    """The validator and a dry run. Raises Refused; nothing is changed."""
    reference = f"check-{get_random_string(20)}"
    signed = _signed(person, form, reference, dry_run=True)
    asked = reading.as_argument(kind.ask(form.cleaned_data, signed))
    outcome = reading.outcome(_update(key, kind, asked, identity(person), reference))
    effect = effects.of(kind.name, asked, form.ledger, outcome)
    return outcome, Checked(
        before=outcome.before,
        after=outcome.after,
        difference=str(effect.difference),
        currency=effect.currency,
        weight=str(effect.weight),
        next=reading.next_of(form.ledger),
    )


def beyond(person: User, key: RunKey, kind: Kind, seen: Checked) -> list[str]:
    """Why a second person is needed; empty when none is."""
    return limits.beyond(person, key.namespace, {limits.about(kind.name): seen.moved})


def apply(person: User, key: RunKey, kind: Kind, form: AskForm, seen: Checked) -> Outcome | None:
    """None: accepted, and the payment provider has not answered yet.

    Raises Refused and BeyondLimits.
    """
    noun = kind.noun(form.cleaned_data)
    reason = form.cleaned_data["reason"]
    refused: Refused | BeyondLimits | None = None
    outcome: Outcome | None = None
    asked = {name: str(value) for name, value in form.cleaned_data.items() if name in ASKED}
    with record(
        person, kind.verb, key, reason=reason, before={noun: seen.before}, asked=asked
    ) as act:
        try:
            _within_limits(person, key, kind, seen, act)
            signed = _signed(person, form, act.id, expected_next=seen.next)
            given = reading.as_argument(kind.ask(form.cleaned_data, signed))
            outcome = _applied(key, kind, given, act)
            act.after = {noun: outcome.after if outcome else "accepted, not booked yet"}
            act.event_id = pointing.event_of_update(key, act.id)
        except (Refused, BeyondLimits) as no:
            act.refused, refused = str(no), no
            limits.release(act.id)
    if refused:
        raise refused
    return outcome


#: The fields of the forms that say what was asked for.
ASKED = {"amount", "currency", "periods", "count", "unit", "billing_period", "version"}


def _within_limits(person: User, key: RunKey, kind: Kind, seen: Checked, act: Act) -> None:
    asked = {limits.about(kind.name): seen.moved}
    if over := limits.reserve(person, key.namespace, asked, act.id):
        raise BeyondLimits(over)


def _applied(key: RunKey, kind: Kind, asked: object, act: Act) -> Outcome | None:
    try:
        return reading.outcome(_update(key, kind, asked, act.identity, act.id))
    except GatewayError as error:
        if error.trouble in REFUSALS:
            limits.release(act.id)
        slow = error.trouble is Trouble.SLOW
        # Where it cannot be seen whether it was accepted, that it was slow is what is told.
        if not slow or pointing.event_of_update(key, act.id) is None:
            raise
        return None


def _update(key: RunKey, kind: Kind, asked: object, who: str, update_id: str) -> steering.Outcome:
    try:
        return steering.update(key, kind.update, [asked], identity=who, update_id=update_id)
    except GatewayError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        raise GatewayError(error.trouble, _ended(key, error), error.detail) from error


def _ended(key: RunKey, error: GatewayError) -> str:
    """A run that ended a moment ago: how, and that nothing was changed."""
    try:
        status = workflows.describe(key).summary.status
    except GatewayError:
        return str(error)
    how = words.status(status)[1].lower()
    return f"This run has ended meanwhile ({how}). Nothing was changed: look at it again."


def _signed(
    person: User, form: AskForm, reference: str, *, dry_run: bool = False, expected_next: int = 0
) -> Signed:
    given = form.cleaned_data
    actor = called(person)
    return Signed(actor, given["reason"], reference, given["version"], dry_run, expected_next)
