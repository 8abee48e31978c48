"""The meeting of tasks and polls."""

from typing import Any

from engine.core.keys import QueueKey, RunKey
from engine.matching.pages import Page
from engine.matching.queue import TaskQueue
from engine.ports import Task

SECOND = 1_000_000_000
QUEUE = QueueKey("namespace", "queue", "activity")


class Poll:
    def __init__(self, name: str) -> None:
        self.name = name
        self.is_waiting = True


def task(number: int, *, attempt: int = 1, **given: Any) -> Task:
    return Task(
        run=RunKey("namespace", f"workflow-{number}", f"run-{number}"),
        queue=QUEUE,
        event_id=5,
        attempt=attempt,
        offered_at=number,
        **given,
    )


def read_queue(window_max: int = 100) -> TaskQueue[Poll]:
    """One that knows that the store holds nothing more."""
    queue: TaskQueue[Poll] = TaskQueue(window_max)
    read(queue)
    return queue


def read(queue: TaskQueue[Poll], *tasks: Task, cut: bool = False, **given: Any) -> int:
    """One read of the store that brings these; `cut`: of the last one's lane there is more."""
    queue.window.begin_reading(queue.shares, 0)
    last = tasks[-1] if cut else None
    lanes = {} if last is None else {(last.priority, last.key): last.offered_at}
    return queue.window.end_reading(Page(tasks=list(tasks), cut=lanes, **given))


def names(queue: TaskQueue[Poll], polls: int, now: int = 0) -> list[str]:
    for number in range(polls):
        queue.wait(Poll(f"poll-{number}"))
    return [task.run.workflow_id for _, task in queue.match(now)]


def test_the_oldest_task_goes_to_the_poll_that_waited_longest() -> None:
    queue = read_queue()
    queue.offer(task(1))
    queue.offer(task(2))
    queue.wait(Poll("first"))
    queue.wait(Poll("second"))

    matches = [(poll.name, task.run.workflow_id) for poll, task in queue.match(0)]

    assert matches == [("first", "workflow-1"), ("second", "workflow-2")]


def test_priority_comes_before_age() -> None:
    queue = read_queue()
    queue.offer(task(1))
    queue.offer(task(2, priority=5))
    queue.offer(task(3, priority=1))

    assert names(queue, polls=3) == ["workflow-3", "workflow-1", "workflow-2"]


def test_a_poll_whose_caller_is_gone_gets_nothing() -> None:
    queue = read_queue()
    gone, there = Poll("gone"), Poll("there")
    queue.wait(gone)
    queue.wait(there)
    gone.is_waiting = False
    queue.offer(task(1))

    assert [poll.name for poll, _ in queue.match(0)] == ["there"]


def test_a_poll_that_gives_up_is_forgotten() -> None:
    queue = read_queue()
    poll = Poll("impatient")
    queue.wait(poll)
    queue.give_up(poll)
    queue.give_up(poll)
    queue.offer(task(1))

    assert queue.match(0) == []


def test_a_withdrawn_task_is_not_handed_out() -> None:
    queue = read_queue()
    queue.offer(task(1))
    queue.offer(task(2))
    queue.window.withdraw(task(1).run, 5)

    assert names(queue, polls=2) == ["workflow-2"]


def test_the_same_task_offered_twice_is_handed_out_once() -> None:
    queue = read_queue()
    queue.offer(task(1))
    queue.offer(task(1))

    assert names(queue, polls=2) == ["workflow-1"]


def test_a_later_attempt_replaces_the_earlier_one() -> None:
    queue = read_queue()
    queue.offer(task(1))
    queue.offer(task(1, attempt=2))
    queue.wait(Poll("one"))
    queue.wait(Poll("two"))

    assert [task.attempt for _, task in queue.match(0)] == [2]


def test_a_new_queue_reads_the_store_before_it_takes_offers() -> None:
    queue: TaskQueue[Poll] = TaskQueue()
    assert not queue.offer(task(2))
    assert not queue.wants_reading, "nobody asks yet"
    queue.wait(Poll("one"))
    assert queue.wants_reading

    read(queue, task(1), task(2))

    assert names(queue, polls=1) == ["workflow-1", "workflow-2"]


def test_what_is_offered_during_a_read_is_held_whether_the_read_saw_it_or_not() -> None:
    queue: TaskQueue[Poll] = TaskQueue()
    queue.window.begin_reading(queue.shares, 0)
    queue.offer(task(2))
    queue.offer(task(3))
    news = queue.window.end_reading(Page(tasks=[task(1), task(2)]))

    assert news == 3
    assert len(queue) == 3
    assert not queue.window.is_in_store


def test_what_was_given_and_is_still_in_the_store_is_read_until_it_is_gone_or_given_again() -> None:
    """Its start may be on its way; or it was never stored, as its shard lost its database."""
    queue = read_queue()
    queue.offer(task(1))
    assert names(queue, polls=2) == ["workflow-1"]
    queue.window.forget()

    read(queue, task(1))
    assert queue.window.is_in_store
    queue.window.begin_reading(queue.shares, 2 * SECOND)
    queue.window.end_reading(Page(tasks=[task(1)]))

    assert names(queue, polls=0) == ["workflow-1"]
    read(queue)
    assert not queue.window.is_in_store


def test_what_does_not_fit_is_left_in_the_store_and_read_back_when_memory_drains() -> None:
    queue = read_queue(window_max=2)
    held = [queue.offer(task(number)) for number in range(1, 5)]
    assert held == [True, True, False, False]

    assert names(queue, polls=3) == ["workflow-1", "workflow-2"]
    assert queue.wants_reading

    read(queue, task(3), task(4), cut=True)
    assert names(queue, polls=1) == ["workflow-3", "workflow-4"]
    assert queue.window.is_in_store, "the read was cut off: there may be more"


def test_younger_tasks_do_not_overtake_those_left_in_the_store() -> None:
    queue = read_queue(window_max=1)
    queue.offer(task(1))
    queue.offer(task(2))
    names(queue, polls=1)

    assert not queue.offer(task(3))


def test_direct_tasks_go_first_and_are_held_even_when_the_window_is_full() -> None:
    queue = read_queue(window_max=1)
    queue.offer(task(1))
    queue.offer(task(2, started="a reply"))

    assert names(queue, polls=2) == ["workflow-2", "workflow-1"]


def test_a_rate_holds_tasks_back_until_its_time() -> None:
    queue = read_queue()
    queue.limit(1)
    for number in range(1, 4):
        queue.offer(task(number))
    now = 10 * SECOND

    assert names(queue, polls=3, now=now) == ["workflow-1"]
    opens_at = queue.opens_at(now)
    assert now < opens_at <= now + SECOND + 1
    assert names(queue, polls=0, now=opens_at) == ["workflow-2"]


def test_a_rate_of_zero_stops_the_queue_until_it_is_changed() -> None:
    queue = read_queue()
    queue.limit(0)
    queue.offer(task(1))

    assert names(queue, polls=1, now=SECOND) == []
    assert queue.opens_at(SECOND) == 0
    queue.limit(100)
    assert names(queue, polls=0, now=3 * SECOND) == ["workflow-1"]


def test_requests_to_handlers_go_by_the_rate_of_their_queue() -> None:
    queue: TaskQueue[Poll] = TaskQueue(limits_direct=True)
    queue.limit(0)
    queue.offer(task(1, started="a reply"))

    assert names(queue, polls=1, now=SECOND) == []
    queue.limit(1)
    assert queue.opens_at(SECOND) > SECOND
    assert names(queue, polls=0, now=3 * SECOND) == ["workflow-1"]


def test_a_poll_is_reserved_only_where_no_task_waits_for_it() -> None:
    queue = read_queue()
    assert queue.reserve(0) is None

    queue.wait(Poll("one"))
    reserved = queue.reserve(0)
    assert reserved is not None
    assert queue.reserve(0) is None, "it is taken"

    queue.limit(0)
    queue.wait(reserved, first=True)
    assert queue.reserve(0) is None, "the rate forbids it"


def test_a_poll_is_not_reserved_before_the_store_was_read() -> None:
    queue: TaskQueue[Poll] = TaskQueue()
    queue.wait(Poll("one"))

    assert queue.reserve(0) is None


def test_a_drained_queue_gives_its_tasks_away_and_reads_the_store_again() -> None:
    queue = read_queue()
    queue.offer(task(1))

    assert [task.run.workflow_id for task in queue.drain()] == ["workflow-1"]
    assert names(queue, polls=1) == []
    assert queue.wants_reading
