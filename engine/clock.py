"""The only readers of time, identity and chance in the engine."""

from __future__ import annotations

import time
import uuid
from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """Nanoseconds since the epoch."""

    def new_id(self) -> str:
        """A fresh UUID in text form."""


class SystemClock:
    def now(self) -> int:
        return time.time_ns()

    def new_id(self) -> str:
        return str(uuid.uuid4())  # noqa: TID251  this is the place
