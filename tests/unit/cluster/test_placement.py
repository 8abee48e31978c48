"""Where things are: which database, and which of the nodes that live."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cluster.placement import database_of, queue_owner, shard_owners, shards_of
from engine.core.keys import ACTIVITY, WORKFLOW, QueueKey

SHARDS = 256
node_names = st.text("abcdefgh0123456789.:", min_size=1, max_size=20)
some_nodes = st.lists(node_names, min_size=1, max_size=6, unique=True)


def queue(number: int, kind: str = WORKFLOW) -> QueueKey:
    return QueueKey("namespace", f"queue-{number}", kind)


@pytest.mark.parametrize("databases", [1, 2, 3, 7])
def test_every_shard_lies_in_one_database(databases: int) -> None:
    placed = [
        shard for database in range(databases) for shard in shards_of(database, databases, 64)
    ]

    assert sorted(placed) == list(range(64))


def test_both_ways_of_asking_agree() -> None:
    for database in range(3):
        assert {database_of(shard, 3) for shard in shards_of(database, 3, 64)} == {database}


@given(some_nodes, node_names)
def test_a_node_that_comes_takes_only_what_it_gains(nodes: list[str], new: str) -> None:
    before = shard_owners(nodes, SHARDS)
    after = shard_owners([*nodes, new], SHARDS)

    assert all(now in (then, new) for then, now in zip(before, after, strict=True))
    for number in range(32):
        assert queue_owner(queue(number), [*nodes, new]) in (queue_owner(queue(number), nodes), new)


@given(some_nodes)
def test_the_order_in_which_nodes_are_seen_does_not_matter(nodes: list[str]) -> None:
    assert shard_owners(nodes, SHARDS) == shard_owners(nodes[::-1], SHARDS)
    assert queue_owner(queue(1), nodes) == queue_owner(queue(1), nodes[::-1])


@pytest.mark.parametrize("count", [2, 3, 5])
def test_nodes_have_about_as_much_each(count: int) -> None:
    nodes = [f"10.0.0.{number}:7233" for number in range(count)]
    fair = 4096 / count

    of_shards = Counter(shard_owners(nodes, 4096))
    of_queues = Counter(queue_owner(queue(number), nodes) for number in range(4096))

    for shares in (of_shards, of_queues):
        assert set(shares) == set(nodes)
        assert all(0.85 * fair < share < 1.15 * fair for share in shares.values())


def test_both_kinds_of_a_queue_are_on_one_node() -> None:
    nodes = ["a", "b", "c"]

    for number in range(100):
        assert queue_owner(queue(number), nodes) == queue_owner(queue(number, ACTIVITY), nodes)


def test_where_no_node_lives_nothing_is_owned() -> None:
    assert set(shard_owners([], 8)) == {""}
    assert queue_owner(queue(1), []) == ""
