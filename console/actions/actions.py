"""Signal, query, update: check, call, audit. A query changes nothing, so it is not in the log."""

from django.contrib.auth.models import User

from console.access import updates
from console.audit import pointing
from console.audit.keeping import said
from console.audit.record import MAYBE, Act, identity, record
from console.gateway import steering
from console.gateway.runs import RunKey
from console.offering import asking
from console.offering.asking import Asking

UNTAKEN = "No worker has taken it yet; it goes to the first that does."


def query(it: Asking, key: RunKey) -> None:
    arguments = it.arguments(it.fills("", asking.NO_AUDIT))
    if not it.is_wrong:
        it.values = steering.query(key, it.offer.name, arguments)
        it.says = "It answered."


def signal(person: User, it: Asking, key: RunKey) -> None:
    reason = it.form.cleaned_data["reason"] if it.form else ""
    asked = {"signal": it.offer.name, "arguments": _shown(person, it)}
    if it.is_wrong:
        return
    with record(person, "run.signal", key, reason=reason, asked=asked, once=it.once) as act:
        arguments = it.arguments(it.fills(act.identity, act.id))
        steering.signal(key, it.offer.name, arguments, act.identity, act.id)
        act.after = asked | {"arguments": arguments}
        act.event_id = pointing.event_of(key, "WorkflowExecutionSignaled", act)
    it.says = "The signal was sent."


def update(person: User, it: Asking, key: RunKey) -> None:
    reason = it.form.cleaned_data["reason"] if it.form else ""
    try:
        shown = _signed(it, identity(person), asking.NO_AUDIT)
    except updates.Forged as forged:
        it.errors.append(str(forged))
    if it.is_wrong:
        return
    asked = {"update": it.offer.name, "arguments": shown}
    with record(person, "run.update", key, reason=reason, asked=asked, once=it.once) as act:
        arguments = _signed(it, act.identity, act.id)
        answer = steering.update(
            key, it.offer.name, arguments, identity=act.identity, update_id=act.id
        )
        act.event_id = pointing.event_of_update(key, act.id)
        _answered(it, act, answer, key.namespace)


def _answered(it: Asking, act: Act, answer: steering.Outcome, namespace: str) -> None:
    """What the validator refuses leaves no event; what failed later does."""
    if not answer.taken:
        act.unknown = UNTAKEN
        it.errors.append(f"{UNTAKEN} {MAYBE}")
    elif answer.failure is None:
        it.values = answer.values if answer.done else None
        it.says = "Done." if answer.done else "It was accepted, and is not through yet."
        act.after = {"update": f"{it.offer.name}, {'done' if answer.done else 'accepted'}"}
    elif act.event_id is None:
        act.refused = answer.failure.message
        asking.refuse(it, answer.failure)
    else:
        act.refused = f"accepted, then failed: {said(namespace, answer.failure.message)}"
        it.failure = answer.failure


def _shown(person: User, it: Asking) -> list[object]:
    """The arguments as they are asked for; they are checked on the way."""
    return it.arguments(it.fills(identity(person), asking.NO_AUDIT))


def _signed(it: Asking, who: str, audit: str) -> list[object]:
    fills = it.fills(who, audit)
    return updates.signed(it.offer.name, it.arguments(fills), fills)
