"""Every payload inside a protocol message, in an order that stays: its number is its address.

Search attributes are left out: they are the index, which no codec encodes and no mask covers.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes


def payloads_in(message: Message) -> Iterator[Payload]:
    return (payload for _, payload in named_in(message))


def named_in(message: Message, name: str = "") -> Iterator[tuple[str, Payload]]:
    """With the name under which it stands in a memo, a header or a map of details; or none."""
    if isinstance(message, Payload):
        yield name, message
        return
    if isinstance(message, SearchAttributes):
        return
    for descriptor, value in message.ListFields():
        if descriptor.type == FieldDescriptor.TYPE_MESSAGE:
            for key, one in _messages(value):
                yield from named_in(one, key)


def _messages(value: Any) -> Iterator[tuple[str, Message]]:
    if hasattr(value, "items"):
        pairs = sorted((str(key), one) for key, one in value.items())
        yield from ((key, one) for key, one in pairs if isinstance(one, Message))
    elif isinstance(value, Message):
        yield "", value
    else:
        yield from (("", one) for one in value)


def place_of(message: Message, payload: Payload, name: str) -> int | None:
    """Equal payloads have one number: whoever opens one sees what the other holds."""
    found = (at for at, one in enumerate(named_in(message)) if one == (name, payload))
    return next(found, None)
