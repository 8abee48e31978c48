"""The picture of when runs began."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from console.gateway.runs import Group
from console.ui.axis import ticks
from console.workflows.starts import histogram, width_for

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def counted(days_ago: int, status: str, count: int) -> Group:
    at = (NOON - DAY * days_ago).replace(hour=0)
    return Group((at.isoformat().replace("+00:00", "Z"), status), count)


def test_what_failed_is_drawn_at_the_foot_of_its_bar() -> None:
    drawn = histogram([counted(3, "Running", 6), counted(3, "Failed", 2)], DAY, NOON)

    assert drawn is not None
    (bar,) = drawn.bars
    assert (bar.height, bar.bad_height, bar.bad_y) == (30, 10, 30)
    assert "most, 8, at 21 Nov" in drawn.says


def test_a_short_stretch_is_counted_finely() -> None:
    assert width_for([counted(0, "Running", 1)])[0] == "1h"
    assert width_for([counted(0, "Running", 1), counted(90, "Running", 1)])[0] == "1d"


def test_a_tick_has_the_day_where_it_begins_and_the_time_within_it() -> None:
    begin = NOON - timedelta(hours=30)
    first = Group((begin.isoformat().replace("+00:00", "Z"), "Running"), 1)

    drawn = histogram([first], timedelta(hours=1), NOON)

    assert drawn is not None
    assert [tick.text for tick in drawn.ticks] == ["12:00", "24 Nov", "now"]
    assert [tick.x for tick in drawn.ticks] == [20, 60, 100]


@given(st.integers(1, 3_000 * 86_400))
def test_ticks_stand_in_their_order_and_leave_room_for_each_other(seconds: int) -> None:
    drawn = ticks(NOON - timedelta(seconds=seconds), NOON)

    places = [tick.x for tick in drawn]
    assert places[-1] == 100
    assert all(0 <= place <= 100 for place in places)
    assert all(right - left >= 11 for left, right in pairwise(places))
    assert len(places) <= 12


def test_nothing_has_no_picture() -> None:
    assert histogram([], DAY, NOON) is None


@given(st.lists(st.tuples(st.integers(0, 1_500), st.integers(1, 10**6)), min_size=1, max_size=50))
def test_every_bar_stays_in_the_picture(starts: list[tuple[int, int]]) -> None:
    drawn = histogram([counted(ago, "Running", count) for ago, count in starts], DAY, NOON)

    assert drawn is not None
    for bar in drawn.bars:
        assert 0 <= bar.x <= 100
        assert bar.x + bar.width <= 100.1
        assert bar.y >= 0
