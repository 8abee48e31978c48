"""What a workflow costs below gRPC: throughput, commits, CPU, WAL and disk of one writer.

`python -m tests.bench.writer [workflows] [in flight]` works its own embedded PostgreSQL, which
syncs each commit, with a scripted loop instead of an SDK.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from engine import embedded
from tests.support import commands
from tests.support.node import QUEUE, Node, node

KIB = 1024
WORKERS = 10
TICKS_PER_SECOND = 100
_wal = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
_disk = "select pg_database_size(current_database())"
_sizes = """
    select relname, pg_relation_size(oid) from pg_class
    where relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 8192
    order by 2 desc
"""
_writer_pid = "select pid from pg_stat_activity where application_name = 'perdure engine'"


class Meter:
    """What has been used up so far, by this process and by the database."""

    def __init__(self, url: str) -> None:
        self._database = psycopg.connect(url, autocommit=True)

    def ask(self, question: str) -> int:
        row = self._database.execute(question.encode()).fetchone()
        assert row is not None, "a question of one row"
        return int(row[0])

    def database_cpu(self) -> float:
        fields = Path(f"/proc/{self.ask(_writer_pid)}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def sizes(self) -> list[tuple[str, int]]:
        return self._database.execute(_sizes.encode()).fetchall()

    def settle(self) -> None:
        self._database.execute("checkpoint")


async def work_tasks(one: Node, with_an_activity: bool) -> None:
    """Answer workflow tasks for ever, as a worker without a cache would."""
    while True:
        task = await one.poll()
        if task is None:
            continue
        if with_an_activity and task.started.previous_started_event_id == 0:
            await one.answer(task, commands.schedule_activity("charge", QUEUE))
        else:
            await one.answer(task, commands.complete(commands.text("done")))


async def work_activities(one: Node) -> None:
    while True:
        await one.on_activity(result=commands.text("charged"))


async def in_flight(
    one: Node, name: Callable[[int], str], workflows: int, at_once: int
) -> list[float]:
    """Start `workflows` runs, never more than `at_once` open; how long each took."""
    numbers = iter(range(workflows))
    took: list[float] = []

    async def client() -> None:
        for number in numbers:
            began = time.perf_counter()
            run = await one.start(name(number))
            await one.shards.wait(run, lambda state: not state.is_running, 60)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(at_once)))
    return took


async def measure(
    url: str, label: str, workflows: int, at_once: int, *, with_an_activity: bool
) -> None:
    async with node(url) as one:
        loops: list[Coroutine[Any, Any, None]] = []
        for _ in range(WORKERS):
            loops.append(work_tasks(one, with_an_activity))
            loops.append(work_activities(one))
        workers = [asyncio.create_task(loop) for loop in loops]
        await in_flight(one, lambda n: f"{label}/warm-{n}", 200, at_once)
        meter = Meter(url)
        meter.settle()
        wal, disk, database_cpu = meter.ask(_wal), meter.ask(_disk), meter.database_cpu()
        commits = one.writer.counters.commits
        began, cpu = time.perf_counter(), time.process_time()
        took = sorted(await in_flight(one, lambda n: f"{label}/order-{n:08}", workflows, at_once))
        seconds = time.perf_counter() - began
        cpu = time.process_time() - cpu
        commits = one.writer.counters.commits - commits
        database_cpu = meter.database_cpu() - database_cpu
        wal = meter.ask(_wal) - wal
        meter.settle()
        disk = meter.ask(_disk) - disk
        sys.stdout.write(
            f"{label}: {workflows / seconds:.0f}/s, p50 {took[len(took) // 2] * 1000:.1f} ms, "
            f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms; each: "
            f"{commits / workflows:.2f} commits, {cpu / workflows * 1000:.2f} ms CPU here, "
            f"{database_cpu / workflows * 1000:.2f} ms in PostgreSQL, "
            f"{wal / workflows / KIB:.1f} KiB WAL, {disk / workflows / KIB:.2f} KiB disk\n"
        )
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if "--sizes" in sys.argv:
            for name, size in meter.sizes():
                sys.stdout.write(f"  {name}: {size / KIB:.0f} KiB\n")


def main() -> None:
    numbers = [int(given) for given in sys.argv[1:] if given.isdecimal()]
    workflows, at_once = (*numbers, *(2000, 50)[len(numbers) :])[:2]
    with (
        tempfile.TemporaryDirectory(prefix="perdure-bench-") as directory,
        embedded.postgres(Path(directory)) as database,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        for label, count, together, activity in (
            ("one activity", workflows, at_once, True),
            ("no activity", workflows, at_once, False),
            ("one activity, alone", max(workflows // 20, 20), 1, True),
        ):
            runner.run(measure(database.url, label, count, together, with_an_activity=activity))


if __name__ == "__main__":
    main()
