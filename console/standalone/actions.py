"""What a person does about what stands alone: one gateway call, and a row of the activity log."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User

from console.audit.record import Act, record
from console.gateway import standalone
from console.gateway.held import Held
from console.gateway.standalone_details import Detail

Asked = Mapping[str, Any]


def cancel(person: User, one: Detail, asked: Asked) -> None:
    with _act(person, "standalone.cancel", one, asked) as act:
        standalone.cancel(one.summary.key, asked["reason"], act.identity, act.id)
        act.after = {"cancellation": "requested"}


def terminate(person: User, one: Detail, asked: Asked) -> None:
    with _act(person, "standalone.terminate", one, asked) as act:
        standalone.terminate(one.summary.key, asked["reason"], act.identity, act.id)
        act.after = {"status": "Terminated"}


def delete(person: User, one: Detail, asked: Asked) -> None:
    with _act(person, "standalone.delete", one, asked) as act:
        standalone.delete(one.summary.key)
        act.after = {}


def try_now(person: User, one: Detail, asked: Asked) -> None:
    given = {"forget the heartbeat": asked["forgets_beat"]}
    with _act(person, "activity.try", one, asked, given) as act:
        standalone.try_now(
            one.summary.key, act.identity, act.id, forgets_beat=asked["forgets_beat"]
        )
        act.after = {"attempt": "tried now, from the first"}


def pause(person: User, one: Detail, asked: Asked) -> None:
    with _act(person, "activity.pause", one, asked) as act:
        standalone.pause(one.summary.key, asked["reason"], act.identity, act.id)
        act.after = {"paused": True}


def resume(person: User, one: Detail, asked: Asked) -> None:
    with _act(person, "activity.resume", one, asked) as act:
        standalone.resume(one.summary.key, asked["reason"], act.identity, act.id)
        act.after = {"paused": False}


def complete(person: User, one: Detail, asked: Asked) -> None:
    given = {"result": asked["result"], "evidence": asked["evidence"]}
    with _act(person, "activity.complete", one, asked, given) as act:
        standalone.complete(one.summary.key, asked["result"], act.identity)
        act.after = {"status": "Completed by hand"}


def fail(person: User, one: Detail, asked: Asked) -> None:
    given = {
        "failure": asked["message"],
        "type": asked["kind"],
        "no other attempt": asked["final"],
        "evidence": asked["evidence"],
    }
    with _act(person, "activity.fail", one, asked, given) as act:
        standalone.fail(
            one.summary.key,
            asked["message"],
            act.identity,
            kind=asked["kind"],
            final=asked["final"],
        )
        act.after = {"attempt": f"failed by hand: {asked['message']}"}


def reveal(person: User, one: Detail, held: Held, reason: str) -> None:
    """Written down before it is shown; what was shown is not."""
    with record(
        person, "payload.reveal", namespace=one.summary.key.namespace, target=target(one),
        reason=reason, asked=held.told,
    ) as act:  # fmt: skip
        act.after = {"payload": "revealed"}


def target(one: Detail) -> str:
    """How the log names it: the id alone may be a workflow's as well."""
    return f"{one.summary.key.kind.name}/{one.summary.key.id}"


@contextmanager
def _act(
    person: User, verb: str, one: Detail, asked: Asked, given: Asked | None = None
) -> Iterator[Act]:
    summary = one.summary
    before = {"status": summary.status, "attempt": one.attempt, "run": summary.key.run_id}
    with record(
        person, verb, namespace=summary.key.namespace, target=target(one),
        reason=asked["reason"], before=before, asked=given,
    ) as act:  # fmt: skip
        yield act
