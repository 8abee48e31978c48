"""Tree as written -> tree as meant: names become attributes, literals values.

Whatever a backend could refuse, or the two backends could answer differently, is refused
here, with its place in the text.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import assert_never

from search import attributes
from search.attributes import Attribute, CustomAttributes, ValueType
from search.query import nodes, values
from search.query.errors import QueryError
from search.query.hints import nearest

CONTAINS_LENGTH_MAX = 256

_EQUALITY = {"=", "!=", "<>"}
_ORDERED = {"<", "<=", ">", ">="}
#: What each type can be asked; everything can be asked whether it is there.
OPERATORS: Mapping[ValueType, set[str]] = {
    ValueType.TEXT: _EQUALITY | {"IN", "CONTAINS"},
    ValueType.KEYWORD: _EQUALITY | _ORDERED | {"IN", "BETWEEN", "STARTS_WITH", "CONTAINS"},
    ValueType.KEYWORD_LIST: _EQUALITY | {"IN", "STARTS_WITH", "CONTAINS"},
    ValueType.INT: _EQUALITY | _ORDERED | {"IN", "BETWEEN"},
    ValueType.DOUBLE: _EQUALITY | _ORDERED | {"IN", "BETWEEN"},
    ValueType.BOOL: _EQUALITY | {"IN"},
    ValueType.DATETIME: _EQUALITY | _ORDERED | {"IN", "BETWEEN"},
}
_UNSORTABLE = {ValueType.TEXT, ValueType.KEYWORD_LIST}
_GROUPABLE = {ValueType.KEYWORD, ValueType.KEYWORD_LIST, ValueType.BOOL}

#: Open runs first, then the last closed.
DEFAULT_ORDER = (
    nodes.OrderKey(attributes.SYSTEM["CloseTime"], descending=True),
    nodes.OrderKey(attributes.SYSTEM["StartTime"], descending=True),
)
TIE_BREAK = nodes.OrderKey(attributes.SYSTEM["RunId"])


def check(query: nodes.Query, custom: CustomAttributes, now: datetime) -> nodes.Search:
    checker = _Checker(lambda name: attributes.find(name, custom), attributes.names(custom), now)
    return nodes.Search(
        meaning=checker.condition(query.condition) if query.condition else nodes.Everything(),
        order=checker.order(query.order),
        group=tuple(checker.group_key(key) for key in query.group),
        largest=int(query.largest.value) if query.largest else None,
    )


def check_condition(
    query: nodes.Query, known: Mapping[str, Attribute], now: datetime
) -> nodes.Meaning:
    """What it says of a thing that has these attributes and no others; it is a condition alone."""
    if query.condition is None or query.order or query.group:
        raise QueryError("a condition is expected, without ORDER BY and GROUP BY")
    return _Checker(known.get, list(known), now).condition(query.condition)


class _Checker:
    def __init__(
        self, find: Callable[[str], Attribute | None], names: Sequence[str], now: datetime
    ) -> None:
        self.find = find
        self.names = names
        self.now = now

    def condition(self, node: nodes.Condition) -> nodes.Meaning:  # noqa: PLR0911 (one a kind)
        match node:
            case nodes.Conjunction(terms):
                return nodes.AllOf(tuple(self.condition(term) for term in terms))
            case nodes.Disjunction(terms):
                return nodes.AnyOf(tuple(self.condition(term) for term in terms))
            case nodes.Negation(term):
                return nodes.Not(self.condition(term))
            case nodes.Exists(name):
                return nodes.IsPresent(self.attribute(name))
            case nodes.Between():
                return self.between(node)
            case nodes.Among():
                return self.among(node)
            case nodes.Comparison():
                return self.comparison(node)
            case _:
                assert_never(node)

    def attribute(self, name: nodes.Name, operator: str | None = None) -> Attribute:
        found = self.find(name.text)
        if found is None:
            hint = nearest(name.text, self.names)
            raise QueryError(f"there is no attribute {name.text[:100]!r}", name.position, hint)
        if operator is not None and operator not in OPERATORS[found.type]:
            known = ", ".join([*sorted(OPERATORS[found.type]), "IS NULL"])
            message = f"{found.name} is of type {found.type}, which does not know {operator}"
            raise QueryError(message, name.position, f"it knows {known}")
        return found

    def between(self, node: nodes.Between) -> nodes.Meaning:
        attribute = self.attribute(node.name, "BETWEEN")
        low = nodes.Bound(self.value(attribute, node.low), inclusive=True)
        high = nodes.Bound(self.value(attribute, node.high), inclusive=True)
        return nodes.IsBetween(attribute, low, high)

    def among(self, node: nodes.Among) -> nodes.Meaning:
        attribute = self.attribute(node.name, "IN")
        if attribute.type is ValueType.TEXT:
            terms = [self.words(attribute, value, all_of_them=False) for value in node.values]
            return nodes.AnyOf(tuple(terms))
        return nodes.IsOneOf(attribute, tuple(self.value(attribute, each) for each in node.values))

    def comparison(self, node: nodes.Comparison) -> nodes.Meaning:
        attribute = self.attribute(node.name, node.operator)
        match node.operator:
            case "=":
                return self.equal(attribute, node.value)
            case "!=" | "<>":
                return nodes.Not(self.equal(attribute, node.value))
            case "STARTS_WITH":
                return nodes.StartsWith(attribute, values.text(attribute, node.value))
            case "CONTAINS":
                return self.contains(attribute, node.value)
            case _:
                bound = nodes.Bound(self.value(attribute, node.value), "=" in node.operator)
                if node.operator[0] == "<":
                    return nodes.IsBetween(attribute, None, bound)
                return nodes.IsBetween(attribute, bound, None)

    def equal(self, attribute: Attribute, written: nodes.Written) -> nodes.Meaning:
        if attribute.type is ValueType.TEXT:
            return self.words(attribute, written, all_of_them=False)
        return nodes.IsOneOf(attribute, (self.value(attribute, written),))

    def contains(self, attribute: Attribute, written: nodes.Written) -> nodes.Meaning:
        if attribute.type is ValueType.TEXT:
            return self.words(attribute, written, all_of_them=True)
        text = values.text(attribute, written)
        if not 0 < len(text) <= CONTAINS_LENGTH_MAX:
            message = f"CONTAINS takes a text of 1 to {CONTAINS_LENGTH_MAX} characters"
            raise QueryError(message, written.position)
        return nodes.Contains(attribute, text)

    def words(
        self, attribute: Attribute, written: nodes.Written, *, all_of_them: bool
    ) -> nodes.Meaning:
        words = attributes.words(values.text(attribute, written))
        if not words:
            raise QueryError("there is no word to search for in this text", written.position)
        return nodes.HasWords(attribute, tuple(words), all_of_them)

    def value(self, attribute: Attribute, written: nodes.Written) -> attributes.Value:
        return values.read(attribute, written, self.now)

    def order(self, written: tuple[nodes.WrittenOrder, ...]) -> tuple[nodes.OrderKey, ...]:
        keys = tuple(self.order_key(key) for key in written) or DEFAULT_ORDER
        if any(key.attribute == TIE_BREAK.attribute for key in keys):
            return keys
        return (*keys, TIE_BREAK)

    def order_key(self, written: nodes.WrittenOrder) -> nodes.OrderKey:
        attribute = self.attribute(written.name)
        if attribute.type in _UNSORTABLE:
            message = f"{attribute.name} is of type {attribute.type}, which has no order"
            raise QueryError(message, written.name.position)
        return nodes.OrderKey(attribute, written.descending)

    def group_key(self, written: nodes.Name | nodes.WrittenBucket) -> nodes.GroupKey:
        if isinstance(written, nodes.WrittenBucket):
            return self.bucket(written)
        attribute = self.attribute(written)
        if attribute.type not in _GROUPABLE:
            message = (
                f"runs cannot be grouped by {attribute.name}, which is of type {attribute.type}"
            )
            hint = "like BUCKET(StartTime, '1h')" if attribute.type is ValueType.DATETIME else ""
            raise QueryError(message, written.position, hint)
        return attribute

    def bucket(self, written: nodes.WrittenBucket) -> nodes.Bucket:
        attribute = self.attribute(written.name)
        if attribute.type is not ValueType.DATETIME or attribute.column is None:
            message = f"BUCKET takes a time that the system writes, {attribute.name} is none"
            raise QueryError(message, written.name.position, "like BUCKET(StartTime, '1h')")
        return nodes.Bucket(attribute, values.bucket_micros(written.width))
