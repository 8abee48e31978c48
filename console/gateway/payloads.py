"""Payload -> something a person can read, and a person's JSON -> Payload.

Never raises on what it reads.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure as FailureMessage

PREVIEW_BYTES_MAX = 256 * 1024
CAUSES_MAX = 16


@dataclass(frozen=True, slots=True)
class Value:
    """One payload, decoded as far as it goes. `readable` is false when only its bytes are known."""

    encoding: str
    size: int
    content: Any
    readable: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    type: str
    message: str
    stack: str
    source: str
    retryable: bool
    details: tuple[Value, ...]
    cause: "Failure | None"


def readable(payload: Payload) -> Value:
    encoding = payload.metadata.get("encoding", b"").decode("utf-8", "replace")
    size = len(payload.data)
    if size > PREVIEW_BYTES_MAX:
        return Value(encoding, size, None, False, "too large to show here")
    if encoding == "binary/null":
        return Value(encoding, size, None)
    if encoding in {"json/plain", "json/protobuf"}:
        try:
            return Value(encoding, size, json.loads(payload.data))
        except ValueError:
            return Value(encoding, size, None, False, "says it is JSON, and is not")
    if encoding == "binary/encrypted":
        return Value(encoding, size, None, False, "encrypted; the console has no key")
    return Value(
        encoding or "none", size, None, False, "bytes of an encoding that the console cannot read"
    )


def values(payloads: Payloads | Iterable[Payload]) -> tuple[Value, ...]:
    each = payloads.payloads if isinstance(payloads, Payloads) else payloads
    return tuple(readable(payload) for payload in each)


def contents(fields: Iterable[tuple[str, Payload]]) -> dict[str, Any]:
    """Search attributes or memo by name; Datetime attributes become datetimes."""
    return {name: _attribute(payload) for name, payload in sorted(fields)}


def _attribute(payload: Payload) -> Any:
    content = readable(payload).content
    if payload.metadata.get("type", b"") == b"Datetime" and isinstance(content, str):
        try:
            return datetime.fromisoformat(content)
        except ValueError:
            return content
    return content


def encoded(arguments: Sequence[Any]) -> Payloads:
    return Payloads(
        payloads=[
            Payload(
                metadata={"encoding": b"json/plain"},
                data=json.dumps(one, separators=(",", ":")).encode(),
            )
            for one in arguments
        ]
    )


def failure(message: FailureMessage, depth: int = 0) -> Failure:
    kind = message.WhichOneof("failure_info") or ""
    info = getattr(message, kind) if kind else None
    return Failure(
        type=getattr(info, "type", "") or _failure_kind(kind),
        message=message.message,
        stack=message.stack_trace,
        source=message.source,
        retryable=not getattr(info, "non_retryable", False),
        details=values(info.details) if info is not None and hasattr(info, "details") else (),
        cause=failure(message.cause, depth + 1)
        if message.HasField("cause") and depth < CAUSES_MAX
        else None,
    )


def root_cause(found: Failure) -> Failure:
    while found.cause is not None:
        found = found.cause
    return found


def _failure_kind(field: str) -> str:
    return "".join(part.capitalize() for part in field.removesuffix("_info").split("_"))


def moment(stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(UTC) if stamp.seconds or stamp.nanos else None


def span(duration: Duration) -> timedelta | None:
    return duration.ToTimedelta() if duration.seconds or duration.nanos else None


def stamp(at: datetime) -> Timestamp:
    result = Timestamp()
    result.FromDatetime(at)
    return result


def plain(message: Any) -> dict[str, Any]:
    """A message as a person reads it: payloads decoded in place, the rest by its protocol names."""
    result: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=False)
    return result
