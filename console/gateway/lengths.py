"""The protocol's durations as Python's, which are shorter."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

#: Added to a moment it is still one.
LENGTH_MAX = timedelta(days=7_000 * 365)


def length(duration: Duration) -> timedelta:
    if abs(duration.seconds) >= LENGTH_MAX.total_seconds():
        return LENGTH_MAX if duration.seconds > 0 else -LENGTH_MAX
    return duration.ToTimedelta()
