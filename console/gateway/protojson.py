"""JSON -> a protocol message, in each of the forms that histories are downloaded in.

As protobuf writes it; with enums by the name alone (`ActivityTaskScheduled`) or as a number; with
payloads in full or in the short form of the command line, where a value stands for itself. What
the protocol here does not know yet is left out: a newer server may have written the file. Every
other fault raises Unreadable with its place. Protobuf's own reader is a tenth as fast and names
no place.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads

DEPTH_MAX = 100
#: (what is filled, with what, how deep it stands)
Reader = Callable[[Any, Any, int], None]


class Unreadable(Exception):
    """`str()` says what is wrong, `path` where."""

    def __init__(self, says: str, path: str = "") -> None:
        super().__init__(says)
        self.says = says
        self.path = path

    def below(self, name: str) -> "Unreadable":
        return Unreadable(self.says, f"{name}.{self.path}" if self.path else name)


def fill(message: Message, content: Any, depth: int = 0) -> None:
    if not isinstance(content, dict):
        raise Unreadable(f"{_kind(content)} stands where an object must")
    if depth > DEPTH_MAX:
        raise Unreadable("it is nested too deep")
    fields = _fields(message.DESCRIPTOR)
    for name, value in content.items():
        field = fields.get(name)
        if field is None or value is None:
            continue
        try:
            _set(message, field, value, depth)
        except Unreadable as error:
            raise error.below(name) from None
        except (ValueError, TypeError, OverflowError) as error:
            raise Unreadable(f"{_short(value)} does not fit here", name) from error


def _set(message: Message, field: FieldDescriptor, value: Any, depth: int) -> None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        _fill_map(getattr(message, field.name), kind.fields_by_name["value"], value, depth)
    elif field.is_repeated:
        _fill_list(getattr(message, field.name), field, value, depth)
    elif kind is not None:
        _read_message(getattr(message, field.name), value, depth)
    else:
        setattr(message, field.name, _scalar(field)(value))


def _fill_map(target: Any, field: FieldDescriptor, value: Any, depth: int) -> None:
    if not isinstance(value, dict):
        raise Unreadable(f"{_kind(value)} stands where an object must")
    for key, each in value.items():
        try:
            if field.message_type is not None:
                _read_message(target[key], each, depth)
            else:
                target[key] = _scalar(field)(each)
        except Unreadable as error:
            raise error.below(key) from None


def _fill_list(target: Any, field: FieldDescriptor, value: Any, depth: int) -> None:
    if not isinstance(value, list):
        raise Unreadable(f"{_kind(value)} stands where a list must")
    for number, each in enumerate(value):
        try:
            if field.message_type is not None:
                _read_message(target.add(), each, depth)
            else:
                target.append(_scalar(field)(each))
        except Unreadable as error:
            raise error.below(str(number)) from None


def _read_message(target: Message, value: Any, depth: int) -> None:
    target.SetInParent()  # an empty message that is there is not one that is not
    read: Reader = READERS.get(target.DESCRIPTOR.full_name, fill)
    read(target, value, depth + 1)


def _payloads(target: Message, value: Any, depth: int) -> None:
    """In the short form a list of values, each for itself."""
    if isinstance(value, list):
        value = {"payloads": value}
    fill(target, value, depth)


def _payload(target: Message, value: Any, depth: int) -> None:
    if _is_payload(value):
        fill(target, value, depth)
        return
    assert isinstance(target, Payload)
    target.metadata["encoding"] = b"json/plain"
    if isinstance(value, dict) and "_protoMessageType" in value:
        value = dict(value)
        target.metadata["messageType"] = str(value.pop("_protoMessageType")).encode()
        target.metadata["encoding"] = b"json/protobuf"
    target.data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _is_payload(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= PAYLOAD_KEYS
        and isinstance(value.get("metadata", {}), dict)
        and isinstance(value.get("data", ""), str)
    )


PAYLOAD_KEYS = frozenset(Payload.DESCRIPTOR.fields_by_camelcase_name)


def _timestamp(target: Timestamp, value: Any, depth: int) -> None:
    found = TIME.fullmatch(_text(value))
    try:
        at = datetime.fromisoformat(found[1] + found[3].upper()) if found else None
    except ValueError:
        at = None
    if found is None or at is None:
        raise Unreadable(f"{_short(value)} is not a time")
    target.seconds = int(at.timestamp())
    target.nanos = int((found[2] or "").ljust(9, "0")[:9])


def _duration(target: Duration, value: Any, depth: int) -> None:
    found = SPAN.fullmatch(_text(value))
    if found is None:
        raise Unreadable(f"{_short(value)} is not a length of time")
    sign = -1 if found[1] else 1
    target.seconds = sign * int(found[2])
    target.nanos = sign * int((found[3] or "").ljust(9, "0")[:9])


TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")
SPAN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s")

READERS: dict[str, Reader] = {
    Payloads.DESCRIPTOR.full_name: _payloads,
    Payload.DESCRIPTOR.full_name: _payload,
    Timestamp.DESCRIPTOR.full_name: _timestamp,
    Duration.DESCRIPTOR.full_name: _duration,
}


@cache
def _fields(kind: Descriptor) -> dict[str, FieldDescriptor]:
    """By both of their names."""
    return {name: field for field in kind.fields for name in (field.json_name, field.name)}


@cache
def _scalar(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.enum_type is not None:
        return partial(_enum, field)
    return {
        FieldDescriptor.CPPTYPE_STRING: _bytes
        if field.type == FieldDescriptor.TYPE_BYTES
        else _text,
        FieldDescriptor.CPPTYPE_BOOL: _flag,
        FieldDescriptor.CPPTYPE_DOUBLE: float,
        FieldDescriptor.CPPTYPE_FLOAT: float,
    }.get(field.cpp_type, _whole)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{_kind(value)} stands where text must")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"{_kind(value)} stands where true or false must")
    return value


def _whole(value: Any) -> int:
    """64 bits come as text, since JavaScript's numbers are too short."""
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise Unreadable(f"{_short(value)} is not a whole number")
    return int(value)


def _bytes(value: Any) -> bytes:
    try:
        text = _text(value).replace("-", "+").replace("_", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise Unreadable(f"{_short(value)} is not base64") from error


@cache
def _words(field: FieldDescriptor) -> dict[str, int]:
    """EVENT_TYPE_TIMER_FIRED, and TimerFired for short."""
    assert field.enum_type is not None
    found: dict[str, int] = {}
    names = {one.name: one.number for one in field.enum_type.values}
    prefix = _prefix(list(names))
    for name, number in names.items():
        short = "".join(part.capitalize() for part in name.removeprefix(prefix).split("_"))
        found |= {name: number, short: number}
    return found


def _prefix(names: list[str]) -> str:
    """What all of them begin with, to the last stroke of it."""
    first, last = min(names), max(names)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("_", 0, same) + 1]


def _enum(field: FieldDescriptor, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _words(field).get(value) if isinstance(value, str) else None
    if number is None:
        assert field.enum_type is not None
        raise Unreadable(f"{_short(value)} is no {field.enum_type.name}")
    return number


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return kinds.get(type(value), "nothing" if value is None else "a number")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"
