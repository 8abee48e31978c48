"""`python -m tests.bench.console [records …]`: the console's pages over a full index.

The whole stack as `make up SEARCH=elasticsearch` starts it, with records that a generator commits
and the real relay carries, up to each of the numbers in turn. Times are what a browser on this
machine waits for a page's HTML; beside them, the same questions by the official web UI's calls:
of lists on this engine, of histories on the dev server too.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import grpc
import psycopg
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    ListWorkflowExecutionsRequest,
)

from engine import embedded
from search.records import VisibilityRecord
from tests.bench import records, web_ui
from tests.bench.servers import dev_server
from tests.stack import whole
from tests.stack.whole import Up
from tests.support import commands
from tests.support.bound import end_by_signals
from tests.support.engine import OFFICIAL, PERDURE, Server
from tests.support.visitor import Visitor
from tests.support.worker import ScriptedWorker

RECORDS = (100_000, 1_000_000)
EVENTS = (10, 1_000, 10_000, 51_200)
TIMERS_PER_TASK = 500
UP_WITHIN_SECONDS, INDEXED_WITHIN_SECONDS = 900, 1_800
ANSWERS_WITHIN_SECONDS = 60
FIRST_PROBES, PROBES, PROBE_SECONDS, LOOK_SECONDS = 10, 200, 0.1, 0.02

_waiting = "select count(*) from visibility_outbox"
QUERIES = {
    "runs page": "",
    "failing subscriptions": (
        "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running' AND FailingActivityCount > 0"
    ),
    "one customer": "CustomerId = 'cus_0000fff'",
    "contains": "WorkflowId CONTAINS '0fff'",
    "full text": "LastFailureMessage = 'issuer declined'",
    "sorted": "ExecutionStatus = 'Running' ORDER BY ActivityAttemptMax DESC",
}


def timed(visitor: Visitor, name: str, path: str) -> None:
    """One cold look, then many."""
    took = []
    for _ in range(web_ui.ROUNDS + 1):
        began = time.perf_counter()
        size = len(visitor.get(path))
        took.append((time.perf_counter() - began) * 1000)
    web_ui.show(name, took[0], took[1:], size)


async def fill(database: str, made: Iterator[VisibilityRecord]) -> None:
    began = time.perf_counter()
    count = await records.commit(database, made)
    committed = time.perf_counter() - began
    deadline = time.monotonic() + INDEXED_WITHIN_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while (row := connection.execute(_waiting).fetchone()) and row[0]:
            if time.monotonic() > deadline:
                raise SystemExit(f"{row[0]} records still wait for the index")
            await asyncio.sleep(0.25)
    sys.stdout.write(
        f"{count} records: committed in {committed:.1f} s, all indexed by the relay "
        f"{time.perf_counter() - began:.1f} s after the first "
        f"({count / (time.perf_counter() - began):.0f}/s)\n"
    )


async def grow(server: Server, name: str, events: int) -> WorkflowExecution:
    """A closed run of so many events, an even number: timers mostly."""
    queue = f"bench-{name}"
    run = await server.start(name, queue)
    worker = ScriptedWorker(server, queue)
    made = 0
    for timers in timers_of(events):
        pairs = []
        for _ in range(timers):
            made += 1
            pairs.append(commands.start_timer(f"wait for period {made}", 86_400))
            pairs.append(commands.cancel_timer(f"wait for period {made}"))
        await worker.on_task(*pairs, force_create_new_workflow_task=True)
    await worker.on_task(commands.complete(commands.text("done")))
    made = len(await server.history(run))
    assert made == events, f"it has {made} events, not {events}"
    return run


def timers_of(events: int) -> list[int]:
    """Of each workflow task but the last. A task makes three events, a timer two, the run's
    beginning and its end one each."""
    tasks = 1
    while (timers := (events - 2 - 3 * (tasks + 1)) // 2) > TIMERS_PER_TASK * tasks:
        tasks += 2
    return [timers // tasks + (number < timers % tasks) for number in range(tasks)]


async def lag(server: Server, load: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """From the answer to a start until a search finds the run, while the engine is busy.

    Counted from the load's second round on, and after a few probes: its programs have started, and
    what serves them and the probes has been warmed up, as in the table of the servers.
    """
    at_full_load = asyncio.Event()
    busy = asyncio.create_task(load(at_full_load))
    reached = asyncio.create_task(at_full_load.wait())
    await asyncio.wait((busy, reached), return_when=asyncio.FIRST_COMPLETED)
    assert not busy.done(), "the load ended before it was reached"
    took = []
    for number in range(FIRST_PROBES + PROBES):
        name = f"probe-{number}"
        await server.start(name, "bench-probes")
        began = time.perf_counter()
        asked = ListWorkflowExecutionsRequest(
            namespace=server.namespace, query=f"WorkflowId = '{name}'"
        )
        await found(server, asked)
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PROBE_SECONDS)
    busy.cancel()
    with suppress(asyncio.CancelledError):
        await busy
    took = sorted(took[FIRST_PROBES:])
    sys.stdout.write(
        f"commit to index at full load: p50 {took[len(took) // 2]:.0f} ms, "
        f"p99 {took[len(took) * 99 // 100 - 1]:.0f} ms, the worst of {PROBES} {took[-1]:.0f} ms\n"
    )


async def found(server: Server, asked: ListWorkflowExecutionsRequest) -> None:
    while not (await server.workflows.ListWorkflowExecutions(asked)).executions:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)


async def full_load(address: str, reached: asyncio.Event) -> None:
    """The bench's own work, fifty in flight, until it is cancelled; `reached` after a round."""
    worker = await _program("worker", address)
    load = await _program("load", address)
    assert load.stdin is not None
    assert load.stdout is not None
    try:
        await load.stdout.readline()
        while True:
            load.stdin.write(b"activity\n")
            line = await load.stdout.readline()
            rate = json.loads(line)["per_second"]
            sys.stdout.write(f"  meanwhile {rate:.0f} workflows a second\n")
            reached.set()
    finally:
        for program in (load, worker):
            program.kill()
            await program.wait()


async def _program(name: str, address: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.bench.{name}", address,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def measure(up: Up, counts: list[int]) -> None:
    address = f"127.0.0.1:{up.engine_port}"
    server = Server(address, PERDURE)
    visitor = up.signs_in()
    await measure_lists(up, server, visitor, counts)
    await measure_runs(server, visitor)
    await lag(server, lambda reached: full_load(address, reached))
    await server.channel.close()


async def measure_lists(up: Up, server: Server, visitor: Visitor, counts: list[int]) -> None:
    port = int((up.run / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[3])
    described = await server.workflows.DescribeNamespace(
        DescribeNamespaceRequest(namespace=server.namespace)
    )
    await server.operator.AddSearchAttributes(
        AddSearchAttributesRequest(namespace=server.namespace, search_attributes=records.ATTRIBUTES)
    )
    made = records.records(described.namespace_info.id, max(counts))
    there = 0
    for count in sorted(counts):
        await fill(embedded.dsn(up.run / "postgres", port), islice(made, count - there))
        there = count
        sys.stdout.write(f"-- with {count} records\n")
        look_at_lists(server.namespace, visitor)
        await web_ui.ask_for_runs(server, QUERIES)


def look_at_lists(namespace: str, visitor: Visitor) -> None:
    runs = f"/namespaces/{namespace}/runs/"
    for name, query in QUERIES.items():
        timed(visitor, name, f"{runs}?{urllib.parse.urlencode({'q': query})}")
    timed(visitor, "counts by status", f"{runs}summary/")


async def measure_runs(server: Server, visitor: Visitor) -> None:
    with dev_server("dev server", in_file=False) as other:
        official = Server(other.address, OFFICIAL)
        await answering(official)
        for events in EVENTS:
            run = await grow(server, f"grown-{events}", events)
            page = f"/namespaces/{server.namespace}/runs/{run.workflow_id}/{run.run_id}/"
            timed(visitor, f"timeline, {events} events", page)
            timed(visitor, f"events, {events} events", f"{page}events/")
            await web_ui.ask_for_run(server, run, f"{events} events, Perdure")
            theirs = await grow(official, f"grown-{events}", events)
            await web_ui.ask_for_run(official, theirs, f"{events} events, dev server")
        await official.channel.close()


async def answering(server: Server) -> None:
    asked = DescribeNamespaceRequest(namespace=server.namespace)
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    while True:
        try:
            await server.workflows.DescribeNamespace(asked)
        except grpc.RpcError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)
        else:
            return


def main() -> None:
    end_by_signals()
    counts = [int(given) for given in sys.argv[1:]] or list(RECORDS)
    with tempfile.TemporaryDirectory(prefix="perdure-bench-") as directory:
        given = {"EXAMPLES": "no", "SEARCH": "elasticsearch"}
        with whole.standing(Path(directory) / "run", UP_WITHIN_SECONDS, **given) as up:
            try:
                asyncio.run(measure(up, counts))
            except grpc.RpcError as refused:
                raise SystemExit(f"the engine refused: {refused}") from refused


if __name__ == "__main__":
    main()
