"""Whatever comes, goes, dies or is forgotten: no task is lost, none is given twice while its giving
is good, and none goes before what should go before it."""

import random
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.keys import RunKey
from engine.matching.pages import LaneName, Page, Wanted
from engine.matching.queue import TaskQueue
from engine.matching.reading import read
from engine.matching.window import GIVEN_NS
from engine.ports import Task
from engine.store.tasks import Head
from tests.unit.matching.test_queue import Poll, task

Name = tuple[RunKey, int]
T = TypeVar("T")
WINDOW, LANES_MAX, TURNS = 8, 3, 200


def name_of(task: Task) -> Name:
    return task.run, task.event_id


class Stored:
    """What a database would answer."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = sorted(tasks, key=lambda one: (one.offered_at, one.run.run_id))

    async def lanes(self, after: LaneName, rows: int) -> list[Head]:
        found: dict[LaneName, Head] = {}
        for one in self.tasks:
            found.setdefault((one.priority, one.key), Head(one.priority, one.key, one.weight))
        return [found[name] for name in sorted(found) if name > after][:rows]

    async def oldest(self, of: Sequence[Head], counts: Sequence[int]) -> list[Task]:
        found: list[Task] = []
        for head, count in zip(of, counts, strict=True):
            name, after = (head.priority, head.key), (head.offered_at, head.run_id)
            mine = (one for one in self.tasks if (one.priority, one.key) == name)
            found += [one for one in mine if (one.offered_at, one.run.run_id) > after][:count]
        return found


def done(work: Coroutine[Any, Any, T]) -> T:
    """Of work that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    raise AssertionError("it waits")


class World:
    def __init__(self, seed: int, keys: int) -> None:
        self.chance = random.Random(seed)
        self.keys = keys
        self.stored: dict[Name, Task] = {}
        # Given to somebody who is starting it, since when; and to somebody who died with it.
        self.given: dict[Name, int] = {}
        self.page: Page | None = None
        self.now = 0
        self.count = 0
        self.queue: TaskQueue[Poll] = TaskQueue(WINDOW)

    def turn(self) -> None:
        """One of all that can happen; `read` twice, its beginning and its end."""
        self.now += self.chance.choice((1, 1, 1, GIVEN_NS // 10))
        deeds = (self.add, self.add, self.poll, self.poll, self.start, self.hand_back, self.leave,
                 self.die, self.withdraw, self.read, self.read, self.crash)  # fmt: skip
        weights = (8, 8, 8, 8, 8, 2, 2, 1, 2, 8, 8, 0.3)
        self.chance.choices(deeds, weights)[0]()

    def add(self) -> None:
        for _ in range(self.chance.choice((1, 1, 5))):
            self.count += 1
            new = task(
                self.count,
                key=f"key-{self.chance.randrange(self.keys)}",
                priority=self.chance.choice((1, 3, 3, 5)),
                weight=self.chance.choice((1.0, 4.0)),
            )
            self.stored[name_of(new)] = new
            self.queue.offer(new)
        self.match()

    def poll(self) -> None:
        self.queue.wait(Poll("one"))
        self.match()

    def leave(self) -> None:
        if self.queue.polls:
            self.chance.choice(self.queue.polls).is_waiting = False

    def match(self) -> None:
        for _, one in self.queue.match(self.now):
            self.check(one)
            self.given[name_of(one)] = self.now

    def check(self, one: Task) -> None:
        name = name_of(one)
        assert name in self.stored, "it was withdrawn"
        assert name not in self.given, "somebody has it"
        waiting = [each for key, each in self.stored.items() if key not in self.given]
        assert min(each.priority for each in waiting) == one.priority
        lane = [each for each in waiting if (each.priority, each.key) == (one.priority, one.key)]
        assert min(each.offered_at for each in lane) == one.offered_at

    def any_given(self) -> Name | None:
        return self.chance.choice(list(self.given)) if self.given else None

    def start(self) -> None:
        """Its start is committed, and so it is in the store no more."""
        if name := self.any_given():
            self.commit(name)

    def commit(self, name: Name) -> None:
        del self.given[name], self.stored[name]
        self.queue.window.withdraw(*name)

    def commit_old(self) -> None:
        """Nobody takes longer."""
        for name, at in list(self.given.items()):
            if self.now - at >= GIVEN_NS:
                self.commit(name)

    def hand_back(self) -> None:
        """A poller that is known to be gone."""
        if name := self.any_given():
            del self.given[name]
            self.queue.offer(self.stored[name])
            self.match()

    def die(self) -> None:
        """A poller of which nobody knows that it is gone: another attempt comes in its time."""
        if name := self.any_given():
            del self.given[name]
            again = msgspec.structs.replace(
                self.stored[name], attempt=self.stored[name].attempt + 1
            )
            self.count += 1
            self.stored[name] = msgspec.structs.replace(again, offered_at=self.count)
            self.queue.offer(self.stored[name])
            self.match()

    def withdraw(self) -> None:
        if self.stored:
            name = self.chance.choice(list(self.stored))
            del self.stored[name]
            self.given.pop(name, None)
            self.queue.window.withdraw(*name)

    def read(self) -> None:
        window = self.queue.window
        self.commit_old()
        if self.page is not None:
            page, self.page = self.page, None
            window.end_reading(page)
            self.match()
        elif self.queue.wants_reading:
            wanted: Wanted = window.begin_reading(self.queue.shares, self.now)
            source = Stored(list(self.stored.values()))
            self.page = done(read(source, wanted, None, LANES_MAX))

    def crash(self) -> None:
        """The node forgets all; whoever was starting a task is refused, or has started it."""
        self.page = None
        self.given.clear()
        self.queue = TaskQueue(WINDOW)

    def finish(self) -> None:
        """Whatever is in the store is given in the end, with reads and polls alone."""
        for _ in range(10 * (len(self.stored) + 10)):
            if not self.stored:
                return
            self.now += GIVEN_NS
            self.poll()
            self.read()
            self.read()
            self.commit_old()
        raise AssertionError(f"lost: {list(self.stored)}")


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), keys=st.sampled_from((1, 2, 3, 12)))
def test_no_task_is_lost_given_twice_or_overtaken(seed: int, keys: int) -> None:
    world = World(seed, keys)
    for _ in range(TURNS):
        world.turn()
    world.finish()
