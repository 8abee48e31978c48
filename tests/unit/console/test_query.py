"""The text of a query: colours, chips, order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.gateway import conditions, query
from console.gateway.namespaces import Attributes
from console.workflows import finding
from search.query.parser import parse

ATTENTION = (
    "(FailingActivityCount > 0 OR ExecutionStatus IN ('Failed', 'TimedOut'))"
    " AND StartTime BETWEEN '2026-08-01T00:00:00Z' AND '2026-09-01T00:00:00Z'"
    " ORDER BY ActivityAttemptMax DESC"
)


def told(chip: query.Chip) -> str:
    return " ".join(piece.text for piece in chip.pieces)


@given(st.text(alphabet="aOR AND('\")=<>_`0\n\\é", max_size=60))
def test_the_pieces_put_together_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in query.pieces(text)) == text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("GROUP BY Plan, Iban ORDER BY COUNT(*) DESC LIMIT 20", ["Plan", "Iban"]),
        ("Limit = 5 AND Count > 1 ORDER BY Limit", ["Limit", "Count", "Limit"]),
        ("GROUP BY Limit", ["Limit"]),
    ],
)
def test_the_words_of_the_largest_are_no_names_and_names_like_them_are(
    text: str, names: list[str]
) -> None:
    assert [name for name, _ in conditions.names(text)] == names


@given(st.text(max_size=80))
def test_any_text_has_chips(text: str) -> None:
    query.chips(text)


def test_a_chip_for_each_condition_and_one_for_the_order() -> None:
    assert [told(chip) for chip in query.chips(ATTENTION)] == [
        "Failing activities > 0 or Status in Failed, TimedOut",
        "Started between 2026-08-01 and 2026-09-01",
        "Sort Attempt high to low",
    ]


def test_a_chip_taken_out_leaves_the_rest() -> None:
    second, order = query.chips(ATTENTION)[1:]

    assert "StartTime" not in second.without
    assert second.without.endswith("ORDER BY ActivityAttemptMax DESC")
    assert "ORDER BY" not in order.without


@pytest.mark.parametrize(
    ("text", "chips", "without"),
    [
        ("A >= 1 AND A <= 2 ORDER BY A", ["A >= 1 and <= 2", "Sort A low to high"], "ORDER BY A"),
        (
            "StartTime > '2026-08-01' AND RunId = 'x' and StartTime < now()",
            ["Started > 2026-08-01 and < now", "Run id is x"],
            "RunId = 'x'",
        ),
        ("A > 1 AND A > 2 AND `A`<3", ["A > 1", "A > 2 and < 3"], "A > 2 AND `A`<3"),
        ("A <> 1 AND A > 2 AND B < 3", ["A <> 1", "A > 2", "B < 3"], "A > 2 AND B < 3"),
    ],
)
def test_both_ends_of_a_range_are_one_chip(text: str, chips: list[str], without: str) -> None:
    found = query.chips(text)

    assert list(map(told, found)) == chips
    assert found[0].without == without


def test_an_or_at_the_top_is_one_chip() -> None:
    assert len(query.chips("WorkflowType = 'a' OR WorkflowType = 'b' AND RunId = 'c'")) == 1


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ("", "RunId = 'x'"),
        ("WorkflowType = 'a'", "WorkflowType = 'a' AND RunId = 'x'"),
        ("A = 1 OR B = 2", "(A = 1 OR B = 2) AND RunId = 'x'"),
        ("A = 1 ORDER BY A", "A = 1 AND RunId = 'x' ORDER BY A"),
    ],
)
def test_a_query_is_narrowed_and_keeps_its_order(text: str, narrowed: str) -> None:
    assert query.narrowed(text, "RunId = 'x'") == narrowed


def test_another_order_replaces_the_first() -> None:
    assert query.ordered("A = 1 ORDER BY A ASC", "B", True) == "A = 1 ORDER BY B DESC"


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("`Due-Att` > 1 AND Vip = true", "`Due-At` > 1 AND Vip = true"),
        ("Vip = true AND DueAt > 1", "Vip = true AND `Due-At` > 1"),
        ("RunId = '😀' AND `Vipp` = true", "RunId = '😀' AND Vip = true"),
    ],
)
def test_the_nearest_name_stands_as_names_of_its_letters_do(text: str, instead: str) -> None:
    known = Attributes({"RunId": "Keyword"}, {"Due-At": "Datetime", "Vip": "Bool"})

    trouble = finding.unknown_name(text, known)

    assert trouble is not None
    assert trouble.instead == instead


@pytest.mark.parametrize(
    "order",
    [
        "ORDER BY A, B DESC",
        "order by `Due-At` desc ,\n `ärger` ASC",
        "ORDER BY `ORDER BY x`, `a, b`",
    ],
)
def test_an_order_of_any_names_and_any_length_is_one_order(order: str) -> None:
    text = f"A = 1 {order}"

    assert query.without_order(text) == "A = 1"
    assert query.narrowed(text, "RunId = 'x'") == f"A = 1 AND RunId = 'x' {order}"
    assert query.ordered(text, "C", True) == "A = 1 ORDER BY C DESC"
    condition, sort = query.chips(text)
    assert (condition.without, sort.without) == (order, "A = 1")
    assert parse(query.narrowed(text, "RunId = 'x'"))


def test_the_chip_of_an_order_names_all_that_it_sorts_by() -> None:
    (chip,) = query.chips("ORDER BY StartTime DESC, `Due-At`, CloseTime DESC")

    assert told(chip) == "Sort Started high to low then Due-At, Closed desc"
    assert query.order_of("ORDER BY A ASC, B DESC") == query.Order("A", False, "B DESC")


def test_sorting_twice_by_an_attribute_of_any_name_turns_it() -> None:
    for name in ("Due-At", "größe", "ärger", "order"):
        down = query.sorting("A = 1", name).turned
        up = query.sorting(down, name)
        assert (up.word, up.turned) == (
            "descending",
            f"A = 1 ORDER BY {query.name_in_query(name)} ASC",
        )


def test_a_word_of_the_language_in_a_value_is_a_part_of_the_value() -> None:
    text = "WorkflowId = 'in between' AND RunId = 'x' AND A BETWEEN 1 AND 2 AND B = 'a AND b OR c'"

    assert query.conditions(text) == [
        "WorkflowId = 'in between'",
        "RunId = 'x'",
        "A BETWEEN 1 AND 2",
        "B = 'a AND b OR c'",
    ]


def test_the_wrong_piece_is_marked() -> None:
    text = "FailingActivityCont > 0"

    assert query.pieces(text, 0)[0] == query.Piece("error", "FailingActivityCont")


def test_a_quote_in_a_value_does_not_end_it() -> None:
    assert conditions.quoted("it's") == r"'it\'s'"


def test_now_is_no_attribute() -> None:
    (chip,) = query.chips("StartTime > now() - '24h'")

    assert [name for name, _ in conditions.names("StartTime > now() - '24h'")] == ["StartTime"]
    assert told(chip) == "Started > now - 24h"


@pytest.mark.parametrize("name", ["order", "Group", "in", "bucket", "größe", "a-b", "Ordering"])
def test_an_attribute_of_any_name_is_compared_grouped_and_sorted_by(name: str) -> None:
    condition = conditions.equals(name, "x")

    for text in (condition, conditions.grouped_by(name, ours=True)):
        assert parse(text)
    assert parse(query.sorting(condition, name).turned)
    assert conditions.names(condition) == [(name, 0)]
