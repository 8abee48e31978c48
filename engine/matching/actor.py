"""One task queue's life: what is offered, who waits, what is read back from the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.clock import Clock
from engine.core.effects import Urgency
from engine.core.keys import NEXUS, QueueKey, RunKey
from engine.core.priorities import QueueOrder, Waiting
from engine.matching import scaling
from engine.matching.backlog import Backlog, by_priority
from engine.matching.pages import Wanted
from engine.matching.polls import RECENT_NS, SHOWN_NS, Poll, Seen
from engine.matching.queue import TaskQueue, is_direct
from engine.matching.rates import SECOND, Meters
from engine.matching.reading import Meant
from engine.matching.scaling import Scaling
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
        self.order = QueueOrder()
        self.seen = Seen()
        self._backlog = backlog
        self._sieve = sieve
        self._clock = clock
        self.now = clock.now
        self._added = Meters()
        self._dispatched = Meters()
        self._scaling = Scaling()
        self._reading: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        # The queue is another node's now.
        self.is_over = False

    def offer(self, task: Task) -> None:
        now = self._clock.now()
        if not is_direct(task) or self.queue.limits_direct:
            self._added.add(now, task.priority)
        poll = None if is_direct(task) else self.queue.reserve(now, task.key, task.weight)
        if poll is not None:
            poll.give(task)
            self.queue.window.given.note(task, now)
            self._dispatched.add(now, task.priority)
            return
        self.queue.offer(task)
        self.match()

    def take_in(self, task: Task) -> None:
        """A task that the store keeps under another queue's name: no read would bring it here."""
        self._added.add(self._clock.now(), task.priority)
        self.queue.window.take_in(task)
        self.match()

    async def poll(
        self, poller: Poller, seconds: float, beside: QueueActor | None = None
    ) -> Task | None:
        """`beside`: another queue that the same poll waits in; the first task ends it in both."""
        loop = asyncio.get_running_loop()
        poll = Poll(poller, loop.create_future())
        asked_at = self._clock.now()
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
        self.seen.last_at = now = self._clock.now()
        if task is not None and (delta := self._hint(task, asked_at, now)):
            return msgspec.structs.replace(task, pollers_delta=delta)
        return task

    def _hint(self, task: Task, asked_at: int, now: int) -> int:
        def look() -> scaling.Seen:
            return scaling.Seen(
                oldest_at=task.offered_at if len(self.queue) else 0,
                added_per_second=sum(self._added.per_second(now).values()),
                dispatched_per_second=sum(self._dispatched.per_second(now).values()),
                is_limiting=self.queue.is_limiting(now),
            )

        offered_at = task.offered_at or now
        return self._scaling.hint(asked_at, offered_at, now, self.seen.count, look)

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
            self._dispatched.add(now, task.priority)
        if self.queue.wants_reading:
            wanted = self.queue.window.begin_reading(self.queue.shares, now)
            self._reading = asyncio.get_running_loop().create_task(self._read(wanted))
        if self.queue.is_limited:
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

    def reserve(self, urgency: Urgency) -> Reserved | None:
        poll = self.queue.reserve(self._clock.now(), urgency.key, urgency.weight)
        return None if poll is None else Reserved(self, poll, urgency)

    def fulfil(self, poll: Poll, task: Task) -> None:
        now = self._clock.now()
        self._added.add(now, task.priority)
        if poll.give(task):
            self._dispatched.add(now, task.priority)
        else:
            self.offer(task)

    def put_back(self, poll: Poll) -> None:
        if self.is_over:
            self._time_out(poll)
        elif poll.is_waiting:
            self.queue.wait(poll, first=True)
            self.match()

    async def _read(self, wanted: Wanted) -> None:
        window = self.queue.window
        try:
            is_meant = self._sieve() if self._sieve is not None else None
            page = await self._backlog.read(self.key, wanted, is_meant)
        except Exception:
            log.exception("reading the backlog of %s", self.key.name)
            window.fail_reading()
            self._match_later(REREAD_AFTER_ERROR_SECONDS)
            return
        # The routes may have changed meanwhile; then it is read again.
        if self._sieve is not None and (is_meant := self._sieve()) is not None:
            page = msgspec.structs.replace(page, tasks=list(filter(is_meant, page.tasks)))
        news = window.end_reading(page)
        if news or not window.is_in_store:
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
        busy = self.queue.polls or self.queue.direct or self.queue.window.is_reading
        return not busy and self._clock.now() - self.seen.last_at > SHOWN_NS

    def report(self, stored: Iterable[Waiting] | None = None) -> QueueReport:
        """`stored` is what the store knows, where the queue may hold less than all."""
        now = self._clock.now()
        bucket, held = self.queue.bucket, self.queue.window.lanes.known.values()
        return QueueReport(
            pollers=self.seen.shown(now),
            waiting=by_priority(_of(held) if stored is None else stored),
            added_per_second=self._added.per_second(now),
            dispatched_per_second=self._dispatched.per_second(now),
            rate_max=None if bucket is None else bucket.rate,
            is_rate_set=self.order.rate is not None,
            is_limiting=self.queue.is_limiting(now),
        )


def _of(tasks: Iterable[Task]) -> Iterator[Waiting]:
    return (Waiting(task.priority, 1, task.offered_at) for task in tasks)


def _ask_rate(actor: QueueActor, rate: float) -> None:
    actor.rate_asked = rate
    if actor.order.rate is None:
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

    __slots__ = ("_actor", "_poll", "_urgency")

    def __init__(self, actor: QueueActor, poll: Poll, urgency: Urgency) -> None:
        self._actor = actor
        self._poll = poll
        self._urgency = urgency

    @property
    def poller(self) -> Poller:
        return self._poll.poller

    def fulfil(self, run: RunKey, started: object) -> None:
        priority = self._urgency.priority
        task = Task(
            run=run,
            queue=self._actor.key,
            event_id=0,
            attempt=0,
            priority=priority,
            started=started,
        )
        self._actor.fulfil(self._poll, task)

    def return_(self) -> None:
        self._actor.put_back(self._poll)
