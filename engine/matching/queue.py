"""Where tasks and pollers of one queue meet.

    offer ──▶ waiting tasks ──┐
                              ├──match──▶ (poll, task)
    wait ───▶ waiting polls ──┘

Tasks go by priority, then by age. What does not fit in the window is left in the store
(`is_spilled`); until it has been read back, new tasks are left there too, as they are younger.
Direct tasks (queries, tasks that are started already, claims to these) are in no store: they go
first, are never dropped, and do not count against the rate, but where there are no others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from engine.core.keys import RunKey
from engine.matching.rates import Bucket
from engine.ports import Task

WINDOW_MAX = 2_000


class Waiting(Protocol):
    @property
    def is_waiting(self) -> bool:
        """False once its caller is gone."""


W = TypeVar("W", bound=Waiting)
Name = tuple[RunKey, int]


def name_of(task: Task) -> Name:
    return task.run, task.event_id


def is_direct(task: Task) -> bool:
    return task.query is not None or task.started is not None or task.claim is not None


def _asks(task: Task, query_id: str) -> bool:
    """A claim to a question has its name."""
    asked = task.query or task.claim
    return asked is not None and asked.id == query_id


class TaskQueue(Generic[W]):
    def __init__(self, window_max: int = WINDOW_MAX, *, limits_direct: bool = False) -> None:
        self.window_max = window_max
        self.limits_direct = limits_direct
        # A new queue knows nothing of what may be in the store.
        self.is_spilled = True
        self.is_reading = False
        self.bucket: Bucket | None = None
        self.polls: deque[W] = deque()
        self.direct: deque[Task] = deque()
        self._tasks: dict[Name, Task] = {}
        # Entries of withdrawn or replaced tasks stay until they come to the front.
        self._order: list[tuple[int, int, Task]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def offer(self, task: Task) -> bool:
        """Whether it is held in memory now."""
        if is_direct(task):
            self.direct.append(task)
            return True
        if self.is_spilled and not self.is_reading:
            return False
        return self.hold(task)

    def hold(self, task: Task) -> bool:
        name = name_of(task)
        if name not in self._tasks and len(self._tasks) >= self.window_max:
            self.is_spilled = True
            return False
        if name in self._tasks and self._tasks[name].attempt >= task.attempt:
            return True
        self._tasks[name] = task
        self._count += 1
        heappush(self._order, (task.priority, self._count, task))
        return True

    def withdraw(self, run: RunKey, event_id: int) -> None:
        self._tasks.pop((run, event_id), None)
        if not self._tasks:
            self._order.clear()

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

    def reserve(self, now: int) -> W | None:
        """A poll that may be given a task from elsewhere: only if none in here waits for one."""
        if self.direct or self._tasks or self.is_spilled:
            return None
        poll = self._next_poll()
        if poll is not None and self.bucket is not None and not self.bucket.take(now):
            self.polls.appendleft(poll)
            return None
        return poll

    def _next_poll(self) -> W | None:
        while self.polls:
            poll = self.polls.popleft()
            if poll.is_waiting:
                return poll
        return None

    def _next_task(self, now: int) -> Task | None:
        if self.direct and not self.limits_direct:
            return self.direct.popleft()
        if not _has_limited(self) or (self.bucket is not None and not self.bucket.take(now)):
            return None
        if self.direct:
            return self.direct.popleft()
        while True:
            _, _, task = heappop(self._order)
            if self._tasks.get(name_of(task)) is task:
                del self._tasks[name_of(task)]
                return task

    @property
    def is_in_store(self) -> bool:
        """Some of its tasks may be there alone."""
        return self.is_spilled or self.is_reading

    @property
    def wants_reading(self) -> bool:
        return self.is_spilled and not self.is_reading and bool(self.polls) and not self._tasks

    def begin_reading(self) -> None:
        """What is offered from here on is held, as the read may not see it."""
        self.is_reading = True
        self.is_spilled = False

    def end_reading(self, tasks: Iterable[Task], *, is_all: bool) -> int:
        """How many of the tasks were not known yet."""
        before = self._count
        for task in tasks:
            self.hold(task)
        self.is_reading = False
        self.is_spilled = self.is_spilled or not is_all
        return self._count - before

    def limit(self, rate: float | None) -> None:
        """None: as fast as may be."""
        if rate is None:
            self.bucket = None
        elif self.bucket is None:
            self.bucket = Bucket(rate)
        else:
            self.bucket.change(rate)

    def opens_at(self, now: int) -> int:
        """When the rate lets the next task go, if that is all it waits for; else 0."""
        if self.bucket is None or not _has_limited(self) or not self.polls:
            return 0
        return self.bucket.ready_at(now)

    def drain(self) -> list[Task]:
        """All stored tasks, which are forgotten here."""
        tasks = self.held()
        self._tasks.clear()
        self._order.clear()
        self.is_spilled = True
        return tasks

    def held(self) -> list[Task]:
        return list(self._tasks.values())


def _has_limited(queue: TaskQueue[W]) -> bool:
    """Whether something waits that goes by the rate."""
    return bool(len(queue) or (queue.limits_direct and queue.direct))
