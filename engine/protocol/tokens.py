"""Tokens that callers carry from one call to the next: a version byte, then msgpack.

They are opaque, not secret: whatever a token says is checked again against the run's state.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from engine.errors import InvalidArgument

VERSION = b"\x01"
TOKEN_BYTES_MAX = 64 * 1024

Token = TypeVar("Token", bound=msgspec.Struct)


class TaskToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Names one attempt of one task; `activity_id` is empty for workflow tasks."""

    namespace_id: str
    workflow_id: str
    run_id: str
    scheduled_event_id: int
    started_event_id: int = 0
    attempt: int = 1
    activity_id: str = ""


class QueryToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`node` is where the question was opened; empty where there is one node only."""

    namespace_id: str
    queue: str
    query_id: str
    node: str = ""


class HistoryToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Events `next_event_id` up to `last_event_id` are still to be read.

    `held` are serialised events that follow the last one but are not in the history yet.
    `is_waiting`: when they are read, wait for more.
    """

    namespace_id: str
    workflow_id: str
    run_id: str
    next_event_id: int
    last_event_id: int
    is_waiting: bool = False
    held: tuple[bytes, ...] = ()


_encode = msgspec.msgpack.Encoder().encode


def encode(token: msgspec.Struct) -> bytes:
    return VERSION + _encode(token)


def decode(kind: type[Token], given: bytes, refusal: str) -> Token:
    """`refusal` is the message for a token that this engine did not make."""
    if given[:1] != VERSION or len(given) > TOKEN_BYTES_MAX:
        raise InvalidArgument(refusal)
    try:
        return msgspec.msgpack.decode(given[1:], type=kind)
    except msgspec.MsgspecError as broken:
        raise InvalidArgument(refusal) from broken


def task(given: bytes) -> TaskToken:
    if not given:
        raise InvalidArgument("Task token not set on request.")
    return decode(TaskToken, given, "Error deserializing task token.")


def history(given: bytes) -> HistoryToken:
    return decode(HistoryToken, given, "Invalid NextPageToken.")
