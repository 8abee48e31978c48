"""The only readers of time, identity and chance in the engine."""

from __future__ import annotations

import secrets
import time
import uuid
from typing import Protocol

RANDOM_BITS = 80


class Clock(Protocol):
    def now(self) -> int:
        """Nanoseconds since the epoch."""

    def new_id(self) -> str:
        """A fresh UUID in text form, of version 7."""


class SystemClock:
    def now(self) -> int:
        return time.time_ns()

    def new_id(self) -> str:
        """Version 7: ids of one time lie together, in the store's indexes too."""
        milliseconds = time.time_ns() // 1_000_000
        chance = secrets.randbits(RANDOM_BITS)
        number = (milliseconds << 80 | chance) & ~(0xF << 76 | 0x3 << 62)
        return str(uuid.UUID(int=number | 0x7 << 76 | 0x2 << 62))
