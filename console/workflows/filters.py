"""One filter of a query: a condition as its parts, and back. Pure.

    one     an attribute, an operator, a value
    many    any of a list, or none of it
    range   from a value to another: BETWEEN, or two comparisons
    span    so long before now, or longer ago
    none    there or missing

What has no such parts (alternatives of several attributes, NOT) stays a text in the query language.
"""

import re
from dataclasses import dataclass
from typing import Literal

from console.gateway.conditions import PIECES, quoted
from console.gateway.query import name_in_query
from console.workflows.table import NUMBERS
from search.attributes import ValueType
from search.query import nodes
from search.query.check import OPERATORS as ASKED
from search.query.errors import QueryError
from search.query.parser import parse

IS_MISSING, IS_THERE = "IS NULL", "IS NOT NULL"
AMONG, NOT_AMONG, BETWEEN = "IN", "NOT IN", "BETWEEN"
#: Not of the language: `> now() - '24h'` and `< now() - '24h'`.
LAST, AGO = "LAST", "AGO"
Shape = Literal["one", "many", "range", "span", "none"]
SHAPES: dict[str, Shape] = {
    AMONG: "many",
    NOT_AMONG: "many",
    BETWEEN: "range",
    LAST: "span",
    AGO: "span",
    IS_THERE: "none",
    IS_MISSING: "none",
}
#: In words; which of them an attribute knows, its type says.
OPERATORS = {
    "=": "is",
    "!=": "is not",
    AMONG: "is one of",
    NOT_AMONG: "is none of",
    "CONTAINS": "contains",
    "STARTS_WITH": "starts with",
    LAST: "is in the last",
    AGO: "is longer ago than",
    BETWEEN: "is between",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    IS_THERE: "is there",
    IS_MISSING: "is missing",
}
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
FROM_NOW = re.compile(r"now\(\s*\)(\s*[+-]\s*'[^'\\]*')?", re.IGNORECASE)
SPAN = re.compile(r"([0-9]{1,6})([mhdw])")
BOOLS = ("true", "false")
#: Both ends belong to the range, as with BETWEEN.
CLOSED = (">=", "<=")
SIDES = {">": 0, ">=": 0, "<": 1, "<=": 1}


@dataclass(frozen=True, slots=True)
class Filter:
    attribute: str
    operator: str = "="
    #: As a person types it, without the quotes of the language.
    value: str = ""
    #: Of a list all; of a range both ends, where "" is none; of a span how many of which unit.
    values: tuple[str, ...] = ()
    #: How the two ends of a range are compared.
    ends: tuple[str, str] = CLOSED

    @property
    def shape(self) -> Shape:
        return SHAPES.get(self.operator, "one")


def read(condition: str) -> Filter | None:
    """None: it has no such parts, or is no condition."""
    try:
        found = parse(condition)
    except QueryError:
        return None
    if found.order or found.group:
        return None
    return _several(found.condition) or _single(found.condition)


def _several(condition: nodes.Condition | None) -> Filter | None:
    match condition:
        case nodes.Among(name, values):
            return _listed(name, AMONG, values)
        case nodes.Negation(nodes.Among(name, values)):
            return _listed(name, NOT_AMONG, values)
        case nodes.Between() | nodes.Conjunction():
            return _range(condition)
        case _:
            return None


def _listed(name: nodes.Name, operator: str, values: tuple[nodes.Written, ...]) -> Filter | None:
    """An empty text is no value that a form could show."""
    typed = tuple(dict.fromkeys(_typed(one) for one in values))
    return Filter(name.text, operator, values=typed) if all(typed) else None


def _range(condition: nodes.Between | nodes.Conjunction) -> Filter | None:
    ends = _ends(condition)
    if not ends:
        return None
    low, high = ends
    return Filter(
        low.name.text,
        BETWEEN,
        values=(_typed(low.value), _typed(high.value)),
        ends=(low.operator, high.operator),
    )


def _ends(condition: nodes.Condition | None) -> tuple[nodes.Comparison, ...]:
    """Of a range, the lower one first; () where it is none."""
    match condition:
        case nodes.Between(name, low, high):
            return tuple(map(nodes.Comparison, (name, name), CLOSED, (low, high)))
        case nodes.Conjunction((nodes.Comparison() as one, nodes.Comparison() as other)):
            both = {SIDES.get(end.operator): end for end in (one, other)}
            is_one = set(both) == {0, 1} and one.name.text == other.name.text
            return (both[0], both[1]) if is_one else ()
        case _:
            return ()


def _single(condition: nodes.Condition | None) -> Filter | None:
    match condition:
        case nodes.Comparison(name, ("<" | "<=" | ">" | ">=") as operator, value) if _span(value):
            return Filter(name.text, LAST if ">" in operator else AGO, values=_span(value))
        case nodes.Comparison(name, operator, value):
            operator = "!=" if operator == "<>" else operator.upper()
            return Filter(name.text, operator, _typed(value))
        case nodes.Exists(name):
            return Filter(name.text, IS_THERE)
        case nodes.Negation(nodes.Exists(name)):
            return Filter(name.text, IS_MISSING)
        case _:
            return None


def _span(value: nodes.Written) -> tuple[str, ...]:
    """How long before now; () where it is no such length, or not in one unit."""
    match value:
        case nodes.Now(_, "-", nodes.Literal(str() as distance)):
            found = SPAN.fullmatch(distance)
            return found.groups() if found else ()
        case _:
            return ()


def _typed(value: nodes.Written) -> str:
    match value:
        case nodes.Now(_, sign, nodes.Literal(distance)):
            return f"now() {sign} {quoted(str(distance))}"
        case nodes.Now():
            return "now()"
        case nodes.Literal(bool() as given):
            return BOOLS[not given]
        case nodes.Literal(given):
            return str(given)


def written(one: Filter, kind: str) -> str:
    """As a condition; `kind` is the type of its attribute."""
    name = name_in_query(one.attribute)
    match one.shape:
        case "none":
            return f"{name} {one.operator}"
        case "many":
            return f"{name} {one.operator} ({', '.join(_value(each, kind) for each in one.values)})"
        case "range":
            low, high = (each and _value(each, kind) for each in one.values)
            return _between(name, low, high, one.ends)
        case "span":
            sign = ">" if one.operator == LAST else "<"
            return f"{name} {sign} now() - {quoted(''.join(one.values))}"
        case "one":
            return f"{name} {one.operator} {_value(one.value, kind)}"


def _between(name: str, low: str, high: str, ends: tuple[str, str]) -> str:
    if low and high and ends == CLOSED:
        return f"{name} BETWEEN {low} AND {high}"
    compared = zip(ends, (low, high), strict=True)
    return " AND ".join(f"{name} {operator} {end}" for operator, end in compared if end)


def rewritten(condition: str, one: Filter, kind: str) -> str:
    """`one` in place of `condition`, where what says the same stays as it is written: all of it, or
    one end of a range."""
    was = read(condition)
    if was == one:
        return condition
    is_kept = was and (was.attribute, was.shape, one.shape) == (one.attribute, "range", "range")
    if was is None or not is_kept or not all(one.values):
        return written(one, kind)
    ends = zip(_ends(parse(condition).condition), was.values, one.values, strict=True)
    places = [(end.value.position, now) for end, before, now in ends if now != before]
    for begin, now in sorted(places, reverse=True):
        condition = condition[:begin] + _value(now, kind) + condition[_past(condition, begin) :]
    return condition


def _past(condition: str, begin: int) -> int:
    """Where the value that begins there has ended; `now()` brings brackets of its own."""
    depth = 0
    for piece in PIECES.finditer(condition, begin):
        depth += (piece.group() == "(") - (piece.group() == ")")
        if depth < 0 or piece.group().upper() == "AND":
            return begin + len(condition[begin : piece.start()].rstrip())
    return len(condition)


def _value(typed: str, kind: str) -> str:
    is_bare = (
        (kind in NUMBERS and NUMBER.fullmatch(typed))
        or (kind == "Datetime" and FROM_NOW.fullmatch(typed))
        or (kind == "Bool" and typed.lower() in BOOLS)
    )
    return typed if is_bare else quoted(typed)


def operators(kind: str, ours: bool) -> list[tuple[str, str]]:
    """What can be asked of this type, as choices."""
    known = ASKED[ValueType(kind)] if kind in set(ValueType) else set(OPERATORS)
    known = (known if ours else known - {"CONTAINS"}) | {IS_MISSING, IS_THERE}
    known |= {NOT_AMONG} & {f"NOT {one}" for one in known}
    known |= {LAST, AGO} if kind == "Datetime" else set()
    return [(one, words) for one, words in OPERATORS.items() if one in known]
