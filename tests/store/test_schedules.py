"""Schedules in the store: a node that dies leaves nothing undone, two do nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.message import Message
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.schedule.v1 import (
    IntervalSpec,
    Schedule,
    SchedulePatch,
    ScheduleSpec,
    TriggerImmediatelyRequest,
)
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionResponse

from engine.background.schedules import Schedules
from engine.clock import SystemClock
from engine.core.keys import shard_of
from engine.core.schedule.state import CATCHUP_DEFAULT, ScheduleState
from engine.core.schedule.step import Input, Patch, Wake
from engine.errors import NotFound, Unavailable
from engine.namespaces import DEFAULT, Namespaces
from engine.store.pool import Pool, open_readers
from tests.support.engine import seconds
from tests.support.eventually import eventually_async

SHARDS = 8
clock = SystemClock()


class Started:
    """What was asked of the rest of the engine; the first `refusals` are refused for now."""

    def __init__(self, refusals: int = 0) -> None:
        self.request_ids: list[str] = []
        self.workflow_ids: set[str] = set()
        self.refusals = refusals

    async def call(self, name: str, request: Message) -> Any:
        given: Any = request
        assert name == "StartWorkflowExecution"
        self.request_ids.append(given.request_id)
        if len(self.request_ids) <= self.refusals:
            raise Unavailable("not now")
        self.workflow_ids.add(given.workflow_id)
        return StartWorkflowExecutionResponse(run_id=f"run of {given.request_id}")


@pytest.fixture
async def pool(migrated_database: str) -> AsyncIterator[Pool]:
    pool = await open_readers(migrated_database)
    yield pool
    await pool.close()


@pytest.fixture
async def namespaces(pool: Pool) -> Namespaces:
    made = Namespaces(pool)
    await made.begin(clock, 3_600)
    return made


@pytest.fixture
def node(pool: Pool, namespaces: Namespaces) -> Any:
    def make(started: Started | None = None) -> Schedules:
        made = Schedules(
            namespaces,
            [pool],
            clock,
            lambda key: shard_of(key.namespace_id, key.workflow_id, SHARDS),
            indexed=False,
        )
        if started is not None:
            made.introduce(started.call)
        return made

    return make


async def state(namespaces: Namespaces, name: str, every: float = 0) -> ScheduleState:
    schedule = Schedule()
    if every:
        schedule.spec.CopyFrom(ScheduleSpec(interval=[IntervalSpec(interval=seconds(every))]))
    schedule.action.start_workflow.workflow_id = name
    schedule.policies.overlap_policy = Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
    schedule.policies.catchup_window.FromNanoseconds(CATCHUP_DEFAULT)
    at = clock.now()
    return ScheduleState(
        namespace_id=(await namespaces.named(DEFAULT)).id, schedule_id=name, id=clock.new_id(),
        request_id="made", schedule=schedule, created_at=at, done_until=at,
    )  # fmt: skip


def triggered() -> Input:
    patch = SchedulePatch(trigger_immediately=TriggerImmediatelyRequest())
    return Patch(at=clock.now(), request_id="trigger", patch=patch)


async def living(*nodes: Schedules) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(each.keep()) for each in nodes]


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_a_dead_node_left_is_done_once_by_another(
    node: Any, namespaces: Namespaces
) -> None:
    made = await state(namespaces, "left behind")
    # It stores that a run is to be started, and dies before it does.
    await node().create(made, triggered())
    started = Started()
    other = node(started)

    tasks = await living(other)
    stored = await eventually_async(
        lambda: other.read(made.namespace_id, made.schedule_id),
        lambda found: found.actions_count == 1,
    )
    await end(tasks)

    assert len(started.request_ids) == 1
    assert stored.starting == []


async def test_what_cannot_be_done_now_is_done_later_by_the_same_name(
    node: Any, namespaces: Namespaces
) -> None:
    made = await state(namespaces, "not now")
    started = Started(refusals=2)
    one = node(started)

    tasks = await living(one)
    await one.create(made, triggered())
    await eventually_async(
        lambda: one.read(made.namespace_id, made.schedule_id),
        lambda found: found.actions_count == 1,
    )
    await end(tasks)

    assert len(started.request_ids) == 3
    assert len(set(started.request_ids)) == 1


async def test_two_nodes_act_once_on_each_time(node: Any, namespaces: Namespaces) -> None:
    made = await state(namespaces, "shared", every=1)
    started = Started()
    first, second = node(started), node(started)
    await first.create(made, Wake(at=clock.now()))

    tasks = await living(first, second)
    stored = await eventually_async(
        lambda: second.read(made.namespace_id, made.schedule_id),
        lambda found: found.actions_count >= 4,
    )
    await first.delete(made.namespace_id, made.schedule_id)
    await end(tasks)

    assert max(Counter(started.request_ids).values()) == 1
    assert len(started.workflow_ids) == len(started.request_ids) >= stored.actions_count
    with pytest.raises(NotFound):
        await first.read(made.namespace_id, made.schedule_id)


async def test_the_schedules_of_a_namespace_that_goes_go_too(
    node: Any, namespaces: Namespaces
) -> None:
    one = node()
    made = await state(namespaces, "of a namespace", every=3_600)
    await one.create(made, Wake(at=clock.now()))

    await one.delete_all(made.namespace_id)

    assert await one.several(made.namespace_id, [made.schedule_id]) == {}
