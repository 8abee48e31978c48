"""What a person does about what stands alone: one gateway call, and a row of the activity log."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User

from console.audit.record import Act, record
from console.gateway import standalone, standalone_starting, task_queues
from console.gateway.channel import GatewayError
from console.gateway.held import Held
from console.gateway.standalone import ACTIVITIES, Key
from console.gateway.standalone_details import Detail
from console.gateway.standalone_starting import Order, Started
from console.offering import copies, options

Asked = Mapping[str, Any]


def start(person: User, order: Order, like: Key | None, reason: str, *, once: str = "") -> Started:
    asked = {
        "type": order.type,
        "task queue": order.task_queue,
        "arguments": copies.kept(order.arguments),
        "headers": sorted(order.headers),
        "like": f"{like.id} {like.run_id}" if like else "",
        "reuse": order.reuse,
        "conflict": order.conflict,
    }
    with record(
        person, "standalone.start", namespace=order.namespace,
        target=f"{ACTIVITIES.name}/{order.activity_id}", reason=reason, asked=asked, once=once,
    ) as act:  # fmt: skip
        started = standalone_starting.start(order, act.identity, act.id)
        status = "Running" if started.is_new else "went on already"
        act.after = {"status": status, "run": started.key.run_id}
    return started


def nobody_polls(namespace: str, queue: str) -> bool | None:
    """None: the server did not say."""
    try:
        return not task_queues.describe(namespace, queue).activity.pollers
    except GatewayError:
        return None


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


def change(person: User, one: Detail, changes: Asked, reason: str) -> None:
    """The rows of before and after hold only what changes."""
    assert one.options is not None, "it is an activity"
    was = {_option(name): options.before([one.options], name) for name in changes}
    given = {_option(name): options.text(name, value) for name, value in changes.items()}
    key = one.summary.key
    with record(
        person, "activity.change", namespace=key.namespace, target=target(one), reason=reason,
        before=was, asked=given,
    ) as act:  # fmt: skip
        stands = standalone.change(key, changes, act.identity, act.id, one.options)
        act.after = {_option(name): options.text(name, getattr(stands, name)) for name in changes}


def _option(name: str) -> str:
    return options.OPTIONS[name][0].lower()


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
