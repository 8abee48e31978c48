"""Tokens that callers carry from one call to the next: a version byte, then msgpack.

They are opaque, not secret: whatever a token says is checked again against the run's state. What
could not be looked for at all is refused here, as it would take others down in its batch.
"""

from __future__ import annotations

import base64
from typing import TypeVar

import msgspec

from engine.errors import InvalidArgument
from engine.protocol.ids import is_uuid

_BAD_TASK = "Error deserializing task token."
_BAD_CALLER = "malformed callback token"
_BAD_PAGE = "Invalid NextPageToken."
VERSION = b"\x01"
#: Where a callback carries the token of its caller.
CALLER_HEADER = "temporal-callback-token"
TOKEN_BYTES_MAX = 64 * 1024

Token = TypeVar("Token", bound=msgspec.Struct)


class TaskToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Names one attempt of one task; `activity_id` is empty for workflow tasks.

    `started_at` tells a workflow task's start from one that was never stored, and a standalone
    activity's attempt from an earlier one of the same number; 0 for a workflow's activities.
    """

    namespace_id: str
    workflow_id: str
    run_id: str
    scheduled_event_id: int
    started_event_id: int = 0
    attempt: int = 1
    activity_id: str = ""
    started_at: int = 0


class QueryToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`node` is where the question was opened; empty where there is one node only."""

    namespace_id: str
    queue: str
    query_id: str
    node: str = ""


class CallerToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Names the Nexus operation that a run was started for, and the request that it was."""

    namespace_id: str
    workflow_id: str
    run_id: str
    scheduled_event_id: int
    request_id: str


class ChangeToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How much its owner knows of a run: for who waits for more."""

    run_id: str
    changes_count: int


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
    return _of_a_run(decode(TaskToken, given, _BAD_TASK), _BAD_TASK)


def history(given: bytes) -> HistoryToken:
    return _of_a_run(decode(HistoryToken, given, _BAD_PAGE), _BAD_PAGE)


def caller(given: str) -> CallerToken:
    """As a header carries it."""
    try:
        decoded = base64.urlsafe_b64decode(given)
    except ValueError as broken:
        raise InvalidArgument(_BAD_CALLER) from broken
    return _of_a_run(decode(CallerToken, decoded, _BAD_CALLER), _BAD_CALLER)


def for_header(token: CallerToken) -> str:
    return base64.urlsafe_b64encode(encode(token)).decode()


OfRun = TypeVar("OfRun", TaskToken, HistoryToken, CallerToken)


def _of_a_run(token: OfRun, refusal: str) -> OfRun:
    texts = (token.namespace_id, token.workflow_id)
    if not is_uuid(token.run_id) or any("\0" in text for text in texts):
        raise InvalidArgument(refusal)
    return token
