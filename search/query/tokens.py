"""Page tokens: where a list goes on.

A token holds the sort values of the last run of its page, so the next page begins after
that run whatever came and went meanwhile, and costs the same on page 1,000 as on the
first. It is the same for both backends. It also holds a digest of what it belongs to.
"""

import hashlib
from datetime import datetime

import msgspec

from search.attributes import Attribute, ValueType, micros
from search.query import nodes
from search.query.errors import BadPageToken
from search.records import VisibilityRecord

VERSION = 1
TOKEN_BYTES_MAX = 16 * 1024

#: A time in microseconds, a slot in its sortable text; None where the run has no value.
Place = tuple[int | str | None, ...]


class _Token(msgspec.Struct, array_like=True, frozen=True):
    version: int
    digest: bytes
    place: Place


def digest(namespace_id: str, query: str) -> bytes:
    given = f"{namespace_id}\n{query}".encode(errors="replace")
    return hashlib.blake2b(given, digest_size=8).digest()


def write(belongs: bytes, place: Place) -> bytes:
    return msgspec.msgpack.encode(_Token(VERSION, belongs, place))


def read(token: bytes, belongs: bytes, order: tuple[nodes.OrderKey, ...]) -> Place | None:
    """None for the first page."""
    if not token:
        return None
    try:
        if len(token) > TOKEN_BYTES_MAX:
            raise BadPageToken("this page token is too long")
        found = msgspec.msgpack.decode(token, type=_Token)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadPageToken("this page token is broken") from None
    if found.version != VERSION:
        raise BadPageToken("this page token is of another version", hint="start again")
    if found.digest != belongs:
        raise BadPageToken("this page token is of another query", hint="start again")
    if len(found.place) != len(order) or not all(map(_fits, order, found.place)):
        raise BadPageToken("this page token is broken")
    return found.place


def _fits(key: nodes.OrderKey, value: int | str | None) -> bool:
    if value is None:
        return True
    if key.attribute.column is not None and key.attribute.type in _NUMBERS:
        return isinstance(value, int) and abs(value) <= _MAGNITUDE_MAX
    return isinstance(value, str) and "\0" not in value


#: In columns; a value in a slot is always text.
_NUMBERS = {ValueType.INT, ValueType.DATETIME}
#: Of a count, and of microseconds that are still a time.
_MAGNITUDE_MAX = 2**55


def place_of(record: VisibilityRecord, order: tuple[nodes.OrderKey, ...]) -> Place:
    return tuple(_sort_value(record, key.attribute) for key in order)


def _sort_value(record: VisibilityRecord, attribute: Attribute) -> int | str | None:
    if attribute.column is None:
        value = record.custom.get(attribute.type, {}).get(attribute.name)
        assert not isinstance(value, list), "a list has no order"
        return value
    found: int | str | datetime | None = getattr(record, attribute.column)
    return micros(found) if isinstance(found, datetime) else found
