"""What this process knows of histories: events never change, so what was read once is kept.

A history is read from the front, page by page, for as long as one answer may take; the newest page
is read first when the middle cannot be reached in time, so that a page shows both ends at once.
What an open run has written since is read from the back.

The official server ends a history that is read from the front with the events of a workflow task
that is under way and not stored, as one that carries an update: if it is refused they never were,
and others get their numbers. The run's described length does not count them, so what is beyond it
at the end is not kept: if it stays, the next look finds it from the back.

    known.front   1 … n without a hole
    known.tail    the newest ones, while there is a hole before them
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from time import perf_counter

from django.conf import settings

from console.gateway import histories
from console.gateway.events import Event
from console.gateway.runs import RunKey

#: How long one answer may read; the next one goes on where this one stopped.
BUDGET_SECONDS = 0.15
#: Who searches would rather wait for all of it than search again; and who has seen both ends of a
#: history waits for the middle of it.
SEARCH_BUDGET_SECONDS = 0.7
#: Events kept by one process, over all runs; the run looked at longest ago goes first.
EVENTS_MAX = 400_000
RUNS_MAX = 200


@dataclass(slots=True, eq=False, weakref_slot=True)
class Known:
    front: list[Event] = field(default_factory=list)
    tail: list[Event] = field(default_factory=list)
    token: bytes = b""
    began: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def last_id(self) -> int:
        return self.front[-1].id if self.front else 0

    @property
    def complete(self) -> bool:
        return self.began and not self.token and not self.tail

    @property
    def events(self) -> list[Event]:
        return [*self.front, *self.tail] if self.tail else self.front


_kept: OrderedDict[tuple[str, RunKey], Known] = OrderedDict()
_guard = threading.Lock()


def budget(text: str | None) -> float:
    return SEARCH_BUDGET_SECONDS if text else BUDGET_SECONDS


def read(key: RunKey, length: int, seconds: float = BUDGET_SECONDS) -> Known:
    """`length` is what the run's description says; a closed run that is known costs no call."""
    known = _known(key)
    with known.lock:
        if known.complete and known.last_id < length:
            _catch_up(key, known)
        if not known.complete:
            _read_on(key, known, length, seconds)
        if known.token and not known.tail:
            _read_tail(key, known)
    _forget()
    return known


def _known(key: RunKey) -> Known:
    with _guard:
        known = _kept.setdefault((settings.ENGINE_ADDRESS, key), Known())
        _kept.move_to_end((settings.ENGINE_ADDRESS, key))
        return known


def _read_on(key: RunKey, known: Known, length: int, seconds: float) -> None:
    until = perf_counter() + (SEARCH_BUDGET_SECONDS if known.began else seconds)
    while (known.token or not known.began) and perf_counter() < until:
        page = histories.forward(key, known.token)
        known.front += [
            event
            for event in page.events
            if event.id > known.last_id and (page.next_token or event.id <= length)
        ]
        known.began, known.token = True, page.next_token
    known.tail = [event for event in known.tail if event.id > known.last_id] if known.token else []


def _read_tail(key: RunKey, known: Known) -> None:
    page = histories.backward(key)
    known.tail = [event for event in reversed(page.events) if event.id > known.last_id]


def _catch_up(key: RunKey, known: Known) -> None:
    """What was written since the last look, newest first, back to what is known."""
    fresh: list[Event] = []
    token = b""
    while True:
        page = histories.backward(key, token)
        fresh += [event for event in page.events if event.id > known.last_id]
        token = page.next_token
        if not token or page.events[-1].id <= known.last_id + 1:
            break
    known.front += reversed(fresh)


def _forget() -> None:
    with _guard:
        count = sum(len(known.front) + len(known.tail) for known in _kept.values())
        while len(_kept) > 1 and (count > EVENTS_MAX or len(_kept) > RUNS_MAX):
            _, gone = _kept.popitem(last=False)
            count -= len(gone.front) + len(gone.tail)


def forget_all() -> None:
    with _guard:
        _kept.clear()
