"""The SQL dialect: a checked search -> statement and parameters.

A statement is put together from literals of this file alone; whatever a caller gave
travels as a parameter. So the type of each text here is LiteralString, and a checker
refuses anything else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

import msgspec

from search.attributes import EPOCH, Attribute, Value, ValueType, sortable
from search.query import nodes
from search.query.compile import compile_to
from search.query.tokens import Place

_json = msgspec.json.encode


class Fragment(NamedTuple):
    text: LiteralString
    parameters: tuple[Any, ...] = ()


def page(
    columns: LiteralString,
    namespace_id: str,
    search: nodes.Search,
    after: Place | None,
    limit: int,
) -> Fragment:
    parts = [_where(Fragment("select " + columns), namespace_id, search.meaning)]
    if after is not None:
        parts += [Fragment("and"), _after(search.order, after)]
    order = [_order_term(key) for key in search.order]
    parts += [Fragment("order by"), _joined(", ", order), Fragment("limit %s", (limit,))]
    return _joined(" ", parts)


def count(namespace_id: str, search: nodes.Search) -> Fragment:
    return _where(Fragment("select count(*)"), namespace_id, search.meaning)


_POSITIONS: tuple[LiteralString, ...] = ("1", "2")
_LISTS: tuple[LiteralString, ...] = ("list_1", "list_2")


def groups(namespace_id: str, search: nodes.Search, limit: int) -> Fragment:
    """Rows of the group's values and their count, the largest first."""
    return _groups(namespace_id, search, limit, [], "")


def largest(namespace_id: str, search: nodes.Search, limit: int) -> Fragment:
    """The same; where counts are equal by the values, and with how many runs match."""
    whole = Fragment("(sum(count(*)) over ())::bigint")
    if any(map(_is_list, search.group)):
        # a run counts in each of its values
        whole = _parenthesised(count(namespace_id, search))
    places: LiteralString = "".join([", " + place for place in _POSITIONS[: len(search.group)]])
    return _groups(namespace_id, search, limit, [whole], places)


def _groups(
    namespace_id: str,
    search: nodes.Search,
    limit: int,
    more: Sequence[Fragment],
    then_by: LiteralString,
) -> Fragment:
    keys, lists = [], []
    for key, alias in zip(search.group, _LISTS, strict=False):
        if isinstance(key, Attribute) and _is_list(key):
            keys.append(Fragment(alias + '.item collate "C"'))
            lists.append(_unfolded(key, alias))
        else:
            keys.append(_group_term(key))
    columns = _joined(", ", [*keys, Fragment("count(*)"), *more])
    head = Fragment("select " + columns.text, columns.parameters)
    places: LiteralString = ", ".join(_POSITIONS[: len(keys)])
    grouped: LiteralString = "group by " + places
    tail = Fragment(grouped + " order by count(*) desc" + then_by + " limit %s", (limit,))
    return _joined(" ", [_where(head, namespace_id, search.meaning, lists), tail])


def _is_list(key: nodes.GroupKey) -> bool:
    return isinstance(key, Attribute) and key.type is ValueType.KEYWORD_LIST


def _where(
    head: Fragment, namespace_id: str, meaning: nodes.Meaning, lists: Sequence[Fragment] = ()
) -> Fragment:
    source = Fragment("from visibility")
    condition = compile_to(Sql(), meaning)
    mine = Fragment("where namespace_id = %s and", (namespace_id,))
    return _joined(" ", [head, source, *lists, mine, condition])


class Sql:
    """What each test is in SQL. Of a missing value a test may be null: `negated` minds it."""

    def everything(self) -> Fragment:
        return Fragment("true")

    def is_one_of(self, test: nodes.IsOneOf) -> Fragment:
        attribute = test.attribute
        if attribute.column is not None:
            return Fragment(attribute.column + " = any(%s)", (list(test.values),))
        return self.any_of([_holds(attribute, [sortable(value)]) for value in test.values])

    def is_between(self, test: nodes.IsBetween) -> Fragment:
        bounds = []
        if test.low is not None:
            operator: LiteralString = " >= %s" if test.low.inclusive else " > %s"
            bounds.append(_compared(test.attribute, operator, test.low.value))
        if test.high is not None:
            operator = " <= %s" if test.high.inclusive else " < %s"
            bounds.append(_compared(test.attribute, operator, test.high.value))
        return self.all_of(bounds)

    def starts_with(self, test: nodes.StartsWith) -> Fragment:
        return _of_text(test.attribute, " ^@ %s", test.text)

    def contains(self, test: nodes.Contains) -> Fragment:
        return _of_text(test.attribute, " like %s", f"%{_without_patterns(test.text)}%")

    def has_words(self, test: nodes.HasWords) -> Fragment:
        if test.all_of_them:
            return _holds(test.attribute, test.words)
        return self.any_of([_holds(test.attribute, [word]) for word in test.words])

    def is_present(self, test: nodes.IsPresent) -> Fragment:
        expression = _expression(test.attribute)
        return Fragment("(" + expression.text + ") is not null", expression.parameters)

    def negated(self, term: Fragment) -> Fragment:
        return Fragment("(" + term.text + ") is not true", term.parameters)

    def all_of(self, terms: Sequence[Fragment]) -> Fragment:
        return _parenthesised(_joined(" and ", terms))

    def any_of(self, terms: Sequence[Fragment]) -> Fragment:
        return _parenthesised(_joined(" or ", terms))


def _joined(separator: LiteralString, fragments: Sequence[Fragment]) -> Fragment:
    text: LiteralString = separator.join([fragment.text for fragment in fragments])
    return Fragment(text, tuple(given for each in fragments for given in each.parameters))


def _parenthesised(fragment: Fragment) -> Fragment:
    return Fragment("(" + fragment.text + ")", fragment.parameters)


def _path(attribute: Attribute) -> list[str]:
    return [attribute.type.value, attribute.name]


def _expression(attribute: Attribute) -> Fragment:
    if attribute.column is not None:
        return Fragment(attribute.column)
    return Fragment('(slots #>> %s::text[]) collate "C"', (_path(attribute),))


def _holds(attribute: Attribute, values: Sequence[str]) -> Fragment:
    """The slot has all of these: the one form that the index on slots answers."""
    many = attribute.type in {ValueType.KEYWORD_LIST, ValueType.TEXT}
    held: dict[str, Any] = {attribute.type: {attribute.name: list(values) if many else values[0]}}
    return Fragment("slots @> %s::jsonb", (_json(held).decode(),))


def _compared(attribute: Attribute, operator: LiteralString, value: Value) -> Fragment:
    expression = _expression(attribute)
    stored = value if attribute.column is not None else sortable(value)
    return Fragment(expression.text + operator, (*expression.parameters, stored))


def _of_text(attribute: Attribute, test: LiteralString, given: str) -> Fragment:
    if attribute.type is not ValueType.KEYWORD_LIST:
        return _compared(attribute, test, given)
    return Fragment(
        "exists (select from jsonb_array_elements_text(slots #> %s::text[]) as held(item)"
        ' where held.item collate "C"' + test + ")",
        (_path(attribute), given),
    )


def _without_patterns(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _unfolded(attribute: Attribute, alias: LiteralString) -> Fragment:
    """One row a value of the list, and one with null for a run that has none."""
    text: LiteralString = (
        "left join lateral jsonb_array_elements_text(slots #> %s::text[]) as "
        + alias
        + "(item) on true"
    )
    return Fragment(text, (_path(attribute),))


def _group_term(key: nodes.GroupKey) -> Fragment:
    if isinstance(key, Attribute):
        return _expression(key)
    assert key.attribute.column is not None, "check refuses a bucket of anything else"
    width = timedelta(microseconds=key.width_micros)
    return Fragment("date_bin(%s, " + key.attribute.column + ", %s)", (width, EPOCH))


# A list's order, and where it goes on.


def _sort_expression(key: nodes.OrderKey) -> Fragment:
    if key.attribute.open_ended:
        assert key.attribute.column is not None, "open ends are columns"
        return Fragment("coalesce(" + key.attribute.column + ", 'infinity')")
    return _expression(key.attribute)


def _order_term(key: nodes.OrderKey) -> Fragment:
    expression = _sort_expression(key)
    direction: LiteralString = " desc" if key.descending else " asc"
    # Where nothing can be missing, the plain form is the one that an index has.
    missing: LiteralString = "" if key.attribute.open_ended else " nulls last"
    if key.attribute.column == "start_time":
        missing = ""
    return Fragment(expression.text + direction + missing, expression.parameters)


def _after(order: tuple[nodes.OrderKey, ...], place: Place) -> Fragment:
    """Equal up to some key, and beyond the place in that one."""
    ways: list[Fragment] = []
    equal: list[Fragment] = []
    for key, value in zip(order, place, strict=True):
        ways.append(_parenthesised(_joined(" and ", [*equal, _beyond(key, value)])))
        equal.append(_same(key, value))
    whole = _parenthesised(_joined(" or ", ways))
    first = order[0]
    if first.attribute.open_ended:
        # Said once more in the form that an index can start from.
        operator: LiteralString = " <= " if first.descending else " >= "
        start = _placed(first, operator, place[0])
        return _parenthesised(_joined(" and ", [start, whole]))
    return whole


def _beyond(key: nodes.OrderKey, value: int | str | None) -> Fragment:
    if key.attribute.open_ended:
        return _placed(key, " < " if key.descending else " > ", value)
    if value is None:
        return Fragment("false")
    further = _placed(key, " < " if key.descending else " > ", value)
    missing = _sort_expression(key)
    absent = Fragment("(" + missing.text + ") is null", missing.parameters)
    return _parenthesised(_joined(" or ", [further, absent]))


def _same(key: nodes.OrderKey, value: int | str | None) -> Fragment:
    if value is None and not key.attribute.open_ended:
        expression = _sort_expression(key)
        return Fragment("(" + expression.text + ") is null", expression.parameters)
    return _placed(key, " = ", value)


def _placed(key: nodes.OrderKey, operator: LiteralString, value: int | str | None) -> Fragment:
    expression = _sort_expression(key)
    if value is None:
        return Fragment(expression.text + operator + "'infinity'", expression.parameters)
    return Fragment(expression.text + operator + "%s", (*expression.parameters, _given(key, value)))


def _given(key: nodes.OrderKey, value: int | str) -> int | str | datetime:
    is_time = key.attribute.column is not None and key.attribute.type is ValueType.DATETIME
    return EPOCH + timedelta(microseconds=int(value)) if is_time else value
