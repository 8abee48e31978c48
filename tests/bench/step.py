"""What the pure parts cost: `step()` on an activity's round trip, and a task that meets a poll.

`python -m tests.bench.step` is the medians, and each as a ratio to a fixed loop of the same run, so
that two machines can be compared. The median of `step()` is to be under 60 µs.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict

from engine.core.inputs import Input
from engine.core.keys import QueueKey, RunKey
from engine.core.step import Step, step
from engine.matching.pages import Page
from engine.matching.queue import TaskQueue
from engine.ports import Task
from tests.support.story import Story, complete_run, schedule_activity

ROUNDS = 3_000
LOOP_TURNS = 200
STEP_MICROSECONDS_MAX = 60.0
QUEUE = QueueKey("namespace", "orders", "activity")


class Timed(Story):
    """A story that knows how long each of its steps took."""

    def __init__(self, took: dict[str, list[int]]) -> None:
        super().__init__()
        self.took = took

    def give(self, given: Input) -> Step:
        began = time.perf_counter_ns()
        taken = step(self.state, given, self.limits)
        self.took[type(given).__name__].append(time.perf_counter_ns() - began)
        return taken


class Poll:
    is_waiting = True


def round_trip(took: dict[str, list[int]]) -> None:
    story = Timed(took)
    story.start()
    story.do(schedule_activity("charge"))
    story.take_activity("charge")
    story.complete_activity("charge")
    story.do(complete_run())


def steps() -> dict[str, list[int]]:
    took: dict[str, list[int]] = defaultdict(list)
    for _ in range(ROUNDS):
        round_trip(took)
    return took


def fixed() -> list[int]:
    """Work of the same kind, that nobody will ever make faster: small objects in a dictionary."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        known = {}
        for turn in range(LOOP_TURNS):
            known[turn] = (turn, str(turn))
        took.append(time.perf_counter_ns() - began)
    return took


def tasks(count: int) -> list[Task]:
    return [
        Task(
            run=RunKey("namespace", f"order-{number}", f"run-{number}"),
            queue=QUEUE,
            event_id=5,
            attempt=1,
            offered_at=number,
        )
        for number in range(count)
    ]


def read_queue() -> TaskQueue[Poll]:
    queue: TaskQueue[Poll] = TaskQueue()
    queue.window.begin_reading(queue.shares, 0)
    queue.window.end_reading(Page())
    return queue


def matched_at_once() -> list[int]:
    """Each task meets a poll that waits."""
    queue, took = read_queue(), []
    for task in tasks(ROUNDS):
        queue.wait(Poll())
        began = time.perf_counter_ns()
        poll = queue.reserve(began, task.key, task.weight)
        took.append(time.perf_counter_ns() - began)
        assert poll is not None
    return took


def matched_from_a_window() -> list[int]:
    """Each poll meets a task of a full window."""
    queue, took = read_queue(), []
    for task in tasks(queue.window.size):
        queue.offer(task)
    while len(queue):
        began = time.perf_counter_ns()
        queue.wait(Poll())
        queue.match(began)
        took.append(time.perf_counter_ns() - began)
    return took


def median(took: list[int]) -> float:
    return sorted(took)[len(took) // 2] / 1_000


def main() -> None:
    took = steps()
    loop = median(fixed())
    whole = median([one for each in took.values() for one in each])
    found = {
        f"step(), to be under {STEP_MICROSECONDS_MAX:.0f} µs": whole,
        **{f"  {name}": median(each) for name, each in took.items()},
        "a task that meets a poll": median(matched_at_once()),
        "a poll that meets a task": median(matched_from_a_window()),
    }
    sys.stdout.write(f"the fixed loop: {loop:.1f} µs\n")
    for name, middle in found.items():
        sys.stdout.write(f"{name}: {middle:.2f} µs ({middle / loop:.3f} x the loop)\n")


if __name__ == "__main__":
    main()
