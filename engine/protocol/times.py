"""Nanoseconds, which the engine counts in, and the protocol's Timestamp and Duration."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

#: A hundred years: longer than anybody waits. A moment of this century with two of them still
#: goes into the 63 bits that the store has for it.
LONGEST_NS = 36_525 * 86_400 * 1_000_000_000


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


def nanoseconds(length: Duration) -> int:
    """Of a length that a caller gave: the protocol's may be ten thousand years, which is never."""
    given = length.ToNanoseconds()
    return min(LONGEST_NS, given)
