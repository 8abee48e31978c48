"""The writer over a real database: what is stored, what is left out, who is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType, WorkflowIdConflictPolicy, WorkflowIdReusePolicy

from engine.core.inputs import Signal
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import AlreadyStarted, FailedPrecondition, ResourceExhausted, RunNotFound
from engine.ports import StartPolicy
from engine.shards import actor, ahead, batch, carrying
from engine.store import codec
from tests.support import commands
from tests.support.eventually import eventually_async
from tests.support.node import NAMESPACE, QUEUE, Node, node
from tests.support.sessions import session

COMPLETED, TERMINATED = 2, 5
ALLOW = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
FAILED_ONLY = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
REJECT = WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
FAIL = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL
USE = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
END_IT = WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING


@pytest.fixture
async def one(url: str) -> AsyncIterator[Node]:
    async with node(url) as one:
        yield one


async def rows(url: str, question: str, run: RunKey) -> list[tuple[Any, ...]]:
    async with session(url) as other:
        cursor = await other.execute(question.encode(), {"run_id": run.run_id})
        return await cursor.fetchall()


async def whole(one: Node, run: RunKey) -> bytes:
    """All that is known of a run, but for what is derived anew."""

    def told(state: RunState) -> bytes:
        copy = codec.decode_state(codec.encode_state(state))
        copy.deadlines = []
        copy.armed_at = 0
        return codec.encode_state(copy)

    return await one.shards.inspect(run, told)


async def forgotten(one: Node, run: RunKey) -> None:
    one.writer.cache.drop(run)


async def test_a_policy_decides_about_a_run_of_the_same_id(one: Node) -> None:
    first = await one.start("policies")
    used = await one.begin("policies", policy=StartPolicy(reuse=ALLOW, conflict=USE))
    assert (used.run_id, used.started) == (first.run_id, False)

    second = await one.start("policies", policy=StartPolicy(reuse=ALLOW, conflict=END_IT))
    assert second.run_id != first.run_id
    assert await one.status(first) == TERMINATED

    await one.on_task(commands.complete(commands.text("done")))
    for reuse in (REJECT, FAILED_ONLY):
        with pytest.raises(AlreadyStarted):
            await one.start("policies", policy=StartPolicy(reuse=reuse, conflict=FAIL))
    third = await one.start("policies")
    assert await one.status(RunKey(NAMESPACE, "policies", "")) == 1
    await one.terminate(third)


async def test_the_current_run_is_found_when_nothing_is_in_memory(one: Node) -> None:
    closed = [await one.start("found") for _ in range(1)]
    await one.terminate(closed[0])
    running = await one.start("found")
    one.writer.cache.clear()
    named = RunKey(NAMESPACE, "found", "")
    assert await one.shards.inspect(named, lambda state: state.key) == running

    await one.terminate(running)
    one.writer.cache.clear()
    assert await one.shards.inspect(named, lambda state: state.key) == running
    assert await one.status(closed[0]) == TERMINATED


@pytest.mark.parametrize("run_id", ["not-a-uuid", "00000000-0000-4000-8000-00000000dead"])
async def test_a_run_id_that_names_no_run_is_not_found(one: Node, run_id: str) -> None:
    await one.start(f"named {run_id}")

    with pytest.raises(RunNotFound):
        await one.status(RunKey(NAMESPACE, f"named {run_id}", run_id))


async def test_a_run_of_another_workflow_id_is_not_found(one: Node) -> None:
    run = await one.start("mine")

    with pytest.raises(RunNotFound):
        await one.status(run._replace(workflow_id="yours"))


async def test_many_starts_at_once_share_a_commit(one: Node) -> None:
    before = one.writer.counters.commits

    await asyncio.gather(*(one.start(f"together-{n}") for n in range(100)))

    assert one.writer.counters.commits - before < 10


async def test_what_the_database_refuses_is_refused_alone(one: Node) -> None:
    answers = await asyncio.gather(
        one.start("before"), one.start("nul \0 in it"), one.start("after"), return_exceptions=True
    )

    assert [isinstance(answer, RunKey) for answer in answers] == [True, False, True]
    assert one.writer.owned
    await one.signal(RunKey(NAMESPACE, "before", ""))


async def test_a_bug_in_a_step_costs_its_own_caller_only(
    one: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = carrying.step

    def unsound(state: RunState, given: Any, *rest: Any) -> Any:
        stepped = sound(state, given, *rest)
        if isinstance(given, Signal) and given.name == "bad":
            raise AssertionError("an invariant is broken")
        return stepped

    run, other = await one.start("with a bug"), await one.start("without")
    monkeypatch.setattr(carrying, "step", unsound)
    answers = await asyncio.gather(
        one.signal(run, "good"), one.signal(run, "bad"), one.signal(other, "good"),
        return_exceptions=True,
    )  # fmt: skip

    assert [type(answer) for answer in answers] == [type(None), AssertionError, type(None)]
    names = [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in await one.history(run)
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]
    assert names == ["good"]


async def test_a_task_taken_in_the_same_commit_leaves_no_row(one: Node, url: str) -> None:
    polling = asyncio.create_task(one.poll("quick"))
    await asyncio.sleep(0)
    # The queue is read once before it trusts its memory.
    await eventually_async(lambda: _has_poller(one))
    run = await one.start("quick one", queue="quick")
    task = await polling

    assert task is not None
    assert task.run == run
    assert await rows(url, "select 1 from transfer_tasks where run_id = %(run_id)s", run) == []


async def _has_poller(one: Node) -> bool:
    actors = one.matching._actors.values()
    return any(actor.queue.polls and not actor.queue.window.is_in_store for actor in actors)


async def test_a_run_in_the_middle_of_everything_is_loaded_as_it_was(one: Node) -> None:
    run = await one.start("loaded")
    await one.on_task(
        commands.schedule_activity("charge", QUEUE),
        commands.start_timer("reminder", 600),
    )
    task = await one.poll(kind="activity")
    assert task is not None
    await one.beat(task, commands.text("half"))
    await one.signal(run, request_id="seen")
    live = await whole(one, run)

    await forgotten(one, run)

    assert await whole(one, run) == live
    await one.terminate(run)


async def test_a_closed_run_is_loaded_without_its_marks(one: Node, url: str) -> None:
    run = await one.start("closed")
    task = await one.poll()
    assert task is not None
    await one.fail(task, commands.failed("no such workflow"))
    await one.on_task(commands.complete(commands.text("done")))
    before = [event.event_type for event in await one.history(run)]
    assert await rows(url, "select 1 from marks where run_id = %(run_id)s", run) == []

    await forgotten(one, run)

    assert await one.status(run) == COMPLETED
    assert [event.event_type for event in await one.history(run)] == before


async def test_a_snapshot_stands_for_all_that_came_before(
    one: Node, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SNAPSHOT_FACTS_MIN", 4)
    monkeypatch.setattr(batch, "SNAPSHOT_BYTES_PER_FACT", 10_000)
    run = await one.start("snapshot")
    for number in range(11):
        await one.signal(run, f"signal-{number}", request_id=f"request-{number}")
    ((at,),) = await rows(url, "select snapshot_event_id from runs where run_id = %(run_id)s", run)
    assert at > 4
    live = await whole(one, run)

    await forgotten(one, run)

    assert await whole(one, run) == live
    await one.terminate(run)


async def test_a_large_state_is_stored_less_often(
    one: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SNAPSHOT_FACTS_MIN", 4)
    monkeypatch.setattr(batch, "SNAPSHOT_BYTES_PER_FACT", 10)
    stored: list[int] = []
    sound = batch.encode_state
    monkeypatch.setattr(batch, "encode_state", lambda state: stored.append(1) or sound(state))
    run = await one.start("large")
    for number in range(60):
        await one.signal(run, request_id=f"request-{number}")

    assert 1 <= len(stored) <= 3
    await one.terminate(run)


async def test_a_deleted_run_leaves_no_row(one: Node, url: str) -> None:
    run = await one.start("deleted")
    with pytest.raises(FailedPrecondition):
        await one.shards.delete(run)
    await one.terminate(run)

    await one.shards.delete(run)

    with pytest.raises(RunNotFound):
        await one.status(run)
    for table in ("runs", "history", "marks", "transfer_tasks", "visibility"):
        question = f"select 1 from {table} where run_id::text = %(run_id)s"
        assert await rows(url, question, run) == [], table


async def test_a_quiet_run_does_not_gather_those_who_gave_up_waiting(one: Node) -> None:
    run = await one.start("quiet")

    for _ in range(3):
        assert not await one.shards.wait(run, lambda state: not state.is_running, 0.01)

    assert len(one.writer.watchers) == 0
    waiting = asyncio.create_task(one.shards.wait(run, lambda state: not state.is_running, 10))
    await one.terminate(run)
    assert await waiting


async def test_a_stored_wake_up_is_moved_only_when_it_must_be(one: Node, url: str) -> None:
    """An early one does no harm, so the ordinary progress of a run writes nothing to its row."""
    run = await one.start("woken")
    question = "select xmin::text, wake_at from runs where run_id = %(run_id)s"
    await one.on_task(commands.start_timer("first", 60))
    ((version, wake_at),) = await rows(url, question, run)
    await one.signal(run)
    await one.on_task(commands.start_timer("second", 120))
    assert await rows(url, question, run) == [(version, wake_at)]

    await one.signal(run)
    await one.on_task(commands.start_timer("sooner", 5))

    ((_, sooner),) = await rows(url, question, run)
    assert sooner < wake_at
    await one.terminate(run)


async def test_records_on_their_way_to_the_index_know_their_shard(url: str) -> None:
    async with node(url, outbox=True) as one:
        runs = [await one.start(f"indexed-{n}") for n in range(5)]
        for run in runs:
            found = await rows(
                url, "select shard_id from visibility_outbox where run_id = %(run_id)s", run
            )
            assert found == [(one.shards.shard_of(run),)]


async def test_what_finds_no_room_is_refused_and_the_rest_is_stored(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "INBOX_MAX", 3)
    monkeypatch.setattr(ahead, "WORKS_MAX", 1)
    async with node(url) as small:
        run = await small.start("full")
        asked = [small.signal(run, f"s{number}") for number in range(20)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)

        refused = [each for each in outcomes if each is not None]
        assert {type(each) for each in refused} == {ResourceExhausted}
        assert await small.shards.inspect(run, lambda state: state.signals_count) == (
            20 - len(refused)
        )
        assert len(refused) < 20
