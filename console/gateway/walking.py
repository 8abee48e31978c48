"""Every payload inside a protocol message, in an order that stays: its number is its address.

    payloads ──▶ search attributes ──▶ words of failures

Search attributes come after the others: they are the index, which no codec encodes. The words of a
failure that are in the clear come last: masks reach them like those that an SDK has encoded.
"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.failure.v1 import Failure

#: the field that a failure's words lie under, to a mask
FAILURE = "failure"
ENCODED_WORDS: Final = "encoded_attributes"

Named = tuple[str, Payload]


def payloads_in(message: Message) -> Iterator[Payload]:
    """Those that a codec may have encoded."""
    return (payload for _, payload in _payloads(message))


def named_in(message: Message) -> Iterator[Named]:
    """With the name under which it stands in a memo, a header or a map of details; or none."""
    return chain(_payloads(message), _attributes(message))


def numbered_in(message: Message) -> Iterator[Named]:
    """All that has an address: also words that are no payload in the message itself."""
    return chain(named_in(message), ((FAILURE, words(one)) for one in spoken_in(message)))


def spoken_in(message: Message) -> Iterator[Failure]:
    """The failures, and their causes, whose words are in the clear."""
    if isinstance(message, Failure) and not message.HasField(ENCODED_WORDS):
        yield message
    for _, _, one in _children(message):
        yield from spoken_in(one)


def words(failure: Failure) -> Payload:
    """As SDKs encode them."""
    if failure.HasField(ENCODED_WORDS):
        return failure.encoded_attributes
    said = {"message": failure.message, "stack_trace": failure.stack_trace}
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(said).encode())


def _payloads(message: Message, name: str = "") -> Iterator[Named]:
    if isinstance(message, Payload):
        yield name, message
    elif not isinstance(message, SearchAttributes):
        for field, key, one in _children(message):
            yield from _payloads(one, FAILURE if field == ENCODED_WORDS else key)


def _attributes(message: Message) -> Iterator[Named]:
    if isinstance(message, SearchAttributes):
        yield from sorted(message.indexed_fields.items())
    elif not isinstance(message, Payload):
        for _, _, one in _children(message):
            yield from _attributes(one)


def _children(message: Message) -> Iterator[tuple[str, str, Message]]:
    """(its field, its key in a map, itself)"""
    for descriptor, value in message.ListFields():
        if descriptor.type == FieldDescriptor.TYPE_MESSAGE:
            for key, one in _messages(value):
                yield descriptor.name, key, one


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
    found = (at for at, one in enumerate(numbered_in(message)) if one == (name, payload))
    return next(found, None)
