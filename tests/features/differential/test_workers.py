"""What both servers tell of workers that beat, and of those that have left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import grpc

from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.workers import NOW, SHUTDOWN, SHUTTING_DOWN, Fleet, beat

AT = NOW
#: What the dev server knows of the language; ours knows all of it.
QUERIES = (
    "TaskQueue = 'bills'",
    "TaskQueue != 'bills'",
    "TaskQueue STARTS_WITH 'b'",
    "WorkerInstanceKey = 'a'",
    "WorkerIdentity = 'identity of a'",
    "HostName = 'host-1'",
    "SdkVersion = '1.31.0'",
    "BuildId = 'b-2'",
    "(DeploymentName = 'orders' OR WorkerInstanceKey = 'a')",
    "DeploymentName IS NULL",
    "Status = 'ShuttingDown'",
    "WorkerStatus = 'Running'",
    "HeartbeatTime > '2027-01-15T08:00:30Z'",
    "StartTime BETWEEN '2027-01-01T00:00:00Z' AND '2027-12-31T00:00:00Z'",
    "(TaskQueue = 'orders')",
    "bad bad",
)


async def answer(call: Awaitable[Any]) -> str:
    try:
        found = await call
    except grpc.aio.AioRpcError as refusal:
        # The parser's own words differ.
        details = refusal.details() or ""
        return f"{refusal.code().name} {details.partition(': ')[0]}"
    return str(found)


async def told(server: Server, play: str) -> list[str]:
    """`play` tells these workers from those of other tests."""
    fleet = Fleet(server)
    of_play = f"SdkName = '{play}'"
    lines = [await answer(Fleet(server, "").names())]
    await fleet.record(
        beat("a", at=AT, sdk_name=play),
        beat("b", at=AT + 60, build="b-2", sdk_name=play, task_queue="bills", status=SHUTTING_DOWN),
        beat("c", at=AT, sdk_name=play),
    )
    await eventually_async(lambda: fleet.count(of_play), lambda found: found == 3)
    lines += [await answer(fleet.names(f"{of_play} AND {query}")) for query in QUERIES]
    page = await fleet.page(of_play, page_size=2)
    lines += [str(page.workers), str(page.workers_info), str(bool(page.next_page_token))]
    rest = await fleet.page(of_play, page_size=2, next_page_token=page.next_page_token)
    lines += [str([worker.worker_instance_key for worker in rest.workers])]
    lines += [await answer(fleet.page(next_page_token=b"x")), await answer(fleet.describe("b"))]
    await fleet.shut_down("a")
    await fleet.shut_down("b", beat("b", at=AT + 70, status=SHUTDOWN))
    await fleet.shut_down("d", beat("d", at=AT, status=SHUTTING_DOWN, sdk_name=play))
    await fleet.record(beat("c", at=AT + 50, status=SHUTDOWN))
    await eventually_async(lambda: fleet.names(of_play), lambda found: "c" not in found)
    lines += [str(await fleet.names(of_play)), await answer(fleet.describe("b"))]
    await fleet.record(beat("a", status=SHUTDOWN), beat("d", status=SHUTDOWN))
    return lines


async def test_both_servers_tell_the_same_of_workers(
    server: Server,
    official: Server,
    names: Names,
) -> None:
    play = names.queue()

    ours, theirs = await asyncio.gather(told(server, play), told(official, play))

    assert ours == theirs
