"""A few words for tests about schedules."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.api.schedule.v1 import (
    IntervalSpec,
    Schedule,
    ScheduleAction,
    SchedulePatch,
    SchedulePolicies,
    ScheduleSpec,
    ScheduleState,
    TriggerImmediatelyRequest,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import NewWorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DeleteScheduleRequest,
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    PatchScheduleRequest,
)

from tests.support.engine import Server, seconds
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

SKIP = Overlap.SCHEDULE_OVERLAP_POLICY_SKIP
BUFFER_ONE = Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE
BUFFER_ALL = Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL
CANCEL_OTHER = Overlap.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER
TERMINATE_OTHER = Overlap.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER
ALLOW_ALL = Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL


def every(count: float, **given: Any) -> ScheduleSpec:
    return ScheduleSpec(interval=[IntervalSpec(interval=seconds(count))], **given)


class Scheduled:
    """One schedule, as its caller sees it."""

    def __init__(self, server: Server, names: Names) -> None:
        self.server = server
        self.id = names.workflow("schedule")
        self.queue = names.queue()
        self._requests = itertools.count(1)

    def schedule(self, spec: ScheduleSpec | None = None, **given: Any) -> Schedule:
        """`given`: fields of the policies, the state or the action, whichever has them."""
        parts: tuple[Any, ...] = (SchedulePolicies, ScheduleState, NewWorkflowExecutionInfo)
        own = [
            {name: value for name, value in given.items() if name in part.DESCRIPTOR.fields_by_name}
            for part in parts
        ]
        action = {
            "workflow_id": f"by {self.id}",
            "workflow_type": WorkflowType(name="Scripted"),
            "task_queue": TaskQueue(name=self.queue),
            **own[2],
        }
        return Schedule(
            spec=spec,
            action=ScheduleAction(start_workflow=NewWorkflowExecutionInfo(**action)),
            policies=SchedulePolicies(**own[0]),
            state=ScheduleState(**own[1]),
        )

    def request(self, schedule: Schedule, **given: Any) -> CreateScheduleRequest:
        return CreateScheduleRequest(
            namespace=self.server.namespace,
            schedule_id=self.id,
            request_id=f"make {self.id}",
            schedule=schedule,
            **given,
        )

    async def create(
        self, spec: ScheduleSpec | None = None, request: dict[str, Any] | None = None, **given: Any
    ) -> None:
        asked = self.request(self.schedule(spec, **given), **(request or {}))
        await self.server.workflows.CreateSchedule(asked)

    async def describe(self) -> DescribeScheduleResponse:
        return await self.server.workflows.DescribeSchedule(
            DescribeScheduleRequest(namespace=self.server.namespace, schedule_id=self.id)
        )

    async def patch(self, **given: Any) -> None:
        await self.server.workflows.PatchSchedule(
            PatchScheduleRequest(
                namespace=self.server.namespace,
                schedule_id=self.id,
                request_id=f"patch {next(self._requests)} of {self.id}",
                patch=SchedulePatch(**given),
            )
        )

    async def trigger(self, **given: Any) -> None:
        await self.patch(trigger_immediately=TriggerImmediatelyRequest(**given))

    async def delete(self) -> None:
        await self.server.workflows.DeleteSchedule(
            DeleteScheduleRequest(namespace=self.server.namespace, schedule_id=self.id)
        )


#: The dev server looks at a schedule's runs when it acts again, or seconds later.
WITHIN = 20.0


def moment(of_it: str) -> Timestamp:
    made = Timestamp()
    made.FromJsonString(of_it)
    return made


async def acted(one: Scheduled, count: int) -> DescribeScheduleResponse:
    return await eventually_async(
        one.describe, lambda told: told.info.action_count == count, within=WITHIN
    )


async def runs_of(one: Scheduled, count: int) -> list[WorkflowExecution]:
    told = await acted(one, count)
    return [action.start_workflow_result for action in told.info.recent_actions]


async def first_event(
    one: Scheduled, run: WorkflowExecution
) -> WorkflowExecutionStartedEventAttributes:
    event = (await one.server.history(run))[0]
    return event.workflow_execution_started_event_attributes


@pytest.fixture
async def one(server: Server, names: Names) -> AsyncIterator[Scheduled]:
    made = Scheduled(server, names)
    yield made
    with suppress(grpc.aio.AioRpcError):
        # It may never have been made.
        await made.delete()


@pytest.fixture
def worker(server: Server, one: Scheduled) -> ScriptedWorker:
    return ScriptedWorker(server, one.queue)
