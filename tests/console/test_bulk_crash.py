"""The bulk worker or the engine is killed half-way: each has one outcome, none two."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.bulk import outcomes
from console.bulk.models import BulkOperation, State
from console.gateway import histories, workflows
from console.gateway.runs import RunKey
from tests.support import bulk
from tests.support.bulk import URL
from tests.support.bulk_workers import bulk_worker, kill, start_worker
from tests.support.eventually import eventually
from tests.support.killable import KillableEngine
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.postgres import fresh_database
from tests.support.programs import Program

pytestmark = [
    pytest.mark.one_server,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.django_db(transaction=True),
]

Browser = Callable[..., Client]
ACT_EVENTS = {"WorkflowExecutionTerminated", "WorkflowExecutionSignaled"}


@pytest.fixture(scope="module")
def mortal(postgres_url: str) -> Iterator[KillableEngine]:
    with fresh_database(postgres_url) as database:
        engine = KillableEngine(database, ENGINE_SHARDS="8")
        engine.migrate()
        engine.start()
        yield engine
        engine.stop()


@pytest.fixture(scope="module")
def server_address(mortal: KillableEngine) -> str:
    return mortal.address


def acts_on(key: RunKey) -> int:
    return sum(event.kind in ACT_EVENTS for event in histories.forward(key).events)


def launch_and_wait_for_half(
    browser: Client, operation: BulkOperation, how_many: int
) -> Counter[str]:
    # Until the first worker has made the namespace, a launch is refused in words.
    eventually(
        lambda: bulk.launch(browser, operation, name="go", rate=f"{how_many // 4}").status_code,
        lambda status: status == 303,
        within=60,
        every=0.5,
    )
    return eventually(
        lambda: outcomes.by_state(operation),
        lambda counts: counts[State.DONE] >= how_many // 2,
        within=90,
        every=0.02,
    )


def carry_on_until_all_is_done(browser: Client, operation: BulkOperation) -> None:
    """As a person would who sees that it has stopped, or that some have failed."""

    def look() -> bool:
        seen = BulkOperation.objects.get(pk=operation.pk)
        failed = outcomes.by_state(operation)[State.FAILED]
        if seen.stage == "paused" and not seen.asked:
            browser.post(f"{URL}{operation.pk}/resume/")
        if seen.stage == "finished" and failed:
            browser.post(f"{URL}{operation.pk}/retry/")
        return seen.stage == "finished" and not failed

    eventually(look, within=180, every=0.3)


def test_a_worker_that_is_killed_half_way_leaves_one_outcome_for_each_target(
    bob: User, browser_of: Browser, program: Program, names: Names, settings: object
) -> None:
    settings.BULK_TASK_QUEUE = names.queue()  # type: ignore[attr-defined]
    queue, how_many = names.queue(), 500
    keys = bulk.start_many(program, names, how_many, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "terminate", f"TaskQueue = '{queue}'")
    worker = start_worker()

    launch_and_wait_for_half(browser, operation, how_many)
    kill(worker)
    half_way = outcomes.by_state(operation)
    with bulk_worker():
        bulk.await_stage(operation, "finished", within=180)

    assert how_many // 2 <= half_way[State.DONE] < how_many
    assert +outcomes.by_state(operation) == Counter({State.DONE: how_many})
    assert +outcomes.tally(operation) == Counter({State.DONE: how_many})
    assert {acts_on(key) for key in keys} == {1}
    query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running'"
    assert workflows.count("default", query).total == 0
    assert f"{how_many:,} of {how_many:,} done" in words_in(browser.get(f"{URL}{operation.pk}/"))


def test_an_engine_that_is_killed_half_way_has_done_each_once(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    settings: object,
    mortal: KillableEngine,
) -> None:
    settings.BULK_TASK_QUEUE = names.queue()  # type: ignore[attr-defined]
    queue, how_many = names.queue(), 240
    keys = bulk.start_many(program, names, how_many, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")

    with bulk_worker():
        launch_and_wait_for_half(browser, operation, how_many)
        mortal.kill()
        half_way = outcomes.by_state(operation)
        mortal.start()
        carry_on_until_all_is_done(browser, operation)

    assert how_many // 2 <= half_way[State.DONE] < how_many
    assert +outcomes.by_state(operation) == Counter({State.DONE: how_many})
    assert +outcomes.tally(operation) == Counter({State.DONE: how_many})
    assert {acts_on(key) for key in keys} == {1}
