"""The callers whose workflows are measured: the official SDK's client, in a process of its own.

`python -m tests.bench.load ADDRESS` says `warm` when it has warmed up, reads the name of a work a
line, and answers each with a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time

from temporalio.client import Client

TASK_QUEUE = "bench"
IN_FLIGHT = 50
WITH_ACTIVITY, WITHOUT, ALONE = 400, 600, 30
#: A server that has run for a while, and an SDK that has, are what is compared.
WARM_UP = 600
CONNECTED_WITHIN_SECONDS = 60


async def connect(address: str) -> Client:
    deadline = time.monotonic() + CONNECTED_WITHIN_SECONDS
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


async def timed(client: Client, kind: str, name: str) -> float:
    began = time.perf_counter()
    await client.execute_workflow(kind, "9.99", id=name, task_queue=TASK_QUEUE)
    return time.perf_counter() - began


async def many(
    client: Client, kind: str, name: str, count: int, in_flight: int
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
    await many(client, "One", "warm", WARM_UP, IN_FLIGHT)
    print("warm", flush=True)
    for line in sys.stdin:
        work = line.strip()
        if work == "activity":
            found = await many(client, "One", "one", WITH_ACTIVITY, IN_FLIGHT)
        elif work == "nothing":
            found = await many(client, "Nothing", "none", WITHOUT, IN_FLIGHT)
        else:
            found = await many(client, "One", "alone", ALONE, 1)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
