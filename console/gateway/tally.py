"""How many engine calls this request made, and how long they took.

Told to the browser as Server-Timing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter, thread_time

from django.http import HttpRequest, HttpResponse


@dataclass(slots=True)
class Tally:
    """`common`: how many of the calls were for what is kept a while and serves every page."""

    calls: int = 0
    seconds: float = 0.0
    common: int = 0


current: ContextVar[Tally | None] = ContextVar("engine_calls", default=None)


def add(seconds: float) -> None:
    if tally := current.get():
        tally.calls += 1
        tally.seconds += seconds


@contextmanager
def in_common() -> Iterator[None]:
    """Whichever request comes first when it has grown old makes the call: it is no page's own."""
    tally = current.get() or Tally()
    before = tally.calls
    try:
        yield
    finally:
        tally.common += tally.calls - before


class ServerTimingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        tally = Tally()
        token = current.set(tally)
        began, worked = perf_counter(), thread_time()
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        total = (perf_counter() - began) * 1000
        response["Server-Timing"] = (
            f"total;dur={total:.1f}, cpu;dur={(thread_time() - worked) * 1000:.1f}, "
            f'engine;dur={tally.seconds * 1000:.1f};desc="{tally.calls} calls", '
            f'common;desc="{tally.common} of them for every page"'
        )
        return response
