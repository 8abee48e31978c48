"""A chip of the query as its parts, and back into the query."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.gateway import query
from console.workflows import filters
from console.workflows.filters import Filter


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("WorkflowType = 'a'", Filter("WorkflowType", "=", "a")),
        ('(`Due.At` <> "it\'s")', Filter("Due.At", "!=", "it's")),
        ("Plan starts_with 'go\\'ld'", Filter("Plan", "STARTS_WITH", "go'ld")),
        ("HistoryLength >= 10", Filter("HistoryLength", ">=", "10")),
        ("Vip = TRUE", Filter("Vip", "=", "true")),
        ("StartTime > now() - '24h'", Filter("StartTime", "LAST", values=("24", "h"))),
        ("StartTime >= NOW() - '7d'", Filter("StartTime", "LAST", values=("7", "d"))),
        ("StartTime < now() - '2w'", Filter("StartTime", "AGO", values=("2", "w"))),
        ("StartTime > now() - '1h30m'", Filter("StartTime", ">", "now() - '1h30m'")),
        ("StartTime > now() + '1h'", Filter("StartTime", ">", "now() + '1h'")),
        ("CloseTime IS NULL", Filter("CloseTime", "IS NULL")),
        ("CloseTime IS NOT NULL", Filter("CloseTime", "IS NOT NULL")),
        ("A IN ('a', 'b', 'a')", Filter("A", "IN", values=("a", "b"))),
        ("NOT A IN (1, 2)", Filter("A", "NOT IN", values=("1", "2"))),
        ("A not in (TRUE)", Filter("A", "NOT IN", values=("true",))),
        ("A BETWEEN 1 AND now()", Filter("A", "BETWEEN", values=("1", "now()"))),
        ("(A >= 1 AND A <= 2)", Filter("A", "BETWEEN", values=("1", "2"))),
        ("(A <= '2' AND A >= '1')", Filter("A", "BETWEEN", values=("1", "2"))),
        ("A >= 1 AND B <= 2", None),
        ("A > 1 AND A <= 2", Filter("A", "BETWEEN", values=("1", "2"), ends=(">", "<="))),
        ("A < 2 AND `A` >= 1", Filter("A", "BETWEEN", values=("1", "2"), ends=(">=", "<"))),
        ("A > 1 AND A >= 2", None),
        ("A > 1 AND A = 2", None),
        ("A NOT BETWEEN 1 AND 2", None),
        ("A IN ('')", None),
        ("A = 1 OR B = 2", None),
        ("A NOT CONTAINS 'a'", None),
        ("A = 1 ORDER BY A", None),
        ("A ==", None),
        ("", None),
    ],
)
def test_a_condition_is_read_as_its_parts(condition: str, parts: Filter | None) -> None:
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
        (Filter("A", "IN", values=("1", "it's")), "Int", r"A IN (1, 'it\'s')"),
        (Filter("A", "NOT IN", values=("1",)), "Keyword", "A NOT IN ('1')"),
        (Filter("A", "BETWEEN", values=("1", "2")), "Int", "A BETWEEN 1 AND 2"),
        (Filter("A", "BETWEEN", values=("", "2")), "Int", "A <= 2"),
        (Filter("A", "BETWEEN", values=("now()", "")), "Datetime", "A >= now()"),
        (Filter("A", "BETWEEN", values=("1", "2"), ends=(">", "<")), "Int", "A > 1 AND A < 2"),
        (Filter("A", "BETWEEN", values=("", "2"), ends=(">", "<")), "Int", "A < 2"),
        (Filter("A", "LAST", values=("3", "h")), "Datetime", "A > now() - '3h'"),
        (Filter("A", "AGO", values=("3", "h' OR '")), "Datetime", r"A < now() - '3h\' OR \''"),
        (Filter("Vip", "=", "true OR Vip = false"), "Bool", "Vip = 'true OR Vip = false'"),
    ],
)
def test_the_parts_are_written_as_the_type_has_its_values(
    one: Filter, kind: str, condition: str
) -> None:
    assert filters.written(one, kind) == condition


@pytest.mark.parametrize(
    ("condition", "now", "kind", "rewritten"),
    [
        ('Plan  =  "a"', {}, "Keyword", 'Plan  =  "a"'),
        ("StartTime >= NOW() - '7d'", {}, "Datetime", "StartTime >= NOW() - '7d'"),
        ("A > -1 and A < 5", {"values": ("0", "5")}, "Int", "A > 0 and A < 5"),
        ("(`A` < \"5\" AND A>='1')", {"values": ("1", "6")}, "Text", "(`A` < '6' AND A>='1')"),
        ("A BETWEEN '1' AND now()", {"values": ("2", "now()")}, "Text", "A BETWEEN '2' AND now()"),
        (
            "A > now() - '2d' AND A < now( )",
            {"values": ("now()", "now() - '1h'")},
            "Datetime",
            "A > now() AND A < now() - '1h'",
        ),
        ("A > '1 AND 2)' AND A < '5'", {"values": ("2", "6")}, "Text", "A > '2' AND A < '6'"),
        ("A > 1 AND A < 5", {"values": ("", "5")}, "Int", "A < 5"),
        ("A > 1 AND A < 5", {"operator": ">", "value": "1"}, "Int", "A > 1"),
    ],
)
def test_what_was_not_changed_stays_as_it_was_written(
    condition: str, now: dict[str, Any], kind: str, rewritten: str
) -> None:
    was = filters.read(condition)

    assert was
    assert filters.rewritten(condition, replace(was, **now), kind) == rewritten


@settings(deadline=None)
@given(st.text(alphabet="a'\"\\`) OR\n1-", max_size=30))
def test_whatever_is_typed_is_one_value(typed: str) -> None:
    one = Filter("Plan", "CONTAINS", typed)
    many = Filter("Plan", "NOT IN", values=tuple(dict.fromkeys((f"{typed}.", "other"))))
    ends = Filter("Plan", "BETWEEN", values=(f"{typed}.", f"{typed}-"))
    between = "Plan > 'a' AND Plan < 'b'"

    for each in (one, many, ends):
        assert filters.read(filters.written(each, "Keyword")) == each
        text = query.changed("A = 1 AND B = 2", 1, filters.written(each, "Keyword"))
        assert len(query.conditions(text)) == 2
    other = replace(ends, ends=(">", "<"))
    assert filters.read(filters.rewritten(between, other, "Keyword")) == other


@pytest.mark.parametrize(
    ("text", "at", "condition", "changed"),
    [
        ("A = 1", 0, "B = 2", "B = 2"),
        ("A = 1 AND B = 2 ORDER BY A DESC", 1, "C = 3", "A = 1 AND C = 3 ORDER BY A DESC"),
        ("A = 1 AND B = 2", 0, "C = 3 OR D = 4", "(C = 3 OR D = 4) AND B = 2"),
        ("A = 1 AND B = 2", 0, "(C = 3 OR D = 4)", "(C = 3 OR D = 4) AND B = 2"),
        ("A > 1 AND B = 2 and A < 3", 0, "A > 1 AND A < 3", "A > 1 AND B = 2 and A < 3"),
        ("A > 1 AND B = 2 AND A < 3", 0, "A > 2 AND A < 3", "A > 2 AND A < 3 AND B = 2"),
        ("A > 1 AND B = 2 AND A < 3", 1, "B = 3", "A > 1 AND B = 3 AND A < 3"),
        ("A > 1 AND A < 3", 0, "C = 3 OR D = 4", "C = 3 OR D = 4"),
        ("A = 1 OR B = 2", 0, "C = 3 OR D = 4", "C = 3 OR D = 4"),
    ],
)
def test_one_part_of_a_query_is_changed(text: str, at: int, condition: str, changed: str) -> None:
    assert query.changed(text, at, condition) == changed
