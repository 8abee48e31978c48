"""What a crash may not do: lose what was answered, do it twice, or let an old owner write."""

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from engine.core.effects import Delivery, StartChild
from engine.core.inputs import Start
from engine.core.keys import RunKey
from engine.errors import AlreadyStarted, Unavailable
from tests.support import commands
from tests.support.eventually import eventually_async
from tests.support.node import QUEUE, REFUSE_DUPLICATE, SHARDS, Node, node
from tests.support.sessions import end_sessions, seen_waiting, session

COMPLETED = 2
NOWHERE = "postgresql://127.0.0.1:1/nothing"


def kinds(events: list[HistoryEvent]) -> list[str]:
    return [
        EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower() for event in events
    ]


async def completed(one: Node, run: RunKey) -> bool:
    return await one.status(run) == COMPLETED


async def begin_child(one: Node, wanted: Delivery) -> RunKey:
    """As deliveries do it, but the parent is not told."""
    assert isinstance(wanted, StartChild)
    key = RunKey(wanted.namespace_id, wanted.workflow_id, wanted.run_id)
    given = Start(at=one.clock.now(), attributes=wanted.attributes, request_id=wanted.request_id)
    await one.shards.start(key, given, REFUSE_DUPLICATE)
    return key


async def test_a_commit_that_fails_answers_unavailable_and_leaves_no_trace(url: str) -> None:
    async with session(url) as other, node(url) as one:
        run = await one.start("order")
        async with other.transaction():
            await other.execute("lock table history in exclusive mode")
            signalling = asyncio.create_task(one.signal(run))
            async with session(url) as third:
                await seen_waiting(third)
                await end_sessions(third)
            with pytest.raises(Unavailable):
                await signalling

        await one.owns_again(1)
        await one.signal(run, "again")

        signals = [event for event in await one.history(run) if event.event_type == 26]
        assert len(signals) == 1
        assert signals[0].workflow_execution_signaled_event_attributes.signal_name == "again"


async def test_a_caller_in_the_same_failed_batch_may_ask_again(url: str) -> None:
    async with session(url) as other, node(url) as one:
        async with other.transaction():
            await other.execute("lock table runs in exclusive mode")
            starts = [asyncio.create_task(one.start("order", "same request")) for _ in range(3)]
            async with session(url) as third:
                await seen_waiting(third)
                await end_sessions(third)
            answers = await asyncio.gather(*starts, return_exceptions=True)
            assert [type(answer) for answer in answers] == [Unavailable] * 3

        await one.owns_again(1)
        run = await one.start("order", "same request")
        assert await one.start("order", "same request") == run


async def test_a_stand_by_waits_until_the_owner_is_gone_and_carries_on(url: str) -> None:
    async with node(url) as owner, node(url, standby=True) as standby:
        run = await owner.start("order")
        assert not standby.writer.owned
        with pytest.raises(Unavailable, match="another node"):
            await standby.signal(run)

        owner.writer.url = NOWHERE
        async with session(url) as other:
            await end_sessions(other)

        await eventually_async(standby.owns_all)
        assert await standby.on_task(commands.complete(commands.text("done"))) == run
        assert await standby.status(run) == COMPLETED


async def test_an_idle_owner_notices_that_its_locks_are_gone(url: str) -> None:
    async with node(url) as owner:
        run = await owner.start("order")
        owner.writer.url = NOWHERE
        async with session(url) as other:
            await end_sessions(other)

        async def owns_nothing() -> bool:
            return not owner.writer.owned

        await eventually_async(owns_nothing)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(owner.status(run), 5)


async def test_an_owner_that_lost_its_locks_cannot_write(url: str) -> None:
    """Its commit hangs on a lock of the new owner's; when it is let go, nothing of it is there."""
    async with node(url) as old, node(url, standby=True) as new, session(url) as other:
        run = await old.start("order")
        async with other.transaction():
            await other.execute("lock table history in exclusive mode")
            late = asyncio.create_task(old.signal(run, "late"))
            old.writer.url = NOWHERE
            async with session(url) as third:
                await seen_waiting(third)
                await end_sessions(third)
            await asyncio.gather(late, return_exceptions=True)
        await eventually_async(new.owns_all)

        await new.signal(run, "on time")

        assert kinds(await new.history(run)).count("workflow_execution_signaled") == 1


async def test_a_task_that_nobody_took_is_handed_out_after_a_restart(url: str) -> None:
    async with node(url) as one:
        run = await one.start("order")
    async with node(url) as two:
        assert await two.on_task(commands.schedule_activity("charge", QUEUE)) == run
    async with node(url) as three:
        assert await three.on_activity() == run
        await three.on_task(commands.complete(commands.text("done")))
        assert await three.status(run) == COMPLETED


async def test_a_timer_that_came_due_while_nobody_lived_fires_after_the_restart(url: str) -> None:
    async with node(url) as one:
        run = await one.start("order")
        await one.on_task(commands.start_timer("soon", 0.2))
    async with node(url) as two:
        await two.on_task(commands.complete(commands.text("done")))

        assert kinds(await two.history(run)).count("timer_fired") == 1


async def test_the_same_request_starts_one_run_across_a_restart(url: str) -> None:
    async with node(url) as one:
        run = await one.start("order", "request-1")
        signalled = await one.start("other", "request-2")
        await one.signal(signalled, request_id="signal-1")
    async with node(url) as two:
        assert await two.start("order", "request-1") == run
        with pytest.raises(AlreadyStarted):
            await two.start("order", "request-3")

        await two.signal(signalled, request_id="signal-1")
        assert kinds(await two.history(signalled)).count("workflow_execution_signaled") == 1


async def test_a_child_is_started_once_though_the_message_was_lost(url: str) -> None:
    async with node(url) as one:
        parent = await one.start("order")
        one.writer.deliver = lambda source, delivery: True
        await one.on_task(commands.start_child("shipping", "shipping"))
    async with node(url) as two:
        child = await two.on_task(commands.complete(commands.text("shipped")), queue="shipping")
        assert child.workflow_id == "shipping"

        async def knows() -> bool:
            return "child_workflow_execution_completed" in kinds(await two.history(parent))

        await eventually_async(knows)
        assert kinds(await two.history(parent)).count("child_workflow_execution_started") == 1


async def test_a_child_is_started_once_though_the_answer_was_lost(url: str) -> None:
    """It has even closed, and its workflow id has another run, when the start is sent again."""
    async with node(url) as one:
        parent = await one.start("order")
        lost: list[Delivery] = []
        one.writer.deliver = lambda source, delivery: not lost.append(delivery)
        await one.on_task(commands.start_child("shipping", "shipping"))
        first = await begin_child(one, lost[0])
        await one.terminate(first)
        await one.start("shipping")
    async with node(url) as two:

        async def knows() -> bool:
            return "child_workflow_execution_started" in kinds(await two.history(parent))

        await eventually_async(knows)
        started = next(
            event.child_workflow_execution_started_event_attributes
            for event in await two.history(parent)
            if event.event_type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
        )
        assert started.workflow_execution.run_id == first.run_id


async def test_messages_beyond_the_room_for_them_wait_in_the_store(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.shards.deliveries.HELD_MAX", 2)
    async with node(url) as one:
        await one.start("order")
        await one.on_task(*(commands.start_child(f"shipping-{n}", QUEUE) for n in range(10)))
        children = set()
        while len(children) < 10:
            task = await one.poll()
            assert task is not None, children
            if task.run.workflow_id.startswith("shipping"):
                children.add(task.run.workflow_id)
            await one.answer(task)


async def test_every_shard_has_one_owner_when_two_nodes_start_together(url: str) -> None:
    async with node(url, standby=True) as one, node(url, standby=True) as two:

        async def all_are_owned() -> bool:
            return len(one.writer.owned) + len(two.writer.owned) == SHARDS

        await eventually_async(all_are_owned)
        assert not one.writer.owned & two.writer.owned
