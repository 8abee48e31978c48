"""Tree as written -> tree as meant: attributes, types, and the moment that is now."""

from datetime import UTC, datetime, timedelta

import pytest

from search.attributes import SYSTEM, Attribute, ValueType, find
from search.query import nodes
from search.query.check import check
from search.query.errors import QueryError
from search.query.parser import parse

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CUSTOM = {
    "Customer": ValueType.KEYWORD,
    "Tags": ValueType.KEYWORD_LIST,
    "Amount": ValueType.INT,
    "Rate": ValueType.DOUBLE,
    "Vip": ValueType.BOOL,
    "Due": ValueType.DATETIME,
    "Notes": ValueType.TEXT,
}


def search(text: str) -> nodes.Search:
    return check(parse(text), CUSTOM, NOON)


def meaning(text: str) -> nodes.Meaning:
    return search(text).meaning


def only_value(text: str) -> object:
    found = meaning(text)
    assert isinstance(found, nodes.IsOneOf)
    return found.values[0]


def refusal(text: str) -> QueryError:
    with pytest.raises(QueryError) as refused:
        search(text)
    return refused.value


def attribute(name: str) -> Attribute:
    found = find(name, CUSTOM)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("WorkflowId = 'order-1'", "order-1"),
        ("ExecutionStatus = 'TimedOut'", "TimedOut"),
        ("ExecutionStatus = 2", "Completed"),
        ("HistoryLength = 10", 10),
        ("HistoryLength = '10'", 10),
        ("Rate = 1", 1.0),
        ("Rate = '1.5'", 1.5),
        ("Vip = true", True),
        ("Vip = 'false'", False),
        ("StartTime = '2026-03-02T12:00:00Z'", NOON),
        ("StartTime = '2026-03-02T14:00:00.000000001+02:00'", NOON),
        ("StartTime = '2026-03-02'", NOON - timedelta(hours=12)),
        ("StartTime = 1772452800000000000", NOON),
        ("StartTime = '1772452800000000000'", NOON),
        ("Due = now() + '1d'", NOON + timedelta(days=1)),
        ("StartTime = now()", NOON),
        ("ExecutionDuration = '1h30m0.5s'", 5_400_500_000_000),
        ("ExecutionDuration = '00:01:30'", 90_000_000_000),
        ("ExecutionDuration = 17", 17),
        ("TemporalScheduledById = 'nightly'", "nightly"),
        ("BuildIds = 'v1'", "v1"),
        ("TemporalChangeVersion = 'fix-1'", "fix-1"),
    ],
)
def test_a_literal_becomes_a_value_of_the_attributes_type(text: str, value: object) -> None:
    assert only_value(text) == value
    assert type(only_value(text)) is type(value)


def test_unequal_is_the_plain_opposite_of_equal() -> None:
    assert meaning("Customer != 'x'") == nodes.Not(meaning("Customer = 'x'"))


def test_between_includes_both_ends() -> None:
    assert meaning("Amount BETWEEN 1 AND 5") == nodes.IsBetween(
        attribute("Amount"),
        nodes.Bound(1, inclusive=True),
        nodes.Bound(5, inclusive=True),
    )


def test_an_ordered_comparison_is_a_range_with_one_end() -> None:
    assert meaning("Amount < 5") == nodes.IsBetween(
        attribute("Amount"), None, nodes.Bound(5, inclusive=False)
    )


def test_equal_on_a_text_is_any_of_its_words_and_contains_is_all() -> None:
    notes = attribute("Notes")
    words = ("card", "declined")

    assert meaning("Notes = 'Card DECLINED!'") == nodes.HasWords(notes, words, all_of_them=False)
    assert meaning("Notes CONTAINS 'Card declined'") == nodes.HasWords(
        notes, words, all_of_them=True
    )


def test_open_runs_come_first_where_no_order_is_given() -> None:
    assert [(key.attribute.name, key.descending) for key in search("").order] == [
        ("CloseTime", True),
        ("StartTime", True),
        ("RunId", False),
    ]


def test_every_order_ends_with_the_run_id() -> None:
    assert [key.attribute.name for key in search("ORDER BY Amount").order] == ["Amount", "RunId"]
    assert [key.attribute.name for key in search("ORDER BY RunId DESC").order] == ["RunId"]


def test_runs_are_grouped_by_keywords_and_by_steps_of_time() -> None:
    assert search("GROUP BY FailingActivityTypes, BUCKET(StartTime, '1h')").group == (
        SYSTEM["FailingActivityTypes"],
        nodes.Bucket(SYSTEM["StartTime"], 3_600_000_000),
    )


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("WorkflowTyp = 'x'", 0, "did you mean WorkflowType?"),
        ("HistoryLength > 1 AND customer = 'x'", 22, "did you mean Customer?"),
        ("ExecutionStatus = 'running'", 18, "did you mean Running?"),
        ("ExecutionStatus = 'Zzz'", 18, "one of: Running"),
        ("Notes STARTS_WITH 'x'", 0, "it knows"),
        ("Tags > 'x'", 0, "it knows"),
        ("Vip BETWEEN true AND false", 0, "it knows"),
        ("StartTime > 'yesterday'", 12, "now() - '24h'"),
        ("ExecutionDuration > 'long'", 20, "1h30m"),
        ("GROUP BY StartTime", 9, "BUCKET(StartTime, '1h')"),
        ("GROUP BY BUCKET(Due, '1h')", 16, "BUCKET(StartTime, '1h')"),
        ("GROUP BY BUCKET(StartTime, '1ms')", 27, "from '1s'"),
    ],
)
def test_a_refusal_says_where_and_what_would_help(text: str, position: int, hint: str) -> None:
    refused = refusal(text)

    assert refused.position == position
    assert hint in refused.hint


@pytest.mark.parametrize(
    "text",
    [
        "WorkflowId = 5",
        "WorkflowId = now()",
        "HistoryLength = 1.5",
        "HistoryLength = true",
        "HistoryLength = 9223372036854775808",
        "ExecutionStatus = 0",
        "ExecutionStatus = 99",
        "Rate = 'nan'",
        "Rate = 'inf'",
        "Rate = true",
        "Vip = 'maybe'",
        "StartTime = 1.5",
        "StartTime = '2026-02-30'",
        "StartTime = '0001-01-01T00:00:00+14:00'",
        "StartTime > now() + '16000w'",
        "WorkflowId = 'a\0b'",
        f"WorkflowId = '{'x' * 3_000}'",
        "WorkflowId CONTAINS ''",
        "Notes = '!?'",
        "ORDER BY Notes",
        "ORDER BY Tags",
        "GROUP BY Amount",
    ],
)
def test_what_a_backend_could_stumble_over_is_refused_with_its_place(text: str) -> None:
    assert refusal(text).position is not None
