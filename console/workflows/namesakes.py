"""What else is called so, beside runs: a queue, a schedule, a deployment, a batch, an endpoint, a
worker, a namespace. Each that the person may see is asked for by its whole name, with one call.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from console.gateway import (
    batches,
    deployments,
    endpoints,
    namespaces,
    schedules,
    task_queues,
    workers,
)
from console.gateway.channel import GatewayError, Trouble

#: There is none of this name, or the server has no such things, or it cannot say so now.
NONE = frozenset(
    {
        *(Trouble.NOT_FOUND, Trouble.INVALID, Trouble.UNSUPPORTED, Trouble.CONFLICT),
        *(Trouble.BUSY, Trouble.SLOW, Trouble.DENIED),
    }
)
#: What an address says between a deployment and its version.
VERSION = ":"


@dataclass(frozen=True, slots=True)
class Namesake:
    """`place`: the arguments of its page's address."""

    says: str
    view: str
    place: tuple[str, ...]


def found(namespace: str, name: str, may: Callable[[str, str], bool]) -> Iterator[Namesake]:
    """`may`: whether the person may do a verb in a namespace."""
    for says, verb, view, is_one in KINDS:
        if may(verb, namespace) and _is(is_one, namespace, name):
            yield Namesake(says, view, (namespace, name))
    deployment, _, build = name.rpartition(VERSION)
    if deployment and may("deployment.view", namespace) and _is(_is_version, namespace, name):
        yield Namesake(
            "the version of this name", "deployments:version", (namespace, deployment, build)
        )
    if may("endpoint.view", namespace) and _is(_is_endpoint, namespace, name):
        yield Namesake("the Nexus endpoint of this name", "endpoints:endpoint", (name,))
    if name != namespace and may("namespace.view", name) and _is(_is_namespace, namespace, name):
        yield Namesake("the namespace of this name", "namespaces:namespace", (name,))


IsOne = Callable[[str, str], bool]


def _is(is_one: IsOne, namespace: str, name: str) -> bool:
    try:
        return is_one(namespace, name)
    except GatewayError as error:
        if error.trouble in NONE:
            return False
        raise


def _is_queue(namespace: str, name: str) -> bool:
    """Every name is a queue to the server; here, one that open runs name, or somebody uses."""
    if name in task_queues.of_running(namespace):
        return True
    told = task_queues.glance(namespace, name)
    sides = (told.workflow, told.activity)
    return any(side.pollers or side.backlog for side in sides)


def _is_schedule(namespace: str, name: str) -> bool:
    return bool(schedules.describe(namespace, name))


def _is_deployment(namespace: str, name: str) -> bool:
    return bool(deployments.describe(namespace, name).name)


def _is_version(namespace: str, name: str) -> bool:
    deployment, _, build = name.rpartition(VERSION)
    return bool(deployments.describe_version(namespace, deployment, build).build_id)


def _is_batch(namespace: str, name: str) -> bool:
    return bool(batches.describe(namespace, name).summary.id)


def _is_worker(namespace: str, name: str) -> bool:
    return bool(workers.describe(namespace, name))


def _is_endpoint(_namespace: str, name: str) -> bool:
    return endpoints.named(name) is not None


def _is_namespace(_namespace: str, name: str) -> bool:
    return any(one.name == name for one in namespaces.everyone())


#: (in words, the right to see it, its page, whether there is one)
KINDS: tuple[tuple[str, str, str, IsOne], ...] = (
    ("the task queue of this name", "queue.view", "task_queues:queue", _is_queue),
    ("the schedule of this id", "schedule.view", "schedules:schedule", _is_schedule),
    ("the deployment of this name", "deployment.view", "deployments:deployment", _is_deployment),
    ("the batch of this id", "batch.view", "batches:batch", _is_batch),
    ("the worker of this key", "worker.view", "workers:worker", _is_worker),
)
