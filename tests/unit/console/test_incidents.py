"""The chart of an incident, the marked message, and when a fixed one happens again."""

from datetime import UTC, datetime, timedelta

import pytest

from console.gateway.runs import Group
from console.incidents import presenters
from console.incidents.models import Sample
from console.incidents.tallying import Tally, tallies

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPAN = timedelta(hours=8)


def sample(minutes_ago: float, running: int, failed: int = 0) -> Sample:
    return Sample(at=NOON - timedelta(minutes=minutes_ago), running=running, failed=failed)


def test_a_bar_is_the_most_of_its_ten_minutes() -> None:
    chart = presenters.chart([sample(1, 3), sample(2, 5, 5), sample(15, 5)], NOON, SPAN)

    assert [(bar.x, bar.height) for bar in chart.bars] == [(92, 10.0), (94, 20.0)]
    assert chart.says == "at most 10 runs in the last 8 h"


def test_what_is_outside_of_the_span_is_not_drawn() -> None:
    chart = presenters.chart([sample(481, 3), sample(-1, 3)], NOON, SPAN)

    assert chart.bars == ()
    assert chart.says == "no count in the last 8 h"


def test_a_count_of_none_has_no_bar_but_was_counted() -> None:
    chart = presenters.chart([sample(1, 0)], NOON, SPAN)

    assert (chart.bars, chart.says) == ((), "at most 0 runs in the last 8 h")


@pytest.mark.parametrize(
    ("message", "varying"),
    [
        ("no answer in 20 s (gateway eu-2)", ["20", "2"]),
        ("sku 'a b' is gone", ["'a b'"]),
        ("all is plain", []),
    ],
)
def test_what_the_fingerprint_leaves_out_is_marked(message: str, varying: list[str]) -> None:
    pieces = presenters.pieces(message)

    assert "".join(piece.text for piece in pieces) == message
    assert [piece.text for piece in pieces if piece.varies] == varying


def test_only_so_many_names_stand_in_a_row() -> None:
    assert presenters.several(["a", "b"]) == "a, b"
    assert presenters.several(["a", "b", "c", "d"]) == "a, b and 2 more"


def test_what_has_not_closed_still_fails() -> None:
    groups = [
        Group(("f", "Running"), 3),
        Group(("f", "Failed"), 2),
        Group(("f", "TimedOut"), 1),
        Group(("g", "Paused"), 4),
    ]

    assert tallies(groups) == {"f": Tally(3, 3), "g": Tally(4, 0)}
