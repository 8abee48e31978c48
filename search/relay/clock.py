"""The relay's clock; nothing else in search asks the system for the time."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 (the clock)
