"""Schedules, seen by their callers and by the workers of what they start."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from temporalio.api.common.v1 import Memo, SearchAttributes
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.schedule.v1 import (
    CalendarSpec,
    Schedule,
    ScheduleSpec,
)
from temporalio.api.workflowservice.v1 import (
    CountSchedulesRequest,
    CountWorkflowExecutionsRequest,
    DescribeNamespaceRequest,
    DescribeWorkflowExecutionRequest,
    GetSystemInfoRequest,
    ListScheduleMatchingTimesRequest,
    ListSchedulesRequest,
    PatchScheduleRequest,
    UpdateScheduleRequest,
)

from tests.support.commands import complete, text
from tests.support.engine import Server, detail_names, seconds
from tests.support.eventually import eventually_async
from tests.support.schedules import (
    WITHIN,
    Scheduled,
    acted,
    every,
    moment,
    one,
    runs_of,
    worker,
)
from tests.support.worker import ScriptedWorker

__all__ = ["one", "worker"]

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


async def test_what_was_made_is_told_with_what_was_left_out(one: Scheduled) -> None:
    spec = ScheduleSpec(
        cron_string=["0 12 * * MON-FRI # lunch", "@every 1h/10m"],
        calendar=[CalendarSpec(hour="3,5-9/2", comment="early")],
        jitter=seconds(2),
    )

    await one.create(spec, {"memo": Memo(fields={"owner": text("me").payloads[0]})}, notes="new")

    told = await one.describe()
    assert [c.comment for c in told.schedule.spec.structured_calendar] == ["early", "lunch"]
    assert not told.schedule.spec.cron_string
    assert [i.phase.seconds for i in told.schedule.spec.interval] == [600]
    assert told.schedule.policies.overlap_policy == 1
    assert told.schedule.policies.catchup_window.seconds == 365 * 86_400
    assert told.schedule.state.notes == "new"
    assert told.memo.fields["owner"].data == b'"me"'
    assert told.conflict_token == (1).to_bytes(8, "big")
    assert len(told.info.future_action_times) == 10
    assert told.info.HasField("create_time")
    assert not told.info.HasField("update_time")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no type": ({"workflow_type": None}, "WorkflowType is not set on request."),
    "no queue": ({"task_queue": None}, "taskQueue is not set"),
    "a reuse policy": (
        {"workflow_id_reuse_policy": 3},
        "Scheduled workflow must not contain WorkflowIDReusePolicy",
    ),
    "a cron": (
        {"cron_schedule": "@daily"},
        "Scheduled workflow must not contain CronSchedule",
    ),
    "an overlap policy that there is not": (
        {"overlap_policy": 99},
        "Unknown ScheduleOverlapPolicy.",
    ),
    "a jitter of less than nothing": (
        {"spec": every(60, jitter=seconds(-1))},
        "Invalid schedule spec: jitter must not be negative",
    ),
    "a bad spec": (
        {"spec": ScheduleSpec(cron_string=["x * * * *"])},
        "Invalid schedule spec: Minute is not in range [0-59]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_can_never_act_is_refused(one: Scheduled, case: str) -> None:
    given, message = REFUSED[case]

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await one.create(**given)

    assert (refused.value.code(), refused.value.details()) == (INVALID, message)


async def test_a_schedule_of_nothing_is_refused(one: Scheduled) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await one.server.workflows.CreateSchedule(one.request(Schedule()))

    assert (refused.value.code(), refused.value.details()) == (
        INVALID,
        "Only StartWorkflow action is supported for schedules",
    )
    with pytest.raises(grpc.aio.AioRpcError) as absent:
        await one.describe()
    assert absent.value.code() == NOT_FOUND


async def test_one_id_is_one_schedule_and_the_same_request_may_come_again(one: Scheduled) -> None:
    await one.create()
    await one.create()

    other = one.request(one.schedule())
    other.request_id = "another"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await one.server.workflows.CreateSchedule(other)

    assert refused.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert refused.value.details() == f'schedule "{one.id}" is already registered'
    assert detail_names(refused.value) == ["WorkflowExecutionAlreadyStartedFailure"]


async def test_what_is_not_there_is_not_found(one: Scheduled) -> None:
    for call in (one.describe(), one.trigger(), one.delete()):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() == NOT_FOUND
        assert detail_names(refused.value) == ["NotFoundFailure"]


async def test_a_patch_without_a_patch_is_refused(one: Scheduled) -> None:
    await one.create()
    request = PatchScheduleRequest(namespace="default", schedule_id=one.id, request_id="r")

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await one.server.workflows.PatchSchedule(request)

    assert (refused.value.code(), refused.value.details()) == (
        INVALID,
        "Patch is not set on request.",
    )


async def test_a_pause_and_its_end_each_have_a_note(one: Scheduled) -> None:
    await one.create(every(1), paused=True)
    assert (await one.describe()).schedule.state.paused

    await one.patch(unpause="the audit is over")
    told = await acted(one, 1)
    assert (told.schedule.state.paused, told.schedule.state.notes) == (False, "the audit is over")

    await one.patch(pause="another audit")
    told = await eventually_async(
        one.describe, lambda told: told.schedule.state.paused, within=WITHIN
    )
    assert told.schedule.state.notes == "another audit"
    assert told.conflict_token > (1).to_bytes(8, "big")


async def change(one: Scheduled, schedule: Schedule, **given: Any) -> None:
    await one.server.workflows.UpdateSchedule(
        UpdateScheduleRequest(namespace="default", schedule_id=one.id, schedule=schedule, **given)
    )


async def test_a_change_replaces_the_schedule(one: Scheduled) -> None:
    await one.create(every(60), notes="before")
    told = await one.describe()

    await change(one, one.schedule(every(3600), notes="after"), request_id="u",
                 conflict_token=told.conflict_token)  # fmt: skip

    changed = await eventually_async(
        one.describe, lambda told: told.schedule.state.notes == "after", within=WITHIN
    )
    assert [i.interval.seconds for i in changed.schedule.spec.interval] == [3600]
    assert changed.info.HasField("update_time")
    assert changed.conflict_token == (2).to_bytes(8, "big")


async def test_a_change_of_what_has_changed_since_comes_to_nothing(one: Scheduled) -> None:
    """The dev server takes it and drops it; this one says so."""
    await one.create(every(60))
    old = (await one.describe()).conflict_token
    await change(one, one.schedule(every(120)), request_id="first", conflict_token=old)
    await eventually_async(one.describe, lambda told: told.conflict_token != old, within=WITHIN)

    stale = change(one, one.schedule(every(180)), request_id="second", conflict_token=old)
    if one.server.is_official:
        await stale
    else:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stale
        assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION

    told = await one.describe()
    assert [i.interval.seconds for i in told.schedule.spec.interval] == [120]


async def test_what_was_deleted_is_gone_and_its_run_runs_on(
    one: Scheduled, worker: ScriptedWorker
) -> None:
    await one.create()
    await one.trigger()
    [run] = await runs_of(one, 1)

    await one.delete()

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await one.describe()
    assert refused.value.code() == NOT_FOUND
    await worker.on_task(complete(text("done")))
    described = await one.server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    assert described.workflow_execution_info.status == Status.WORKFLOW_EXECUTION_STATUS_COMPLETED


async def test_the_times_within_two_moments_are_told(one: Scheduled) -> None:
    spec = ScheduleSpec(cron_string=["30 2 * * *"], timezone_name="America/New_York")
    await one.create(spec, paused=True)
    asked = ListScheduleMatchingTimesRequest(
        namespace="default",
        schedule_id=one.id,
        start_time=moment("2026-03-07T07:30:00Z"),
        end_time=moment("2026-03-10T06:30:00Z"),
    )

    told = await one.server.workflows.ListScheduleMatchingTimes(asked)

    # The eighth has no half past two; the start is not within, the end is.
    assert [t.ToJsonString() for t in told.start_time] == [
        "2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z",
    ]  # fmt: skip


async def listed(one: Scheduled, query: str) -> list[str]:
    asked = ListSchedulesRequest(namespace="default", maximum_page_size=100, query=query)
    told = await one.server.workflows.ListSchedules(asked)
    return [entry.schedule_id for entry in told.schedules]


async def counted(one: Scheduled, query: str) -> int:
    asked = CountSchedulesRequest(namespace="default", query=query)
    return int((await one.server.workflows.CountSchedules(asked)).count)


async def test_schedules_are_found_by_query_and_not_among_workflows(one: Scheduled) -> None:
    mine = f"ScheduleId = '{one.id}'"
    await one.create(every(3600), paused=True, notes="asleep")

    await eventually_async(lambda: listed(one, mine), lambda ids: ids == [one.id], within=WITHIN)
    paused = f"{mine} AND TemporalSchedulePaused = true"
    await eventually_async(lambda: counted(one, paused), lambda n: n == 1, within=WITHIN)
    asked = ListSchedulesRequest(namespace="default", maximum_page_size=9, query=mine)
    [entry] = (await one.server.workflows.ListSchedules(asked)).schedules
    assert (entry.info.paused, entry.info.notes) == (True, "asleep")
    assert entry.info.workflow_type.name == "Scripted"
    assert len(entry.info.future_action_times) > 0
    found = await one.server.workflows.CountWorkflowExecutions(
        CountWorkflowExecutionsRequest(namespace="default", query=f"WorkflowId = '{one.id}'")
    )
    assert found.count == 0

    await one.patch(unpause="awake")
    await eventually_async(lambda: counted(one, paused), lambda n: n == 0, within=WITHIN)
    await one.delete()
    await eventually_async(lambda: listed(one, mine), lambda ids: ids == [], within=WITHIN)


@pytest.mark.parametrize("name", ["WorkflowId", "WorkflowType", "ExecutionStatus"])
async def test_schedules_are_not_found_by_what_only_runs_have(one: Scheduled, name: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await listed(one, f"{name} = 'x'" if name != "ExecutionStatus" else f"{name} = 'Running'")

    assert refused.value.code() == INVALID
    assert refused.value.details() == (
        f'invalid query filter for schedules: cannot filter on "{name}"'
    )


async def test_an_attribute_that_is_not_registered_is_refused(one: Scheduled) -> None:
    unknown = SearchAttributes(indexed_fields={"Nowhere": text("x").payloads[0]})

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await one.create(request={"search_attributes": unknown})

    assert refused.value.code() == INVALID


async def test_the_server_says_that_it_has_schedules(server: Server) -> None:
    system = await server.workflows.GetSystemInfo(GetSystemInfoRequest())
    described = await server.workflows.DescribeNamespace(
        DescribeNamespaceRequest(namespace="default")
    )

    assert system.capabilities.supports_schedules
    assert described.namespace_info.supports_schedules
