"""Shares of what waits, on both servers: proportions, and within a key the oldest first."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping

import pytest
from temporalio.api.common.v1 import Priority
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    UpdateTaskQueueConfigRequest,
)

from tests.support.commands import complete
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

WAITING = 25
#: Longer than a start is on its way to its queue.
APART_SECONDS = 0.2


async def weigh(server: Server, queue: str, weights: Mapping[str, float]) -> None:
    await server.workflows.UpdateTaskQueueConfig(
        UpdateTaskQueueConfigRequest(
            namespace=server.namespace,
            task_queue=queue,
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            set_fairness_weight_overrides=weights,
        )
    )


async def fill(server: Server, queue: str, priorities: Mapping[str, Priority]) -> None:
    """As many of each wait, all of one before the first of the next."""
    for name, priority in priorities.items():
        starts = (f"{queue}/{name}/{number}" for number in range(WAITING))
        await asyncio.gather(*(server.start(run, queue, priority=priority) for run in starts))
    await until_waiting(server, queue, WAITING * len(priorities))


async def until_waiting(server: Server, queue: str, count: int) -> None:
    async def backlog() -> int:
        asked = DescribeTaskQueueRequest(
            namespace=server.namespace, task_queue=TaskQueue(name=queue), report_stats=True
        )
        return (await server.workflows.DescribeTaskQueue(asked)).stats.approximate_backlog_count

    await eventually_async(backlog, lambda seen: seen >= count)


async def first(server: Server, queue: str, count: int) -> Counter[str]:
    """Whose tasks the first so many are."""
    worker, found = ScriptedWorker(server, queue), Counter[str]()
    for _ in range(count):
        task = await worker.on_task(complete())
        found[task.workflow_execution.workflow_id.split("/")[-2]] += 1
    return found


async def shares(
    server: Server,
    queue: str,
    priorities: Mapping[str, Priority],
    weights: Mapping[str, float],
    count: int,
) -> Counter[str]:
    if weights:
        await weigh(server, queue, weights)
    await fill(server, queue, priorities)
    return await first(server, queue, count)


def of_key(key: str, weight: float = 0, priority: int = 0) -> Priority:
    return Priority(priority_key=priority, fairness_key=key, fairness_weight=weight)


PROGRAMS: dict[str, tuple[dict[str, Priority], dict[str, float], dict[str, int]]] = {
    "alike": ({key: of_key(key) for key in "abc"}, {}, {"a": 10, "b": 10, "c": 10}),
    "with and without a key": ({"a": of_key("a"), "none": Priority()}, {}, {"a": 10, "none": 10}),
    "by weight": (
        {"a": of_key("a", 5), "b": of_key("b", 2), "c": of_key("c", 1)},
        {},
        {"a": 20, "b": 8, "c": 4},
    ),
    "as an operator weighs them": (
        {"a": of_key("a"), "b": of_key("b", 1)},
        {"a": 1, "b": 4},
        {"a": 5, "b": 20},
    ),
    "within a priority": (
        {"a": of_key("a", 9, 4), "b": of_key("b", 1, 2), "c": of_key("c", 1, 2)},
        {},
        {"b": 15, "c": 15},
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_each_key_has_its_share_on_both(
    server: Server, official: Server, names: Names, program: str
) -> None:
    priorities, weights, expected = PROGRAMS[program]
    count = sum(expected.values())
    found = await asyncio.gather(
        *(shares(each, names.queue(), priorities, weights, count) for each in (server, official))
    )
    for counted in found:
        assert counted == {key: pytest.approx(share, abs=2) for key, share in expected.items()}


async def ages(server: Server, queue: str) -> list[str]:
    """Which of each key comes when, where they are begun one after the other."""
    keys, of_each = "ab", 5
    for number, key in itertools.product(range(of_each), keys):
        await server.start(f"{queue}/{key}/{number}", queue, priority=of_key(key))
        await asyncio.sleep(APART_SECONDS)
    await until_waiting(server, queue, of_each * len(keys))
    worker, found = ScriptedWorker(server, queue), list[str]()
    for _ in range(of_each * len(keys)):
        task = await worker.on_task(complete())
        found.append(task.workflow_execution.workflow_id.removeprefix(queue))
    return sorted(found, key=lambda name: name.split("/")[1])


async def test_within_a_key_the_oldest_is_first_on_both(
    server: Server, official: Server, names: Names
) -> None:
    queue = names.queue()
    ours, theirs = await asyncio.gather(*(ages(each, queue) for each in (server, official)))
    assert ours == theirs == sorted(ours)
