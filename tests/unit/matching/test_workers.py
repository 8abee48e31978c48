"""Heartbeats in memory: the last of each worker, for a time, and no more than can be held."""

import pytest

from engine.matching import workers
from engine.matching.workers import KEPT_NS, Workers, latest
from tests.support.workers import SHUTDOWN, beat


class Now:
    def __init__(self) -> None:
        self.at = 0

    def now(self) -> int:
        return self.at

    def new_id(self) -> str:
        raise AssertionError("no id is needed")


def names(kept: Workers, namespace: str = "n") -> list[str]:
    return [each.worker_instance_key for each in latest(kept.here(namespace))]


def test_a_worker_is_known_by_its_last_heartbeat_until_it_leaves() -> None:
    kept = Workers(Now())
    kept.record("n", [beat("b"), beat("a", task_queue="old")])
    kept.record("n", [beat("a", task_queue="new")])

    assert names(kept) == ["a", "b"]
    assert [each.task_queue for each in kept.here("n", "a")] == ["new"]
    assert names(kept, "another") == []
    kept.record("n", [beat("a", status=SHUTDOWN)])
    assert names(kept) == ["b"]


def test_one_that_is_silent_for_long_is_forgotten() -> None:
    clock = Now()
    kept = Workers(clock)
    kept.record("n", [beat("silent"), beat("alive")])
    clock.at = KEPT_NS
    kept.record("n", [beat("alive")])
    clock.at += 1

    assert names(kept) == ["alive"]


def test_of_too_many_the_longest_silent_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "KEPT_MAX", 2)
    kept = Workers(Now())
    kept.record("n", [beat("a"), beat("b")])
    kept.record("n", [beat("a"), beat("c")])

    assert names(kept) == ["a", "c"]
    monkeypatch.setattr(workers, "KEPT_BYTES_MAX", beat("a").ByteSize())
    kept.record("n", [beat("d")])
    assert names(kept) == ["d"]


def test_of_what_two_nodes_know_the_later_is_told() -> None:
    old, new = beat("a", at=1_000, task_queue="old"), beat("a", at=1_060, task_queue="new")

    assert [each.task_queue for each in latest([new, old])] == ["new"]
