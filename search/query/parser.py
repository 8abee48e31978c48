"""Text -> tree as written, by the grammar beside this file.

The parser keeps its own stack, so that a deep text costs it no recursion; the tree it
builds is limited in depth and size, because those who walk it do recurse.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from search.query import nodes
from search.query.errors import QueryError

QUERY_LENGTH_MAX = 100_000
#: Of AND, OR and NOT inside one another. Elasticsearch's own limit is 30, of ours some
#: take two.
DEPTH_MAX = 12
PREDICATES_MAX = 500
VALUES_MAX = 1_000
ORDER_KEYS_MAX = 4
GROUP_KEYS_MAX = 2
#: Groups of one answer.
GROUPS_MAX = 1_000
DIGITS_MAX = 40


def parse(text: str) -> nodes.Query:
    if len(text) > QUERY_LENGTH_MAX:
        raise QueryError(
            f"the query has {len(text)} characters, {QUERY_LENGTH_MAX} are the most",
            hint="a list of this length is a job for a bulk operation",
        )
    try:
        query = grammar().parse(text)
    except UnexpectedToken as refused:
        _refuse_token(text, refused)
    except UnexpectedCharacters as refused:
        _refuse_characters(text, refused)
    assert isinstance(query, nodes.Query)
    _refuse_what_is_too_large(query)
    return query


_KEYS = (nodes.Name, nodes.WrittenBucket)
_Group = tuple[tuple[nodes.Name | nodes.WrittenBucket, ...], nodes.Literal | None]


@v_args(inline=True)
class _Nodes(Transformer[Token, nodes.Query]):
    """One method a rule of the grammar; lark calls them from the leaves up."""

    def query(
        self,
        condition: nodes.Condition | None,
        order: tuple[nodes.WrittenOrder, ...] | None,
        group: _Group | None,
    ) -> nodes.Query:
        keys, largest = group or ((), None)
        return nodes.Query(condition, order or (), keys, largest)

    def any_of(self, *terms: nodes.Condition) -> nodes.Condition:
        return nodes.Disjunction(terms)

    def all_of(self, *terms: nodes.Condition) -> nodes.Condition:
        return nodes.Conjunction(terms)

    def negation(self, term: nodes.Condition) -> nodes.Condition:
        return nodes.Negation(term)

    def comparison(
        self, name: nodes.Name, operator: Token, value: nodes.Written
    ) -> nodes.Condition:
        return nodes.Comparison(name, operator.upper(), value)

    def not_comparison(
        self, name: nodes.Name, operator: Token, value: nodes.Written
    ) -> nodes.Condition:
        return nodes.Negation(self.comparison(name, operator, value))

    def among(self, name: nodes.Name, values: tuple[nodes.Written, ...]) -> nodes.Condition:
        return nodes.Among(name, values)

    def not_among(self, name: nodes.Name, values: tuple[nodes.Written, ...]) -> nodes.Condition:
        return nodes.Negation(nodes.Among(name, values))

    def between(self, name: nodes.Name, low: nodes.Written, high: nodes.Written) -> nodes.Condition:
        return nodes.Between(name, low, high)

    def not_between(
        self, name: nodes.Name, low: nodes.Written, high: nodes.Written
    ) -> nodes.Condition:
        return nodes.Negation(nodes.Between(name, low, high))

    def present(self, name: nodes.Name) -> nodes.Condition:
        return nodes.Exists(name)

    def missing(self, name: nodes.Name) -> nodes.Condition:
        return nodes.Negation(nodes.Exists(name))

    def order(self, *keys: nodes.WrittenOrder) -> tuple[nodes.WrittenOrder, ...]:
        return keys

    def order_key(self, name: nodes.Name, direction: Token | None) -> nodes.WrittenOrder:
        return nodes.WrittenOrder(name, direction is not None and direction.type == "DESC")

    def group(self, *given: nodes.Name | nodes.WrittenBucket | Token | None) -> _Group:
        """The keys, and last how many groups."""
        *keys, number = given
        largest = _literal(number) if isinstance(number, Token) else None
        return tuple(key for key in keys if isinstance(key, _KEYS)), largest

    def bucket(self, name: nodes.Name, width: nodes.Written) -> nodes.WrittenBucket:
        return nodes.WrittenBucket(name, width)

    def name(self, token: Token) -> nodes.Name:
        return nodes.Name(token.strip("`"), _position(token))

    def values(self, *values: nodes.Written) -> tuple[nodes.Written, ...]:
        return values

    def value(self, token: Token) -> nodes.Literal:
        return _literal(token)

    def now(self, token: Token, sign: Token | None, distance: Token | None) -> nodes.Now:
        if sign is None or distance is None:
            return nodes.Now(_position(token))
        return nodes.Now(_position(token), "-" if sign == "-" else "+", _literal(distance))


@cache
def grammar() -> Lark:
    """Made for the first text: most processes that start never read one."""
    return Lark.open(
        "grammar.lark",
        rel_to=__file__,
        start="query",
        parser="lalr",
        maybe_placeholders=True,
        transformer=_Nodes(),
    )


def _position(token: Token) -> int:
    assert token.start_pos is not None, "lark numbers the characters of a text"
    return token.start_pos


def _literal(token: Token) -> nodes.Literal:
    value: str | int | float | bool
    match token.type:
        case "STRING":
            value = _unquoted(token)
        case "NUMBER":
            value = _number(token)
        case _:
            value = token.type == "TRUE"
    return nodes.Literal(value, _position(token))


def _number(token: Token) -> int | float:
    if len(token) > DIGITS_MAX:
        raise QueryError("this number has too many digits", _position(token))
    return float(token) if "." in token else int(token)


_ESCAPES: Mapping[str, str] = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPED = re.compile(r"\\(.)|''|\"\"", re.DOTALL)


def _unquoted(token: Token) -> str:
    quote = str(token)[:1]

    def plain(match: re.Match[str]) -> str:
        if match[1] is not None:
            return _ESCAPES.get(match[1], match[1])
        return quote if match[0] == quote * 2 else match[0]

    return _ESCAPED.sub(plain, token[1:-1])


def _refuse_token(text: str, refused: UnexpectedToken) -> NoReturn:
    token = refused.token
    if token.type == "$END":
        raise QueryError("the query ends too early", len(text), _expected(refused.accepts))
    word = str(token)
    if word.upper() == "LIKE":
        hint = "there is no LIKE: use STARTS_WITH or CONTAINS"
    elif token.type == "NAME" and "STRING" in refused.accepts:
        hint = f"a text stands in quotes: '{word[:40]}'"
    elif token.type == "COMPARE" and "BY" in refused.accepts:
        hint = "an attribute named like a word of the language stands in backquotes"
    else:
        hint = _expected(refused.accepts)
    raise QueryError(f"{word[:40]!r} cannot stand here", _position(token), hint)


def _refuse_characters(text: str, refused: UnexpectedCharacters) -> NoReturn:
    position = refused.pos_in_stream or 0
    character = text[position]
    if character in "'\"`":
        raise QueryError("this quote is never closed, or stands in a wrong place", position)
    raise QueryError(f"{character!r} cannot stand here", position, _expected(refused.allowed))


_WORDS: Mapping[str, str] = {
    "$END": "the end",
    "COMPARE": "= != < <= > >=",
    "STRING": "'text'",
    "NUMBER": "a number",
    "NAME": "a name",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "SIGN": "+ or -",
    "STAR": "'*'",
    "NOW": "now()",
}
_UNSAID = {"QUOTED_NAME"}


def _expected(terminals: Any) -> str:
    words = sorted(_WORDS.get(name, name) for name in set(terminals or ()) - _UNSAID)
    return f"expected: {', '.join(words)}" if words else ""


def _is_count(given: object) -> bool:
    return isinstance(given, int) and 1 <= given <= GROUPS_MAX


def _refuse_what_is_too_large(query: nodes.Query) -> None:
    if len(query.order) > ORDER_KEYS_MAX:
        place = query.order[ORDER_KEYS_MAX].name.position
        raise QueryError(f"ORDER BY takes {ORDER_KEYS_MAX} attributes at most", place)
    if len(query.group) > GROUP_KEYS_MAX:
        raise QueryError(f"GROUP BY takes {GROUP_KEYS_MAX} attributes at most")
    if query.largest is not None and not _is_count(query.largest.value):
        message = f"LIMIT takes a whole number from 1 to {GROUPS_MAX}"
        raise QueryError(message, query.largest.position)
    waiting = [(query.condition, 1)] if query.condition else []
    predicates = values = 0
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH_MAX:
            raise QueryError(f"more than {DEPTH_MAX} levels of AND, OR and NOT")
        match node:
            case nodes.Negation(term):
                waiting.append((term, depth + 1))
            case nodes.Conjunction(terms) | nodes.Disjunction(terms):
                waiting.extend((term, depth + 1) for term in terms)
            case nodes.Among(_, listed):
                predicates, values = predicates + 1, values + len(listed)
            case _:
                predicates += 1
    if predicates > PREDICATES_MAX:
        raise QueryError(f"the query has {predicates} comparisons, {PREDICATES_MAX} are the most")
    if values > VALUES_MAX:
        raise QueryError(f"the query lists {values} values, {VALUES_MAX} are the most")
