"""kill -9 of the engine on a Nexus operation's way: it is started, and it ends, exactly once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.features.differential.stage import Stage
from tests.support.commands import complete, text
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.handlers import ScriptedHandler, started, sync
from tests.support.history import name_of
from tests.support.killable import KillableEngine, killable
from tests.support.solo import Solo
from tests.support.worker import ScriptedWorker

ENDED_WITHIN = 30.0


@pytest.fixture
async def engine(database: str) -> AsyncIterator[KillableEngine]:
    async with killable(database) as process:
        yield process


@pytest.mark.slow
async def test_an_operation_goes_on_where_it_was(engine: KillableEngine) -> None:
    async def dies() -> None:
        await asyncio.to_thread(engine.kill)
        await asyncio.to_thread(engine.start)

    server = Server(engine.address, "perdure")
    handler = ScriptedHandler(server, "handlers", "bank")
    worker, behind = ScriptedWorker(server, "callers"), ScriptedWorker(server, "behind")
    await handler.begin()
    alone = ScriptedHandler(server, "handlers of those alone", "alone")
    await alone.begin()
    standalone = Solo(Stage(server, "crash"))
    await standalone.call(
        "StartNexusOperationExecution", endpoint="alone", service="payments", operation="charge"
    )
    run = await server.start("caller", "callers")
    await worker.on_task(handler.operation())
    first = await handler.poll()
    await alone.poll()
    await dies()

    # Its request was in memory only: the run asks again, by the same request id.
    task = await handler.poll()
    asked = task.request.start_operation
    assert asked.request_id == first.request.start_operation.request_id
    await handler.start_run(asked, "backing", "behind")
    await handler.answer(task, started())
    await alone.on_request(sync(text("paid")))
    await worker.on_task()
    await dies()

    await behind.on_task(complete(text("paid")))
    await dies()

    events = await eventually_async(
        lambda: server.history(run),
        lambda events: "NexusOperationCompleted" in map(name_of, events),
        within=ENDED_WITHIN,
    )
    counted = Counter(map(name_of, events))
    assert counted["NexusOperationStarted"] == counted["NexusOperationCompleted"] == 1
    # One that no workflow waits for is asked again too, and keeps its end.
    assert (await standalone.call("PollNexusOperationExecution")).result == text("paid").payloads[0]
    await server.channel.close()
