"""Who owns a shard: one connection at a time, until that connection ends."""

from engine.store import shards
from engine.store.pool import Connection, connect
from tests.support.eventually import eventually_async

WANTED = range(4)


async def test_a_shard_that_is_held_is_not_had_twice(
    store: Connection, migrated_database: str
) -> None:
    async with await connect(migrated_database) as other:
        assert await shards.try_lock(store, [0, 1]) == [0, 1]

        assert await shards.try_lock(other, WANTED) == [2, 3]


async def test_what_an_ended_connection_held_is_free(
    store: Connection, migrated_database: str
) -> None:
    async with await connect(migrated_database) as first:
        assert await shards.try_lock(first, WANTED) == list(WANTED)
        assert await shards.try_lock(store, WANTED) == []

    async def all_are_ours() -> bool:
        return await shards.try_lock(store, WANTED) == list(WANTED)

    await eventually_async(all_are_ours)


async def test_asking_for_nothing_only_asks_whether_the_database_answers(
    store: Connection,
) -> None:
    assert await shards.try_lock(store, []) == []
