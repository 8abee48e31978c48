"""Nanoseconds, which the engine counts in, and the protocol's Timestamp and Duration."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

#: A hundred years, as on the official server: longer than anybody waits. A moment of this century
#: with two of them still goes into the 63 bits that the store has for it.
LONGEST_SECONDS = 100 * 365 * 86_400
LONGEST_NS = LONGEST_SECONDS * 1_000_000_000


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
    return max(-LONGEST_NS, min(LONGEST_NS, given))


def bound(length: Duration) -> None:
    """In a message that is being built."""
    if length.seconds >= LONGEST_SECONDS:
        length.FromNanoseconds(LONGEST_NS)
