"""What a person does about pending activities: one gateway call, and a row of the activity log.

Pausing, resuming, trying and changing leave nothing in the history; the log is all that tells.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from console.activities.looking import Target
from console.activities.presenters import told
from console.audit import pointing
from console.audit.record import Act, record
from console.gateway import activities
from console.gateway.activities import Which
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import PendingActivity
from console.offering import options

Asked = Mapping[str, Any]
#: ids that a row of the log names of one type
NAMED_MAX = 50


def try_now(person: User, it: Target, asked: Asked) -> None:
    given = {"forget the heartbeat": asked["forgets_beat"]}
    with record(
        person, "activity.try", it.key, reason=asked["reason"], before=_before(it), asked=given
    ) as act:
        activities.reset(it.key, it.which, act.identity, forgets_beat=asked["forgets_beat"])
        act.after = {it.label: "tried now, from the first attempt"} | touched(it)


def pause(person: User, it: Target, asked: Asked) -> None:
    reason = asked["reason"]
    with record(person, "activity.pause", it.key, reason=reason, before=_before(it)) as act:
        if it.is_of_run:
            _pause_each_type(it, reason, act)
        else:
            activities.pause(it.key, it.which, reason, act.identity)
            act.after = {it.label: "paused"}


def _pause_each_type(it: Target, reason: str, act: Act) -> None:
    """The protocol pauses by type. What ended meanwhile is no reason to leave the others."""
    act.after = {}
    wanted = [one for one in it.activities if not one.paused]
    for kind in sorted({one.type for one in wanted}):
        try:
            activities.pause(it.key, Which(type=kind), reason, act.identity)
        except GatewayError as error:
            if error.trouble is Trouble.NOT_FOUND:
                continue
            so_far = f" Paused before that: {', '.join(act.after)}." if act.after else ""
            raise GatewayError(error.trouble, f"{error}{so_far}", error.detail) from error
        act.after |= _listed([one for one in wanted if one.type == kind])
    if not act.after:
        raise GatewayError(Trouble.NOT_FOUND, "None of them is pending any more.")


def resume(person: User, it: Target, asked: Asked) -> None:
    given = {"from the first attempt": asked["from_first"]}
    with record(
        person, "activity.resume", it.key, reason=asked["reason"], before=_before(it), asked=given
    ) as act:
        activities.resume(
            it.key,
            it.which,
            act.identity,
            from_first=asked["from_first"],
            forgets_beat=asked["forgets_beat"],
        )
        act.after = {it.label: "resumed"} | touched(it, lambda one: one.paused)


def complete(person: User, it: Target, asked: Asked) -> str:
    given = {"activity": it.label, "result": asked["result"], "evidence": asked["evidence"]}
    with record(
        person, "activity.complete", it.key, reason=asked["reason"], before=_before(it), asked=given
    ) as act:
        results = _results(it, asked, act)
        done = _each(
            it,
            it.activities,
            act,
            lambda one: activities.complete(it.key, one.id, results[one.type], act.identity),
        )
        act.after = {done: "completed by hand"} | act.after | _shown(asked)
        act.event_id = pointing.event_of(it.key, "ActivityTaskCompleted", act)
    return done


def _results(it: Target, asked: Asked, act: Act) -> Mapping[str, list[Any]]:
    """By type. A typed result may name the row of the log, whose id nobody has before."""
    if "written" in asked:
        results: Mapping[str, list[Any]] = asked["written"](act.id)
        return results
    same: list[Any] = asked["result"]
    return dict.fromkeys(it.types, same)


def _each(
    it: Target, some: Sequence[PendingActivity], act: Act, end: Callable[[PendingActivity], None]
) -> str:
    """One after the other; which they were, in words. That one ended meanwhile, perhaps by the end
    of another, is no reason to leave the rest."""
    done: list[PendingActivity] = []
    act.after = {}
    for one in some:
        try:
            end(one)
        except GatewayError as error:
            if it.is_one:
                raise
            if error.trouble is Trouble.NOT_FOUND:
                continue
            so_far = f" Done before that: {len(done):,} of {len(some):,}." if done else ""
            raise GatewayError(error.trouble, f"{error}{so_far}", error.detail) from error
        done.append(one)
        act.after = {} if it.is_one else _listed(done)
    if not done:
        raise GatewayError(Trouble.NOT_FOUND, "None of them is pending any more.")
    return it.label if it.is_one else f"{len(done):,} of {it.label}"


def fail(person: User, it: Target, asked: Asked) -> str:
    given = {
        "activity": it.label,
        "failure": asked["message"],
        "type": asked["kind"],
        "no other attempt": asked["final"],
        "evidence": asked["evidence"],
    }
    with record(
        person, "activity.fail", it.key, reason=asked["reason"], before=_before(it), asked=given
    ) as act:
        how = {"kind": asked["kind"], "final": asked["final"]}
        done = _each(
            it,
            it.now,
            act,
            lambda one: activities.fail(it.key, one.id, asked["message"], act.identity, **how),
        )
        act.after = {done: f"failed by hand: {asked['message']}"} | act.after | _shown(asked)
        if asked["final"]:
            act.event_id = pointing.event_of(it.key, "ActivityTaskFailed", act)
    return done


def change(person: User, it: Target, changes: Mapping[str, Any], reason: str) -> None:
    """The rows of before and after hold only what changes."""
    was = {_named(it, name): options.before(it.options, name) for name in changes}
    wanted = {_named(it, name): options.text(name, value) for name, value in changes.items()}
    with record(person, "activity.change", it.key, reason=reason, before=was, asked=wanted) as act:
        standing = next(iter(it.options), None)
        stands = activities.change(it.key, it.which, changes, act.identity, standing)
        now = {_named(it, name): options.text(name, getattr(stands, name)) for name in changes}
        act.after = now | touched(it)


def _named(it: Target, name: str) -> str:
    return f"{it.label}, {options.OPTIONS[name][0].lower()}"


def _before(it: Target) -> dict[str, str]:
    if it.is_one:
        return {it.label: told(it.first)}
    running = len(it.now)
    paused = sum(1 for one in it.activities if one.paused)
    return {it.label: f"{running} running, {paused} paused"}


def touched(
    it: Target, is_meant: Callable[[PendingActivity], bool] = lambda _: True
) -> dict[str, str]:
    """Of all of a run: by type which they were, as they stood when it was asked for."""
    return _listed([one for one in it.activities if is_meant(one)]) if it.is_of_run else {}


def _listed(some: Sequence[PendingActivity]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for one in some:
        found.setdefault(one.type, []).append(one.id)
    return {kind: _named_some(ids) for kind, ids in sorted(found.items())}


def _named_some(ids: Sequence[str]) -> str:
    """SDKs name activities by numbers: 9 is before 10."""
    some = sorted(ids, key=lambda one: (len(one), one))[:NAMED_MAX]
    more = f" and {len(ids) - len(some)} more" if len(ids) > len(some) else ""
    return f"{len(ids)}: {', '.join(some)}{more}"


def _shown(asked: Asked) -> dict[str, str]:
    return {"evidence": asked["evidence"]} if asked["evidence"] else {}
