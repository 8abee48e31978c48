"""The same schedule on both servers: what it is told to be, and what its runs begin with."""

from __future__ import annotations

import asyncio
import difflib
import itertools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Memo
from temporalio.api.schedule.v1 import (
    BackfillRequest,
    CalendarSpec,
    SchedulePatch,
    ScheduleSpec,
    StructuredCalendarSpec,
)
from temporalio.api.workflowservice.v1 import DescribeScheduleResponse, UpdateScheduleRequest

from tests.features.differential.conftest import told_alike
from tests.features.differential.normal import Normal
from tests.support.commands import command, complete, fail, failed, retries, text
from tests.support.engine import Server, seconds
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.schedules import (
    ALLOW_ALL,
    BUFFER_ALL,
    BUFFER_ONE,
    CANCEL_OTHER,
    TERMINATE_OTHER,
    Scheduled,
    every,
    moment,
)
from tests.support.worker import ScriptedWorker
from tests.support.zones import file_of

WITHIN = 20.0
_plays = itertools.count(1)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
#: Of long ago: one that was asked for, not one that passed.
_BACKFILLED = "2026-01"

Program = Callable[[Scheduled, ScriptedWorker], Awaitable[None]]


async def until(one: Scheduled, wanted: Callable[[DescribeScheduleResponse], object]) -> None:
    await eventually_async(one.describe, wanted, within=WITHIN)


def hours(first: int, last: int, overlap: int = 0) -> BackfillRequest:
    return BackfillRequest(
        start_time=moment(f"2026-01-01T{first:02}:00:00Z"),
        end_time=moment(f"2026-01-01T{last:02}:00:00Z"),
        overlap_policy=overlap,  # type: ignore[arg-type]
    )


async def every_kind_of_time(one: Scheduled, worker: ScriptedWorker) -> None:
    spec = ScheduleSpec(
        cron_string=["*/20 12 1-5,7 */2 MON-FRI # lunch", "0 0 1 1 * 2030", "0 5 4 * * 5-7 *"],
        calendar=[CalendarSpec(hour="3,5-9/2", month="feb-apr/2", day_of_week="sun,7")],
        structured_calendar=[StructuredCalendarSpec(comment="all by default")],
        exclude_calendar=[CalendarSpec(month="12", day_of_month="25")],
        interval=every(90, jitter=seconds(0)).interval,
        timezone_name="Europe/Berlin",
        start_time=moment("2030-01-01T00:00:00Z"),
        end_time=moment("2040-01-01T00:00:00Z"),
    )
    await one.create(spec, notes="new", catchup_window=seconds(1))


async def everything_that_an_action_has(one: Scheduled, worker: ScriptedWorker) -> None:
    about = {"about": text("it").payloads[0]}
    await one.create(
        every(3600),
        {"memo": Memo(fields=about)},
        input=text(1, "two"),
        memo=Memo(fields=about),
        workflow_execution_timeout=seconds(60),
        workflow_run_timeout=seconds(50),
        workflow_task_timeout=seconds(5),
        retry_policy=retries(attempts=2),
    )
    await one.patch(backfill_request=[hours(1, 1)])
    await until(one, lambda told: told.info.action_count == 1)


async def a_backfill_that_skips(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600))
    await one.patch(backfill_request=[hours(0, 3)])
    await until(one, lambda told: told.info.overlap_skipped + told.info.action_count == 4)


async def a_backfill_at_once(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600))
    await one.patch(backfill_request=[hours(0, 2, ALLOW_ALL)])
    await until(one, lambda told: told.info.action_count == 3)


async def one_after_the_other(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600))
    await one.patch(backfill_request=[hours(0, 2, BUFFER_ALL)])
    await until(one, lambda told: told.info.action_count == 1)
    await worker.on_task(complete(text("first")))
    await worker.on_task(fail(failed("second", "Odd")))
    await until(one, lambda told: told.info.action_count == 3)


async def one_that_is_cancelled_for_the_next(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600))
    await one.patch(backfill_request=[hours(0, 0)])
    await worker.on_task()
    await one.patch(backfill_request=[hours(1, 1, CANCEL_OTHER)])
    await worker.on_task(command("cancel_workflow_execution"))
    await until(one, lambda told: told.info.action_count == 2)


async def one_that_is_terminated_for_the_next(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600))
    await one.patch(backfill_request=[hours(0, 0)])
    await until(one, lambda told: told.info.action_count == 1)
    await one.patch(backfill_request=[hours(1, 1, TERMINATE_OTHER)])
    await until(one, lambda told: told.info.action_count == 2)


async def one_that_waits_while_others_are_left_out(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600))
    await one.patch(backfill_request=[hours(0, 3, BUFFER_ONE)])
    await until(one, lambda told: told.info.action_count == 1)
    await worker.on_task(complete(text("first")))
    await until(one, lambda told: told.info.action_count == 2)


async def paused_by_a_failure_and_resumed(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(every(3600), pause_on_failure=True)
    await one.patch(backfill_request=[hours(0, 0)])
    await worker.on_task(fail(failed("no credit")))
    await until(one, lambda told: told.schedule.state.paused)
    await one.patch(unpause="paid")
    await until(one, lambda told: not told.schedule.state.paused)


async def a_zone_of_its_own(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(ScheduleSpec(timezone_name="Mars/Base", **_at_nine("Asia/Tokyo")))


async def a_zone_of_its_own_that_is_given_up(one: Scheduled, worker: ScriptedWorker) -> None:
    await one.create(ScheduleSpec(**_at_nine("Asia/Tokyo")))
    plain = _at_nine("Asia/Tokyo") | {"timezone_data": b""}
    changed = UpdateScheduleRequest(
        namespace="default", schedule_id=one.id, request_id="change",
        schedule=one.schedule(ScheduleSpec(**plain)),
    )  # fmt: skip
    await one.server.workflows.UpdateSchedule(changed)
    await until(one, lambda told: not told.schedule.spec.timezone_data)


def _at_nine(zone: str) -> dict[str, Any]:
    """By the clock of a zone's file, from a day on whose times are told as they are."""
    return {
        "cron_string": ["0 9 * * *"],
        "timezone_data": file_of(zone),
        "start_time": moment("2030-01-01T00:00:00Z"),
    }


PROGRAMS: tuple[Program, ...] = (
    every_kind_of_time,
    everything_that_an_action_has,
    a_backfill_that_skips,
    a_backfill_at_once,
    one_after_the_other,
    one_that_is_cancelled_for_the_next,
    one_that_is_terminated_for_the_next,
    one_that_waits_while_others_are_left_out,
    paused_by_a_failure_and_resumed,
    a_zone_of_its_own,
    a_zone_of_its_own_that_is_given_up,
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
async def test_both_servers_tell_the_same_of_a_schedule(
    server: Server,
    official: Server,
    program: Program,
) -> None:
    play = f"{program.__name__} {next(_plays)}"

    ours, theirs = await asyncio.gather(
        told(Scheduled(server, Names(play)), program),
        told(Scheduled(official, Names(play)), program),
    )

    differences = "\n".join(difflib.unified_diff(theirs, ours, "theirs", "ours", n=1))
    assert not differences, differences


async def told(one: Scheduled, program: Program) -> list[str]:
    # Both servers get the same names, whatever the count of names says.
    one.id, one.queue = f"{program.__name__} schedule", f"{program.__name__} queue"
    worker = ScriptedWorker(one.server, one.queue)
    await program(one, worker)
    described = await one.describe()
    normal, lines = Normal(), list[str]()
    for action in described.info.recent_actions:
        history = await one.server.history(action.start_workflow_result)
        lines += normal.history(history[:1])
    await one.delete()
    return [*_described(described), *lines]


def _described(described: DescribeScheduleResponse) -> list[str]:
    """The dev server asks for the status of a past run only when it acts again."""
    for action in described.info.recent_actions:
        action.ClearField("start_workflow_status")
        action.start_workflow_result.run_id = "run"
    for run in described.info.running_workflows:
        run.run_id = "run"
    given: Any = MessageToDict(described)
    return json.dumps(_timeless(given), indent=1, sort_keys=True).splitlines()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    if isinstance(value, str) and not value.startswith(_BACKFILLED):
        return _MOMENT.sub(lambda found: _kept(found.group()), value)
    return value


def _kept(text_of_it: str) -> str:
    now = text_of_it.startswith(("2026-", "2027-")) and not text_of_it.startswith(_BACKFILLED)
    return "then" if now else text_of_it


#: Garbage, one that ends too soon, one that a cron string contradicts.
BAD_ZONES = (
    ScheduleSpec(timezone_data=b"nonsense"),
    ScheduleSpec(timezone_name="Europe/Berlin", timezone_data=b"nonsense"),
    ScheduleSpec(timezone_data=_at_nine("Asia/Tokyo")["timezone_data"][:60]),
    ScheduleSpec(cron_string=["CRON_TZ=Asia/Tokyo 0 9 * * *", "CRON_TZ=Asia/Tokyo @every 1h"]),
    ScheduleSpec(
        timezone_data=_at_nine("Asia/Tokyo")["timezone_data"],
        cron_string=["CRON_TZ=Asia/Tokyo 0 9 * * *"],
    ),
)
#: A thousand bytes of notes are taken from a patch, and any from who makes a schedule.
PATCHES = (
    {"pause": "x" * 1_000},
    {"pause": "x" * 1_001},
    {"unpause": "x" * 1_001},
    {"pause": "€" * 400},
    {"backfill_request": [BackfillRequest(overlap_policy=99)] * 2},  # type: ignore[arg-type]
    {"backfill_request": [hours(1, 1)]},
)


async def asked_oddly(server: Server, name: str) -> list[str]:
    one, said = Scheduled(server, Names(name)), list[str]()
    one.id, one.queue = name, f"queue of {name}"

    async def hear(call: Awaitable[object]) -> None:
        try:
            await call
        except grpc.aio.AioRpcError as refused:
            said.append(f"{refused.code().name} {refused.details()}")
        else:
            said.append("answered")

    for spec in BAD_ZONES:
        await hear(one.create(spec))
    first = {"initial_patch": SchedulePatch(pause="x" * 1_001)}
    await hear(one.create(every(3600), first, notes="x" * 2_000))
    for patch in PATCHES:
        await hear(one.patch(**patch))
    # The last of them alone had something to fill.
    await until(one, lambda told: told.info.action_count == 1)
    said.append(str((await one.describe()).info.recent_actions[0].schedule_time))
    await one.delete()
    return said


async def test_both_servers_refuse_alike(server: Server, official: Server, names: Names) -> None:
    await told_alike(asked_oddly, server, official, names.workflow("schedule"))
