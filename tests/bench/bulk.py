"""`python -m tests.bench.bulk [targets]`: a bulk termination, beside others who use the engine.

The whole stack as `make up` starts it. The runs have no worker; others start runs at a steady rate
before and meanwhile, and a browser keeps asking for the operation's page. The CPU of each part is
printed with it: on a machine that is shared it says more than the clock.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import uvloop
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from engine import embedded
from tests.bench.servers import family
from tests.stack import whole
from tests.stack.whole import Up
from tests.support.bound import end_by_signals
from tests.support.engine import PERDURE, Server
from tests.support.processor import cpu_of
from tests.support.visitor import Visitor

TARGETS = 100_000
STARTS_AT_ONCE = 100
UP_WITHIN_SECONDS = 300
ENDED_WITHIN_SECONDS = 1_800
OTHERS_PER_SECOND = 50
QUIET_SECONDS = 30
LOOK_SECONDS = 1.0
#: As fast as the goal, and a little faster.
RATE = 1_100
QUEUE = "bench-bulk"
BULK = "/namespaces/default/bulk/"
PARTS = {
    "engine": "-m engine serve",
    "bulk worker": "manage.py bulk_worker",
    "console": "gunicorn",
    "postgres": "postgres -D|postgres.*data",
}
ENDED = "select stage in ('finished', 'aborted') from bulk_bulkoperation where id = %s"
OUTCOMES = """
select state, count(*), extract(epoch from max(concluded_at) - min(concluded_at))::float
from bulk_bulktarget where operation_id = %s group by state
"""


@dataclass
class Others:
    """They start a run each so many milliseconds, whether or not the last one was answered."""

    server: Server
    took: list[float] = field(default_factory=list)
    number: int = 0

    async def go_on(self) -> None:
        asked: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        while True:
            asked.add(task := asyncio.create_task(self._start()))
            task.add_done_callback(asked.discard)
            due += 1 / OTHERS_PER_SECOND
            await asyncio.sleep(max(due - time.monotonic(), 0))

    async def _start(self) -> None:
        self.number += 1
        began = time.perf_counter()
        await start(self.server, f"other-{self.number}", "bench-others")
        self.took.append((time.perf_counter() - began) * 1000)

    async def during(self, work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
        """p50 and p99 in milliseconds, while `work` is done."""
        self.took = []
        going = asyncio.create_task(self.go_on())
        try:
            await work()
        finally:
            going.cancel()
            with suppress(asyncio.CancelledError):
                await going
        return shares(self.took)


def shares(took: list[float]) -> tuple[float, float]:
    took = sorted(took)
    return took[len(took) // 2], took[len(took) * 99 // 100]


async def start(server: Server, workflow_id: str, queue: str) -> None:
    await server.workflows.StartWorkflowExecution(
        StartWorkflowExecutionRequest(
            namespace=server.namespace,
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name="Bench"),
            task_queue=TaskQueue(name=queue),
            request_id=workflow_id,
        )
    )


async def fill(server: Server, count: int) -> None:
    numbers = iter(range(count))
    began = time.perf_counter()

    async def starter() -> None:
        for number in numbers:
            await start(server, f"target-{number:06d}", QUEUE)

    await asyncio.gather(*(starter() for _ in range(STARTS_AT_ONCE)))
    rate = count / (time.perf_counter() - began)
    sys.stdout.write(f"{count:,} runs started, {rate:.0f}/s\n")


@dataclass
class Operation:
    up: Up
    visitor: Visitor
    database: str
    url: str = ""
    looks: list[float] = field(default_factory=list)

    def freeze(self) -> None:
        began = time.perf_counter()
        query = f"TaskQueue = '{QUEUE}'"
        form = {"verb": "terminate", "query": query, "all_matching": "yes"}
        self.visitor.post(f"{BULK}plan/", form)
        self.url = self.visitor.at
        took = time.perf_counter() - began
        sys.stdout.write(f"frozen into a manifest in {took:.1f} s\n")

    @property
    def number(self) -> int:
        return int(self.url.rstrip("/").rsplit("/", 1)[1])

    def launch(self, count: int) -> None:
        form = {"canary": "0", "rate": str(RATE), "errors_percent_max": "5"}
        form |= {"reason": "the bench is over", "count": str(count)}
        self.visitor.post(f"{self.url}launch/", form)

    async def watch(self) -> None:
        deadline = time.monotonic() + ENDED_WITHIN_SECONDS
        while not await asyncio.to_thread(self._look):
            if time.monotonic() > deadline:
                raise SystemExit("the operation does not end")
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self) -> bool:
        began = time.perf_counter()
        self.visitor.get(f"{self.url}progress/")
        self.looks.append((time.perf_counter() - began) * 1000)
        with psycopg.connect(self.database) as connection:
            row = connection.execute(ENDED, [self.number]).fetchone()
        return bool(row and row[0])

    def outcomes(self) -> list[tuple[str, int, float]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(OUTCOMES, [self.number]).fetchall()

    def cpu(self) -> dict[str, float]:
        found = {}
        for name, words in PARTS.items():
            found[name] = sum(cpu_of(pid) for pid in family(self.up.pid_of(name, words)))
        return found


def settle(database: str) -> None:
    """As a database is that has worked for a while: it writes to its old WAL files again.

    Until its first checkpoint a new one makes a file of 16 MiB every few seconds, and who commits
    waits for it.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("checkpoint")


async def measure(up: Up, count: int) -> None:
    server = Server(f"127.0.0.1:{up.engine_port}", PERDURE)
    port = int((up.run / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[3])
    visitor = up.signs_in()
    operation = Operation(up, visitor, embedded.dsn(up.run / "postgres", port))
    others = Others(server)
    await fill(server, count)
    await asyncio.to_thread(operation.freeze)
    await asyncio.to_thread(settle, operation.database)
    before = await others.during(lambda: asyncio.sleep(QUIET_SECONDS))
    cpu, began = operation.cpu(), time.perf_counter()
    await asyncio.to_thread(operation.launch, count)
    meanwhile = await others.during(operation.watch)
    seconds, used = time.perf_counter() - began, operation.cpu()
    rows = operation.outcomes()
    counts = ", ".join(f"{number:,} {state}" for state, number, _ in rows)
    sys.stdout.write(f"{counts}: {count / seconds:.0f} targets a second\n")
    each = {name: 1000 * (used[name] - cpu[name]) / count for name in cpu}
    parts = ", ".join(f"{name} {spent:.2f}" for name, spent in each.items())
    sys.stdout.write(f"CPU for each target, in ms: {parts}, in all {sum(each.values()):.2f}\n")
    for name, quiet, busy in zip(("p50", "p99"), before, meanwhile, strict=True):
        sys.stdout.write(
            f"others' start of a run, {name}: {quiet:.1f} ms before, {busy:.1f} ms meanwhile "
            f"({busy / quiet:.2f} x)\n"
        )
    half, most = shares(operation.looks)
    sys.stdout.write(f"the operation's page meanwhile: p50 {half:.0f} ms, p99 {most:.0f} ms\n")
    await server.channel.close()


def main() -> None:
    end_by_signals()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else TARGETS
    with (
        tempfile.TemporaryDirectory(prefix="perdure-bench-") as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        whole.standing(Path(directory) / "run", UP_WITHIN_SECONDS, EXAMPLES="no") as up,
    ):
        runner.run(measure(up, count))


if __name__ == "__main__":
    main()
