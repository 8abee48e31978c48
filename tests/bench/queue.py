"""A backlog of N tasks on one queue: memory as it fills, the rate as it drains, and what is urgent.

`python -m tests.bench.queue [tasks]` works its own embedded PostgreSQL. The memory is that of this
process, which is the engine without its door. Tasks are workflow tasks of runs that nobody has
looked at; while they drain, an urgent one comes in behind them now and then.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from temporalio.api.common.v1 import Priority

from engine import embedded
from tests.support import commands
from tests.support.bound import end_by_signals
from tests.support.eventually import eventually_async
from tests.support.node import Node, node

TASKS = 60_000
AT_ONCE = 200
POLLERS = 10
URGENT = Priority(priority_key=1)
URGENT_EVERY = 2_000
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MIB = 1024 * 1024
HOUR = 3_600.0


def memory() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * PAGE_BYTES / MIB


async def fill(one: Node, first: int, last: int) -> None:
    numbers = iter(range(first, last))

    async def client() -> None:
        for number in numbers:
            await one.start(f"order-{number:09}")

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


class Draining:
    """Workers that take the backlog; what is urgent is noted by how many went before it."""

    def __init__(self, one: Node, tasks: int) -> None:
        self.one = one
        self.left = tasks
        self.taken = 0
        self.sent: dict[str, tuple[int, float]] = {}
        self.waited: list[tuple[int, float]] = []

    async def work(self) -> None:
        while self.left > 0:
            task = await self.one.poll(within=1)
            if task is None:
                continue
            self.taken += 1
            if (name := task.run.workflow_id) in self.sent:
                before, at = self.sent.pop(name)
                self.waited.append((self.taken - before, time.perf_counter() - at))
            else:
                self.left -= 1
            await self.one.answer(task, commands.complete(commands.text("done")))

    async def down_to(self, left: int) -> None:
        async def is_down() -> bool:
            return self.left <= left

        await eventually_async(is_down, within=HOUR)

    async def interrupt(self) -> None:
        number = 0
        while self.left > URGENT_EVERY:
            number += 1
            name = f"urgent-{number}"
            self.sent[name] = (self.taken, time.perf_counter())
            await self.one.start(name, priority=URGENT)
            await self.down_to(self.left - URGENT_EVERY)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def measure(url: str, tasks: int) -> None:
    async with node(url) as one:
        await fill(one, 0, 500)
        say(f"500 tasks wait: {memory():.0f} MiB")
        filled = 500
        for part in (tasks // 10, tasks // 2, tasks):
            began = time.perf_counter()
            await fill(one, filled, part)
            rate = (part - filled) / (time.perf_counter() - began)
            filled = part
            say(f"{part:,} tasks wait: {memory():.0f} MiB, added {rate:.0f} a second")
        draining = Draining(one, tasks)
        began, last = time.perf_counter(), tasks
        workers = [asyncio.create_task(draining.work()) for _ in range(POLLERS)]
        urgent = asyncio.create_task(draining.interrupt())
        for part in (tasks * 9 // 10, tasks // 2, 0):
            await draining.down_to(part)
            rate = (last - draining.left) / (time.perf_counter() - began)
            began, last = time.perf_counter(), draining.left
            say(f"{part:,} are left: {memory():.0f} MiB, drained {rate:.0f} a second")
        await asyncio.gather(urgent, *workers)
    waited = sorted(draining.waited)
    seconds = sorted(each for _, each in waited)
    say(
        f"{len(waited)} urgent ones: {waited[len(waited) // 2][0]} tasks went before one in the "
        f"median, {waited[-1][0]} at most; {seconds[len(seconds) // 2] * 1000:.0f} ms, "
        f"{seconds[-1] * 1000:.0f} ms at most"
    )


def main() -> None:
    end_by_signals()
    given = [int(number) for number in sys.argv[1:] if number.isdecimal()]
    with (
        tempfile.TemporaryDirectory(prefix="perdure-bench-") as directory,
        embedded.postgres(Path(directory)) as database,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(measure(database.url, given[0] if given else TASKS))


if __name__ == "__main__":
    main()
