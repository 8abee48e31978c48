"""One filter of a query: a condition as its three parts, and back. Pure.

What has no three parts (lists, alternatives, ranges) stays a text in the query language.
"""

import re
from dataclasses import dataclass

from console.gateway.conditions import quoted
from console.workflows.table import NUMBERS, name_in_query
from search.attributes import ValueType
from search.query import nodes
from search.query.check import OPERATORS as ASKED
from search.query.errors import QueryError
from search.query.parser import parse

IS_MISSING, IS_THERE = "IS NULL", "IS NOT NULL"
#: In words; which of them an attribute knows, its type says.
OPERATORS = {
    "=": "is",
    "!=": "is not",
    "CONTAINS": "contains",
    "STARTS_WITH": "starts with",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    IS_THERE: "is there",
    IS_MISSING: "is missing",
}
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
FROM_NOW = re.compile(r"now\(\s*\)(\s*[+-]\s*'[^'\\]*')?", re.IGNORECASE)
BOOLS = ("true", "false")


@dataclass(frozen=True, slots=True)
class Filter:
    attribute: str
    operator: str = "="
    #: As a person types it, without the quotes of the language.
    value: str = ""


def read(condition: str) -> Filter | None:
    """None: it has no three parts, or is no condition."""
    try:
        found = parse(condition)
    except QueryError:
        return None
    if found.order or found.group:
        return None
    match found.condition:
        case nodes.Comparison(name, operator, value):
            operator = "!=" if operator == "<>" else operator.upper()
            return Filter(name.text, operator, _typed(value))
        case nodes.Exists(name):
            return Filter(name.text, IS_THERE)
        case nodes.Negation(nodes.Exists(name)):
            return Filter(name.text, IS_MISSING)
        case _:
            return None


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
    if one.operator in {IS_MISSING, IS_THERE}:
        return f"{name} {one.operator}"
    return f"{name} {one.operator} {_value(one.value, kind)}"


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
    return [(one, words) for one, words in OPERATORS.items() if one in known]
