"""Conditions of the query language, written so that any name and any value can stand in them."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from search.query import nodes
from search.query.errors import QueryError
from search.query.parser import DIGITS_MAX, GROUPS_MAX, parse

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: An attribute that is called like one of these stands in backquotes.
WORDS = frozenset(
    [
        "AND",
        "OR",
        "NOT",
        "IN",
        "IS",
        "NULL",
        "BETWEEN",
        "STARTS_WITH",
        "CONTAINS",
        "ORDER",
        "GROUP",
        "BY",
        "ASC",
        "DESC",
        "TRUE",
        "FALSE",
        "NOW",
        "COUNT",
        "LIMIT",
        "BUCKET",
    ]
)
#: Of any text, also a wrong one: put together they are the text.
PIECES = re.compile(
    r"""(?P<value>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|\b\d+(?:\.\d+)?\b)
      | (?P<word>\b(?:AND|OR|NOT|IN|IS|NULL|BETWEEN|STARTS_WITH|CONTAINS|ORDER\s+BY|GROUP\s+BY|ASC|
      DESC|TRUE|FALSE)\b|\bNOW\b(?=\s*\()|\bCOUNT\b(?=\s*\(\s*\*)|\bLIMIT\b(?=\s+\d+\s*$))
      | (?P<name>`[^`]*`|[A-Za-z_][A-Za-z0-9_.-]*)
      | (?P<other>\s+|.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def named(attribute: str) -> str:
    is_plain = PLAIN_NAME.fullmatch(attribute) and attribute.upper() not in WORDS
    return attribute if is_plain else f"`{attribute}`"


def names(text: str) -> list[tuple[str, int]]:
    """Each attribute that the query names, with its offset: as the language reads it, where a word
    of its own may be a name too and no space need stand before one; of a wrong text, as it looks.
    """
    try:
        return sorted(_read(parse(text)), key=lambda one: one[1])
    except QueryError:
        return names_as_they_look(text)


def _read(query: nodes.Query) -> Iterator[tuple[str, int]]:
    waiting = [query.condition] if query.condition else []
    found = [one.name for one in query.order]
    found += [one.name if isinstance(one, nodes.WrittenBucket) else one for one in query.group]
    while waiting:
        match waiting.pop():
            case nodes.Negation(term):
                waiting.append(term)
            case nodes.Conjunction(terms) | nodes.Disjunction(terms):
                waiting.extend(terms)
            case predicate:
                found.append(predicate.name)
    return ((one.text, one.position) for one in found)


def names_as_they_look(text: str) -> list[tuple[str, int]]:
    return [
        (match.group().strip("`"), match.start())
        for match in PIECES.finditer(text)
        if match.lastgroup == "name"
    ]


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def equals(attribute: str, value: Any) -> str:
    match value:
        case None:
            return f"{named(attribute)} IS NULL"
        case bool():
            return f"{named(attribute)} = {str(value).lower()}"
        case float():
            return f"{named(attribute)} = {_decimal(value)}"
        case int():
            return f"{named(attribute)} = {value}"
        case _:
            return f"{named(attribute)} = {quoted(str(value))}"


def _decimal(value: float) -> str:
    """The language knows no exponents, and takes what has very many digits only as a text."""
    digits = format(Decimal(repr(value)), "f")
    return digits if len(digits) <= DIGITS_MAX else quoted(repr(value))


def among(attribute: str, values: Iterable[str]) -> str:
    return f"{named(attribute)} IN ({', '.join(map(quoted, values))})"


def grouped_by(attribute: str, ours: bool) -> str:
    """Our engine counts the largest groups where there are more than an answer holds; of another
    server that is not asked."""
    largest = f" ORDER BY COUNT(*) DESC LIMIT {GROUPS_MAX}" if ours else ""
    return f"GROUP BY {named(attribute)}{largest}"


def before(attribute: str, at: datetime) -> str:
    return f"{named(attribute)} < {quoted(at.strftime('%Y-%m-%dT%H:%M:%S.%fZ'))}"


def narrowed(query: str, condition: str) -> str:
    """`query` holds conditions only."""
    return f"({query}) AND {condition}" if query else condition


def trouble_with(query: str) -> str:
    """Why a page that groups and orders by itself cannot take it."""
    try:
        parsed = parse(query)
    except QueryError as error:
        at = "" if error.position is None else f"Position {error.position + 1}: "
        return f"{at}{error.message}."
    if parsed.group or parsed.order:
        return "Give conditions only: this page groups by itself."
    return ""
