"""The work that is measured: the official SDK's worker and client, in one process of their own.

`python -m tests.bench.load ADDRESS` prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

IN_FLIGHT = 50
WITH_ACTIVITY, WITHOUT, ALONE = 600, 800, 40
WARM_UP = 30
CONNECTED_WITHIN_SECONDS = 60


@activity.defn
async def charge(amount: str) -> str:
    return amount


@workflow.defn
class One:
    @workflow.run
    async def run(self, amount: str) -> str:
        return await workflow.execute_activity(
            charge, amount, start_to_close_timeout=timedelta(seconds=60)
        )


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self, amount: str) -> str:
        return amount


async def connect(address: str) -> Client:
    deadline = time.monotonic() + CONNECTED_WITHIN_SECONDS
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


async def timed(client: Client, kind: type, name: str) -> float:
    began = time.perf_counter()
    await client.execute_workflow(kind.run, "9.99", id=name, task_queue="bench")  # type: ignore[attr-defined]
    return time.perf_counter() - began


async def many(
    client: Client, kind: type, name: str, count: int, in_flight: int
) -> dict[str, float]:
    room = asyncio.Semaphore(in_flight)

    async def one(number: int) -> float:
        async with room:
            return await timed(client, kind, f"{name}-{number}")

    began = time.perf_counter()
    took = sorted(await asyncio.gather(*(one(number) for number in range(count))))
    seconds = time.perf_counter() - began
    return {
        "per_second": count / seconds,
        "p50_ms": statistics.median(took) * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
        "count": count,
    }


async def main(address: str) -> None:
    client = await connect(address)
    async with Worker(
        client,
        task_queue="bench",
        workflows=[One, Nothing],
        activities=[charge],
        max_concurrent_workflow_task_polls=10,
        max_concurrent_activity_task_polls=10,
    ):
        await many(client, One, "warm", WARM_UP, 10)
        for line in sys.stdin:
            work = line.strip()
            if work == "activity":
                found = await many(client, One, "one", WITH_ACTIVITY, IN_FLIGHT)
            elif work == "nothing":
                found = await many(client, Nothing, "none", WITHOUT, IN_FLIGHT)
            else:
                found = await many(client, One, "alone", ALONE, 1)
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
