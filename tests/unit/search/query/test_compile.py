"""One walk for all dialects: a third one, small enough to be read here, proves it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from search.query import nodes
from search.query.check import check
from search.query.compile import compile_to
from search.query.parser import parse

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Words:
    """Says a search in words."""

    def everything(self) -> str:
        return "everything"

    def is_one_of(self, test: nodes.IsOneOf) -> str:
        return f"{test.attribute.name} is {'|'.join(map(str, test.values))}"

    def is_between(self, test: nodes.IsBetween) -> str:
        low = "" if test.low is None else f"{test.low.value} {'<=' if test.low.inclusive else '<'} "
        high = (
            ""
            if test.high is None
            else f" {'<=' if test.high.inclusive else '<'} {test.high.value}"
        )
        return f"{low}{test.attribute.name}{high}"

    def starts_with(self, test: nodes.StartsWith) -> str:
        return f"{test.attribute.name} starts {test.text}"

    def contains(self, test: nodes.Contains) -> str:
        return f"{test.attribute.name} has {test.text}"

    def has_words(self, test: nodes.HasWords) -> str:
        return f"{test.attribute.name} says {('&' if test.all_of_them else '|').join(test.words)}"

    def is_present(self, test: nodes.IsPresent) -> str:
        return f"{test.attribute.name} is there"

    def negated(self, term: str) -> str:
        return f"not [{term}]"

    def all_of(self, terms: Sequence[str]) -> str:
        return f"[{' and '.join(terms)}]"

    def any_of(self, terms: Sequence[str]) -> str:
        return f"[{' or '.join(terms)}]"


def said(text: str) -> str:
    return compile_to(Words(), check(parse(text), {}, NOON).meaning)


def test_every_kind_of_node_is_said_once() -> None:
    assert said("") == "everything"
    assert said("WorkflowId IN ('a', 'b')") == "WorkflowId is a|b"
    assert said("HistoryLength BETWEEN 1 AND 2") == "1 <= HistoryLength <= 2"
    assert said("HistoryLength > 1") == "1 < HistoryLength"
    assert said("WorkflowId STARTS_WITH 'a'") == "WorkflowId starts a"
    assert said("WorkflowId CONTAINS 'a'") == "WorkflowId has a"
    assert said("LastFailureMessage CONTAINS 'b a'") == "LastFailureMessage says a&b"
    assert said("CloseTime IS NULL") == "not [CloseTime is there]"


def test_the_shape_of_the_tree_is_kept() -> None:
    text = "RunId = 'a' AND (RunId = 'b' OR NOT RunId != 'c')"

    assert said(text) == "[RunId is a and [RunId is b or not [not [RunId is c]]]]"
