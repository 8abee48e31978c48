"""One request of a person, as far as it came: a form, a form with its dry run, or done."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from console.access.policy import WITH_AMOUNT, can
from console.access.policy import bounds as bounds_of
from console.billing import actions, looking, presenters, proposals
from console.billing.actions import BeyondLimits
from console.billing.contract import Outcome
from console.billing.forms import AskForm
from console.billing.kinds import Kind
from console.billing.presenters import Preflight
from console.billing.reading import NotTheContract, Refused
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.ui import words

#: What a person can do something about; the rest becomes a page of its own.
SHOWN = {Trouble.NOT_FOUND: 409, Trouble.CONFLICT: 409, Trouble.SLOW: 504, Trouble.BUSY: 503}


@dataclass(frozen=True, slots=True)
class Asking:
    form: AskForm
    status: int = 200
    preflight: Preflight | None = None
    checked: str = ""
    #: The subscription was changed by somebody else; the form looks at the new version now.
    stale: bool = False
    #: Why a second person has to approve it.
    over: list[str] = field(default_factory=list)
    #: A sentence; the request is through.
    done: str = ""
    #: Where to go then; empty: to the subscription.
    place: str = ""


def place_of(key: RunKey) -> str:
    return reverse("billing:subscription", args=[key.namespace, key.workflow_id, key.run_id])


def ask(person: User, key: RunKey, kind: Kind, given: Any) -> Asking:
    ledger = looking.with_ledger(key)
    form = kind.form(ledger, given)
    if not form.is_valid():
        return Asking(form, 422 if form.is_bound else 200)
    if not _may(person, key, kind, form):
        bounds = ", ".join(bounds_of(person, kind.verb, key.namespace))
        form.add_error("amount", f"That is above what you may give back: {bounds}.")
        return Asking(form, 422)
    try:
        return _asked(person, key, kind, form)
    except Refused as no:
        return _refused(key, form, no)
    except NotTheContract as error:
        form.add_error(None, str(error))
        return Asking(form, 502)
    except GatewayError as error:
        if error.trouble not in SHOWN:
            raise
        form.add_error(None, str(error))
        return Asking(form, SHOWN[error.trouble])


def _may(person: User, key: RunKey, kind: Kind, form: AskForm) -> bool:
    """The right to the verb stood at the door; this is about how much."""
    if kind.verb not in WITH_AMOUNT:
        return True
    money = form.cleaned_data["money"]
    return can(person, kind.verb, key.namespace, (money.value, money.currency))


def _refused(key: RunKey, form: AskForm, no: Refused) -> Asking:
    form.refuse(no.field, str(no))
    stale = no.code == "version_stale"
    if stale:
        form.look_again(looking.with_ledger(key).version)
    return Asking(form, 422, stale=stale)


def _asked(person: User, key: RunKey, kind: Kind, form: AskForm) -> Asking:
    """Applies only what was checked before, and as it was checked; else it is checked first."""
    seen, step = form.seen_if_checked(), form.data.get("step")
    if seen and step == "apply":
        try:
            return Asking(form, done=_said(kind, actions.apply(person, key, kind, form, seen)))
        except BeyondLimits:
            return _checked(person, key, kind, form)
    if seen and step == "propose" and (over := actions.beyond(person, key, kind, seen)):
        proposal = proposals.of_one(person, key, kind, form, seen=seen, over=over)
        place = reverse("billing:proposal", args=[key.namespace, proposal.pk])
        return Asking(form, done=f"{proposal} waits for a second person.", place=place)
    return _checked(person, key, kind, form)


def _checked(person: User, key: RunKey, kind: Kind, form: AskForm) -> Asking:
    outcome, seen = actions.check(person, key, kind, form)
    preflight = presenters.preflight(outcome, form.ledger.terms.max_billing_periods, timezone.now())
    over = actions.beyond(person, key, kind, seen)
    return Asking(form, preflight=preflight, checked=form.seal(seen), over=over)


def _said(kind: Kind, outcome: Outcome | None) -> str:
    if outcome is None:
        return f"{kind.title}: accepted. It is booked as soon as the payment provider answers."
    return words.amounts(f"{kind.title}: done, {outcome.before} → {outcome.after}.")
