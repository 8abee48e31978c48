"""States, marks and deliveries as bytes, and back; versioned by their first byte.

Protocol messages inside of them are kept as their own serialised form.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from google.protobuf.message import Message

from engine.core.effects import (
    CancelExternal,
    CancelOperation,
    CloseChild,
    Delivery,
    SignalExternal,
    StartChild,
    StartOperation,
    TellCaller,
    TellParent,
    TellSchedule,
)
from engine.core.marks import Mark
from engine.core.schedule.state import ScheduleState
from engine.core.state import RunState

PLAIN, DEFLATED = b"\x01", b"\x02"
DEFLATE_BYTES_MIN = 512
DEFLATE_LEVEL = 1
_MAGNIFIED_BYTES_MAX = 256 * 1024 * 1024


class Unreadable(Exception):
    """Bytes of a version that this engine does not know."""


def to_bytes(value: Any) -> Any:
    """For msgspec: what it does not know itself."""
    if isinstance(value, Message):
        return value.SerializeToString()
    raise NotImplementedError(type(value))


def from_bytes(wanted: type, value: Any) -> Any:
    if issubclass(wanted, Message):
        return wanted.FromString(value)
    raise NotImplementedError(wanted)


_encoder = msgspec.msgpack.Encoder(enc_hook=to_bytes)
_states = msgspec.msgpack.Decoder(RunState, dec_hook=from_bytes)
_marks = msgspec.msgpack.Decoder(list[tuple[int, Mark]], dec_hook=from_bytes)
_schedules = msgspec.msgpack.Decoder(ScheduleState, dec_hook=from_bytes)
_deliveries: dict[str, msgspec.msgpack.Decoder[Any]] = {
    kind.__name__: msgspec.msgpack.Decoder(kind, dec_hook=from_bytes)
    for kind in (
        StartChild, SignalExternal, CancelExternal, TellParent, CloseChild, TellSchedule,
        StartOperation, CancelOperation, TellCaller,
    )
}  # fmt: skip


def _pack(value: Any) -> bytes:
    encoded = _encoder.encode(value)
    if len(encoded) < DEFLATE_BYTES_MIN:
        return PLAIN + encoded
    return DEFLATED + zlib.compress(encoded, DEFLATE_LEVEL)


def _unpack(stored: bytes) -> bytes:
    version, body = stored[:1], stored[1:]
    if version == PLAIN:
        return body
    if version == DEFLATED:
        return zlib.decompressobj().decompress(body, _MAGNIFIED_BYTES_MAX)
    raise Unreadable(f"state or mark of unknown version {version!r}")


def encode_state(state: RunState) -> bytes:
    return _pack(state)


def decode_state(stored: bytes) -> RunState:
    return _states.decode(_unpack(stored))


def encode_marks(marks: list[tuple[int, Mark]]) -> bytes:
    return _pack(marks)


def decode_marks(stored: bytes) -> list[tuple[int, Mark]]:
    return _marks.decode(_unpack(stored))


def encode_schedule(state: ScheduleState) -> bytes:
    return _pack(state)


def decode_schedule(stored: bytes) -> ScheduleState:
    return _schedules.decode(_unpack(stored))


def encode_delivery(delivery: Delivery) -> bytes:
    return _pack((type(delivery).__name__, _encoder.encode(delivery)))


def decode_delivery(stored: bytes) -> Delivery:
    kind, body = msgspec.msgpack.decode(_unpack(stored))
    found: Delivery = _deliveries[kind].decode(body)
    return found
