"""What is asked of the server, and what a person does to a deployment."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.contrib.auth.models import User

from console.audit.record import Act, record
from console.gateway import counting, namespaces
from console.gateway import deployments as gateway
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deployments import DeploymentDetail, Page, Routing

#: Of so many versions the open runs are counted, each by a call of its own; the newest first.
COUNTED_MAX = 10


def known(namespace: str, rows: int, token: bytes) -> Page | None:
    """None: the server knows no deployments."""
    try:
        return gateway.find(namespace, rows, token)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise


def query_of(namespace: str, name: str, build_id: str) -> str:
    version = f"{name}:{build_id}".replace("'", "\\'")
    are_open = namespaces.open_runs(namespace)
    return f"TemporalWorkerDeploymentVersion = '{version}' AND {are_open}"


def open_runs(namespace: str, name: str, build_ids: Iterable[str]) -> dict[str, int]:
    """Where the counts of this namespace are used up for now, fewer are counted."""
    found: dict[str, int] = {}
    for build_id in list(build_ids)[:COUNTED_MAX]:
        try:
            counted = counting.count(namespace, query_of(namespace, name, build_id))
        except GatewayError as error:
            if error.trouble not in {Trouble.BUSY, Trouble.SLOW, Trouble.INVALID}:
                raise
            return found
        found[build_id] = counted.counts.total
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """`token`: of the state that the person has looked at."""

    build_id: str
    token: bytes
    reason: str
    percent: float = 0.0


def make_current(person: User, namespace: str, one: DeploymentDetail, wanted: Change) -> None:
    with _changing(person, namespace, one, wanted, {"current": wanted.build_id}) as act:
        gateway.set_current(
            namespace, one.name, wanted.build_id, token=wanted.token, identity=act.identity
        )


def ramp(person: User, namespace: str, one: DeploymentDetail, wanted: Change) -> None:
    """Without a build id the ramp ends."""
    asked = {"ramping": wanted.build_id, "percent": wanted.percent}
    with _changing(person, namespace, one, wanted, asked) as act:
        gateway.set_ramping(
            namespace, one.name, wanted.build_id, wanted.percent,
            token=wanted.token, identity=act.identity,
        )  # fmt: skip


@contextmanager
def _changing(
    person: User, namespace: str, one: DeploymentDetail, wanted: Change, asked: dict[str, object]
) -> Iterator[Act]:
    with record(
        person, "deployment.change", namespace=namespace, target=one.name,
        reason=wanted.reason, before=told(one.routing), asked=asked,
    ) as act:  # fmt: skip
        yield act
        # It is done by now: that nobody says how it stands is no reason to say otherwise.
        act.after = asked
        with suppress(GatewayError):
            act.after = told(gateway.describe(namespace, one.name).routing)


def delete(person: User, namespace: str, version: tuple[str, str], reason: str) -> None:
    """`version`: the deployment's name and the build id."""
    name, build_id = version
    with record(
        person, "deployment.delete", namespace=namespace, target=f"{name}:{build_id}",
        reason=reason, before={"version": build_id},
    ) as act:  # fmt: skip
        gateway.delete_version(namespace, name, build_id, act.identity)
        act.after = {"version": ""}


def told(routing: Routing) -> dict[str, object]:
    """For the activity log."""
    ramping = {} if routing.ramping is None else {"ramping": routing.ramping}
    return {"current": routing.current, "percent": routing.percent, **ramping}
