"""The runs in memory: found by run or workflow id, bounded by number and weight."""

import pytest

from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.shards import cache as cache_module
from engine.shards.cache import RUN_WEIGHT_MIN, Cache, Entry


def entry(name: str, run_id: str = "") -> Entry:
    return Entry(RunState(key=RunKey("namespace", name, run_id or f"run of {name}")), shard_id=0)


def current(name: str) -> RunKey:
    return RunKey("namespace", name, "")


def test_the_current_run_is_found_by_its_workflow_id() -> None:
    cache = Cache()
    old, new = entry("order", "1"), entry("order", "2")
    cache.put(old, is_current=True)
    cache.put(new, is_current=True)

    assert cache.get(current("order")) is new
    assert cache.get(old.state.key) is old


def test_a_run_id_is_found_under_its_own_workflow_id_only() -> None:
    cache = Cache()
    cache.put(entry("order", "1"), is_current=True)

    assert cache.get(RunKey("namespace", "other", "1")) is None
    assert cache.get(RunKey("elsewhere", "order", "1")) is None


def test_a_run_that_was_dropped_is_current_no_more() -> None:
    cache = Cache()
    only = entry("order")
    cache.put(only, is_current=True)

    cache.drop(only.state.key)

    assert cache.get(current("order")) is None
    assert cache.weight == 0


def test_the_run_asked_for_longest_ago_leaves_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "RUNS_MAX", 2)
    cache = Cache()
    for name in "abc":
        cache.put(entry(name), is_current=True)
        cache.get(current("a"))

    cache.trim()

    assert cache.get(current("b")) is None
    assert cache.get(current("a")) is not None
    assert cache.get(current("c")) is not None


def test_what_is_needed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "RUNS_MAX", 0)
    cache = Cache()
    for name in "abc":
        cache.put(entry(name), is_current=True)
    needed = cache.get(current("b"))
    assert needed is not None

    cache.trim(lambda run_id: run_id == needed.state.key.run_id)

    assert cache.get(current("b")) is needed
    assert cache.get(current("a")) is None


def test_heavy_runs_leave_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "WEIGHT_MAX", 4 * RUN_WEIGHT_MIN)
    cache = Cache()
    for name in "abc":
        cache.put(entry(name), is_current=True)
    heavy = cache.get(current("c"))
    assert heavy is not None
    heavy.remember(b"x" * 2 * RUN_WEIGHT_MIN)
    cache.weigh(heavy)

    cache.trim()

    assert [cache.get(current(name)) is not None for name in "abc"] == [False, True, True]


def test_events_are_remembered_from_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "TAIL_EVENTS_MAX", 3)
    run = entry("order")
    for number in range(1, 6):
        run.state.next_event_id += 1
        run.remember(b"%d" % number)

    assert run.events(3, 5) == [b"3", b"4", b"5"]
    assert run.events(4, 100) == [b"4", b"5"]
    assert run.events(2, 5) is None
