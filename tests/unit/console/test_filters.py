"""A chip of the query as three parts, and back into the query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.workflows import filters, query
from console.workflows.filters import Filter


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("WorkflowType = 'a'", Filter("WorkflowType", "=", "a")),
        ('(`Due.At` <> "it\'s")', Filter("Due.At", "!=", "it's")),
        ("Plan starts_with 'go\\'ld'", Filter("Plan", "STARTS_WITH", "go'ld")),
        ("HistoryLength >= 10", Filter("HistoryLength", ">=", "10")),
        ("Vip = TRUE", Filter("Vip", "=", "true")),
        ("StartTime > now() - '24h'", Filter("StartTime", ">", "now() - '24h'")),
        ("CloseTime IS NULL", Filter("CloseTime", "IS NULL")),
        ("CloseTime IS NOT NULL", Filter("CloseTime", "IS NOT NULL")),
        ("A IN ('a', 'b')", None),
        ("A = 1 OR B = 2", None),
        ("A BETWEEN 1 AND 2", None),
        ("A NOT CONTAINS 'a'", None),
        ("A = 1 ORDER BY A", None),
        ("A ==", None),
        ("", None),
    ],
)
def test_a_condition_is_read_as_its_three_parts(condition: str, parts: Filter | None) -> None:
    assert filters.read(condition) == parts


@pytest.mark.parametrize(
    ("one", "kind", "condition"),
    [
        (Filter("Plan", "=", "12"), "Keyword", "Plan = '12'"),
        (Filter("HistoryLength", ">", "12"), "Int", "HistoryLength > 12"),
        (Filter("ExecutionDuration", ">", "90s"), "Int", "ExecutionDuration > '90s'"),
        (Filter("StartTime", ">", "NOW() - '1h'"), "Datetime", "StartTime > NOW() - '1h'"),
        (Filter("StartTime", ">", "2026-08-01"), "Datetime", "StartTime > '2026-08-01'"),
        (Filter("Vip", "=", "True"), "Bool", "Vip = True"),
        (Filter("Due.At", "IS NULL", "left over"), "Datetime", "`Due.At` IS NULL"),
        (Filter("Vip", "=", "true OR Vip = false"), "Bool", "Vip = 'true OR Vip = false'"),
    ],
)
def test_three_parts_are_written_as_the_type_has_its_values(
    one: Filter, kind: str, condition: str
) -> None:
    assert filters.written(one, kind) == condition


@given(st.text(alphabet="a'\"\\`) OR\n1-", max_size=30))
def test_whatever_is_typed_is_one_value(typed: str) -> None:
    one = Filter("Plan", "CONTAINS", typed)

    assert filters.read(filters.written(one, "Keyword")) == one


@pytest.mark.parametrize(
    ("text", "at", "condition", "changed"),
    [
        ("A = 1", 0, "B = 2", "B = 2"),
        ("A = 1 AND B = 2 ORDER BY A DESC", 1, "C = 3", "A = 1 AND C = 3 ORDER BY A DESC"),
        ("A = 1 AND B = 2", 0, "C = 3 OR D = 4", "(C = 3 OR D = 4) AND B = 2"),
        ("A = 1 AND B = 2", 0, "(C = 3 OR D = 4)", "(C = 3 OR D = 4) AND B = 2"),
        ("A = 1 OR B = 2", 0, "C = 3 OR D = 4", "C = 3 OR D = 4"),
    ],
)
def test_one_part_of_a_query_is_changed(text: str, at: int, condition: str, changed: str) -> None:
    assert query.changed(text, at, condition) == changed
