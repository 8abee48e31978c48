"""Waiting for what becomes true by itself: with a deadline, saying what was seen last.

    count = eventually(lambda: reader.count(), lambda seen: seen == 3)
    await eventually_async(has_closed, within=10)

A check that raises AssertionError, or gives something that is not wanted, is tried again.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

WITHIN_SECONDS = 10.0
POLL_SECONDS = 0.02

Seen = TypeVar("Seen")


def eventually(
    check: Callable[[], Seen],
    wanted: Callable[[Seen], object] = bool,
    *,
    within: float = WITHIN_SECONDS,
    every: float = POLL_SECONDS,
) -> Seen:
    never = threading.Event()
    deadline = monotonic() + within
    while True:
        try:
            seen = check()
            if wanted(seen):
                return seen
            last = f"last seen: {seen!r}"
        except AssertionError as refused:
            last = f"last refused: {refused}"
        if monotonic() > deadline:
            raise AssertionError(f"not within {within} s; {last}")
        never.wait(every)


async def eventually_async(
    check: Callable[[], Awaitable[Seen]],
    wanted: Callable[[Seen], object] = bool,
    *,
    within: float = WITHIN_SECONDS,
    every: float = POLL_SECONDS,
) -> Seen:
    deadline = monotonic() + within
    while True:
        try:
            seen = await check()
            if wanted(seen):
                return seen
            last = f"last seen: {seen!r}"
        except AssertionError as refused:
            last = f"last refused: {refused}"
        if monotonic() > deadline:
            raise AssertionError(f"not within {within} s; {last}")
        await asyncio.sleep(every)
