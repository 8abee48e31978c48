"""The call under way: how long its caller will wait, and what it said in its headers.

Most calls ask for neither, so neither is read before somebody does.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Protocol

# Answered this long before the caller gives up, so that the answer still arrives.
MARGIN_SECONDS = 0.5


class Call(Protocol):
    """The part of gRPC's context that is asked for."""

    def time_remaining(self) -> float | None: ...

    def invocation_metadata(self) -> Any: ...


_under_way: ContextVar[Call | None] = ContextVar("under_way", default=None)


def begin(call: Call) -> None:
    _under_way.set(call)


def seconds_left(most: float) -> float:
    """How long a long poll may last: `most`, or less if its caller's deadline is nearer."""
    call = _under_way.get()
    left = None if call is None else call.time_remaining()
    if left is None:
        return most
    return max(0.0, min(most, left - MARGIN_SECONDS))


def remaining() -> float | None:
    """How long its caller waits; None: as long as it takes."""
    call = _under_way.get()
    return None if call is None else call.time_remaining()


def headers() -> Mapping[str, str | bytes]:
    call = _under_way.get()
    return {} if call is None else dict(call.invocation_metadata() or ())


def header(name: str) -> str:
    """Its value as text; empty if it is missing, or is no text."""
    call = _under_way.get()
    given = () if call is None else call.invocation_metadata() or ()
    return next((value for key, value in given if key == name and isinstance(value, str)), "")
