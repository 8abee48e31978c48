"""Reset, and the replay check: check, call, audit."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import namespaces, replaying, steering
from console.gateway.channel import GatewayError
from console.gateway.replaying import Verdict
from console.gateway.runs import RunKey
from console.replay import children
from console.replay.children import Child
from console.replay.looking import Look
from console.ui.refusals import Refusal


def reset(
    person: User,
    it: Look,
    reason: str,
    *,
    keep_signals: bool,
    keep_updates: bool,
    cancel: Sequence[Child] = (),
    leave: frozenset[int] = frozenset(),
) -> RunKey:
    """The new run. `leave`: the events of signals that do not come again, where others do;
    `cancel`: children that are asked to cancel first, since the new run cannot start them anew
    while they run."""
    assert it.plan is not None
    later = {step.event_id for step in it.plan.signals}
    some = later - leave if keep_signals and leave & later else set()
    if leave & later:
        keep_signals = False
    asked = {
        "event": str(it.plan.point),
        "apply signals again": "yes" if keep_signals else "no",
        **(
            {"signals sent anew": _listed(some), "left out": _listed(leave & later)} if some else {}
        ),
        "apply updates again": "yes" if keep_updates else "no",
        **({"children to cancel": children.named(cancel)} if cancel else {}),
    }
    if some and not namespaces.attributes(it.key.namespace).ours:
        # Looked at before anything is done: it would be refused after the children were asked.
        raise Refusal(422, "This server applies all signals again, or none.")
    before = {"run": it.key.run_id, "status": it.run.summary.status}
    with record(person, "run.reset", it.key, reason=reason, before=before, asked=asked) as act:
        asked_children = children.ask_to_cancel(cancel, reason, act)
        try:
            new = steering.reset(
                it.key,
                it.plan.point,
                reason,
                identity=act.identity,
                request_id=act.id,
                keep_signals=keep_signals,
                keep_updates=keep_updates,
                again=[event for event in it.history if event.id in some],
            )
        except GatewayError as error:
            raise children.refused_after(asked_children, error) from error
        act.run_id, act.after = new.run_id, {"run": new.run_id, "status": "Running"}
        if asked_children:
            act.after["children asked to cancel"] = children.named(asked_children)
        # In the new run the workflow task fails at this very event, with the reset as its cause.
        act.event_id = it.plan.point
    return new


def _listed(events: Iterable[int]) -> str:
    return ", ".join(f"event {one}" for one in sorted(events))


def check(person: User, key: RunKey) -> Verdict:
    with record(person, "replay.check", key) as act:
        verdict = replaying.check(key)
        words = {True: "compatible", False: "non-deterministic", None: "nobody could say"}
        act.after = {"verdict": words[verdict.compatible]} | broken(verdict)
    return verdict


def broken(verdict: Verdict) -> dict[str, str]:
    """Where code and history part, as far as the SDK says it."""
    broke = verdict.broke
    if broke is None:
        return {}
    told = {
        "event": str(broke.event_id or ""),
        "expected": broke.expected,
        "found": broke.found,
    }
    return {name: value for name, value in told.items() if value}
