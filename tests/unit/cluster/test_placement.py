"""Which database a shard lies in."""

import pytest

from engine.cluster.placement import database_of, shards_of


@pytest.mark.parametrize("databases", [1, 2, 3, 7])
def test_every_shard_lies_in_one_database(databases: int) -> None:
    placed = [
        shard for database in range(databases) for shard in shards_of(database, databases, 64)
    ]

    assert sorted(placed) == list(range(64))


def test_both_ways_of_asking_agree() -> None:
    for database in range(3):
        assert {database_of(shard, 3) for shard in shards_of(database, 3, 64)} == {database}
