"""Conditions that the console writes, read by the parser of the language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.cohorts.facts import _attributes
from console.gateway.conditions import equals
from console.gateway.namespaces import Attributes
from search.query.parser import parse

KINDS = Attributes({}, {"Score": "Double", "Tags": "KeywordList"})


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_written_so_that_it_is_read_as_itself(value: float) -> None:
    condition = equals("Score", value)
    parse(condition)

    assert float(condition.removeprefix("Score = ").strip("'")) == value


@pytest.mark.parametrize(
    ("value", "shown", "condition"),
    [
        (3.0, "3", "Score = 3"),
        (0.1, "0.1", "Score = 0.1"),
        (1e-07, "1e-07", "Score = 0.0000001"),
        (-1e300, "-1e+300", "Score = '-1e+300'"),
    ],
)
def test_a_number_is_a_fact_in_few_characters(value: float, shown: str, condition: str) -> None:
    [fact] = _attributes({"Score": value}, KINDS)

    assert (fact.value, fact.condition) == (shown, condition)


def test_a_value_that_a_list_holds_twice_is_one_fact() -> None:
    assert [one.value for one in _attributes({"Tags": ["a", "b", "a"]}, KINDS)] == ["a", "b"]
