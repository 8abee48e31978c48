"""Nanoseconds, which the engine counts in, and the protocol's Timestamp and Duration."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(at: int) -> Timestamp | None:
    """None for 0, the engine's "never": the field stays unset."""
    if not at:
        return None
    stamp = Timestamp()
    stamp.FromNanoseconds(at)
    return stamp


def duration(nanoseconds: int) -> Duration:
    length = Duration()
    length.FromNanoseconds(nanoseconds)
    return length
