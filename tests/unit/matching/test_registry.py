"""Queues in their event loop, over a backlog that is a list."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.api.query.v1 import WorkflowQuery

from engine.core.effects import Urgency
from engine.core.keys import QueueKey, RunKey
from engine.core.priorities import QueueOrder, Waiting
from engine.core.state import RunState
from engine.errors import ResourceExhausted, TaskNotFound
from engine.matching.pages import Page, Wanted
from engine.matching.queries import OPEN_PER_RUN_MAX
from engine.matching.reading import Meant
from engine.matching.registry import TaskQueues
from engine.ports import Poller, QueryOutcome, Task

SECOND = 1_000_000_000
NORMAL = QueueKey("namespace", "orders", "workflow")
STICKY = QueueKey("namespace", "worker-1", "workflow")
ORDINARY = Urgency()
RUN = RunKey("namespace", "order-7", "run-7")


class HandClock:
    def __init__(self) -> None:
        self.at = 1_000 * SECOND
        self.count = 0

    def now(self) -> int:
        return self.at

    def new_id(self) -> str:
        self.count += 1
        return f"id-{self.count}"


class ListBacklog:
    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.reads = 0
        self.failures = 0

    async def read(self, queue: QueueKey, wanted: Wanted, is_meant: Meant | None = None) -> Page:
        self.reads += 1
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        found = [task for task in self.tasks if task.queue == queue]
        meant = list(filter(is_meant or (lambda _: True), found))
        page, rest = meant[: wanted.count], meant[wanted.count :]
        cut = {(task.priority, task.key): page[-1].offered_at for task in rest}
        return Page(tasks=page, cut=cut)

    async def count(self, queue: QueueKey) -> list[Waiting]:
        found = (task for task in self.tasks if task.queue == queue)
        return [Waiting(task.priority, 1, task.offered_at) for task in found]


class OneRun:
    """Shards, as far as matching asks them."""

    async def inspect(self, key: RunKey, question: Callable[[RunState], Any]) -> Any:
        return question(RunState(key=key, queue=NORMAL.name))


class World:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.backlog = ListBacklog()
        self.queues = TaskQueues(self.backlog, self.clock)
        self.queues.introduce(OneRun())  # type: ignore[arg-type]

    def poll(
        self, queue: QueueKey = NORMAL, identity: str = "Ada", within: float = 5, **given: Any
    ) -> asyncio.Task[Task | None]:
        poller = Poller(identity=identity, request_id=f"request of {identity}", **given)
        return asyncio.create_task(self.queues.poll(queue, poller, within))

    async def settled(self) -> None:
        """Everything that can go on without time has gone on."""
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
def world() -> World:
    return World()


def task(number: int = 1, queue: QueueKey = NORMAL, **given: Any) -> Task:
    return Task(run=RUN, queue=queue, event_id=number, attempt=1, offered_at=number, **given)


async def test_a_waiting_poll_gets_what_is_offered(world: World) -> None:
    poll = world.poll()
    await world.settled()
    world.queues.offer(task())

    assert await poll == task()


async def test_a_poll_ends_with_nothing_at_its_time_out(world: World) -> None:
    assert await world.poll(within=0.01) is None


async def test_what_was_offered_while_nobody_polled_is_read_from_the_store(world: World) -> None:
    world.queues.offer(task())
    world.backlog.tasks = [task()]

    assert await world.poll() == task()
    assert world.backlog.reads == 1


async def test_a_read_that_fails_is_tried_again(world: World) -> None:
    world.backlog.failures = 1
    world.backlog.tasks = [task()]

    assert await world.poll() == task()


async def test_a_task_given_to_a_poll_that_is_cancelled_goes_to_the_next(world: World) -> None:
    gone = world.poll(identity="Bob")
    await world.settled()
    world.queues.offer(task())
    gone.cancel()
    await world.settled()

    assert gone.cancelled()
    assert await world.poll() == task()


async def test_a_cancelled_poll_leaves_no_trace_in_the_queue(world: World) -> None:
    gone, there = world.poll(identity="Bob"), world.poll()
    await world.settled()
    gone.cancel()
    world.queues.offer(task())

    assert await there == task()


async def test_a_reserved_poller_is_given_the_started_task(world: World) -> None:
    poll = world.poll()
    await world.settled()
    reservation = world.queues.reserve(NORMAL, RUN, ORDINARY)
    assert reservation is not None
    assert reservation.poller.request_id == "request of Ada"
    reservation.fulfil(RUN, "the reply")

    given = await poll
    assert given is not None
    assert given.started == "the reply"
    assert given.run == RUN


async def test_a_reserved_poller_that_is_not_needed_waits_on(world: World) -> None:
    poll = world.poll()
    await world.settled()
    reservation = world.queues.reserve(NORMAL, RUN, ORDINARY)
    assert reservation is not None
    assert world.queues.reserve(NORMAL, RUN, ORDINARY) is None
    reservation.return_()
    world.queues.offer(task())

    assert await poll == task()


async def test_a_task_started_for_a_poller_that_left_goes_to_the_next(world: World) -> None:
    poll = world.poll()
    await world.settled()
    reservation = world.queues.reserve(NORMAL, RUN, ORDINARY)
    poll.cancel()
    await world.settled()
    assert reservation is not None
    reservation.fulfil(RUN, "the reply")

    given = await world.poll(identity="Bob")
    assert given is not None
    assert given.started == "the reply"


async def test_a_sticky_task_goes_to_the_worker_that_polls(world: World) -> None:
    poll = world.poll(STICKY)
    await world.settled()
    world.queues.offer(task(queue=STICKY, sticky=True))

    assert await poll == task(queue=STICKY, sticky=True)


async def test_a_sticky_task_of_a_worker_that_is_gone_goes_to_the_normal_queue(
    world: World,
) -> None:
    await world.poll(STICKY, within=0)
    normal = world.poll(NORMAL)
    await world.settled()
    world.clock.at += 11 * SECOND
    world.queues.offer(task(queue=STICKY, sticky=True))

    assert await normal == task(queue=NORMAL, sticky=False)


async def test_a_worker_that_was_killed_is_gone_at_once(world: World) -> None:
    killed = world.poll(STICKY)
    await world.settled()
    world.clock.at += 30 * SECOND
    assert world.queues.has_pollers(STICKY)
    killed.cancel()
    await world.settled()

    assert not world.queues.has_pollers(STICKY)


async def test_a_worker_that_leaves_hands_back_its_sticky_tasks(world: World) -> None:
    await world.poll(STICKY, within=0.01)
    world.queues.offer(task(queue=STICKY, sticky=True))
    normal = world.poll(NORMAL)
    await world.settled()
    world.queues.leave(STICKY)

    assert await normal == task(queue=NORMAL, sticky=False)
    assert not world.queues.has_pollers(STICKY)


async def test_polls_of_a_worker_that_shuts_down_end_at_once(world: World) -> None:
    leaving, staying = world.poll(instance="a"), world.poll(instance="b", identity="Bob")
    await world.settled()
    world.queues.end_polls("namespace", "a")

    assert await leaving is None
    assert not staying.done()
    staying.cancel()


async def test_a_poll_that_comes_after_its_worker_shut_down_ends_at_once(world: World) -> None:
    world.queues.end_polls("namespace", "a")

    assert await world.poll(instance="a") is None


async def test_a_report_names_the_pollers_and_the_backlog(world: World) -> None:
    world.backlog.tasks = [task(5), task(6)]
    report = await world.queues.describe(NORMAL)
    assert (report.waiting, report.pollers) == ((Waiting(3, 2, 5),), ())

    world.backlog.tasks = []
    await world.poll(within=0.01)
    world.queues.offer(task(9, priority=1))
    world.queues.offer(task(8))
    report = await world.queues.describe(NORMAL)
    assert set(report.waiting) == {Waiting(1, 1, 9), Waiting(3, 1, 8)}
    assert [seen.poller.identity for seen in report.pollers] == ["Ada"]

    world.clock.at += 301 * SECOND
    assert (await world.queues.describe(NORMAL)).pollers == ()


async def test_a_rate_paces_the_tasks(world: World) -> None:
    polls = [world.poll(identity=f"worker {number}", rate_max=1.0) for number in range(2)]
    await world.settled()
    world.queues.offer(task(1))
    world.queues.offer(task(2))
    await world.settled()
    assert [poll.done() for poll in polls] == [True, False]

    world.clock.at += 2 * SECOND
    assert await asyncio.wait_for(polls[1], 2) == task(2)


async def test_what_an_operator_sets_goes_before_what_workers_ask(world: World) -> None:
    world.queues.orders.order({NORMAL: QueueOrder(rate=0.0)})
    poll = world.poll(rate_max=1_000.0)
    await world.settled()
    world.queues.offer(task(1))
    await world.settled()
    assert not poll.done()
    report = await world.queues.describe(NORMAL)
    assert (report.rate_max, report.is_rate_set) == (0.0, True)

    world.clock.at += SECOND
    world.queues.orders.order({})
    assert await asyncio.wait_for(poll, 2) == task(1)
    report = await world.queues.describe(NORMAL)
    assert (report.rate_max, report.is_rate_set) == (1_000.0, False)


async def test_an_answer_reaches_who_asked_once(world: World) -> None:
    asked = world.queues.queries.open(RUN, WorkflowQuery(query_type="state"))
    outcome = QueryOutcome()
    world.queues.queries.answer(asked.id, outcome)

    assert await asked.answer == outcome
    with pytest.raises(TaskNotFound):
        world.queues.queries.answer(asked.id, outcome)


async def test_questions_that_a_workflow_task_left_open_are_given_back(world: World) -> None:
    queries = world.queues.queries
    first = queries.open(RUN, WorkflowQuery(query_type="state"))
    second = queries.open(RUN, WorkflowQuery(query_type="amount"))
    assert queries.carry(RUN) == [first, second]
    queries.settle(RUN, {first.id: QueryOutcome(refusal="no")})

    assert await first.answer == QueryOutcome(refusal="no")
    assert await second.answer is None


async def test_too_many_questions_to_one_run_are_refused(world: World) -> None:
    queries = world.queues.queries
    opened = [queries.open(RUN, WorkflowQuery()) for _ in range(OPEN_PER_RUN_MAX)]
    with pytest.raises(ResourceExhausted):
        queries.open(RUN, WorkflowQuery())

    for asked in opened:
        queries.close(asked)
    queries.open(RUN, WorkflowQuery())
