"""Paging by the server's tokens.

A token travels in the address as text; the pages behind travel with it.
"""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

SIZES = (25, 50, 100)
TOKEN_LENGTH_MAX = 4_000
BACK_MAX = 20
NUMBERED_ROWS = 100

T = TypeVar("T")


class BadToken(Exception):
    """The page token in the address was not made by this console."""


def token_text(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def token_bytes(text: str) -> bytes:
    if len(text) > TOKEN_LENGTH_MAX:
        raise BadToken
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadToken from error


def size_of(text: str | None) -> int:
    """One of the sizes that are offered; anything else is the first of them."""
    return int(text) if text in {str(size) for size in SIZES} else SIZES[0]


@dataclass(frozen=True, slots=True)
class Pager:
    """Where this page stands. `fixed` are the address's other parameters."""

    number: int
    size: int
    shown: int
    next_token: bytes
    fixed: Mapping[str, str | Sequence[str]]
    behind: tuple[str, ...] = ()
    here: str = ""

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.shown else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * self.size + self.shown

    @property
    def next_url(self) -> str:
        if not self.next_token:
            return ""
        behind = (*self.behind, self.here)[-BACK_MAX:]
        return self._url(self.number + 1, token_text(self.next_token), behind)

    @property
    def back_url(self) -> str:
        return self._url(self.number - 1, self.behind[-1], self.behind[:-1]) if self.behind else ""

    def _url(self, number: int, token: str, behind: tuple[str, ...]) -> str:
        moving = (
            {"page": str(number), "token": token, "behind": ".".join(behind)} if number > 1 else {}
        )
        return "?" + urlencode({**self.fixed, "size": str(self.size), **moving}, doseq=True)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Where a page of rows stands that are all there already: its address says a number only."""

    number: int
    size: int
    total: int
    #: of the number in the address, beside its other parameters
    name: str
    fixed: dict[str, str]

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.number * self.size, self.total)

    @property
    def shown(self) -> int:
        return self.last - self.first + 1 if self.total else 0

    @property
    def next_url(self) -> str:
        return self._url(self.number + 1) if self.last < self.total else ""

    @property
    def back_url(self) -> str:
        return self._url(self.number - 1) if self.number > 1 else ""

    @property
    def is_all(self) -> bool:
        return self.total <= self.size

    def _url(self, number: int) -> str:
        return "?" + urlencode(self.fixed | {self.name: str(number)})


def numbered(
    rows: Sequence[T], given: Mapping[str, str], name: str, beside: Collection[str] = ()
) -> tuple[Sequence[T], Numbered]:
    """One page of them. Where it has gone with its rows, the last that there is."""
    asked = given.get(name, "")
    number = int(asked) if asked.isdecimal() and len(asked) < 9 else 1
    last = max(1, -(-len(rows) // NUMBERED_ROWS))
    number = min(max(number, 1), last)
    fixed = {other: given[other] for other in beside if other in given}
    at = Numbered(number, NUMBERED_ROWS, len(rows), name, fixed)
    return rows[(number - 1) * NUMBERED_ROWS : number * NUMBERED_ROWS], at


def place(query: dict[str, str]) -> tuple[int, bytes, tuple[str, ...]]:
    """(page number, token, tokens behind) from an address. Raises BadToken."""
    token = token_bytes(query.get("token", ""))
    number = query.get("page", "1")
    behind = tuple(query["behind"].split(".")) if token and "behind" in query else ()
    return (int(number) if token and number.isdecimal() and len(number) < 9 else 1), token, behind
