"""Reset, and the replay check: check, call, audit."""

from collections.abc import Iterable
from contextlib import suppress

from django.contrib.auth.models import User

from console.audit.record import Act, record
from console.gateway import replaying, steering
from console.gateway.channel import GatewayError
from console.gateway.replaying import Verdict
from console.gateway.runs import RunKey
from console.replay.looking import Look


def reset(
    person: User,
    it: Look,
    reason: str,
    *,
    keep_signals: bool,
    keep_updates: bool,
    cancel_children: bool,
    leave: frozenset[int] = frozenset(),
) -> RunKey:
    """The new run. `leave`: the events of signals that do not come again, where others do."""
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
    }
    before = {"run": it.key.run_id, "status": it.run.summary.status}
    with record(person, "run.reset", it.key, reason=reason, before=before, asked=asked) as act:
        if cancel_children:
            _cancel((step.name for step in it.plan.children_on), it.key, reason, act)
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
        act.run_id, act.after = new.run_id, {"run": new.run_id, "status": "Running"}
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


def _cancel(workflow_ids: Iterable[str], parent: RunKey, reason: str, act: Act) -> None:
    for workflow_id in workflow_ids:
        child = RunKey(parent.namespace, workflow_id, "")
        # One that has ended meanwhile is what was wanted.
        with suppress(GatewayError):
            steering.cancel(child, reason, act.identity, f"{act.id}/{workflow_id}"[:200])
