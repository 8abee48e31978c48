"""Calls that belong on another node: forwarded whole, once, with what the caller said and waits.

    caller ──▶ any node ──▶ the node that has the run or the queue
    a poll's task is of a run elsewhere ──▶ the same poll, to that node, with the task in a header:
                                            it starts the task and answers as it would any poll

A node that is asked in error answers UNAVAILABLE; it never forwards again. The task stays with the
queue's node until it has the answer, and is asked for with the same request id next time; so a
start whose answer was lost is not lost.
"""

from __future__ import annotations

from typing import Any

import grpc
import msgspec

from engine.errors import Aborted, NotFound, Unavailable
from engine.frontend import calls, routes
from engine.frontend.guard import Function
from engine.frontend.parts import Parts
from engine.frontend.routes import Route
from engine.ports import Cluster, Task

TASK_HEADER = "perdure-task-bin"
_NOT_PASSED_ON = ("grpc-", ":", "perdure-", "user-agent", "content-type", "te")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Task).decode


def routed(parts: Parts, service: str, name: str, function: Function) -> Function:
    """The function as it is where this is the only node, or its call belongs on any."""
    if parts.cluster is None:
        return function
    path = f"/{service}/{name}"
    if route := routes.RUNS.get(name) or routes.ADMIN_RUNS.get(name):
        return _routed(path, function, route, is_elsewhere_final=False)
    if route := routes.QUEUES.get(name) or routes.ASKERS.get(name):
        return _routed(path, function, route, is_elsewhere_final=True)
    return function


def _routed(path: str, function: Function, route: Route, *, is_elsewhere_final: bool) -> Function:
    """A forwarded call for a run is tried here even so: the shard's lock has the last word."""

    async def call(parts: Parts, request: Any) -> Any:
        cluster = parts.cluster
        assert cluster is not None, "only a cluster routes"
        node = await routes.node(route, parts, cluster, request)
        if node == cluster.here or handed(parts) is not None:
            return await function(parts, request)
        if not node:
            raise Unavailable("no node takes part in the cluster yet")
        if not cluster.is_peer(calls.headers()):
            return await cluster.forward(
                node, path, request.SerializeToString(), calls.remaining(), _passed_on()
            )
        if is_elsewhere_final:
            raise Unavailable("this task queue is moving to another node")
        return await function(parts, request)

    return call


def _passed_on() -> list[tuple[str, str | bytes]]:
    return [
        (name, value)
        for name, value in calls.headers().items()
        if not name.startswith(_NOT_PASSED_ON)
    ]


def handed(parts: Parts) -> Task | None:
    """The task that another node's queue gave to the poll that it forwards."""
    if parts.cluster is None:
        return None
    given = calls.headers().get(TASK_HEADER)
    if not isinstance(given, bytes) or not parts.cluster.is_peer(calls.headers()):
        return None
    return _decode(given)


def keeper(parts: Parts, task: Task) -> str:
    """The other node that is to be asked for the task; empty if it is this one."""
    cluster = parts.cluster
    if cluster is None:
        return ""
    node = cluster.of_run(task.run) if task.claim is None else task.claim.node
    return "" if node == cluster.here else node


async def fetched(parts: Parts, node: str, path: str, request: Any, task: Task) -> bytes | None:
    """The answer to the poll, with the task started; None if there is none to be had now."""
    cluster = parts.cluster
    assert cluster is not None, "only a cluster has other nodes"
    headers = [*_passed_on(), (TASK_HEADER, _encode(task))]
    try:
        return await cluster.forward(
            node, path, request.SerializeToString(), calls.remaining(), headers
        )
    except grpc.aio.AioRpcError as refusal:
        if refusal.code() != grpc.StatusCode.ABORTED:
            _keep(parts, cluster, node, task)
    except Unavailable:
        _keep(parts, cluster, node, task)
    except BaseException:
        # The poller has left; whether the task is started, the next one learns.
        _keep(parts, cluster, node, task)
        raise
    return None


def _keep(parts: Parts, cluster: Cluster, node: str, task: Task) -> None:
    """A claim on a node that is gone is of no use."""
    if task.claim is None or cluster.lives(node):
        parts.matching.offer_again(task)


async def taken(parts: Parts, task: Task, given: Any) -> Task:
    """The task that this node was asked for, started by `given`."""
    if task.claim is not None and parts.cluster is not None:
        kept = parts.cluster.claims.take(task.claim)
        if kept is None:
            raise Aborted("nobody waits for this task any more")
        return kept
    try:
        reply = await parts.shards.submit(task.run, given)
    except NotFound:
        raise Aborted("the task was started, or is of no use, since it was offered") from None
    return msgspec.structs.replace(task, started=reply)
