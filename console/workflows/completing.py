"""What may come next in a query that is being typed: names, operators, values. Pure.

The grammar says what kind of word may stand at the caret; the namespace says which there are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from console.gateway import conditions
from console.gateway import query as queries
from console.gateway.namespaces import Attributes
from console.workflows.table import UNSORTABLE
from search.attributes import STATUSES, ValueType
from search.query.check import OPERATORS
from search.query.expecting import expected

OFFERS_MAX = 12
MOMENTS = ("now() - '1h'", "now() - '24h'", "now() - '7d'", "now() - '4w'", "now()")
DISTANCES = ("'15m'", "'1h'", "'24h'", "'7d'", "'4w'")
#: A terminal of the grammar -> what one writes there.
WORDS = {
    "AND": ("AND",),
    "OR": ("OR",),
    "IN": ("IN (",),
    "IS": ("IS NULL", "IS NOT NULL"),
    "BETWEEN": ("BETWEEN",),
    "STARTS_WITH": ("STARTS_WITH",),
    "CONTAINS": ("CONTAINS",),
    "BY": ("BY",),
    "ORDER": ("ORDER BY",),
    "ASC": ("ASC",),
    "DESC": ("DESC",),
    "NULL": ("NULL",),
}
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
QUOTES = frozenset({"'", '"', "`"})


@dataclass(frozen=True, slots=True)
class Offer:
    """Written over the text from `start` to `end`."""

    text: str
    note: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Typed:
    """The word at the caret as far as it is typed, and all that stands before it."""

    before: str
    word: str
    end: int
    quoted: bool


def offers(
    text: str, caret: int, attributes: Attributes, seen: Callable[[str], Iterable[str]]
) -> list[Offer]:
    """`seen` are known values of an attribute; it is asked only where one may stand.

    The caret and the ends of an offer are counted as browsers count: an emoji is two.
    """
    typed = _typed(text, _characters(text, max(caret, 0)))
    wanted = typed.word.casefold()
    found = [
        (word, note)
        for word, note in _words(typed, attributes, seen)
        if wanted in word.casefold() and word.strip() != typed.word
    ]
    found.sort(key=lambda one: not one[0].strip("'`").casefold().startswith(wanted))
    start = _units(typed.before)
    end = _units(text[: typed.end + text[typed.end :].startswith(" ")])
    return [Offer(word, note, start, end) for word, note in found[:OFFERS_MAX]]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, units: int) -> int:
    """Within an emoji: before it."""
    begun = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return len(begun.decode("utf-16-le", "ignore"))


def _typed(text: str, caret: int) -> Typed:
    begun = text[:caret]
    last = ("", 0)
    for match in conditions.PIECES.finditer(begun):
        if match.lastgroup == "other" and match.group() in QUOTES:
            # never closed: the caret stands inside of it
            end = caret + text[caret:].startswith(match.group())
            return Typed(begun[: match.start()], begun[match.end() :], end, match.group() != "`")
        last = (match.lastgroup or "", match.start())
    if last[0] not in {"name", "word"}:
        return Typed(begun, "", caret, False)
    rest = conditions.PIECES.match(text, last[1])
    end = rest.end() if rest and rest.lastgroup in {"name", "word"} else caret
    return Typed(begun[: last[1]], begun[last[1] :], max(end, caret), False)


def _words(
    typed: Typed, attributes: Attributes, seen: Callable[[str], Iterable[str]]
) -> Iterator[tuple[str, str]]:
    may = expected(typed.before)
    types = {**attributes.custom, **attributes.system}
    named = conditions.names(typed.before)
    name = named[-1][0] if named else ""
    kind = types.get(name, "")
    if "STRING" in may:
        yield from _values(name, kind, may, seen)
    if typed.quoted:
        return
    if "NAME" in may:
        yield from _names(typed.before, types)
    if "COMPARE" in may:
        yield from _comparisons(kind)
    known = _known(kind, attributes.ours)
    for terminal, words in WORDS.items():
        if terminal in may and terminal in known:
            yield from ((f"{word} ", "") for word in words)


def _names(before: str, types: dict[str, str]) -> Iterator[tuple[str, str]]:
    sorts = queries.ORDER_BEGUN.search(before)
    for name, kind in types.items():
        if not (sorts and kind in UNSORTABLE):
            yield f"{queries.name_in_query(name)} ", kind


def _values(
    name: str, kind: str, may: frozenset[str], seen: Callable[[str], Iterable[str]]
) -> Iterator[tuple[str, str]]:
    if "NUMBER" not in may:
        yield from ((f"{one} ", "") for one in DISTANCES)
    elif name == "ExecutionStatus":
        yield from ((f"'{one}' ", "status") for one in STATUSES[1:])
    elif kind == ValueType.BOOL:
        yield from (("true ", ""), ("false ", ""))
    elif kind == ValueType.DATETIME:
        yield from ((f"{one} ", "from now") for one in MOMENTS)
    else:
        yield from ((f"{conditions.quoted(one)} ", "seen") for one in seen(name))


def _comparisons(kind: str) -> Iterator[tuple[str, str]]:
    """What the type of the attribute can be asked."""
    known = OPERATORS[ValueType(kind)] if kind in set(ValueType) else set(COMPARISONS)
    return ((f"{one} ", "") for one in COMPARISONS if one in known)


def _known(kind: str, ours: bool) -> set[str]:
    """Another server has neither the one operator nor the order."""
    words = set(WORDS)
    if kind in set(ValueType):
        words -= {"IN", "BETWEEN", "STARTS_WITH", "CONTAINS"} - OPERATORS[ValueType(kind)]
    return words if ours else words - {"CONTAINS", "ORDER"}
