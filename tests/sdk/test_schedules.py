"""The official SDK's schedule client: make, trigger, fill back, pause, change, list, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import workflow
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names

WITHIN = 20.0


@workflow.defn
class Report:
    @workflow.run
    async def run(self, subject: str) -> str:
        return f"about {subject}"


@pytest.fixture
async def client(server: Server) -> Client:
    return await Client.connect(server.address)


@pytest.fixture
async def queue(client: Client, names: Names) -> AsyncIterator[str]:
    name = names.queue()
    async with Worker(
        client,
        task_queue=name,
        workflows=[Report],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield name


@pytest.fixture
async def handle(client: Client, queue: str, names: Names) -> AsyncIterator[ScheduleHandle]:
    spec = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(9)], comment="at nine")],
        intervals=[ScheduleIntervalSpec(every=timedelta(hours=1), offset=timedelta(minutes=5))],
        time_zone_name="Europe/Berlin",
    )
    action = ScheduleActionStartWorkflow(
        Report.run, "sales", id=names.workflow("report"), task_queue=queue
    )
    made = await client.create_schedule(
        names.workflow("schedule"),
        Schedule(action=action, spec=spec, state=ScheduleState(note="new")),
        memo={"owner": "me"},
    )
    yield made
    try:
        await made.delete()
    except RPCError as refused:
        if refused.status != RPCStatusCode.NOT_FOUND:
            raise


async def acted(handle: ScheduleHandle, count: int) -> ScheduleDescription:
    return await eventually_async(
        handle.describe, lambda told: told.info.num_actions == count, within=WITHIN
    )


async def test_what_was_made_is_described(handle: ScheduleHandle) -> None:
    told = await handle.describe()

    assert told.schedule.spec.calendars[0].comment == "at nine"
    assert told.schedule.spec.intervals[0].offset == timedelta(minutes=5)
    assert told.schedule.spec.time_zone_name == "Europe/Berlin"
    assert (told.schedule.state.note, told.schedule.state.paused) == ("new", False)
    assert await told.memo() == {"owner": "me"}
    assert len(told.info.next_action_times) == 10


async def test_a_second_of_the_same_id_is_refused(client: Client, handle: ScheduleHandle) -> None:
    told = await handle.describe()

    with pytest.raises(ScheduleAlreadyRunningError):
        await client.create_schedule(handle.id, told.schedule)


async def test_a_trigger_starts_a_run_with_its_result(
    client: Client, handle: ScheduleHandle
) -> None:
    await handle.trigger()

    told = await acted(handle, 1)
    run = told.info.recent_actions[0].action
    assert await client.get_workflow_handle(run.workflow_id).result() == "about sales"


async def test_a_backfill_starts_a_run_for_each_hour(handle: ScheduleHandle) -> None:
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)

    await handle.backfill(
        ScheduleBackfill(
            start_at=start,
            end_at=start + timedelta(hours=3),
            overlap=ScheduleOverlapPolicy.ALLOW_ALL,
        )
    )

    told = await acted(handle, 3)
    assert [action.scheduled_at for action in told.info.recent_actions] == [
        start + timedelta(hours=hour, minutes=5) for hour in range(3)
    ]


async def test_a_pause_has_a_note_and_an_end(handle: ScheduleHandle) -> None:
    await handle.pause(note="for the audit")
    told = await eventually_async(
        handle.describe, lambda told: told.schedule.state.paused, within=WITHIN
    )
    assert told.schedule.state.note == "for the audit"

    await handle.unpause(note="audited")
    told = await eventually_async(
        handle.describe, lambda told: not told.schedule.state.paused, within=WITHIN
    )
    assert told.schedule.state.note == "audited"


async def test_a_change_is_made_to_what_is_there(handle: ScheduleHandle) -> None:
    def limit(given: ScheduleUpdateInput) -> ScheduleUpdate:
        changed = given.description.schedule
        changed.spec.calendars = []
        changed.state.limited_actions, changed.state.remaining_actions = True, 4
        return ScheduleUpdate(changed)

    await handle.update(limit)

    told = await eventually_async(
        handle.describe, lambda told: told.info.last_updated_at is not None, within=WITHIN
    )
    assert (told.schedule.spec.calendars, told.schedule.state.remaining_actions) == ([], 4)
    assert len(told.schedule.spec.intervals) == 1


async def test_it_is_listed_until_it_is_deleted(client: Client, handle: ScheduleHandle) -> None:
    async def ids() -> list[str]:
        found = await client.list_schedules(query=f'ScheduleId = "{handle.id}"')
        return [entry.id async for entry in found]

    await eventually_async(ids, lambda seen: seen == [handle.id], within=WITHIN)

    await handle.delete()

    await eventually_async(ids, lambda seen: seen == [], within=WITHIN)
    with pytest.raises(RPCError) as refused:
        await handle.describe()
    assert refused.value.status == RPCStatusCode.NOT_FOUND
