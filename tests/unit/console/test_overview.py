"""What the overview says of the values that it does not show."""

from datetime import UTC, datetime

from console.gateway.counting import Counted
from console.gateway.runs import Counts, Group
from console.overview import presenters
from console.overview.looking import Part
from search.query.parser import GROUPS_MAX

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RUNS = ("run", "runs")


def more(values: int, total: int, *, is_list: bool = False) -> str:
    """Of so many values with two runs each."""
    groups = tuple(Group((f"value {number}",), 2) for number in range(values))
    part = Part(Counted(Counts(total, groups), NOON))
    return presenters.rows(part, "Customer", "", RUNS, is_list=is_list).more


def test_of_values_that_are_all_shown_nothing_is_left_to_say() -> None:
    assert more(presenters.ROWS_MAX, 2 * presenters.ROWS_MAX) == ""


def test_the_values_that_are_not_shown_are_counted_with_their_runs() -> None:
    assert more(21, 42) == "1 value more, 2 runs"


def test_of_more_values_than_are_counted_the_runs_are_known() -> None:
    assert more(GROUPS_MAX, 2_000) == "980 values more, 1,960 runs"
    assert more(GROUPS_MAX, 5_000) == "more than 980 values more, 4,960 runs"


def test_of_a_list_the_runs_are_not_added_up() -> None:
    assert more(21, 30, is_list=True) == "1 value more; a run counts for each of its own"
    assert more(GROUPS_MAX, 1_500, is_list=True).startswith("at least 980 values more;")
