"""The rows of the nodes: each has one, and all hear when one comes or goes."""

import asyncio

import pytest

from engine.store import members
from engine.store.members import Row
from engine.store.pool import Connection, connect

A, B = "10.0.0.1:7233", "10.0.0.2:7233"
ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


@pytest.fixture(autouse=True)
async def nobody(store: Connection) -> None:
    await store.execute("delete from members")


async def test_a_node_that_beats_is_seen_by_all(store: Connection) -> None:
    await members.enter(store, A, ONE)
    assert await members.beat(store, A, ONE, 5)

    assert await members.every(store) == [Row(A, ONE, 1, 5)]


async def test_who_starts_again_at_an_address_takes_its_row(store: Connection) -> None:
    await members.enter(store, A, ONE)
    await members.enter(store, A, TWO)

    assert not await members.beat(store, A, ONE, 0)
    assert await members.beat(store, A, TWO, 0)
    await members.leave(store, A, ONE)
    assert await members.every(store) == [Row(A, TWO, 1, 0)]


async def test_only_a_count_that_stood_still_is_buried(store: Connection) -> None:
    await members.enter(store, A, ONE)
    seen = (await members.every(store))[0]
    await members.beat(store, A, ONE, 0)

    assert not await members.bury(store, seen)
    assert await members.bury(store, seen._replace(beats=1))
    assert await members.every(store) == []


@pytest.mark.parametrize("come_or_go", [members.enter, members.leave])
async def test_all_hear_when_one_comes_or_goes(
    store: Connection, migrated_database: str, come_or_go: object
) -> None:
    await members.enter(store, B, TWO)
    async with await connect(migrated_database) as other:
        await members.listen(other)
        assert not await members.changed(other, 0.05)
        hearing = asyncio.create_task(members.changed(other, 10))
        await come_or_go(store, B, TWO)  # type: ignore[operator]

        assert await hearing


async def test_a_beat_disturbs_nobody(store: Connection, migrated_database: str) -> None:
    await members.enter(store, A, ONE)
    async with await connect(migrated_database) as other:
        await members.listen(other)
        await members.beat(store, A, ONE, 0)

        assert not await members.changed(other, 0.2)
