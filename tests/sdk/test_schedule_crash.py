"""kill -9 of the engine around the times of a schedule: exactly one run a nominal time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.schedule.v1 import (
    Schedule,
    ScheduleAction,
    SchedulePatch,
    SchedulePolicies,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    ListWorkflowExecutionsRequest,
    ListWorkflowExecutionsResponse,
    PatchScheduleRequest,
)

from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.killable import KillableEngine, killable
from tests.support.schedules import every

KILLS = 12
STARTED_AGAIN_WITHIN = 30.0


@pytest.fixture
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    async with killable(database) as process:
        yield process


def request() -> CreateScheduleRequest:
    action = NewWorkflowExecutionInfo(
        workflow_id="tick", workflow_type=WorkflowType(name="Tick"), task_queue=TaskQueue(name="q")
    )
    return CreateScheduleRequest(
        namespace="default",
        schedule_id="every second",
        request_id="made",
        schedule=Schedule(
            spec=every(1),
            action=ScheduleAction(start_workflow=action),
            policies=SchedulePolicies(overlap_policy=Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL),
        ),
    )


async def told(server: Server) -> DescribeScheduleResponse:
    return await server.workflows.DescribeSchedule(
        DescribeScheduleRequest(namespace="default", schedule_id="every second")
    )


async def runs(server: Server) -> ListWorkflowExecutionsResponse:
    return await server.workflows.ListWorkflowExecutions(
        ListWorkflowExecutionsRequest(namespace="default", page_size=1_000)
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_around_its_times_each_of_them_starts_one_run(engine: KillableEngine) -> None:
    dice = random.Random(20_261_127)
    server = Server(engine.address, "perdure")
    await server.workflows.CreateSchedule(request(), wait_for_ready=True)
    created = (await told(server)).info.create_time.ToDatetime(UTC)

    for _ in range(KILLS):
        # Around the turn of a second, where the state is stored and the run is started.
        now = datetime.now(UTC).timestamp()  # noqa: TID251  what it is to be near
        await asyncio.sleep(1 - now % 1 + dice.uniform(-0.02, 0.06))
        await asyncio.to_thread(engine.kill)
        await asyncio.to_thread(engine.start)
    await server.workflows.PatchSchedule(
        PatchScheduleRequest(
            namespace="default",
            schedule_id="every second",
            request_id="p",
            patch=SchedulePatch(pause="end"),
        ),
        wait_for_ready=True,
    )

    async def all_started() -> bool:
        schedule, found = await told(server), await runs(server)
        assert schedule.info.action_count == len(found.executions)
        times = sorted(run.execution.workflow_id.removeprefix("tick-") for run in found.executions)
        assert max(Counter(times).values()) == 1
        first = (created + timedelta(seconds=1)).replace(microsecond=0)
        assert times == [
            (first + timedelta(seconds=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(len(times))
        ]
        return len(times) >= KILLS

    await eventually_async(all_started, within=STARTED_AGAIN_WITHIN)
    await server.channel.close()
