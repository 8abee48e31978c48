"""Every text that an event holds, with where it stands: what a search reads, what a comparison
compares.

Payloads are read where the console can, also when they are compressed; of the others only their
number is known.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache, partial
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload

from console.gateway import sight, texts
from console.gateway.events import Event, enum_word, has_attributes

JSON = frozenset({b"json/plain", b"json/protobuf"})
IN_CLEAR = JSON | {b"text/plain"}


class Leaf(NamedTuple):
    """`text` is None where it is a payload that the console cannot read."""

    path: str
    text: str | None


@dataclass(slots=True)
class Room:
    """How many bytes may yet come out of compressed payloads: a few letters can hold a million.

    `was_short`: some stayed as they were.
    """

    left: int = sight.INFLATED_BYTES_MAX
    was_short: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    room: Room
    leaves: list[Leaf] = field(default_factory=list)


def leaves(event: Event, room: Room | None = None) -> list[Leaf]:
    """In the protocol's order."""
    found = Gathered(room or Room())
    if has_attributes(event):
        _walk(event.attributes, "", found)
    if event.raw.HasField("user_metadata"):
        _walk(event.raw.user_metadata, "", found)
    return found.leaves


def leaves_seen(event: Event) -> list[Leaf]:
    """As this person may see them. What is kept for others, `leaves` reads."""
    if not sight.current().hidden:
        return leaves(event)
    return leaves(replace(event, raw=sight.current().as_seen(event.raw)))


def _walk(message: Message, prefix: str, found: Gathered) -> None:
    for descriptor, value in message.ListFields():
        name, read, shape = _plan(descriptor)
        path = prefix + name
        if shape is Shape.ONE:
            read(value, path, found)
        elif shape is Shape.MANY:
            for each in value:
                read(each, path, found)
        elif shape is Shape.MAP:
            for key, each in sorted(value.items()):
                read(each, f"{path}.{key}", found)


class Shape(Enum):
    ONE = "one"
    MANY = "many"
    MAP = "map"
    #: ids of other events lead to them, and are no text
    LEFT_OUT = "left out"


Reader = Callable[[Any, str, Gathered], None]


@cache
def _plan(field: FieldDescriptor) -> tuple[str, Reader, Shape]:
    """Descriptors are slow to ask; there are few of them."""
    if field.type == FieldDescriptor.TYPE_BYTES or field.name.endswith("event_id"):
        return field.json_name, _scalar, Shape.LEFT_OUT
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return field.json_name, _reader(kind.fields_by_name["value"]), Shape.MAP
    return field.json_name, _reader(field), Shape.MANY if field.is_repeated else Shape.ONE


def _reader(field: FieldDescriptor) -> Reader:
    if field.message_type is not None:
        return READERS.get(field.message_type.full_name, _nested)
    return _scalar if field.enum_type is None else partial(_enum, field)


def _nested(value: Message, path: str, found: Gathered) -> None:
    _walk(value, f"{path}.", found)


def _scalar(value: Any, path: str, found: Gathered) -> None:
    found.leaves.append(Leaf(path, str(value)))


def _enum(field: FieldDescriptor, value: int, path: str, found: Gathered) -> None:
    found.leaves.append(Leaf(path, _word(field, value)))


_word = cache(enum_word)


def _payload(value: Payload, path: str, found: Gathered) -> None:
    found.leaves.append(Leaf(path, said(value, found.room)))


def _duration(value: Duration, path: str, found: Gathered) -> None:
    found.leaves.append(Leaf(path, f"{value.seconds + value.nanos / 1e9:g} s"))


def _timestamp(value: Timestamp, path: str, found: Gathered) -> None:
    found.leaves.append(Leaf(path, value.ToJsonString()))


READERS: dict[str, Reader] = {
    Payload.DESCRIPTOR.full_name: _payload,
    Duration.DESCRIPTOR.full_name: _duration,
    Timestamp.DESCRIPTOR.full_name: _timestamp,
}


def said(payload: Payload, room: Room) -> str | None:
    """The text of a payload as a person would type it to find it; None where it is not in clear.

    What is read here may be kept, so no codec is asked for it.
    """
    one = sight.unpacked(payload, room.left)
    room.left -= 0 if one is payload else len(one.data)
    room.was_short |= sight.is_compressed(one)
    encoding = one.metadata.get("encoding", b"")
    if encoding == b"binary/null":
        return ""
    if encoding not in IN_CLEAR and not (encoding == b"binary/plain" and texts.is_text(one)):
        return None
    text = one.data.decode("utf-8", "replace")
    return _unescaped(text) if "\\" in text and encoding in JSON else text


def _unescaped(text: str) -> str:
    r"""SDKs write ü as \u00fc, and a quotation mark with a stroke before it."""
    try:
        plain = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return text
    return plain.replace('\\"', '"').replace("\\n", "\n")
