"""What asks for servers of their own: other settings, and a time in which there is none.

The official server has two schedulers. The one of these tests is the newer, which refuses a change
with an old conflict token; the older swallows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from temporalio.api.common.v1 import DataBlob, WorkflowExecution
from temporalio.api.history.v1 import History
from temporalio.api.schedule.v1 import Schedule, ScheduleActionResult, ScheduleInfo
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    UpdateScheduleRequest,
)

from engine.clock import SystemClock
from tests.features.differential.programs_updates import answer, update
from tests.features.differential.stage import Stage
from tests.support.commands import complete
from tests.support.dev_server import dev_server
from tests.support.engine import OFFICIAL, PERDURE, Server, engine_on, seconds
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.names import Names
from tests.support.schedules import ALLOW_ALL, Scheduled, every
from tests.support.update_messages import acceptance, completion

UPDATES_MAX, UPDATES_SUGGESTED = 10, 9
OURS = {
    "ENGINE_RAW_HISTORY": "1",
    "PERDURE_LIMIT_UPDATES_TOTAL_MAX": str(UPDATES_MAX),
    "PERDURE_LIMIT_UPDATES_SUGGEST_CONTINUE": str(UPDATES_SUGGESTED),
}
THEIRS = (
    "--dynamic-config-value",
    "frontend.sendRawWorkflowHistory=true",
    "--dynamic-config-value",
    f"history.maxTotalUpdates={UPDATES_MAX}",
    "--dynamic-config-value",
    "history.enableCHASMSchedulerCreation=true",
    "--dynamic-config-value",
    "history.chasmSchedulerCreationRolloutPercent=100",
)
#: The least that both servers take as one.
WINDOW_SECONDS = 10
STEP_SECONDS = 2
AWAY_SECONDS = WINDOW_SECONDS + 2 * STEP_SECONDS
SECOND = 1_000_000_000
WINDOW_NS = WINDOW_SECONDS * SECOND
#: From when a time is due to when it is acted on, on a slow machine too.
SLACK_NS = 3 * SECOND // 2
WITHIN = 30.0

Script = Callable[[Server], Awaitable[list[str]]]


class Apart:
    """Both servers, over what outlives them."""

    def __init__(self, database: str, folder: Path) -> None:
        self._database = database
        self._file = folder / "official.db"
        self._stack = AsyncExitStack()

    async def begin(self) -> None:
        theirs = dev_server("--db-filename", str(self._file), *THEIRS)
        address = await asyncio.to_thread(theirs.__enter__)
        self._stack.push_async_callback(asyncio.to_thread, theirs.__exit__, None, None, None)
        self.official = Server(address, OFFICIAL)
        ours = await self._stack.enter_async_context(engine_on(self._database, **OURS))
        self.server = Server(ours, PERDURE)

    async def end(self) -> None:
        await self._stack.aclose()

    async def tell_alike(self, script: Script) -> None:
        ours, theirs = await asyncio.gather(script(self.server), script(self.official))
        assert ours == theirs


@pytest.fixture(scope="module")
async def apart(database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Apart]:
    made = Apart(database, tmp_path_factory.mktemp("apart"))
    await made.begin()
    yield made
    await made.end()


async def _page(
    server: Server, run: WorkflowExecution, **given: Any
) -> GetWorkflowExecutionHistoryResponse:
    request = GetWorkflowExecutionHistoryRequest(namespace="default", execution=run, **given)
    return await server.workflows.GetWorkflowExecutionHistory(request, timeout=30)


def _names(blobs: list[DataBlob]) -> list[str]:
    """Of the events in blobs, wherever one ends and the next begins."""
    return [name_of(event) for blob in blobs for event in History.FromString(blob.data).events]


async def _followed(server: Server, run: WorkflowExecution) -> list[DataBlob]:
    blobs, token = list[DataBlob](), b""
    while True:
        page = await _page(server, run, wait_new_event=True, next_page_token=token)
        blobs += page.raw_history
        token = page.next_page_token
        if not token:
            return blobs


async def raw_histories(server: Server) -> list[str]:
    stage = Stage(server, "raw")
    run = await stage.start()
    blobs, token, parsed = list[DataBlob](), b"", 0
    while True:
        page = await _page(server, run, next_page_token=token, maximum_page_size=1)
        blobs += page.raw_history
        parsed += len(page.history.events)
        token = page.next_page_token
        if not token:
            break
    following = asyncio.create_task(_followed(server, run))
    await stage.worker.on_task(complete())
    told = [f"parsed: {parsed}", str({blob.encoding_type for blob in blobs}), *_names(blobs)]
    told += _names(await following)
    closing = await _page(server, run, history_event_filter_type=2)
    # There all of the last transaction.
    told.append(_names(list(closing.raw_history))[-1])
    return told


async def updates_that_are_too_many(server: Server) -> list[str]:
    stage = Stage(server, "many updates")
    run = await stage.start()
    await stage.worker.on_task()
    told = []
    for number in range(UPDATES_MAX):
        waiting = update(stage, run, f"u{number}")
        task = await stage.worker.poll()
        started = task.history.events[-1].workflow_task_started_event_attributes
        reasons = list(started.suggest_continue_as_new_reasons)
        told.append(f"{number} {started.suggest_continue_as_new} {reasons}")
        (asked,) = task.messages
        await answer(stage, task, acceptance(asked), completion(asked, "done"))
        await waiting
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await update(stage, run, "one too many")
    told.append(f"{refused.value.code()} {refused.value.details()}")
    await stage.terminate(run)
    return told


def _scheduled(server: Server, name: str) -> Scheduled:
    one = Scheduled(server, Names(name))
    # The same on both servers, whatever the count of names says.
    one.id, one.queue = f"{name} schedule", f"{name} queue"
    return one


async def _change(one: Scheduled, schedule: Schedule, token: bytes) -> str:
    request = UpdateScheduleRequest(
        namespace="default", schedule_id=one.id, schedule=schedule, conflict_token=token
    )
    try:
        await one.server.workflows.UpdateSchedule(request)
    except grpc.aio.AioRpcError as refusal:
        return f"{refusal.code().name} {refusal.details()}"
    return "taken"


async def changes_with_tokens(server: Server) -> list[str]:
    one = _scheduled(server, "tokens")
    await one.create(every(3600))
    first = (await one.describe()).conflict_token
    told = []
    for interval, token in ((7200, first), (10_800, first), (14_400, b""), (18_000, b"odd")):
        told.append(await _change(one, one.schedule(every(interval)), token))
        seen = await one.describe()
        told.append(str(seen.schedule.spec.interval[0].interval.seconds))
    told.append(await _change(one, one.schedule(every(60)), (await one.describe()).conflict_token))
    await one.patch(pause="by the way")
    told.append(await _change(one, one.schedule(every(90)), seen.conflict_token))
    await one.delete()
    return told


async def test_histories_come_as_blobs_where_they_are_to(apart: Apart) -> None:
    await apart.tell_alike(raw_histories)


async def test_many_updates_suggest_to_continue_as_new(apart: Apart) -> None:
    await apart.tell_alike(updates_that_are_too_many)


async def test_a_schedule_is_changed_by_who_knows_it_as_it_is(apart: Apart) -> None:
    await apart.tell_alike(changes_with_tokens)


def _ns(action: ScheduleActionResult) -> tuple[int, int]:
    return action.schedule_time.ToNanoseconds(), action.actual_time.ToNanoseconds()


async def _first_time(server: Server) -> int:
    one = _scheduled(server, "away")
    window = seconds(WINDOW_SECONDS)
    await one.create(every(STEP_SECONDS), catchup_window=window, overlap_policy=ALLOW_ALL)
    told = await eventually_async(one.describe, lambda told: told.info.action_count, within=WITHIN)
    return _ns(told.info.recent_actions[0])[0]


async def _caught_up(server: Server, first_at: int) -> list[str]:
    back_at = SystemClock().now()

    def is_on_time(info: ScheduleInfo) -> bool:
        due_at, acted_at = _ns(info.recent_actions[-1])
        return due_at > back_at and acted_at - due_at < SLACK_NS

    one = _scheduled(server, "away")
    told = await eventually_async(
        one.describe,
        lambda told: told.info.missed_catchup_window and is_on_time(told.info),
        within=WITHIN,
    )
    info = told.info
    times = [_ns(action) for action in info.recent_actions]
    latest = max(acted_at - due_at for due_at, acted_at in times)
    in_all = (times[-1][0] - first_at) // (STEP_SECONDS * SECOND) + 1
    missed = info.missed_catchup_window
    return [
        f"late, but within the window: {STEP_SECONDS * SECOND < latest < WINDOW_NS + SLACK_NS}",
        f"missed: {missed >= (AWAY_SECONDS - WINDOW_SECONDS) // STEP_SECONDS}",
        f"all times but these: {info.action_count + missed == in_all}",
    ]


async def test_a_schedule_makes_up_for_what_it_missed(apart: Apart) -> None:
    servers = (apart.server, apart.official)
    began = await asyncio.gather(*map(_first_time, servers))
    await apart.end()
    await asyncio.sleep(AWAY_SECONDS)
    await apart.begin()
    servers = (apart.server, apart.official)
    ours, theirs = await asyncio.gather(*map(_caught_up, servers, began))
    assert ours == theirs
    assert all(line.endswith("True") for line in ours), ours
