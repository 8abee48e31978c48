"""Rates, with the time given."""

import pytest

from engine.matching.rates import METER_SPAN_SECONDS, SECOND, Bucket, Meter


def test_a_bucket_lets_one_second_of_its_rate_go_at_once() -> None:
    bucket = Bucket(5)
    now = 100 * SECOND

    assert [bucket.take(now) for _ in range(6)] == [True] * 5 + [False]


def test_a_bucket_fills_with_time() -> None:
    bucket = Bucket(2)
    now = 100 * SECOND
    while bucket.take(now):
        pass

    assert bucket.opens_at(now) == pytest.approx(now + SECOND // 2, abs=10)
    assert not bucket.take(now + SECOND // 4)
    assert bucket.take(now + SECOND // 2 + 1)


def test_a_slow_rate_lets_single_tasks_go() -> None:
    bucket = Bucket(0.1)
    assert bucket.take(SECOND)
    assert not bucket.take(2 * SECOND)
    assert bucket.take(12 * SECOND)


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(1)
    assert bucket.take(10 * SECOND)
    assert not bucket.take(5 * SECOND)
    assert bucket.take(7 * SECOND)


def test_a_meter_forgets_what_is_long_ago() -> None:
    meter = Meter()
    for number in range(600):
        meter.add(number * SECOND // 10)
    now = 60 * SECOND

    assert meter.per_second(now) == pytest.approx(10, rel=0.2)
    assert meter.per_second(now + int(10 * METER_SPAN_SECONDS) * SECOND) < 0.01
