"""The Elasticsearch dialect: a checked search -> query DSL; pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from search.attributes import Attribute, Value, ValueType, micros, sortable
from search.elastic.mapping import SEPARATOR
from search.query import nodes
from search.query.compile import compile_to
from search.query.tokens import Place

Clause = dict[str, Any]

#: What the server sorts by where a number is missing.
_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1
_LOWEST_TEXT = ""


def query(namespace_id: str, meaning: nodes.Meaning) -> Clause:
    mine = {"term": {"namespace_id": namespace_id}}
    return {"bool": {"filter": [mine, compile_to(Dsl(), meaning)]}}


class Dsl:
    def everything(self) -> Clause:
        return {"match_all": {}}

    def is_one_of(self, test: nodes.IsOneOf) -> Clause:
        values = [_stored(test.attribute, value) for value in test.values]
        return {"terms": {field(test.attribute): values}}

    def is_between(self, test: nodes.IsBetween) -> Clause:
        bounds: Clause = {}
        if test.low is not None:
            name = "gte" if test.low.inclusive else "gt"
            bounds[name] = _stored(test.attribute, test.low.value)
        if test.high is not None:
            name = "lte" if test.high.inclusive else "lt"
            bounds[name] = _stored(test.attribute, test.high.value)
        if test.attribute.column is None:
            return _within_slot(test, bounds)
        return {"range": {field(test.attribute): bounds}}

    def starts_with(self, test: nodes.StartsWith) -> Clause:
        return {"prefix": {field(test.attribute): test.text}}

    def contains(self, test: nodes.Contains) -> Clause:
        attribute, text = test.attribute, _without_patterns(test.text)
        if attribute.column is not None:
            return {"wildcard": {attribute.column: f"*{text}*"}}
        name = _without_patterns(attribute.name)
        return {"wildcard": {"parts": f"{attribute.type}.{name}{SEPARATOR}*{text}*"}}

    def has_words(self, test: nodes.HasWords) -> Clause:
        place = field(test.attribute)
        if test.all_of_them:
            return {"bool": {"filter": [{"term": {place: word}} for word in test.words]}}
        return {"terms": {place: list(test.words)}}

    def is_present(self, test: nodes.IsPresent) -> Clause:
        return {"exists": {"field": field(test.attribute)}}

    def negated(self, term: Clause) -> Clause:
        return {"bool": {"must_not": [term]}}

    def all_of(self, terms: Sequence[Clause]) -> Clause:
        return {"bool": {"filter": list(terms)}}

    def any_of(self, terms: Sequence[Clause]) -> Clause:
        return {"bool": {"should": list(terms), "minimum_should_match": 1}}


def field(attribute: Attribute) -> str:
    return attribute.column or f"slots.{attribute.type}.{attribute.name}"


def _stored(attribute: Attribute, value: Value) -> Value:
    if attribute.column is None:
        return sortable(value)
    return micros(value) if isinstance(value, datetime) else value


def _within_slot(test: nodes.IsBetween, bounds: Clause) -> Clause:
    """A range inside a flattened field needs both its ends.

    The low end is the empty text. There is no highest text, so what lies above a bound is
    what is there and does not lie below it.
    """
    place = field(test.attribute)
    if test.high is not None:
        if test.low is None:
            bounds["gte"] = _LOWEST_TEXT
        return {"range": {place: bounds}}
    assert test.low is not None, "check makes no range without an end"
    below = "lt" if test.low.inclusive else "lte"
    rest = {"gte": _LOWEST_TEXT, below: _stored(test.attribute, test.low.value)}
    return {
        "bool": {
            "filter": [{"exists": {"field": place}}],
            "must_not": [{"range": {place: rest}}],
        }
    }


def _without_patterns(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def sort(order: tuple[nodes.OrderKey, ...]) -> list[Clause]:
    return [
        {
            field(key.attribute): {
                "order": "desc" if key.descending else "asc",
                "missing": "_first" if key.missing_first else "_last",
            }
        }
        for key in order
    ]


def search_after(order: tuple[nodes.OrderKey, ...], place: Place) -> list[int | str | None]:
    return [_sort_value(key, value) for key, value in zip(order, place, strict=True)]


_NUMBERS = {ValueType.INT, ValueType.DATETIME}


def _sort_value(key: nodes.OrderKey, value: int | str | None) -> int | str | None:
    is_number = key.attribute.column is not None and key.attribute.type in _NUMBERS
    if value is not None or not is_number:
        return value
    comes_as_largest = key.missing_first == key.descending
    return _LONG_MAX if comes_as_largest else _LONG_MIN


def sources(group: tuple[nodes.GroupKey, ...]) -> list[Clause]:
    """Of a composite aggregation, one a key."""
    return [{f"key_{number}": _source(key)} for number, key in enumerate(group)]


def largest(key: nodes.GroupKey, size: int) -> Clause:
    """Aggregations: the values that most have, equally common ones by the value; and who has none.

    A shard tells these exactly.
    """
    assert isinstance(key, Attribute), "a bucket is no value"
    place = field(key)
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {
        "groups": {"terms": {"field": place, "size": size, "order": order}},
        "missing": {"missing": {"field": place}},
    }


def _source(key: nodes.GroupKey) -> Clause:
    if isinstance(key, Attribute):
        return {"terms": {"field": field(key), "missing_bucket": True}}
    return {
        "histogram": {
            "field": field(key.attribute),
            "interval": key.width_micros,
            "missing_bucket": True,
        }
    }
