"""One target: tried again after a crash it is recognised, and an engine that is away is borne."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from temporalio import activity
from temporalio.worker import Worker

from console.bulk import acting, activities, deeds_on_runs, orders, outcomes, verbs
from console.bulk.models import BulkTarget, State
from console.bulk.orders import ChunkDone, ChunkOrder, Plan, Progress, StageShown
from console.bulk.workflow import BulkWorkflow
from console.gateway import histories, once, workflows
from console.gateway.deeds import Order, Turn
from console.gateway.runs import RunKey
from tests.console.test_payloads import allow
from tests.support import bulk, commands
from tests.support.names import Names
from tests.support.programs import Program, running
from tests.support.scripted import Scripted

Browser = Callable[..., Client]


def target_of(browser: Client, program: Program, names: Names, verb: str) -> BulkTarget:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    operation = bulk.freeze(browser, verb, f"TaskQueue = '{queue}'")
    target = operation.targets.get()
    target.operation = operation
    return target


def key_of(target: BulkTarget) -> RunKey:
    return RunKey(target.operation.namespace, target.workflow_id, target.run_id)


def act(target: BulkTarget, *, again: bool) -> outcomes.Outcome:
    told = {"name": "go", "arguments": [1, {"two": 2}]}
    order = Order("bob@example.com", "why not", told, target.operation.frozen_at)
    turn = Turn(key_of(target), target.request_id, again)
    return acting.act(verbs.named(target.operation.verb), order, turn)


@pytest.mark.parametrize("verb", ["terminate", "cancel", "signal"])
def test_an_act_whose_answer_was_lost_is_recognised_after_the_run_has_closed(
    bob: User, browser_of: Browser, program: Program, names: Names, verb: str
) -> None:
    target = target_of(browser_of(bob), program, names, verb)
    assert act(target, again=False).state is State.DONE
    if verb != "terminate":
        program.wait(program.client.get_workflow_handle(target.workflow_id).terminate())

    assert act(target, again=True).state is State.DONE
    assert once.trace(key_of(target), target.request_id) is not None
    assert once.trace(key_of(target), "another request") is None


def test_an_act_is_recognised_behind_a_thousand_events_that_came_after_it(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue)
        program.await_status(key, "Running", events_min=4)
        order, began = order_of({"name": "nudge", "arguments": []}), timezone.now()
        update = order_of({"name": "adjust", "arguments": ["1.00"]})
        for verb, asked in (("signal", order), ("update", update)):
            assert acting.act(verbs.named(verb), asked, Turn(key, verb)).state is State.DONE
    handle = program.client.get_workflow_handle(key.workflow_id)

    async def nudged() -> None:
        await asyncio.gather(*(handle.signal("nudge") for _ in range(1_001)))
        await handle.terminate()

    program.wait(nudged(), within=100)

    found = once.trace(key, "signal", order.earliest)
    assert found is not None
    assert histories.forward(key).events[found - 1].attributes.signal_name == "nudge"
    assert deeds_on_runs.trace_update(update, Turn(key, "update"))
    theirs = acting.act(verbs.named("terminate"), order, Turn(key, "ours", again=True))
    assert theirs.state is State.CLOSED
    read = list(histories.newest(key, began))
    assert [one.id for one in read] == list(range(read[0].id, 4, -1))


def order_of(told: dict[str, Any]) -> Order:
    return Order("bob@example.com", "why not", told, timezone.now())


def test_an_attempt_that_runs_is_failed_once_and_a_second_try_finds_its_own_event(
    bob: User, worker: Scripted, names: Names
) -> None:
    key = worker.start(names.workflow())
    given = {"start_to_close_timeout": commands.seconds(60)}
    worker.on_task(commands.schedule_activity("c", worker.queue, **given))
    worker.poll_activity()
    told = {"type": "Charge", "message": "lost", "kind": "GivenUp", "final": True}
    order = Order("bob@example.com", "why not", told, timezone.now() - timedelta(minutes=1))

    done, again = (
        acting.act(verbs.named("activity-fail"), order, Turn(key, "request", again))
        for again in (False, True)
    )

    assert (done.state, again.state) == (State.DONE, State.DONE)
    assert again.says.startswith("done by an earlier try: event ")
    [failed] = [one for one in histories.forward(key).events if one.kind == "ActivityTaskFailed"]
    assert failed.attributes.failure.message == "lost"


def test_who_tries_again_finds_what_came_of_it_in_the_name_of_another(
    bob: User, worker: Scripted, names: Names
) -> None:
    """An end of an activity carries no request id: it is known by whose it is."""
    key = worker.start(names.workflow())
    given = {"start_to_close_timeout": commands.seconds(60)}
    worker.on_task(commands.schedule_activity("c", worker.queue, **given))
    worker.poll_activity()
    told = {"type": "Charge", "message": "lost", "kind": "GivenUp", "final": True}
    since = timezone.now() - timedelta(minutes=1)
    by_bob = Order("bob@example.com", "why not", told, since)
    by_alice = Order("alice@example.com", "why not", told, since, frozenset({"bob@example.com"}))
    by_another = Order("alice@example.com", "why not", told, since)
    deed = verbs.named("activity-fail")
    acting.act(deed, by_bob, Turn(key, "request"))

    found, missed = (
        acting.act(deed, order, Turn(key, "request", again=True))
        for order in (by_alice, by_another)
    )

    assert (found.state, missed.state) == (State.DONE, State.CLOSED)
    assert found.says.startswith("done by an earlier try: event ")


def test_what_masks_cover_does_not_hide_from_a_second_try_what_the_first_has_failed(
    bob: User, worker: Scripted, names: Names, settings: Any
) -> None:
    allow(settings, masked={"failure.message": "nobody"})
    key = worker.start(names.workflow())
    given = {"start_to_close_timeout": commands.seconds(60)}
    worker.on_task(commands.schedule_activity("c", worker.queue, **given))
    worker.poll_activity()
    told = {"type": "Charge", "message": "lost", "kind": "GivenUp", "final": False}
    order = Order("bob@example.com", "why not", told, timezone.now() - timedelta(minutes=1))

    first = acting.act(verbs.named("activity-fail"), order, Turn(key, "request"))
    worker.poll_activity()
    again = acting.act(verbs.named("activity-fail"), order, Turn(key, "request", again=True))

    assert (first.state, again.state) == (State.DONE, State.DONE)
    [pending] = workflows.describe(key).activities
    assert pending.attempt == 2
    assert "started" in pending.state


@pytest.mark.parametrize("verb", ["terminate", "cancel", "signal"])
def test_a_run_that_somebody_else_terminated_is_not_our_success_even_when_tried_again(
    bob: User, browser_of: Browser, program: Program, names: Names, verb: str
) -> None:
    target = target_of(browser_of(bob), program, names, verb)
    program.wait(program.client.get_workflow_handle(target.workflow_id).terminate())

    came = [act(target, again=again) for again in (False, True)]

    assert [one.state for one in came] == [State.CLOSED] * 2
    assert all("closed since the list was frozen" in one.says for one in came)


def test_the_same_request_is_done_once_while_the_run_is_open(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    target = target_of(browser_of(bob), program, names, "signal")

    states = [act(target, again=again).state for again in (False, True, True)]

    kinds = [event.kind for event in histories.forward(key_of(target)).events]
    assert states == [State.DONE] * 3
    assert kinds.count("WorkflowExecutionSignaled") == 1


def test_an_engine_that_stays_away_is_a_failure_that_says_so(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = target_of(browser_of(bob), program, names, "cancel")
    monkeypatch.setattr(acting, "PATIENCE_SECONDS", (0.01, 0.01))
    settings.ENGINE_ADDRESS = "127.0.0.1:1"

    outcome = act(target, again=False)

    assert outcome.state is State.FAILED
    assert "does not answer" in outcome.says


def test_only_who_holds_the_claim_writes_the_outcome(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    target = target_of(browser_of(bob), program, names, "cancel")
    now, number = target.operation.frozen_at, target.operation.pk
    done, failed = outcomes.Outcome(State.DONE), outcomes.Outcome(State.FAILED)

    (zombie,) = outcomes.take(number, 1, 9, "the zombie")
    (living,) = outcomes.take(number, 1, 9, "the living")
    outcomes.give_back([zombie], "the zombie")
    assert (zombie.tries, living.tries) == (1, 2)
    assert not outcomes.conclude([(zombie, failed)], "the zombie", now, 1)
    assert outcomes.conclude([(living, done)], "the living", now, 1)
    assert not outcomes.take(number, 1, 9, "a third")
    target.refresh_from_db()
    assert (target.state, target.tries) == (State.DONE, 2)


@pytest.mark.django_db(transaction=True)
def test_of_a_draft_nothing_is_done_whoever_asks(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    """Its launch was taken back, as the server did not answer; its workflow had begun."""
    target = target_of(browser_of(bob), program, names, "terminate")

    done = activities.act_on_chunk(ChunkOrder(target.operation.pk, 1, 9, 100))

    assert done == ChunkDone(0, 0, None, [])
    target.refresh_from_db()
    assert (target.state, target.tries) == (State.WAITING, 0)


def test_a_long_list_continues_as_new_and_leaves_no_gap(
    bob: User, program: Program, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "CHUNKS_PER_RUN", 3)
    ranges: list[tuple[int, int]] = []
    stages: list[str] = []

    @activity.defn(name=orders.ACT_ON_CHUNK)
    async def act_on_chunk(order: ChunkOrder) -> ChunkDone:
        ranges.append((order.first, order.last))
        return ChunkDone(0, 0, order.last + 1 if len(ranges) < 8 else None)

    @activity.defn(name=orders.SHOW_STAGE)
    async def show_stage(shown: StageShown) -> None:
        stages.append(shown.stage)

    async def run() -> str:
        queue = names.queue()
        async with Worker(
            program.client,
            task_queue=queue,
            workflows=[BulkWorkflow],
            activities=[act_on_chunk, show_stage],
        ):
            result: str = await program.client.execute_workflow(
                orders.WORKFLOW_TYPE,
                args=[Plan(1, 0, 50, 5), Progress(confirmed=True)],
                id=names.workflow(),
                task_queue=queue,
            )
        return result

    result = program.wait(asyncio.wait_for(run(), 60), within=60)

    assert result == "finished"
    assert ranges == [(first, first + 99) for first in range(1, 800, 100)]
    assert (stages[0], stages[-1]) == ("running", "finished")
