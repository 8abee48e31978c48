"""Whose task is next: by priority, then each key by its share, then by age.

    task ──▶ lane (priority, key): by age ──▶ level (priority): lanes by turn ──▶ next

A lane that has tasks has a turn, a number. The lane with the lowest goes, and its next turn is
later by 1 / weight; so of what waits each key has its share, and none that waits can be passed over
for ever. A lane that was empty comes in at the turn that is now: nobody saves up.

Keys may have a rate as well, each its own by weight. A lane whose key is at its rate rests, and the
others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush, heapreplace

from engine.core.keys import RunKey
from engine.matching.pages import LaneName
from engine.matching.rates import NEVER, Bucket
from engine.ports import Task

Name = tuple[RunKey, int]

#: Rates of keys that are known at once; who is forgotten begins anew.
KEYS_LIMITED_MAX = 2_000
# Withdrawn tasks stay in a lane until they come to its front, or are more than these and the rest.
STALE_KEPT = 64
# A level's lanes are looked through for empty ones at so many, and again at twice what is left.
LANES_SWEPT_MIN = 10_000


class Lane:
    """Tasks of one priority and key. It is spilled where the store has younger ones of it, than
    `newest_at`."""

    __slots__ = ("finish", "is_listed", "is_spilled", "key", "level", "live", "newest_at", "tasks")

    def __init__(self, level: Level, key: str) -> None:
        self.level = level
        self.key = key
        self.tasks: list[tuple[int, int, Task]] = []
        self.live = 0
        self.newest_at = -1
        self.finish = 0.0
        self.is_listed = False
        self.is_spilled = False

    def front(self, known: Mapping[Name, Task]) -> Task | None:
        tasks = self.tasks
        while tasks:
            task = tasks[0][2]
            if known.get((task.run, task.event_id)) is task:
                return task
            heappop(tasks)
        return None

    def count_until(self, last: int, known: Mapping[Name, Task]) -> int:
        """How many of its tasks are no younger."""
        found = (task for at, _, task in self.tasks if at <= last)
        return sum(known.get((task.run, task.event_id)) is task for task in found)


class Level:
    """All lanes of one priority."""

    __slots__ = ("lanes", "lanes_live", "live", "now", "priority", "resting", "turns")

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.lanes: dict[str, Lane] = {}
        self.live = 0
        self.lanes_live = 0
        self.now = 0.0
        self.turns: list[tuple[float, int, Lane]] = []
        self.resting: list[tuple[int, int, Lane]] = []

    def lane(self, key: str) -> Lane:
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(self, key)
        return lane

    def add(self, lane: Lane, task: Task, count: int) -> None:
        heappush(lane.tasks, (task.offered_at, count, task))
        lane.newest_at = max(lane.newest_at, task.offered_at)
        lane.live += 1
        self.live += 1
        if lane.live == 1:
            self.lanes_live += 1
        if not lane.is_listed:
            lane.is_listed = True
            heappush(self.turns, (max(self.now, lane.finish), count, lane))

    def lose(self, lane: Lane, count: int = 1) -> None:
        """So many of its tasks are not to be given any more."""
        if count:
            lane.live -= count
            self.live -= count
            if not lane.live:
                self.lanes_live -= 1

    def give(self, lane: Lane, weight: float, count: int) -> None:
        """The lane at the front gives its first task."""
        self.now = self.turns[0][0]
        lane.finish = self.now + 1.0 / weight
        heappop(lane.tasks)
        self.lose(lane)
        if lane.live:
            heapreplace(self.turns, (lane.finish, count, lane))
        else:
            self.pass_over()

    def pass_over(self) -> None:
        """The lane at the front has nothing."""
        _, _, lane = heappop(self.turns)
        lane.tasks.clear()
        lane.is_listed = False

    def rest(self, until: int, count: int) -> None:
        """The lane at the front waits for its key's rate."""
        _, _, lane = heappop(self.turns)
        heappush(self.resting, (until, count, lane))

    def wake(self, now: int) -> None:
        while self.resting and self.resting[0][0] <= now:
            _, count, lane = heappop(self.resting)
            heappush(self.turns, (max(self.now, lane.finish), count, lane))


class Lanes:
    """All tasks that are held, in their order."""

    def __init__(self) -> None:
        self.known: dict[Name, Task] = {}
        self.levels: list[Level] = []
        self._by_priority: dict[int, Level] = {}
        self._count = 0
        self._sweep_at = LANES_SWEPT_MIN

    def __len__(self) -> int:
        return len(self.known)

    def find(self, name: LaneName) -> Lane | None:
        level = self._by_priority.get(name[0])
        return None if level is None else level.lanes.get(name[1])

    def lane(self, priority: int, key: str) -> Lane:
        level = self._by_priority.get(priority)
        if level is None:
            level = self._by_priority[priority] = Level(priority)
            self.levels = sorted(self._by_priority.values(), key=lambda each: each.priority)
        lane = level.lanes.get(key)
        if lane is None:
            if len(level.lanes) >= self._sweep_at:
                self._sweep(level)
            lane = level.lane(key)
        return lane

    def _sweep(self, level: Level) -> None:
        """Forget the empty ones: those whose turn has passed lose nothing, the others little."""
        kept = {key: one for key, one in level.lanes.items() if one.is_listed or one.is_spilled}
        level.lanes = kept
        self._sweep_at = max(LANES_SWEPT_MIN, 2 * len(kept))

    def add(self, lane: Lane, task: Task) -> None:
        self._count += 1
        self.known[task.run, task.event_id] = task
        lane.level.add(lane, task, self._count)

    def take(self, now: int, shares: Shares, last: int) -> tuple[Lane, Task] | None:
        """The next one, of no later priority than `last`."""
        for level in self.levels:
            if level.priority > last:
                return None
            if level.live and (found := self._take_of(level, now, shares)) is not None:
                return found
        return None

    def _take_of(self, level: Level, now: int, shares: Shares) -> tuple[Lane, Task] | None:
        if level.resting:
            level.wake(now)
        while level.turns:
            lane = level.turns[0][2]
            task = lane.front(self.known)
            self._count += 1
            if task is None:
                level.pass_over()
            elif shares.rate is not None and (until := shares.opens_at(task.key, task.weight, now)):
                level.rest(until, self._count)
            else:
                if shares.rate is not None:
                    shares.take(task.key, task.weight, now)
                del self.known[task.run, task.event_id]
                level.give(lane, shares.weight(task.key, task.weight), self._count)
                return lane, task
        return None

    def withdraw(self, name: Name) -> Lane | None:
        """The lane that it was in."""
        task = self.known.pop(name, None)
        if task is None:
            return None
        lane = self.lane(task.priority, task.key)
        lane.level.lose(lane)
        if len(lane.tasks) > 2 * lane.live + STALE_KEPT:
            lane.tasks = [one for one in lane.tasks if self._is_held(one[2])]
            heapify(lane.tasks)
        return lane

    def _is_held(self, task: Task) -> bool:
        return self.known.get((task.run, task.event_id)) is task

    def cut(self, lane: Lane, keep: int) -> None:
        """Forget all but its oldest."""
        if keep >= lane.live:
            return
        tasks = sorted(one for one in lane.tasks if self._is_held(one[2]))
        for _, _, task in tasks[keep:]:
            del self.known[task.run, task.event_id]
        lane.level.lose(lane, len(tasks) - keep)
        lane.tasks = tasks[:keep]
        lane.newest_at = tasks[keep - 1][0] if keep else -1

    def has_place(self, lane: Lane, size: int) -> bool:
        """In a full window: others go later, or the lane's share of what is left is not used up."""
        level = lane.level
        room = size - sum(each.live for each in self.levels if each.priority < level.priority)
        if any(each.live and each.priority > level.priority for each in self.levels):
            return room > 0
        return lane.live < room // (level.lanes_live + (not lane.live))

    def excess(self, size: int) -> Iterator[tuple[Lane, int]]:
        """Lanes that are too long for the size, and how long they may be: of the last priority
        that has room, each the same."""
        room = size
        for level in self.levels:
            if level.live <= room:
                room -= level.live
                continue
            live = [lane for lane in level.lanes.values() if lane.live]
            share = max(1, room // len(live))
            for lane in live:
                keep = min(share, room, lane.live)
                room -= keep
                if keep < lane.live:
                    yield lane, keep

    def opens_at(self) -> int:
        """When the first lane that rests is to be looked at again; 0 where none rests."""
        return min((level.resting[0][0] for level in self.levels if level.resting), default=0)

    def wake(self) -> None:
        """Rates have changed: whoever rests is looked at anew."""
        for level in self.levels:
            level.wake(NEVER)


class Shares:
    """How operators weigh the keys, and how fast each may go (None: as fast as may be)."""

    def __init__(self) -> None:
        self.weights: Mapping[str, float] = {}
        self.rate: float | None = None
        self.buckets: dict[str, Bucket] = {}

    def weight(self, key: str, own: float) -> float:
        return self.weights.get(key, own) if self.weights else own

    def change(self, weights: Mapping[str, float], rate: float | None) -> None:
        self.weights, self.rate = weights, rate
        if rate is None:
            self.buckets.clear()
            return
        for key, bucket in self.buckets.items():
            bucket.change(rate * self.weight(key, bucket.weight))

    def opens_at(self, key: str, own: float, now: int) -> int:
        """When the next task of the key may go: 0 for now, `NEVER` under a rate of none."""
        if self.rate is None:
            return 0
        return self._bucket(key, own).opens_at(now)

    def take(self, key: str, own: float, now: int) -> None:
        if self.rate is not None:
            self._bucket(key, own).take(now)

    def _bucket(self, key: str, own: float) -> Bucket:
        rate = (self.rate or 0.0) * self.weight(key, own)
        bucket = self.buckets.get(key)
        if bucket is None:
            if len(self.buckets) >= KEYS_LIMITED_MAX:
                del self.buckets[next(iter(self.buckets))]
            bucket = self.buckets[key] = Bucket(rate, own)
        elif bucket.rate != rate:
            bucket.weight = own
            bucket.change(rate)
        return bucket
