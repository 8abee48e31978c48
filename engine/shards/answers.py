"""What a message from run to run was answered with, as bytes between two nodes."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.core.inputs import (
    ChildStarted,
    ChildStartFailed,
    CompletionAnswered,
    ExternalAnswered,
    Input,
    OperationCancelTaken,
    OperationEnded,
    OperationFaltered,
    OperationStarted,
)
from engine.store.codec import from_bytes, to_bytes

_encode = msgspec.msgpack.Encoder(enc_hook=to_bytes).encode
_decode = msgspec.msgpack.decode
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        ChildStarted,
        ChildStartFailed,
        CompletionAnswered,
        ExternalAnswered,
        OperationCancelTaken,
        OperationEnded,
        OperationFaltered,
        OperationStarted,
    )
}


def encode(answer: Input | None) -> bytes:
    return b"" if answer is None else _encode((type(answer).__name__, _encode(answer)))


def decode(given: bytes) -> Input | None:
    if not given:
        return None
    kind, body = _decode(given, type=tuple[str, bytes])
    answer: Input = _decode(body, type=_KINDS[kind], dec_hook=from_bytes)
    return answer
