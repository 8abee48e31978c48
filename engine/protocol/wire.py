"""Messages put together from parts that are serialised already.

A message's bytes followed by one more encoded field is again a message: an event that was
serialised for the store goes into every answer as it is, and is never parsed on the way.
"""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message

LENGTH_DELIMITED = 2


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | LENGTH_DELIMITED) + varint(len(content)) + content


EVENTS_TAG = varint(1 << 3 | LENGTH_DELIMITED)


def history(events: Iterable[bytes]) -> bytes:
    """A serialised `temporal.api.history.v1.History` of serialised events."""
    parts: list[bytes] = []
    for event in events:
        parts += (EVENTS_TAG, varint(len(event)), event)
    return b"".join(parts)


def with_field(message: Message, name: str, content: bytes) -> bytes:
    """`message` serialised, with the sub-message `content` as its field `name`."""
    number = message.DESCRIPTOR.fields_by_name[name].number
    return message.SerializeToString() + field(number, content)
