"""Where tasks and pollers of one queue meet.

    offer ──▶ waiting tasks ──┐
                              ├──match──▶ (poll, task)
    wait ───▶ waiting polls ──┘

Tasks go by priority, then each key by its share, then by age (`fairness`). In memory is a window of
them (`window`); the rest is in the store alone, and is read back as the window drains.

Direct tasks (queries, tasks that are started already, claims to these) are in no store: they go
first, are never dropped, and do not count against the rate, but where there are no others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from engine.matching.fairness import Shares
from engine.matching.rates import NEVER, Bucket
from engine.matching.window import WINDOW_MAX, Window
from engine.ports import Task


class Waiting(Protocol):
    @property
    def is_waiting(self) -> bool:
        """False once its caller is gone."""


W = TypeVar("W", bound=Waiting)


def is_direct(task: Task) -> bool:
    return task.query is not None or task.started is not None or task.claim is not None


def _asks(task: Task, query_id: str) -> bool:
    """A claim to a question has its name."""
    asked = task.query or task.claim
    return asked is not None and asked.id == query_id


class TaskQueue(Generic[W]):
    def __init__(self, window_max: int = WINDOW_MAX, *, limits_direct: bool = False) -> None:
        self.limits_direct = limits_direct
        self.bucket: Bucket | None = None
        self.shares = Shares()
        self.polls: deque[W] = deque()
        self.direct: deque[Task] = deque()
        self.window = Window(window_max)

    def __len__(self) -> int:
        return len(self.window)

    def offer(self, task: Task) -> bool:
        """Whether it is held in memory now."""
        if is_direct(task):
            self.direct.append(task)
            return True
        return self.window.offer(task)

    def withdraw_query(self, query_id: str) -> None:
        self.direct = deque(task for task in self.direct if not _asks(task, query_id))

    def wait(self, poll: W, *, first: bool = False) -> None:
        if first:
            self.polls.appendleft(poll)
        else:
            self.polls.append(poll)

    def give_up(self, poll: W) -> None:
        if poll in self.polls:
            self.polls.remove(poll)

    def match(self, now: int) -> list[tuple[W, Task]]:
        matches: list[tuple[W, Task]] = []
        while (poll := self._next_poll()) is not None:
            task = self._next_task(now)
            if task is None:
                self.polls.appendleft(poll)
                break
            matches.append((poll, task))
        return matches

    def reserve(self, now: int, key: str = "", weight: float = 1.0) -> W | None:
        """A poll that may be given a task from elsewhere: only if none in here waits for one."""
        if not self.polls or self.direct or self.window.lanes.known or self.window.is_in_store:
            return None
        poll = self._next_poll()
        if poll is not None and (self.bucket is not None or self.shares.rate is not None):
            if self._rates_open_at(now, key, weight):
                self.polls.appendleft(poll)
                return None
            self.shares.take(key, weight, now)
            if self.bucket is not None:
                self.bucket.take(now)
        return poll

    def _rates_open_at(self, now: int, key: str, weight: float) -> int:
        bucket_at = 0 if self.bucket is None else self.bucket.opens_at(now)
        return bucket_at or self.shares.opens_at(key, weight, now)

    def _next_poll(self) -> W | None:
        while self.polls:
            poll = self.polls.popleft()
            if poll.is_waiting:
                return poll
        return None

    def _next_task(self, now: int) -> Task | None:
        if self.direct and not self.limits_direct:
            return self.direct.popleft()
        if self.bucket is not None and self.bucket.opens_at(now):
            return None
        if self.direct:
            task: Task | None = self.direct.popleft()
        else:
            task = self.window.take(now, self.shares)
        if task is not None and self.bucket is not None:
            self.bucket.take(now)
        return task

    @property
    def wants_reading(self) -> bool:
        return self.window.wants_reading and (bool(self.polls) or self.window.given_count > 0)

    def drain(self) -> list[Task]:
        """All stored tasks, which are forgotten here."""
        tasks = list(self.window.lanes.known.values())
        self.window = Window(self.window.size)
        return tasks

    def share(self, weights: Mapping[str, float], rate: float | None) -> None:
        """How heavy keys are, and how fast each may go."""
        self.shares.change(weights, rate)
        self.window.lanes.wake()

    def limit(self, rate: float | None) -> None:
        """None: as fast as may be."""
        if rate is None:
            self.bucket = None
        elif self.bucket is None:
            self.bucket = Bucket(rate)
        else:
            self.bucket.change(rate)

    def is_limiting(self, now: int) -> bool:
        """Something waits that a rate holds back."""
        is_closed = self.bucket is not None and self.bucket.opens_at(now) > 0
        if is_closed and (self._has_waiting or self.window.is_in_store):
            return True
        return self.window.lanes.opens_at() > now

    @property
    def is_limited(self) -> bool:
        return self.bucket is not None or self.shares.rate is not None

    @property
    def _has_waiting(self) -> bool:
        return bool(len(self.window) or (self.limits_direct and self.direct))

    def opens_at(self, now: int) -> int:
        """When a rate lets the next task go, if that is all it waits for; else 0."""
        if not self.polls or not self._has_waiting:
            return 0
        found = 0 if self.bucket is None else self.bucket.opens_at(now)
        found = found or self.window.lanes.opens_at()
        return 0 if found == NEVER else found
