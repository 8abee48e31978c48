"""Answers that never arrive: the server has given a task, and the worker does not have it.

Neither server can know. A task of a worker that is seen to have gone goes to the next at once; one
that was said into a dead connection waits for its time-out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tests.features.differential.stage import Stage
from tests.support.commands import complete, retries, schedule_activity, seconds, text
from tests.support.deaf import connection
from tests.support.history import name_of
from tests.support.worker import ScriptedWorker

#: By when a poll that was sent waits at the server.
_ARRIVED_SECONDS = 0.5


async def _waits(poll: Any) -> asyncio.Task[Any]:
    waiting = asyncio.create_task(poll)
    await asyncio.sleep(_ARRIVED_SECONDS)
    return waiting


async def _nothing(waiting: asyncio.Task[Any]) -> None:
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def a_workflow_task_is_lost_on_its_way(stage: Stage) -> None:
    async with connection(stage.server) as line:
        waiting = await _waits(ScriptedWorker(line.server, stage.queue).poll(30))
        line.is_deaf = True
        await stage.start(workflow_task_timeout=seconds(1))
        task = await stage.worker.poll()
        stage.note("attempt", task.attempt, [name_of(event) for event in task.history.events])
        await stage.worker.answer(task, complete())
        await _nothing(waiting)


async def an_activity_task_is_lost_on_its_way(stage: Stage) -> None:
    async with connection(stage.server) as line:
        run = await stage.start()
        waiting = await _waits(ScriptedWorker(line.server, stage.queue).poll_activity(30))
        line.is_deaf = True
        lost = {"start_to_close_timeout": seconds(1), "retry_policy": retries(0.1)}
        await stage.worker.on_task(schedule_activity("lost", stage.queue, **lost))
        task = await stage.worker.poll_activity()
        stage.note("attempt", task.attempt)
        await stage.look(run)
        await stage.worker.complete_activity(task, text("done"))
        await stage.worker.on_task(complete())
        await _nothing(waiting)


async def a_worker_hangs_up_before_its_task(stage: Stage) -> None:
    async with connection(stage.server) as line:
        waiting = await _waits(ScriptedWorker(line.server, stage.queue).poll(30))
        await _nothing(waiting)
    await stage.start()
    task = await stage.worker.poll()
    stage.note("attempt", task.attempt)
    await stage.worker.answer(task, complete())
