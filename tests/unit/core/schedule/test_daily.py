"""Of a schedule that excludes much: a day at a time, beside one moment after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.api.schedule.v1 import IntervalSpec, Range, StructuredCalendarSpec

from engine.core.schedule import daily
from engine.core.schedule import spec as spec_module
from tests.unit.core.schedule.test_spec import (
    ALL_DAY,
    CALENDARS,
    SECOND,
    WHOLE_SPANS,
    ZONES,
    at,
    ranges,
    seconds,
    spec,
    times,
)


class Passing:
    """Whether the question went on by days, after so many were passed over one by one."""

    gave_up = False


@contextmanager
def limited_to(count: int) -> Iterator[Passing]:
    passing, first = Passing(), daily.Left.first

    def told(left: daily.Left, after: int) -> int | None:
        passing.gave_up = True
        return first(left, after)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spec_module, "EXCLUDED_MAX", count)
        patch.setattr(daily.Left, "first", told)
        yield passing


OF_SECONDS = st.builds(
    lambda second, minute, hour, month, year, weekday: StructuredCalendarSpec(
        second=second or ALL_DAY["second"], minute=minute or ALL_DAY["minute"],
        hour=hour or ALL_DAY["hour"], month=month, year=year, day_of_week=weekday,
    ),
    ranges(0, 59), ranges(0, 59), ranges(0, 23), ranges(1, 12), ranges(2026, 2029), ranges(0, 6),
)  # fmt: skip
INTERVALS = st.builds(
    lambda every, phase: IntervalSpec(interval=seconds(every), phase=seconds(phase % every)),
    st.one_of(st.integers(1, 100), st.integers(1_000, 1_000_000)),
    st.integers(0, 1_000_000),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(OF_SECONDS, max_size=2),
    st.lists(INTERVALS, max_size=2),
    st.lists(st.one_of(OF_SECONDS, CALENDARS, WHOLE_SPANS), min_size=1, max_size=4),
    st.sampled_from(ZONES),
    st.sampled_from(["2026-03-07", "2026-10-24", "2026-10-31", "2028-02-28", "2029-12-30"]),
    st.integers(0, 86_400),
)
def test_a_day_at_a_time_it_finds_what_one_by_one_does(
    calendars: list[StructuredCalendarSpec],
    intervals: list[IntervalSpec],
    excluded: list[StructuredCalendarSpec],
    zone: str,
    day: str,
    offset: int,
) -> None:
    made = spec(
        structured_calendar=calendars, interval=intervals,
        exclude_structured_calendar=excluded, timezone_name=zone,
    )  # fmt: skip
    after = at(day) + offset * SECOND
    for _ in range(3):
        with limited_to(2_000) as one_by_one:
            plain = made.next_time(after)
        with limited_to(0):
            found = made.next_time(after)
        if one_by_one.gave_up:
            assert found is None or found.nominal > after
            return
        assert found == plain
        if found is None:
            return
        after = found.nominal


WHOLE_HOURS = {"minute": [Range(end=59)], "hour": [Range(end=23)]}


def of_seconds(*seconds: tuple[int, int], **given: object) -> StructuredCalendarSpec:
    """In each minute, from and to."""
    ranges = [Range(start=low, end=high) for low, high in seconds]
    return StructuredCalendarSpec(second=ranges, **WHOLE_HOURS, **given)  # type: ignore[arg-type]


def single(count: int) -> list[StructuredCalendarSpec]:
    """That leave nothing, each of a part of a minute."""
    step = 60 // count
    return [of_seconds((low, low + step - 1)) for low in range(0, 60, step)]


def of_odd_days(count: int) -> list[StructuredCalendarSpec]:
    """Each of other years, months and days: hardly two days have the same of them."""
    chance = Random(1)
    return [
        of_seconds(
            (0, 58),
            year=[Range(start=year) for year in chance.sample(range(2026, 2101), 40)],
            month=[Range(start=month) for month in chance.sample(range(1, 13), 6)],
            day_of_month=[Range(start=day) for day in chance.sample(range(1, 32), 16)],
        )
        for _ in range(count)
    ]


EVERY = of_seconds((0, 59))
ODD_INTERVALS = [IntervalSpec(interval=seconds(86_413 + more)) for more in range(60)]


@pytest.mark.parametrize(
    ("included", "intervals", "excluded"),
    [
        ([EVERY] * 50, [], single(2) * 25),
        ([EVERY] * 50, [], single(30)),
        ([EVERY], [], single(60) + of_odd_days(39)),
        ([of_seconds((59, 59))], [], [*of_odd_days(90), *single(2)]),
        ([], ODD_INTERVALS, [of_seconds((0, 57))]),
        (of_odd_days(49), [], [*of_odd_days(48), of_seconds((0, 30)), of_seconds((31, 59))]),
    ],
)
def test_of_very_many_parts_the_next_time_is_found_or_given_up_soon(
    included: list[StructuredCalendarSpec],
    intervals: list[IntervalSpec],
    excluded: list[StructuredCalendarSpec],
) -> None:
    made = spec(
        structured_calendar=included, interval=intervals, exclude_structured_calendar=excluded,
        timezone_name="Europe/Berlin",
    )  # fmt: skip

    began = process_time()
    made.next_time(at("2026-03-08T05:00:00"))

    assert process_time() - began < 1


def test_what_leaves_one_second_in_a_century_leaves_that() -> None:
    made = spec(
        structured_calendar=[EVERY],
        exclude_structured_calendar=[
            *single(60)[:-1],
            of_seconds((59, 59), year=[Range(start=2000, end=2099)]),
        ],
    )  # fmt: skip

    assert times(made, at("2026-03-08T05:00:00"), 2) == [
        "2100-01-01 00:00:59", "2100-01-01 00:01:59",
    ]  # fmt: skip
