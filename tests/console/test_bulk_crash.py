"""The bulk worker is killed half-way, and started again: one outcome for each, none done twice."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.bulk import outcomes
from console.bulk.models import State
from console.gateway import histories, workflows
from console.gateway.runs import RunKey
from tests.support import bulk
from tests.support.bulk import URL
from tests.support.bulk_workers import bulk_worker, kill, start_worker
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program

pytestmark = [
    pytest.mark.one_server,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.django_db(transaction=True),
]

Browser = Callable[..., Client]
ACT_EVENTS = {"WorkflowExecutionTerminated", "WorkflowExecutionSignaled"}


def acts_on(key: RunKey) -> int:
    return sum(event.kind in ACT_EVENTS for event in histories.forward(key).events)


@pytest.mark.parametrize(("verb", "how_many"), [("terminate", 500), ("signal", 120)])
def test_killed_half_way_it_ends_with_one_outcome_for_each_target(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    settings: object,
    verb: str,
    how_many: int,
) -> None:
    settings.BULK_TASK_QUEUE = names.queue()  # type: ignore[attr-defined]
    queue = names.queue()
    keys = bulk.start_many(program, names, how_many, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, verb, f"TaskQueue = '{queue}'")
    worker = start_worker()
    # Until the first worker has made the namespace, a launch is refused in words.
    eventually(
        lambda: bulk.launch(browser, operation, name="go", rate=f"{how_many // 4}").status_code,
        lambda status: status == 303,
        within=60,
        every=0.5,
    )

    eventually(
        lambda: outcomes.by_state(operation)[State.DONE],
        lambda done: done >= how_many // 2,
        within=90,
        every=0.02,
    )
    kill(worker)
    half_way = outcomes.by_state(operation)
    with bulk_worker():
        bulk.await_stage(operation, "finished", within=180)

    assert how_many // 2 <= half_way[State.DONE] < how_many
    assert +outcomes.by_state(operation) == Counter({State.DONE: how_many})
    assert {acts_on(key) for key in keys} == {1}
    if verb == "terminate":
        statuses = workflows.count(
            "default", f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running'"
        )
        assert statuses.total == 0
    assert f"{how_many:,} of {how_many:,} done" in words_in(browser.get(f"{URL}{operation.pk}/"))
