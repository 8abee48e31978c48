"""What one more event costs on a run that has grown, beside a small one; the ratio is to be ≤ 1.5.

`python -m tests.bench.growth` works its own embedded PostgreSQL.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from engine import embedded
from engine.core.keys import RunKey
from tests.support import commands
from tests.support.bound import end_by_signals
from tests.support.node import Node, node

EVENTS, PENDING = 50_000, 2_000
COMMANDS_PER_TASK = 500
ROUNDS, SIGNALS_PER_ROUND = 20, 100


async def small(one: Node) -> RunKey:
    run = await one.start("small")
    await one.on_task(commands.start_timer("never", 86_400))
    return run


async def long(one: Node) -> RunKey:
    run = await one.start("long")
    made = 0
    while await one.shards.inspect(run, lambda state: state.next_event_id) < EVENTS - 2_500:
        pairs = []
        for _ in range(COMMANDS_PER_TASK):
            made += 1
            pairs.append(commands.start_timer(f"t{made}", 86_400))
            pairs.append(commands.cancel_timer(f"t{made}"))
        await one.on_task(*pairs)
        await one.signal(run, "go on")
    await one.on_task()
    return run


async def wide(one: Node) -> RunKey:
    run = await one.start("wide")
    for first in range(0, PENDING, COMMANDS_PER_TASK):
        numbers = range(first, first + COMMANDS_PER_TASK)
        await one.on_task(*(commands.schedule_activity(f"a{n}", "nobody") for n in numbers))
        if first + COMMANDS_PER_TASK < PENDING:
            await one.signal(run, "go on")
    return run


async def signalled(one: Node, run: RunKey) -> tuple[float, float]:
    """Seconds and seconds of CPU of one more event, in a turn that a worker then takes."""
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(SIGNALS_PER_ROUND):
        await one.signal(run)
    return (
        (time.perf_counter() - began) / SIGNALS_PER_ROUND,
        (time.process_time() - cpu) / SIGNALS_PER_ROUND,
    )


async def measure(url: str) -> None:
    async with node(url) as one:
        runs = {"small": await small(one), "50,000 events": await long(one)}
        runs["2,000 pending"] = await wide(one)
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                seconds[name].append(await signalled(one, run))
        usual = _middle(seconds["small"])
        for name, found in seconds.items():
            wall, cpu = _middle(found)
            sys.stdout.write(
                f"{name}: {wall * 1000:.2f} ms an event ({wall / usual[0]:.2f} x), "
                f"{cpu * 1000:.2f} ms CPU ({cpu / usual[1]:.2f} x)\n"
            )


def _middle(found: list[tuple[float, float]]) -> tuple[float, float]:
    walls, cpus = zip(*found, strict=True)
    return sorted(walls)[len(walls) // 2], sum(cpus) / len(cpus)


def main() -> None:
    end_by_signals()
    with (
        tempfile.TemporaryDirectory(prefix="perdure-bench-") as directory,
        embedded.postgres(Path(directory)) as database,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(measure(database.url))


if __name__ == "__main__":
    main()
