"""The tasks of a queue that are in memory, where the store has them all.

- A lane that is *spilled* has its oldest tasks here, and younger ones in the store alone.
- From priority `unread` on the store may have lanes that are not known here at all.

So what is left in the store is not overtaken by what should come after it: a task of a spilled lane
is left there too, and tasks of priorities beyond `unread` wait for the next read. A task that
should come before what is here is taken in however full the window is; at twice its size it is cut
back, and what is cut off is in the store.

A read sees tasks that were given a moment ago, whose start is not committed yet: these are known.
"""

from __future__ import annotations

from engine.core.keys import RunKey
from engine.matching.fairness import Lane, Lanes, Name, Shares
from engine.matching.pages import ALL_READ, START, LaneName, Page, Wanted
from engine.ports import Task

WINDOW_MAX = 2_000
#: A task that was given so long ago, and is still in the store, is to be given again.
GIVEN_NS = 1_000_000_000
GIVEN_SWEPT_MIN = 1_000
#: It is read again with so much of it left, and a lane that ran dry waits for so much to go.
LOW_SHARE, DRY_SHARE = 4, 8


class Given:
    """Tasks that were given a moment ago, by the attempt and the time."""

    def __init__(self) -> None:
        self._tasks: dict[Name, tuple[int, int]] = {}
        self._sweep_at = GIVEN_SWEPT_MIN

    def note(self, task: Task, now: int) -> None:
        if len(self._tasks) >= self._sweep_at:
            self.forget(now)
            self._sweep_at = max(GIVEN_SWEPT_MIN, 2 * len(self._tasks))
        self._tasks[task.run, task.event_id] = (task.attempt, now)

    def has(self, task: Task) -> bool:
        attempt, _ = self._tasks.get((task.run, task.event_id), (-1, 0))
        return attempt >= task.attempt

    def take_back(self, task: Task) -> None:
        """Who got it could not have it."""
        name = (task.run, task.event_id)
        attempt, _ = self._tasks.get(name, (-1, 0))
        if attempt == task.attempt:
            del self._tasks[name]

    def forget(self, now: int) -> None:
        """Those that were given long ago, which are the first."""
        while self._tasks:
            name = next(iter(self._tasks))
            if now - self._tasks[name][1] < GIVEN_NS:
                return
            del self._tasks[name]


class Window:
    def __init__(self, size: int = WINDOW_MAX) -> None:
        self.size = size
        self.lanes = Lanes()
        # A new queue knows nothing of what may be in the store.
        self.unread = 0
        self.is_reading = False
        # How many were given since the last read began.
        self.given_count = 0
        self._after = START
        self._is_held_up = False
        self._is_dry = False
        self._spilled: set[Lane] = set()
        # What came to be so while a read was under way.
        self._began_at = 0
        self._meanwhile: dict[Name, Task] = {}
        self.gone: set[Name] = set()
        self._is_overrun = False
        self._unread_meanwhile = ALL_READ
        self._spilled_meanwhile: set[LaneName] = set()
        self.given = Given()

    def __len__(self) -> int:
        return len(self.lanes)

    @property
    def is_in_store(self) -> bool:
        """Some of its tasks may be there alone."""
        return self.unread != ALL_READ or bool(self._spilled) or self.is_reading

    # -- tasks come

    def offer(self, task: Task) -> bool:
        """Whether it is held in memory now."""
        if not self.is_in_store:
            return self.hold(task)
        self.given.take_back(task)
        if not self._has_more(task):
            return self.hold(task)
        if self._is_within(task):
            return self.take_in(task)
        if self.is_reading:
            self._keep(task)
        return False

    def _has_more(self, task: Task) -> bool:
        """Of the task's lane the store may have what is not here."""
        lane = self.lanes.find((task.priority, task.key))
        return task.priority >= self.unread if lane is None else lane.is_spilled

    def _is_within(self, task: Task) -> bool:
        """Somebody could not have it: it is no younger than others that were here."""
        lane = self.lanes.find((task.priority, task.key))
        return lane is not None and task.offered_at <= lane.newest_at

    def take_in(self, task: Task) -> bool:
        """Also where the store may have older ones."""
        has_more = self._has_more(task)
        is_held = self.hold(task, is_first=True)
        if is_held and has_more:
            self._spill(self.lanes.lane(task.priority, task.key))
        return is_held

    def _keep(self, task: Task) -> None:
        """The read may bring it, and what is older, or may not; of too many nothing is kept."""
        if len(self._meanwhile) < self.size:
            self._meanwhile[task.run, task.event_id] = task
        else:
            self._is_overrun = True

    def hold(self, task: Task, *, is_first: bool = False) -> bool:
        lanes, name = self.lanes, (task.run, task.event_id)
        known = lanes.known.get(name)
        if known is not None:
            if known.attempt >= task.attempt:
                return True
            self.withdraw(*name)
        lane = lanes.lane(task.priority, task.key)
        if len(lanes) >= self.size and not (
            is_first or task.offered_at <= lane.newest_at or lanes.has_place(lane, self.size)
        ):
            self._spill(lane)
            return False
        lanes.add(lane, task)
        if len(lanes) >= 2 * self.size:
            self.cut_back()
        return True

    # -- and go

    def take(self, now: int, shares: Shares) -> Task | None:
        found = self.lanes.take(now, shares, self.unread)
        if found is None:
            self._is_held_up = any(
                level.live and level.priority > self.unread for level in self.lanes.levels
            )
            return None
        lane, task = found
        self.given.note(task, now)
        self.given_count += 1
        self._look_at(lane)
        return task

    def withdraw(self, run: RunKey, event_id: int) -> None:
        if self.is_reading:
            self._meanwhile.pop((run, event_id), None)
            self.gone.add((run, event_id))
        self._look_at(self.lanes.withdraw((run, event_id)))

    # -- what the store alone has

    def _look_at(self, lane: Lane | None) -> None:
        if lane is not None and lane.is_spilled and not lane.live:
            self._is_dry = True
            self._lower(lane.level.priority)

    def _lower(self, priority: int) -> None:
        self.unread = min(self.unread, priority)
        self._unread_meanwhile = min(self._unread_meanwhile, priority)

    def _spill(self, lane: Lane) -> None:
        """An empty one is forgotten: it is one of those that are not known."""
        if self.is_reading:
            self._spilled_meanwhile.add((lane.level.priority, lane.key))
            self._is_overrun = self._is_overrun or len(self._spilled_meanwhile) > self.size
        if not lane.live:
            self._spilled.discard(lane)
            lane.level.lanes.pop(lane.key, None)
            self._lower(lane.level.priority)
            return
        lane.is_spilled = True
        self._spilled.add(lane)

    def cut_back(self) -> None:
        """To its size; what is cut off is in the store."""
        for lane, keep in list(self.lanes.excess(self.size)):
            self.lanes.cut(lane, keep)
            self._spill(lane)

    @property
    def wants_reading(self) -> bool:
        if self.is_reading or not self.is_in_store:
            return False
        few = len(self.lanes) <= self.size // LOW_SHARE
        is_dry = self._is_dry and self.given_count >= self.size // DRY_SHARE
        return few or is_dry or self._is_held_up

    def begin_reading(self, shares: Shares, now: int) -> Wanted:
        """What is offered from here on is kept until its end, as the read may not see it."""
        self.is_reading = True
        self._began_at = now
        self.given_count = 0
        self._is_held_up = self._is_dry = False
        self._unread_meanwhile = ALL_READ
        self._spilled_meanwhile.clear()
        self.gone.clear()
        self._is_overrun = False
        return Wanted(self.size, self._after, shares.weights)

    def fail_reading(self) -> None:
        self.is_reading = False
        self._meanwhile.clear()

    def end_reading(self, page: Page) -> int:
        """How many of the tasks were not known yet."""
        self.is_reading = False
        self.given.forget(self._began_at)
        before = len(self.lanes)
        seen: dict[LaneName, Lane] = {}
        for task in page.tasks:
            name = (task.priority, task.key)
            lane = seen.get(name)
            if lane is None:
                lane = seen[name] = self.lanes.lane(*name)
            lane.newest_at = max(lane.newest_at, task.offered_at)
            if _is_news(self, task):
                self.lanes.add(lane, task)
            elif (task.run, task.event_id) not in self.lanes.known and self.given.has(task):
                # Its start may be on its way, or may never be: to be looked at again.
                self._lower(task.priority)
        for lane in list(self._spilled):
            name = (lane.level.priority, lane.key)
            if name in seen or lane.level.priority < page.unread:
                lane.is_spilled = False
                self._spilled.discard(lane)
            elif not lane.live:
                self._spill(lane)
        for name, last in page.cut.items():
            # What is younger than the last that was looked at has older ones in the store.
            lane = self.lanes.lane(*name)
            self.lanes.cut(lane, lane.count_until(last, self.lanes.known))
            self._spill(lane)
        for name in self._spilled_meanwhile:
            self._spill(self.lanes.lane(*name))
        self.unread = min(page.unread, self._unread_meanwhile)
        self._after = page.after
        if len(self.lanes) >= 2 * self.size:
            self.cut_back()
        for task in self._meanwhile.values():
            self.offer(task)
        self._meanwhile.clear()
        if self._is_overrun:
            self.forget(held_too=True)
        return len(self.lanes) - before

    def forget(self, *, held_too: bool = False) -> None:
        """The store may have anything."""
        for level in self.lanes.levels:
            for lane in list(level.lanes.values()):
                if held_too:
                    self.lanes.cut(lane, 0)
                lane.newest_at = -1
                self._spill(lane)
        self._lower(0)


def _is_news(window: Window, task: Task) -> bool:
    name = (task.run, task.event_id)
    known = window.lanes.known.get(name)
    if known is not None:
        if known.attempt >= task.attempt:
            return False
        window.lanes.withdraw(name)
    return name not in window.gone and not window.given.has(task)
