"""A third dialect: what a query means, said in plain Python about one record."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from search.attributes import Attribute, Value, sortable, stored_slots
from search.query import nodes
from search.query.compile import compile_to
from search.records import VisibilityRecord

Says = Callable[[VisibilityRecord], bool]


def matches(meaning: nodes.Meaning) -> Says:
    return compile_to(Oracle(), meaning)


def values_of(record: VisibilityRecord, attribute: Attribute) -> list[Any]:
    """None of them where the run does not have it."""
    if attribute.column is not None:
        found = getattr(record, attribute.column)
    else:
        found = stored_slots(record).get(attribute.type, {}).get(attribute.name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _same_terms(attribute: Attribute, value: Value) -> Any:
    return value if attribute.column is not None else sortable(value)


class Oracle:
    def everything(self) -> Says:
        return lambda _: True

    def is_one_of(self, test: nodes.IsOneOf) -> Says:
        wanted = {_same_terms(test.attribute, value) for value in test.values}
        return lambda record: any(v in wanted for v in values_of(record, test.attribute))

    def is_between(self, test: nodes.IsBetween) -> Says:
        return lambda record: any(
            _above(test, value) and _below(test, value)
            for value in values_of(record, test.attribute)
        )

    def starts_with(self, test: nodes.StartsWith) -> Says:
        return lambda record: any(
            v.startswith(test.text) for v in values_of(record, test.attribute)
        )

    def contains(self, test: nodes.Contains) -> Says:
        return lambda record: any(test.text in v for v in values_of(record, test.attribute))

    def has_words(self, test: nodes.HasWords) -> Says:
        enough = all if test.all_of_them else any
        return lambda record: enough(
            word in values_of(record, test.attribute) for word in test.words
        )

    def is_present(self, test: nodes.IsPresent) -> Says:
        return lambda record: values_of(record, test.attribute) != []

    def negated(self, term: Says) -> Says:
        return lambda record: not term(record)

    def all_of(self, terms: Sequence[Says]) -> Says:
        return lambda record: all(term(record) for term in terms)

    def any_of(self, terms: Sequence[Says]) -> Says:
        return lambda record: any(term(record) for term in terms)


def _above(test: nodes.IsBetween, value: str | int | datetime) -> bool:
    if test.low is None:
        return True
    low: Any = _same_terms(test.attribute, test.low.value)
    return bool(value >= low if test.low.inclusive else value > low)


def _below(test: nodes.IsBetween, value: str | int | datetime) -> bool:
    if test.high is None:
        return True
    high: Any = _same_terms(test.attribute, test.high.value)
    return bool(value <= high if test.high.inclusive else value < high)
