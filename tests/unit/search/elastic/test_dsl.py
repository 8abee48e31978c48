"""The Elasticsearch dialect."""

from typing import Any

import pytest

from search.elastic import dsl
from search.query.check import check
from search.query.compile import compile_to
from search.query.parser import parse
from tests.support.visibility import CUSTOM, NOON


def said(text: str) -> dict[str, Any]:
    return compile_to(dsl.Dsl(), check(parse(text), CUSTOM, NOON).meaning)


@pytest.mark.parametrize(
    ("query", "clause"),
    [
        ("", {"match_all": {}}),
        ("WorkflowId IN ('a', 'b')", {"terms": {"workflow_id": ["a", "b"]}}),
        ("Amount = 1", {"terms": {"slots.Int.Amount": ["8000000000000001"]}}),
        ("StartTime > now()", {"range": {"start_time": {"gt": 1_772_452_800_000_000}}}),
        ("Customer < 'c'", {"range": {"slots.Keyword.Customer": {"gte": "", "lt": "c"}}}),
        ("Customer STARTS_WITH 'c'", {"prefix": {"slots.Keyword.Customer": "c"}}),
        ("WorkflowId CONTAINS 'a*'", {"wildcard": {"workflow_id": "*a\\**"}}),
        ("Tags CONTAINS 'a'", {"wildcard": {"parts": "KeywordList.Tags\x1f*a*"}}),
        ("Notes = 'a b'", {"terms": {"slots.Text.Notes": ["a", "b"]}}),
        ("CloseTime IS NULL", {"bool": {"must_not": [{"exists": {"field": "close_time"}}]}}),
    ],
)
def test_each_test_has_its_clause(query: str, clause: dict[str, Any]) -> None:
    assert said(query) == clause


def test_what_lies_above_a_bound_is_there_and_not_below_it() -> None:
    assert said("Customer >= 'c'") == {
        "bool": {
            "filter": [{"exists": {"field": "slots.Keyword.Customer"}}],
            "must_not": [{"range": {"slots.Keyword.Customer": {"gte": "", "lt": "c"}}}],
        }
    }


@pytest.mark.parametrize(
    ("order", "missing", "value"),
    [
        ("", "_first", 2**63 - 1),
        ("ORDER BY CloseTime", "_last", 2**63 - 1),
        ("ORDER BY NextRetryTime", "_last", 2**63 - 1),
        ("ORDER BY NextRetryTime DESC", "_last", -(2**63)),
        ("ORDER BY Amount DESC", "_last", None),
    ],
)
def test_a_missing_value_sorts_where_the_server_puts_it(
    order: str, missing: str, value: int | None
) -> None:
    keys = check(parse(order), CUSTOM, NOON).order

    first = next(iter(dsl.sort(keys)[0].values()))
    place = (None,) * (len(keys) - 1)
    assert first["missing"] == missing
    assert dsl.search_after(keys, (*place, "run-1"))[0] == value
