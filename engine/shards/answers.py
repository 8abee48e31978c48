"""What a message from run to run was answered with, as bytes between two nodes."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.core.inputs import ChildStarted, ChildStartFailed, ExternalAnswered, Input

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.decode
_KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (ChildStarted, ChildStartFailed, ExternalAnswered)
}


def encode(answer: Input | None) -> bytes:
    return b"" if answer is None else _encode((type(answer).__name__, _encode(answer)))


def decode(given: bytes) -> Input | None:
    if not given:
        return None
    kind, body = _decode(given, type=tuple[str, bytes])
    answer: Input = _decode(body, type=_KINDS[kind])
    return answer
