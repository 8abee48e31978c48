"""A query whose `now()` is written out, so that it means the same at any time, and anywhere."""

import re
from collections.abc import Iterator
from datetime import datetime

from search.attributes import Attribute, ValueType
from search.query import nodes, values
from search.query.parser import parse

_STRING = r"""(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")"""
#: `now()` with its distance; what could hold one and is none comes first to be passed over.
_NOW = re.compile(
    rf"(?P<now>now\s*\(\s*\)(?:\s*[+-]\s*{_STRING})?)|{_STRING}|`[^`]+`|[a-z_][a-z0-9_.]*",
    re.IGNORECASE | re.DOTALL,
)
_TIME = Attribute("a time", ValueType.DATETIME)


def pinned(text: str, at: datetime) -> str:
    """Refuses with QueryError what does not parse, and a distance that is none."""
    found = {now.position: now for now in _nows(parse(text).condition)}

    def said(match: re.Match[str]) -> str:
        now = found.get(match.start()) if match["now"] else None
        return match[0] if now is None else f"'{_moment(now, at)}'"

    return _NOW.sub(said, text) if found else text


def _moment(now: nodes.Now, at: datetime) -> str:
    moment = values.read(_TIME, now, at)
    assert isinstance(moment, datetime), "a time is read as one"
    return moment.isoformat().replace("+00:00", "Z")


def _nows(condition: nodes.Condition | None) -> Iterator[nodes.Now]:
    match condition:
        case nodes.Conjunction(terms) | nodes.Disjunction(terms):
            for term in terms:
                yield from _nows(term)
        case nodes.Negation(term):
            yield from _nows(term)
        case nodes.Comparison(_, _, value):
            yield from _of(value)
        case nodes.Between(_, low, high):
            yield from _of(low, high)
        case nodes.Among(_, listed):
            yield from _of(*listed)


def _of(*written: nodes.Written) -> Iterator[nodes.Now]:
    return (one for one in written if isinstance(one, nodes.Now))
