"""One task queue's life: what is offered, who waits, what is read back from the store."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from engine.clock import Clock
from engine.core.keys import NEXUS, QueueKey, RunKey
from engine.matching.backlog import Backlog, Meant, Waiting
from engine.matching.polls import RECENT_NS, SHOWN_NS, Poll, Seen
from engine.matching.queue import TaskQueue, is_direct
from engine.matching.rates import SECOND, Meter
from engine.ports import Attendance, Poller, QueueReport, Task

log = logging.getLogger(__name__)

#: Asked anew before and after each read; None where all tasks of the queue are meant.
Sieve = Callable[[], Meant | None]
# Between reads of the store that brought nothing new: what they saw is being started right now.
REREAD_SECONDS = 0.1
REREAD_AFTER_ERROR_SECONDS = 1.0


class QueueActor:
    """`key` is the name of its tasks in the store; `sieve` says which of these are its own."""

    def __init__(
        self, key: QueueKey, backlog: Backlog, clock: Clock, sieve: Sieve | None = None
    ) -> None:
        self.key = key
        # The worker whose sticky queue it is, where queues are routed to versions.
        self.owner: Poller | None = None
        self.queue: TaskQueue[Poll] = TaskQueue(limits_direct=key.kind == NEXUS)
        # What its workers ask for, and what an operator has set, which goes before it.
        self.rate_asked: float | None = None
        self.rate_set: float | None = None
        self.seen = Seen()
        self._backlog = backlog
        self._sieve = sieve
        self._clock = clock
        self.now = clock.now
        self._added = Meter()
        self._dispatched = Meter()
        self._reading: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        # The queue is another node's now.
        self.is_over = False

    def offer(self, task: Task) -> None:
        if not is_direct(task):
            self._added.add(self._clock.now())
        self.queue.offer(task)
        self.match()

    def take_in(self, task: Task) -> None:
        """A task that the store keeps under another queue's name: no read would bring it here."""
        self._added.add(self._clock.now())
        self.queue.hold(task)
        self.match()

    async def poll(
        self, poller: Poller, seconds: float, beside: QueueActor | None = None
    ) -> Task | None:
        """`beside`: another queue that the same poll waits in; the first task ends it in both."""
        loop = asyncio.get_running_loop()
        poll = Poll(poller, loop.create_future())
        for place in (self,) if beside is None else (self, beside):
            place.seen.note(poller, self._clock.now())
            if poller.rate_max is not None:
                _ask_rate(place, poller.rate_max)
            if poll.is_waiting:
                place.queue.wait(poll)
                place.match()
        timer = loop.call_later(seconds, self._time_out, poll)
        try:
            task = await poll.future
        except asyncio.CancelledError:
            # No sign of life: a worker that was killed leaves so.
            self._abandon(poll, beside)
            raise
        finally:
            timer.cancel()
            if beside is not None:
                self.queue.give_up(poll)
                beside.queue.give_up(poll)
                beside.seen.last_at = self._clock.now()
        self.seen.last_at = self._clock.now()
        return task

    def _time_out(self, poll: Poll) -> None:
        self.queue.give_up(poll)
        poll.give(None)

    def _abandon(self, poll: Poll, beside: QueueActor | None) -> None:
        self.queue.give_up(poll)
        if (task := poll.refused()) is not None:
            is_beside = beside is not None and task.queue == beside.key
            (beside if beside is not None and is_beside else self).offer(task)

    def match(self) -> None:
        now = self._clock.now()
        for poll, task in self.queue.match(now):
            poll.give(task)
            self._dispatched.add(now)
        if self.queue.wants_reading:
            self._read_back()
        if self.queue.bucket is not None:
            self._set_alarm(self.queue.opens_at(now), now)

    def _set_alarm(self, at: int, now: int) -> None:
        """Match again when the rate, as it is now, allows it."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later((at - now) / SECOND, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.match()

    def reserve(self) -> Reserved | None:
        poll = self.queue.reserve(self._clock.now())
        return None if poll is None else Reserved(self, poll)

    def fulfil(self, poll: Poll, task: Task) -> None:
        now = self._clock.now()
        self._added.add(now)
        if poll.give(task):
            self._dispatched.add(now)
        else:
            self.offer(task)

    def put_back(self, poll: Poll) -> None:
        if self.is_over:
            self._time_out(poll)
        elif poll.is_waiting:
            self.queue.wait(poll, first=True)
            self.match()

    def _read_back(self) -> None:
        self.queue.begin_reading()
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        limit = self.queue.window_max
        try:
            is_meant = self._sieve() if self._sieve is not None else None
            tasks = await self._backlog.read(self.key, limit, is_meant)
        except Exception:
            log.exception("reading the backlog of %s", self.key.name)
            self.queue.end_reading((), is_all=False)
            self._match_later(REREAD_AFTER_ERROR_SECONDS)
            return
        is_all = len(tasks) < limit
        # The routes may have changed meanwhile; then it is read again.
        if self._sieve is not None and (is_meant := self._sieve()) is not None:
            tasks = list(filter(is_meant, tasks))
        news = self.queue.end_reading(tasks, is_all=is_all)
        if news or not self.queue.is_spilled:
            self.match()
        else:
            self._match_later(REREAD_SECONDS)

    def _match_later(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.match)

    def end_polls(self, is_meant: Callable[[Poller], bool]) -> None:
        for poll in [poll for poll in self.queue.polls if is_meant(poll.poller)]:
            self._time_out(poll)

    @property
    def attendance(self) -> Attendance:
        polled_at = self._clock.now() if self.queue.polls else self.seen.last_at
        return Attendance(self.has_pollers, polled_at)

    @property
    def has_pollers(self) -> bool:
        if self.queue.polls:
            return True
        return self._clock.now() - self.seen.last_at < RECENT_NS

    @property
    def is_idle(self) -> bool:
        """Nothing is lost if it is forgotten."""
        busy = self.queue.polls or self.queue.direct or self.queue.is_reading
        return not busy and self._clock.now() - self.seen.last_at > SHOWN_NS

    def report(self, stored: Waiting | None = None) -> QueueReport:
        """`stored` is what the store knows, where the queue may hold less than all."""
        held = self.queue.held()
        count, oldest_at = len(held), min((task.offered_at for task in held), default=0)
        if stored is not None:
            count, oldest_at = stored.count, stored.oldest_at
        now = self._clock.now()
        bucket = self.queue.bucket
        return QueueReport(
            pollers=self.seen.shown(now),
            backlog=count,
            backlog_by_priority=dict(Counter(task.priority for task in held)),
            oldest_at=oldest_at,
            added_per_second=self._added.per_second(now),
            dispatched_per_second=self._dispatched.per_second(now),
            rate_max=None if bucket is None else bucket.rate,
            is_rate_set=self.rate_set is not None,
        )


def _ask_rate(actor: QueueActor, rate: float) -> None:
    actor.rate_asked = rate
    if actor.rate_set is None:
        actor.queue.limit(rate)


def retire(actor: QueueActor) -> list[Task]:
    """Its polls end; the tasks that no store has, and no other node keeps."""
    actor.is_over = True
    actor.end_polls(lambda _: True)
    return [task for task in actor.queue.direct if task.claim is None]


def emptied(actor: QueueActor) -> list[Task]:
    """What it held; it is to read again what the store has."""
    queue = actor.queue
    direct = list(queue.direct)
    queue.direct.clear()
    return [*direct, *queue.drain()]


class Reserved:
    """A poller taken out of its queue; see `ports.Reservation`."""

    __slots__ = ("_actor", "_poll")

    def __init__(self, actor: QueueActor, poll: Poll) -> None:
        self._actor = actor
        self._poll = poll

    @property
    def poller(self) -> Poller:
        return self._poll.poller

    def fulfil(self, run: RunKey, started: object) -> None:
        task = Task(run=run, queue=self._actor.key, event_id=0, attempt=0, started=started)
        self._actor.fulfil(self._poll, task)

    def return_(self) -> None:
        self._actor.put_back(self._poll)
