"""What schedules start: when, how often, with what, and what its end does to them."""

from __future__ import annotations

import msgspec
import pytest
from temporalio.api.common.v1 import Memo, WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.schedule.v1 import (
    BackfillRequest,
    SchedulePatch,
    TriggerImmediatelyRequest,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    UpdateScheduleRequest,
)

from tests.support.commands import command, complete, fail, failed, text
from tests.support.eventually import eventually_async
from tests.support.schedules import (
    ALLOW_ALL,
    BUFFER_ALL,
    BUFFER_ONE,
    CANCEL_OTHER,
    TERMINATE_OTHER,
    WITHIN,
    Scheduled,
    acted,
    every,
    first_event,
    moment,
    one,
    runs_of,
    worker,
)
from tests.support.worker import ScriptedWorker

__all__ = ["one", "worker"]


async def test_each_time_starts_one_run_that_says_whose_it_is(
    one: Scheduled, worker: ScriptedWorker
) -> None:
    memo = Memo(fields={"about": text("it").payloads[0]})
    await one.create(every(1), limited_actions=True, remaining_actions=1, input=text(7), memo=memo)

    [run] = await runs_of(one, 1)

    told = await one.describe()
    nominal = told.info.recent_actions[0].schedule_time.ToJsonString()
    assert run.workflow_id == f"by {one.id}-{nominal}"
    started = await first_event(one, run)
    assert started.identity == f"temporal-scheduler-default-{one.id}"
    assert started.input == text(7)
    assert started.memo == memo
    attributes = {
        name: msgspec.json.decode(payload.data)
        for name, payload in started.search_attributes.indexed_fields.items()
    }
    assert attributes == {
        "TemporalScheduledById": one.id,
        "TemporalScheduledStartTime": nominal,
    }
    assert [r.run_id for r in told.info.running_workflows] == [run.run_id]
    assert told.schedule.state.remaining_actions == 0
    assert list(told.info.future_action_times) == []


async def test_a_trigger_starts_a_run_also_while_paused(one: Scheduled) -> None:
    patch = SchedulePatch(trigger_immediately=TriggerImmediatelyRequest())
    await one.create(request={"initial_patch": patch}, paused=True)

    [run] = await runs_of(one, 1)

    assert (await first_event(one, run)).attempt == 1


async def test_what_is_asked_of_a_schedule_is_in_its_next_description(one: Scheduled) -> None:
    await one.create(paused=True)

    await one.trigger()

    assert len((await one.describe()).info.recent_actions) == 1


async def test_what_a_schedule_begins_with_is_in_its_first_description(one: Scheduled) -> None:
    patch = SchedulePatch(trigger_immediately=TriggerImmediatelyRequest())

    await one.create(request={"initial_patch": patch}, paused=True)

    assert len((await one.describe()).info.recent_actions) == 1


async def test_what_is_buffered_starts_when_the_run_closes(
    one: Scheduled, worker: ScriptedWorker
) -> None:
    patch = SchedulePatch(trigger_immediately=TriggerImmediatelyRequest())
    await one.create(request={"initial_patch": patch}, overlap_policy=BUFFER_ALL)
    await acted(one, 1)
    day = BackfillRequest(
        start_time=moment("2026-01-01T00:00:00Z"), end_time=moment("2026-01-01T00:00:00Z")
    )
    changed = one.schedule(every(86_400, end_time=moment("2026-01-03T00:00:00Z")),
                           overlap_policy=BUFFER_ALL)  # fmt: skip
    await one.server.workflows.UpdateSchedule(
        UpdateScheduleRequest(
            namespace="default", schedule_id=one.id, request_id="u", schedule=changed
        )
    )
    await one.patch(backfill_request=[day])
    told = await eventually_async(
        one.describe, lambda told: told.info.buffer_size == 1, within=WITHIN
    )
    assert told.info.action_count == 1

    await worker.on_task(complete(text("done")))

    runs = await runs_of(one, 2)
    assert runs[1].workflow_id == f"by {one.id}-2026-01-01T00:00:00Z"
    await worker.on_task(complete(text("done too")))


async def test_skipped_and_buffered_triggers_are_counted(one: Scheduled) -> None:
    await one.create()
    await one.trigger()
    [run] = await runs_of(one, 1)

    await one.trigger()
    told = await eventually_async(
        one.describe, lambda told: told.info.overlap_skipped == 1, within=WITHIN
    )
    assert [r.run_id for r in told.info.running_workflows] == [run.run_id]

    await one.trigger(overlap_policy=BUFFER_ONE)
    told = await eventually_async(
        one.describe, lambda told: told.info.buffer_size == 1, within=WITHIN
    )
    assert told.info.action_count == 1


@pytest.mark.parametrize(
    ("overlap", "status"),
    [(CANCEL_OTHER, None), (TERMINATE_OTHER, Status.WORKFLOW_EXECUTION_STATUS_TERMINATED)],
)
async def test_the_next_pushes_the_other_away(
    one: Scheduled, worker: ScriptedWorker, overlap: int, status: int | None
) -> None:
    spec = every(3600)
    await one.create(spec)
    await one.trigger()
    [run] = await runs_of(one, 1)
    day = BackfillRequest(
        start_time=moment("2026-01-01T00:00:00Z"),
        end_time=moment("2026-01-01T00:00:00Z"),
        overlap_policy=overlap,  # type: ignore[arg-type]
    )

    await one.patch(backfill_request=[day])

    if status is None:
        asked = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED

        async def kinds() -> list[int]:
            return [event.event_type for event in await one.server.history(run)]

        await eventually_async(kinds, lambda seen: asked in seen, within=WITHIN)
        await worker.on_task(complete(text("so be it")))
    runs = await runs_of(one, 2)
    assert runs[1].workflow_id == f"by {one.id}-2026-01-01T00:00:00Z"
    if status is not None:
        described = await one.server.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=run)
        )
        assert described.workflow_execution_info.status == status


async def test_a_backfill_starts_a_run_for_each_time_within(one: Scheduled) -> None:
    await one.create(every(3600))
    hours = BackfillRequest(
        start_time=moment("2026-01-01T00:00:00Z"),
        end_time=moment("2026-01-01T03:00:00Z"),
        overlap_policy=ALLOW_ALL,
    )

    await one.patch(backfill_request=[hours])

    runs = await runs_of(one, 4)
    assert [run.workflow_id for run in runs] == [
        f"by {one.id}-2026-01-01T0{hour}:00:00Z" for hour in range(4)
    ]
    assert not (await one.describe()).info.running_workflows


async def test_a_result_and_a_failure_reach_the_next_run(
    one: Scheduled, worker: ScriptedWorker
) -> None:
    await one.create(every(1), limited_actions=True, remaining_actions=3)
    await worker.on_task(complete(text("one")))
    await worker.on_task(fail(failed("no credit")))
    await worker.on_task(complete(text("three")))

    runs = await runs_of(one, 3)

    firsts = [await first_event(one, run) for run in runs]
    assert [first.last_completion_result for first in firsts[1:]] == [text("one"), text("one")]
    assert not firsts[0].HasField("last_completion_result")
    assert firsts[2].continued_failure.message == "no credit"
    assert not firsts[1].HasField("continued_failure")


async def test_a_failure_pauses_where_it_is_to(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(pause_on_failure=True)
    await one.trigger()
    [run] = await runs_of(one, 1)

    await worker.on_task(fail(failed("no credit")))

    told = await eventually_async(
        one.describe, lambda told: told.schedule.state.paused, within=WITHIN
    )
    assert told.schedule.state.notes == (
        f"paused due to workflow failure: {run.workflow_id}: no credit"
    )
    assert told.info.recent_actions[0].start_workflow_status == (
        Status.WORKFLOW_EXECUTION_STATUS_FAILED
    )


async def test_the_last_run_of_a_chain_is_the_one_that_counts(
    one: Scheduled, worker: ScriptedWorker
) -> None:
    """A run that continues as new, without the attributes that a schedule gave it, is its still."""
    await one.create()
    await one.trigger()
    await acted(one, 1)
    again = command(
        "continue_as_new_workflow_execution",
        workflow_type=WorkflowType(name="Scripted"),
        task_queue=TaskQueue(name=one.queue),
    )
    await worker.on_task(again)
    task = await worker.poll()
    told = await one.describe()
    assert len(told.info.running_workflows) == 1

    await worker.answer(task, complete(text("at last")))

    await eventually_async(
        one.describe, lambda told: not told.info.running_workflows, within=WITHIN
    )
