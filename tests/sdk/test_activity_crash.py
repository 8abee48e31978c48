"""kill -9 of the engine on the way of standalone activities, and between the pause of a run and its
end: each goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.api.enums.v1 import ActivityExecutionStatus as Status

from tests.features.differential.stage import Stage
from tests.support.commands import retries, seconds, text
from tests.support.engine import Server
from tests.support.held import PLACES
from tests.support.history import name_of
from tests.support.killable import KillableEngine, killable
from tests.support.solo import Solo


@pytest.fixture(scope="module")
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    async with killable(database) as process:
        yield process


@pytest.mark.slow
async def test_standalone_activities_go_on_where_they_were(engine: KillableEngine) -> None:
    async def dies() -> None:
        await asyncio.to_thread(engine.kill)
        await asyncio.to_thread(engine.start)

    server = Server(engine.address, "perdure")
    stage = Stage(server, "crash")
    waiting, running, retrying, delayed, paused, ended = solos = [
        Solo(stage, name)
        for name in ("waiting", "running", "retrying", "delayed", "paused", "ended")
    ]
    first = await waiting.start(request_id="once")
    task = await running.begun(retry_policy=retries(1, attempts=1))
    await retrying.fail(await retrying.begun(retry_policy=retries(1)))
    await delayed.start(start_delay=seconds(1))
    await paused.start()
    await paused.call("PauseActivityExecution", reason="why")
    await ended.complete(await ended.begun(), result=text("paid"))
    await dies()

    again = await waiting.start(request_id="once")
    assert (again.run_id, again.started) == (first.run_id, False)
    await waiting.complete(await waiting.take(), result=text("paid"))
    await running.call("RecordActivityTaskHeartbeat", task_token=task.task_token)
    await running.complete(task, result=text("paid"))
    second = await retrying.take()
    assert second.attempt == 2
    await retrying.complete(second, result=text("paid"))
    await delayed.complete(await delayed.take(), result=text("paid"))
    seen = await paused.call("DescribeActivityExecution")
    assert seen.info.status == Status.ACTIVITY_EXECUTION_STATUS_PAUSED
    await paused.call("UnpauseActivityExecution")
    await paused.complete(await paused.take(), result=text("paid"))
    await dies()

    for solo in solos:
        assert (await solo.call("PollActivityExecution")).outcome.result == text("paid"), solo.id
        found = await solo.call("ListActivityExecutions", query=f"ActivityId = '{solo.id}'")
        assert [each.status for each in found.executions] == [
            Status.ACTIVITY_EXECUTION_STATUS_COMPLETED
        ]
    await server.channel.close()


@pytest.mark.slow
async def test_paused_runs_go_on_where_they_were(engine: KillableEngine) -> None:
    server = Server(engine.address, "perdure")
    runs = [place(server, place.__name__) for place in PLACES]
    for act in ("hold", "meanwhile", "go_on"):
        await asyncio.gather(*(getattr(run, act)() for run in runs))
        await asyncio.to_thread(engine.kill)
        await asyncio.to_thread(engine.start)
    for run in runs:
        assert name_of((await server.history(run.run))[-1]) == "WorkflowExecutionCompleted"
    await server.channel.close()
