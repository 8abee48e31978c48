"""While one batch is being stored the next is begun, and workflow tasks are told before both.

Nobody may see what is not stored, and what a commit has failed on is as if it never was.
"""

import asyncio

import psycopg
import pytest
from temporalio.api.enums.v1 import EventType

from engine.core.keys import RunKey
from engine.errors import TaskNotFound, Unavailable
from engine.ports import events_of
from tests.support.node import Node, node
from tests.support.sessions import end_sessions, seen_waiting, session

STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
SIGNALLED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
STORED = "select count(*) from history where run_id = %(run_id)s"


async def stored(url: str, run: RunKey) -> int:
    async with session(url) as other:
        row = await (await other.execute(STORED, {"run_id": run.run_id})).fetchone()
        assert row is not None
        return int(row[0])


async def count(one: Node, run: RunKey, kind: int) -> int:
    return sum(event.event_type == kind for event in await one.history(run))


async def test_a_workflow_task_is_told_before_its_start_is_stored(url: str) -> None:
    async with session(url) as other, node(url) as one:
        run = await one.start("order")
        before = await stored(url, run)
        async with other.transaction():
            await other.execute("lock table history in share mode")
            task = await one.poll()
            assert task is not None
            assert events_of(list(task.started.events))[-1].event_type == STARTED
            assert await stored(url, run) == before

        await one.answer(task)

        assert await count(one, run, STARTED) == 1


async def test_a_start_that_never_was_has_no_completion(url: str) -> None:
    async with session(url) as other, node(url) as one:
        run = await one.start("order")
        async with other.transaction():
            await other.execute("lock table history in share mode")
            lost = await one.poll()
            assert lost is not None
            async with session(url) as third:
                await seen_waiting(third)
                await end_sessions(third)
        await one.owns_again(1)

        found = await one.poll()
        assert found is not None
        assert found.started.started_event_id == lost.started.started_event_id
        with pytest.raises(TaskNotFound):
            await one.answer(lost)
        await one.answer(found)

        assert await count(one, run, STARTED) == 1


async def test_what_comes_meanwhile_is_stored_next_and_seen_by_nobody_before(url: str) -> None:
    async with session(url) as other, node(url) as one:
        first, second = await one.start("first"), await one.start("second")
        async with other.transaction():
            await other.execute("lock table history in share mode")
            works = [asyncio.create_task(one.signal(first))]
            async with session(url) as third:
                await seen_waiting(third)
            works += [asyncio.create_task(one.signal(run)) for run in (second, second, first)]
            looking = asyncio.create_task(count(one, second, SIGNALLED))
            await asyncio.sleep(0)
            assert not any(work.done() for work in (*works, looking))
            commits = one.writer.counters.commits

        await asyncio.gather(*works)

        assert await looking == 2
        assert await count(one, first, SIGNALLED) == 2
        assert one.writer.counters.commits - commits == 2


async def test_what_was_begun_outlives_a_batch_that_is_refused(url: str) -> None:
    async with session(url) as other, node(url) as one:
        run = await one.start("order")
        async with other.transaction():
            await other.execute("lock table runs in share mode")
            refused = asyncio.create_task(one.start("nul \0 in it"))
            stored = asyncio.create_task(one.start("stored"))
            async with session(url) as third:
                await seen_waiting(third)
            signalled = asyncio.create_task(one.signal(run))

        await signalled

        assert await count(one, run, SIGNALLED) == 1
        assert await one.status(await stored) == 1
        with pytest.raises(psycopg.DataError):
            await refused


async def test_what_was_begun_is_lost_with_the_connection(url: str) -> None:
    async with session(url) as other, node(url) as one:
        first, second = await one.start("first"), await one.start("second")
        async with other.transaction():
            await other.execute("lock table history in share mode")
            works = [asyncio.create_task(one.signal(first))]
            async with session(url) as third:
                await seen_waiting(third)
                works.append(asyncio.create_task(one.signal(second)))
                await asyncio.sleep(0)
                await end_sessions(third)
            for work in works:
                with pytest.raises(Unavailable):
                    await work
        await one.owns_again(1)

        for run in (first, second):
            assert await count(one, run, SIGNALLED) == 0
