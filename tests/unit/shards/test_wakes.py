"""The window of wake-ups in memory: what is in it, and what is left to the store."""

import asyncio

import pytest

from engine.core.keys import RunKey
from engine.shards import wakes as wakes_module
from engine.shards.wakes import SECOND, WINDOW_NS, Wakes

NOW = 1_800_000_000 * SECOND


def run(name: str) -> RunKey:
    return RunKey("namespace", name, f"run of {name}")


@pytest.fixture
def wakes() -> Wakes:
    wakes = Wakes()
    wakes.begin_refill()
    wakes.end_refill([], NOW + WINDOW_NS)
    return wakes


def test_what_is_due_comes_in_order_and_once(wakes: Wakes) -> None:
    wakes.add(run("later"), NOW + 2)
    wakes.add(run("sooner"), NOW + 1)
    wakes.add(run("not yet"), NOW + 10)

    assert wakes.take_due(NOW + 5, 100) == [run("sooner"), run("later")]
    assert wakes.take_due(NOW + 5, 100) == []


def test_no_more_is_taken_than_asked_for(wakes: Wakes) -> None:
    for number in range(5):
        wakes.add(run(f"order-{number}"), NOW + number)

    assert len(wakes.take_due(NOW + 5, 2)) == 2
    assert len(wakes.take_due(NOW + 5, 100)) == 3


def test_a_run_armed_anew_is_woken_at_the_new_time_only(wakes: Wakes) -> None:
    wakes.add(run("order"), NOW + 1)
    wakes.add(run("order"), NOW + 8)

    assert wakes.take_due(NOW + 5, 100) == []
    assert wakes.take_due(NOW + 8, 100) == [run("order")]


def test_what_lies_beyond_the_window_is_left_to_the_store(wakes: Wakes) -> None:
    wakes.add(run("next year"), NOW + 2 * WINDOW_NS)

    assert len(wakes) == 0


def test_what_is_added_while_the_store_is_asked_is_kept(wakes: Wakes) -> None:
    wakes.begin_refill()
    wakes.add(run("added"), NOW + 1)
    wakes.end_refill([(run("stored"), NOW + 2)], NOW + 2 * WINDOW_NS)

    assert wakes.take_due(NOW + 5, 100) == [run("added"), run("stored")]


def test_an_answer_of_the_store_is_of_no_use_once_shards_have_changed(wakes: Wakes) -> None:
    wakes.begin_refill()
    wakes.clear()
    wakes.end_refill([(run("of old shards"), NOW)], NOW + WINDOW_NS)

    assert len(wakes) == 0
    assert wakes.wants_refill(NOW)


def test_a_full_window_ends_where_there_was_no_room(
    wakes: Wakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakes_module, "ENTRIES_MAX", 2)
    for number in range(1, 4):
        wakes.add(run(f"order-{number}"), NOW + number)

    assert len(wakes) == 2
    assert wakes.known_until == NOW + 2
    assert wakes.take_due(NOW + 5, 100) == [run("order-1"), run("order-2")]
    assert wakes.wants_refill(NOW)


async def test_waiting_ends_when_something_sooner_comes(wakes: Wakes) -> None:
    wakes.add(run("later"), NOW + 20 * SECOND)
    waiting = asyncio.create_task(wakes.wait(NOW, 10))
    await asyncio.sleep(0)

    wakes.add(run("sooner"), NOW + SECOND)

    await asyncio.wait_for(waiting, 1)
