"""Shards that placement moves to another node: given back whole, taken when they are free."""

import asyncio

import pytest

from engine.errors import Unavailable
from tests.support import commands
from tests.support.eventually import eventually_async
from tests.support.node import SHARDS, Node, node

COMPLETED = 2


def place(one: Node, *shards: int) -> None:
    one.writer.is_placed_here = lambda shard: shard in shards
    one.writer.place_anew()


async def holds(one: Node, *shards: int) -> None:
    async def exactly_these() -> frozenset[int]:
        return one.writer.owned

    await eventually_async(exactly_these, lambda owned: owned == frozenset(shards))


async def test_a_shard_that_moves_is_dropped_and_taken_by_the_other(url: str) -> None:
    async with node(url) as one, node(url, standby=True) as other:
        place(other)
        run = await one.start("order")
        shard = one.writer.shard(run)
        rest = set(range(SHARDS)) - {shard}

        place(one, *rest)
        place(other, shard)
        await holds(one, *rest)
        await holds(other, shard)

        assert one.writer.cache.get(run) is None
        with pytest.raises(Unavailable):
            await one.signal(run)
        await other.signal(run)
        await other.on_task(commands.complete(commands.text("done")))
        assert await other.status(run) == COMPLETED


async def test_who_waits_for_a_run_that_moves_is_told_to_look_again(url: str) -> None:
    async with node(url) as one:
        run = await one.start("order")
        waiting = asyncio.create_task(one.shards.wait(run, lambda _: False, 60))

        async def waits() -> bool:
            return len(one.writer.watchers) == 1

        await eventually_async(waits)
        place(one)

        assert not await asyncio.wait_for(waiting, 10)
        assert not one.writer.owned


async def test_a_shard_that_comes_back_is_read_from_the_store(url: str) -> None:
    async with node(url) as one, node(url, standby=True) as other:
        place(other)
        run = await one.start("order")
        for giver, taker in ((one, other), (other, one)):
            place(giver)
            place(taker, *range(SHARDS))
            await holds(taker, *range(SHARDS))
            await taker.signal(run)

        signals = [event for event in await one.history(run) if event.event_type == 26]
        assert len(signals) == 2


async def test_a_node_takes_over_under_load_without_a_quiet_moment(url: str) -> None:
    """It asks for what it misses although its database answers all the time."""
    async with node(url) as one, node(url, standby=True) as other:
        place(other)
        busy = await one.start("busy")
        shard = one.writer.shard(busy)
        rest = set(range(SHARDS)) - {shard}
        over = asyncio.Event()

        async def keep_busy() -> None:
            while not over.is_set():
                await one.signal(busy)

        load = asyncio.create_task(keep_busy())
        try:
            place(one, shard)
            place(other, *rest)
            await holds(other, *rest)
            place(other)
            place(one, *range(SHARDS))
            await holds(one, *range(SHARDS))
        finally:
            over.set()
            await load
