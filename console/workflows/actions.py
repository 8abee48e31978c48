"""What a person does to a run.

Check, call, audit. A run that ended a moment ago is a refusal in words.
"""

import json
from typing import Any

from django.contrib.auth.models import User

from console.audit import pointing
from console.audit.record import record
from console.gateway import steering, versions
from console.gateway.held import Held
from console.gateway.runs import RunDetail, RunKey, RunSummary


def terminate(person: User, run: RunSummary, reason: str) -> None:
    with record(
        person, "run.terminate", run.key, reason=reason, before={"status": run.status}
    ) as act:
        steering.terminate(run.key, reason, act.identity)
        act.after = {"status": "Terminated"}
        act.event_id = pointing.event_of(run.key, "WorkflowExecutionTerminated", act)


def cancel(person: User, run: RunSummary, reason: str) -> None:
    with record(person, "run.cancel", run.key, reason=reason, before={"status": run.status}) as act:
        steering.cancel(run.key, reason, act.identity, act.id)
        act.after = {"cancellation": "requested"}
        act.event_id = pointing.event_of(run.key, "WorkflowExecutionCancelRequested", act)


def pause(person: User, run: RunSummary, reason: str) -> None:
    with record(person, "run.pause", run.key, reason=reason, before={"status": run.status}) as act:
        steering.pause(run.key, reason, act.identity, act.id)
        act.after = {"status": "Paused"}
        act.event_id = pointing.event_of(run.key, "WorkflowExecutionPaused", act)


def resume(person: User, run: RunSummary, reason: str) -> None:
    with record(person, "run.resume", run.key, reason=reason, before={"status": run.status}) as act:
        steering.resume(run.key, reason, act.identity, act.id)
        act.after = {"status": "Running"}
        act.event_id = pointing.event_of(run.key, "WorkflowExecutionUnpaused", act)


def signal(
    person: User, run: RunSummary, name: str, argument: str, reason: str, *, once: str = ""
) -> None:
    arguments: list[Any] = [json.loads(argument)] if argument else []
    asked = {"signal": name, "argument": arguments[0] if arguments else None}
    with record(person, "run.signal", run.key, reason=reason, asked=asked, once=once) as act:
        steering.signal(run.key, name, arguments, act.identity, act.id)
        act.after = asked
        act.event_id = pointing.event_of(run.key, "WorkflowExecutionSignaled", act)


def set_version(
    person: User, run: RunDetail, wanted: versions.Override | None, reason: str
) -> None:
    """The event has no field for a request's id: the identity carries it."""
    key, now = run.summary.key, versions.of(run.told)
    with record(
        person, "run.version", key, reason=reason,
        before={"version": told(now.override)}, asked={"version": told(wanted)},
    ) as act:  # fmt: skip
        identity = f"{act.identity} ({act.id})"
        versions.override(key, wanted, identity)
        act.after = {"version": told(wanted)}
        act.event_id = pointing.event_of(key, "WorkflowExecutionOptionsUpdated", act, identity)


def told(override: versions.Override | None) -> str:
    """For the activity log."""
    if override is None:
        return "as its code says"
    return f"pinned to {override.version}" if override.version else "moves with its queue"


def reveal(person: User, key: RunKey, held: Held, reason: str) -> None:
    """Written down before it is shown; what was shown is not."""
    with record(person, "payload.reveal", key, reason=reason, asked=held.told) as act:
        act.event_id = held.event_id or None
        act.after = {"payload": "revealed"}
