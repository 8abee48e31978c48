"""Whose task is next: priority, then each key by its share, then age."""

from collections import Counter
from typing import Any

import pytest

from engine.matching.fairness import KEYS_LIMITED_MAX, LANES_SWEPT_MIN, Shares
from engine.matching.queue import TaskQueue
from tests.unit.matching.test_queue import SECOND, Poll, read, read_queue, task


def fill(
    queue: TaskQueue[Poll], keys: dict[str, int], each: int, first: int = 0, **given: Any
) -> None:
    """Of each key so many, all of one key before the next: `keys` says how heavy they are."""
    for number, (key, weight) in enumerate(keys.items()):
        for one in range(first + number * each, first + (number + 1) * each):
            queue.offer(task(one, key=key, weight=weight, **given))


def taken(queue: TaskQueue[Poll], count: int, now: int = 0) -> list[str]:
    """The keys of the tasks that so many polls get."""
    for number in range(count):
        queue.wait(Poll(f"poll-{number}"))
    return [task.key for _, task in queue.match(now)]


def test_keys_take_turns_however_long_one_has_waited() -> None:
    queue = read_queue(window_max=1000)
    fill(queue, {"a": 1, "b": 1, "": 1}, each=20)

    assert Counter(taken(queue, 30)) == {"a": 10, "b": 10, "": 10}


def test_a_key_has_its_share_by_its_weight() -> None:
    queue = read_queue(window_max=1000)
    fill(queue, {"a": 5, "b": 2, "c": 1}, each=100)
    shares = Counter(taken(queue, 80))

    assert [shares[key] for key in "abc"] == [pytest.approx(share, abs=1) for share in (50, 20, 10)]


def test_what_an_operator_says_goes_before_the_tasks_own_weight_also_for_what_waits() -> None:
    queue = read_queue(window_max=1000)
    fill(queue, {"a": 1, "b": 1}, each=100)
    queue.share({"a": 9.0}, None)
    shares = Counter(taken(queue, 100))

    assert shares["a"] == pytest.approx(90, abs=1)


def test_priority_comes_before_any_share() -> None:
    queue = read_queue(window_max=1000)
    fill(queue, {"a": 100}, each=10)
    fill(queue, {"b": 1}, each=10, first=100, priority=2)

    assert taken(queue, 12) == ["b"] * 10 + ["a"] * 2


def test_of_one_key_the_oldest_goes_first_whenever_it_came() -> None:
    queue = read_queue()
    for number in (3, 1, 2):
        queue.offer(task(number, key="a"))
    queue.wait(Poll("one"))
    queue.wait(Poll("two"))
    queue.wait(Poll("three"))

    assert [task.offered_at for _, task in queue.match(0)] == [1, 2, 3]


def test_a_key_that_comes_back_has_saved_nothing_up() -> None:
    queue = read_queue(window_max=1000)
    fill(queue, {"a": 1}, each=100)
    taken(queue, 50)
    for number in range(200, 250):
        queue.offer(task(number, key="b"))

    assert Counter(taken(queue, 20)) == {"a": 10, "b": 10}


def test_a_new_key_is_served_at_once_behind_a_backlog_that_fills_the_window() -> None:
    queue = read_queue(window_max=100)
    fill(queue, {"a": 1}, each=1_000)
    assert len(queue) == 100
    assert queue.offer(task(5_000, key="b"))

    assert "b" in taken(queue, 2)


def test_a_task_of_a_better_priority_is_taken_in_however_full_the_window_is() -> None:
    queue = read_queue(window_max=100)
    fill(queue, {"a": 1}, each=1_000)
    assert queue.offer(task(5_000, key="urgent", priority=1))

    assert taken(queue, 1) == ["urgent"]


def test_the_window_is_never_twice_its_size_whatever_comes() -> None:
    queue = read_queue(window_max=50)
    fill(queue, {"a": 1}, each=200)
    fill(queue, {"b": 1}, each=200, first=1_000, priority=2)
    fill(queue, {f"key-{number}": 1 for number in range(300)}, each=1, first=2_000, priority=1)

    assert len(queue) <= 100
    assert taken(queue, 1)[0].startswith("key-")


def test_a_million_keys_are_not_a_million_lanes() -> None:
    queue = read_queue(window_max=10)
    for number in range(2 * LANES_SWEPT_MIN):
        queue.offer(task(number, key=f"key-{number}"))
        taken(queue, 1)
    (level,) = queue.window.lanes.levels

    assert len(level.lanes) <= LANES_SWEPT_MIN


def test_what_was_left_in_the_store_of_a_better_priority_is_waited_for() -> None:
    queue = read_queue(window_max=4)
    fill(queue, {"a": 1}, each=10, priority=2)
    queue.offer(task(100, key="later"))

    assert taken(queue, 6) == ["a"] * 4
    assert queue.wants_reading
    read(queue, *(task(number, key="a", priority=2) for number in range(4, 8)), cut=True)
    assert taken(queue, 0) == ["a"] * 2


def test_a_read_does_not_bring_back_what_was_given_a_moment_ago() -> None:
    queue = read_queue(window_max=4)
    fill(queue, {"": 1}, each=10)
    taken(queue, 3)

    assert read(queue, *map(task, range(6)), cut=True) == 2
    queue.offer(task(1))
    assert taken(queue, 1) == [""]
    assert 1 not in [task.offered_at for task in queue.window.lanes.known.values()], (
        "it was given back"
    )


def test_a_key_at_its_rate_rests_and_the_others_go_on() -> None:
    queue = read_queue()
    queue.share({}, 1.0)
    fill(queue, {"a": 1, "b": 3}, each=10)
    now = 10 * SECOND

    assert Counter(taken(queue, 10, now)) == {"a": 1, "b": 3}
    opens_at = queue.opens_at(now)
    assert opens_at == pytest.approx(now + SECOND // 3, abs=10)
    assert taken(queue, 0, opens_at) == ["b"]
    assert queue.is_limiting(opens_at)


def test_rates_of_keys_that_are_taken_away_hold_nobody_back() -> None:
    queue = read_queue()
    queue.share({}, 0.0)
    fill(queue, {"a": 1}, each=3)
    assert taken(queue, 3, SECOND) == []
    assert queue.opens_at(SECOND) == 0

    queue.share({}, None)
    assert taken(queue, 0, SECOND) == ["a"] * 3


def test_a_waiting_poll_is_not_given_a_task_of_a_key_at_its_rate() -> None:
    queue = read_queue()
    queue.share({}, 1.0)
    now = 10 * SECOND
    for _ in range(3):
        queue.wait(Poll("waiting"))

    assert queue.reserve(now, "a") is not None
    assert queue.reserve(now, "a") is None
    assert queue.reserve(now, "b") is not None


def test_rates_are_kept_for_so_many_keys_alone() -> None:
    shares = Shares()
    shares.change({}, 1.0)
    for number in range(2 * KEYS_LIMITED_MAX):
        shares.take(f"key-{number}", 1.0, SECOND)

    assert len(shares.buckets) <= KEYS_LIMITED_MAX
