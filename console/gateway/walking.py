"""Every payload inside a protocol message, in an order that stays: its number is its address.

Search attributes are left out: they are the index, which no codec encodes and no mask covers.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes


def payloads_in(message: Message) -> Iterator[Payload]:
    if isinstance(message, Payload):
        yield message
        return
    if isinstance(message, SearchAttributes):
        return
    for descriptor, value in message.ListFields():
        if descriptor.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        for one in _messages(descriptor, value):
            yield from payloads_in(one)


def _messages(descriptor: FieldDescriptor, value: Any) -> Iterator[Message]:
    if hasattr(value, "items"):
        yield from (one for _, one in sorted(value.items()) if isinstance(one, Message))
    elif isinstance(value, Message):
        yield value
    else:
        yield from value


def number_of(message: Message, payload: Payload) -> int | None:
    """Equal payloads have the same number: whoever opens one sees what the other holds."""
    found = (at for at, one in enumerate(payloads_in(message)) if one == payload)
    return next(found, None)
