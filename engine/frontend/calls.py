"""The call under way: how long its caller will wait, and what it said in its headers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

# Answered this long before the caller gives up, so that the answer still arrives.
MARGIN_SECONDS = 0.5

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)
_headers: ContextVar[Mapping[str, str]] = ContextVar("headers", default=MappingProxyType({}))


def begin(seconds_left: float | None, headers: Mapping[str, str]) -> None:
    now = asyncio.get_running_loop().time()
    _ends_at.set(None if seconds_left is None else now + seconds_left)
    _headers.set(headers)


def seconds_left(most: float) -> float:
    """How long a long poll may last: `most`, or less if its caller's deadline is nearer."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return most
    left = ends_at - asyncio.get_running_loop().time()
    return max(0.0, min(most, left - MARGIN_SECONDS))


def header(name: str) -> str:
    return _headers.get().get(name, "")
