"""The text of a query, as one types it: coloured pieces, chips, and the same query sorted another
way. Pure.

It reads any text, also a wrong one, and promises only that the pieces put together are the text.
"""

import re
from dataclasses import dataclass
from itertools import groupby

from console.gateway.conditions import PIECES, named, quoted

LENGTH_MAX = 4_000
ID_LENGTH_MAX = 1_000
#: types of attributes by which nothing can be sorted
UNSORTABLE = frozenset({"Text", "KeywordList"})
#: and those of which many have the very same value; of numbers, those that people give as numbers
FILTERS = frozenset({"Keyword", "KeywordList", "Bool", "Int"})
BARE = frozenset({"Bool", "Int"})

_NAME, _WAY = r"(?:`[^`]+`|[A-Za-z_][A-Za-z0-9_.]*)", r"(?:\s+(?:ASC|DESC))?"
#: the first attribute, its direction, and the other attributes
ORDER = re.compile(
    rf"\s*\bORDER\s+BY\s+({_NAME})(?:\s+(ASC|DESC))?((?:\s*,\s*{_NAME}{_WAY})*)\s*$", re.IGNORECASE
)
ORDER_BEGUN = re.compile(r"\bORDER\s+BY\b", re.IGNORECASE)
AND = re.compile(r"AND", re.IGNORECASE)
#: What begins as one end of a range: the attribute, and from which side.
BOUND = re.compile(r"`?([A-Za-z_][\w.-]*)`?\s*([<>])=?(?![<>=])")

#: attribute -> the words of the chip
LABELS = {
    "ExecutionStatus": "Status",
    "WorkflowType": "Type",
    "WorkflowId": "Workflow id",
    "RunId": "Run id",
    "ActivityType": "Type of activity",
    "ActivityId": "Activity id",
    "OperationId": "Operation id",
    "StartTime": "Started",
    "CloseTime": "Closed",
    "TaskQueue": "Task queue",
    "FailingActivityCount": "Failing activities",
    "ActivityAttemptMax": "Attempt",
    "NextRetryTime": "Next try",
    "LastFailureMessage": "Failure",
    "MemoText": "Memo",
    "MemoFields": "Fields of the memo",
    "ExecutionDuration": "Duration",
}
OPERATORS = {
    "=": "is",
    "!=": "is not",
    "in": "in",
    "starts_with": "starts with",
    "contains": "contains",
    "or": "or",
}


@dataclass(frozen=True, slots=True)
class Piece:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the query that stands alone. `without` is the query when it is taken out."""

    pieces: tuple[Piece, ...]
    without: str


@dataclass(frozen=True, slots=True)
class Order:
    """`then`: by what else those are sorted that are equal in it, as it is written."""

    attribute: str
    descending: bool
    then: str = ""


def pieces(text: str, wrong_at: int | None = None) -> list[Piece]:
    """Coloured pieces; the one at `wrong_at` (an offset) is the error."""
    found: list[Piece] = []
    for match in PIECES.finditer(text):
        kind = match.lastgroup or "other"
        wrong = wrong_at is not None and match.start() <= wrong_at < match.end()
        found.append(Piece("error" if wrong else kind, match.group()))
    return [
        Piece(kind, "".join(one.text for one in run))
        for kind, run in groupby(found, lambda one: one.kind)
    ]


def place_of(text: str, word: str) -> int | None:
    """Where this word of the language stands first, as an offset."""
    for match in PIECES.finditer(text):
        if match.lastgroup == "word" and " ".join(match.group().upper().split()) == word:
            return match.start()
    return None


def order_of(text: str) -> Order | None:
    match = ORDER.search(text)
    if match is None:
        return None
    return Order(match[1].strip("`"), (match[2] or "").upper() == "DESC", match[3].strip(" ,\n\t"))


def without_order(text: str) -> str:
    return ORDER.sub("", text)


def ordered(text: str, attribute: str, descending: bool) -> str:
    return f"{without_order(text)} ORDER BY {attribute} {'DESC' if descending else 'ASC'}".strip()


@dataclass(frozen=True, slots=True)
class Sorting:
    """How a list stands by one attribute, in the words of ARIA; `turned` is its query the other way
    round."""

    turned: str
    word: str = ""
    arrow: str = ""


def sorting(text: str, attribute: str) -> Sorting:
    order = order_of(text)
    is_this = order is not None and order.attribute == attribute
    down = is_this and order is not None and order.descending
    turned = ordered(text, name_in_query(attribute), not down)
    if not is_this:
        return Sorting(turned)
    return Sorting(turned, *(("descending", "↓") if down else ("ascending", "↑")))


def name_in_query(name: str) -> str:
    return named(name)


def narrowed(text: str, condition: str) -> str:
    """The query and one condition more; its order stays."""
    order = ORDER.search(text)
    rest = without_order(text).strip()
    joined = (
        f"({rest}) AND {condition}"
        if re.search(r"\bOR\b", rest, re.IGNORECASE)
        else f"{rest} AND {condition}"
    )
    return (joined if rest else condition) + (f" {order.group().strip()}" if order else "")


def equal(attribute: str, kind: str, value: str) -> str:
    """The condition that a cell of this value leads to."""
    return f"{name_in_query(attribute)} = {value if kind in BARE else quoted(value)}"


def changed(text: str, at: int, condition: str) -> str:
    """The query with another condition in place of the one at `at`; all else stays as it is."""
    order = ORDER.search(text)
    parts = _conjuncts(without_order(text).strip())
    mine = _grouped(parts)[at]
    if condition == _joined(parts, mine):
        return text
    is_loose = len(parts) > len(mine) and _split(condition)[1]
    parts[mine[0]] = f"({condition})" if is_loose else condition
    kept = [here for here in range(len(parts)) if here not in mine[1:]]
    return _joined(parts, kept) + (f" {order.group().strip()}" if order else "")


def chips(text: str) -> list[Chip]:
    """One for each part between the outermost ANDs, both ends of a range as one, and one for the
    order."""
    rest, order = without_order(text).strip(), order_of(text)
    parts = _conjuncts(rest)
    tail = text[len(without_order(text)) :].strip()
    found = []
    for mine in _grouped(parts):
        others = _joined(parts, [here for here in range(len(parts)) if here not in mine])
        told = _told([parts[here] for here in mine])
        found.append(Chip(told, " ".join(filter(None, [others, tail]))))
    if order:
        direction = "high to low" if order.descending else "low to high"
        sort = (
            Piece("soft", "Sort"),
            Piece("name", label(order.attribute)),
            Piece("soft", direction),
            *([Piece("soft", "then"), *_words(order.then)] if order.then else ()),
        )
        found.append(Chip(sort, rest))
    return found


def conditions(text: str) -> list[str]:
    """What each chip stands for, as it is written."""
    parts = _conjuncts(without_order(text).strip())
    return [_joined(parts, mine) for mine in _grouped(parts)]


def label(attribute: str) -> str:
    return LABELS.get(attribute, attribute)


def _conjuncts(text: str) -> list[str]:
    """A query of ORs is one part."""
    parts, loose_or = _split(text)
    return [text] if loose_or and text else [part.strip() for part in parts if part.strip()]


def _grouped(parts: list[str]) -> list[list[int]]:
    """Which parts are a chip together: of one attribute the end from below and the one from above,
    wherever they stand."""
    groups: list[list[int]] = []
    begun: dict[tuple[str, str], list[int]] = {}
    for here, part in enumerate(parts):
        bound = BOUND.match(part)
        name, side = bound.groups() if bound else ("", "")
        if mine := begun.pop((name, "<" if side == ">" else ">"), None):
            mine.append(here)
            continue
        groups.append([here])
        if bound:
            begun[name, side] = groups[-1]
    return groups


def _joined(parts: list[str], places: list[int]) -> str:
    return " AND ".join(parts[here] for here in places)


def _split(text: str) -> tuple[list[str], bool]:
    """At AND outside parentheses, where BETWEEN keeps its own; and whether an OR stands there."""
    parts: list[str] = [""]
    depth, is_between, loose_or = 0, False, False
    for match in PIECES.finditer(text):
        piece, is_word = match.group(), match.lastgroup == "word"
        depth += (piece == "(") - (piece == ")")
        is_and = is_word and AND.fullmatch(piece) is not None
        if is_and and depth == 0 and not is_between:
            parts.append("")
            continue
        is_between = not is_and and (is_between or (is_word and piece.upper() == "BETWEEN"))
        loose_or = loose_or or (is_word and depth == 0 and piece.upper() == "OR")
        parts[-1] += piece
    return parts, loose_or


def _told(parts: list[str]) -> tuple[Piece, ...]:
    """The other end of a range does not name the attribute again."""
    first, *others = map(_words, parts)
    for words in others:
        first += (Piece("soft", "and"), *words[1:])
    return first


def _words(part: str) -> tuple[Piece, ...]:
    """The chip's text: no brackets, and a comma stands with what it follows."""
    found: list[Piece] = []
    for piece in pieces(part):
        text = piece.text.strip().strip("()").strip()
        if text == "," and found:
            found[-1] = Piece(found[-1].kind, found[-1].text + ",")
        elif text:
            found.append(_word(Piece(piece.kind, text)))
    return tuple(found)


def _word(piece: Piece) -> Piece:
    text = piece.text.strip()
    match piece.kind:
        case "name":
            return Piece("name", label(text.strip("`")))
        case "value":
            return Piece("value", text.strip("'\"").removesuffix("T00:00:00Z"))
        case _:
            return Piece("soft", OPERATORS.get(text.lower(), text.lower()))
