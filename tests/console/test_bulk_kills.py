"""Whoever carries a list through is killed again and again: each deed is done to each run once.

The deeds where doing it twice is worst, on runs that have gone on by the time that the next one
looks: so nothing but a trace of its own can tell it what was done.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Sum
from django.test import override_settings
from django.utils import timezone
from temporalio import workflow

from console.bulk import manifest, outcomes, verbs
from console.bulk.models import BulkOperation, BulkTarget, State
from console.gateway import histories, standalone_details, workflows
from console.gateway.runs import RunKey
from tests.console.test_bulk_deeds import events, is_gone
from tests.support import alone
from tests.support.bulk_workers import REPOSITORY, own_environment
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.programs import Program, working

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

RUNS = 12
KILLS = 5
#: No worker polls it: what is asked of it stays pending.
NOBODY = "nobody"


@workflow.defn
class Twice:
    """Asks for one activity, and then for another one like it."""

    @workflow.run
    async def run(self) -> None:
        for _ in range(2):
            await workflow.execute_activity(
                "charge_card", task_queue=NOBODY, start_to_close_timeout=timedelta(minutes=5)
            )
        await asyncio.Event().wait()


@workflow.defn
class Renewed:
    """Goes on in a second run, which then waits."""

    @workflow.run
    async def run(self, left: int) -> None:
        if left:
            workflow.continue_as_new(left - 1)
        await asyncio.Event().wait()


@workflow.defn
class Counted:
    """Takes one update, and is done."""

    def __init__(self) -> None:
        self.taken = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: bool(self.taken))
        return self.taken

    @workflow.update
    def take(self) -> int:
        self.taken += 1
        return self.taken


Killed = Callable[[BulkOperation, int], int]


@pytest.fixture(scope="module")
def killed(django_db_setup: None, server_address: str) -> Iterator[Killed]:
    """Carries the list through by processes that are killed: how many died of it."""
    with override_settings(ENGINE_ADDRESS=server_address):
        own = own_environment()
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.support.dying_chunks"],
        cwd=REPOSITORY,
        env=os.environ | own,  # noqa: TID251  a real process gets a real environment
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def carry(operation: BulkOperation, seed: int) -> int:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(f"{operation.pk} {seed} {KILLS}\n")
        parent.stdin.flush()
        return int(parent.stdout.readline().removeprefix("killed "))

    yield carry
    parent.communicate(timeout=10)


@pytest.fixture
def begun(bob: User) -> Callable[..., BulkOperation]:
    def begin(verb: str, keys: list[RunKey], **told: Any) -> BulkOperation:
        """As a person launches it, but that no system workflow carries it through."""
        chosen = [(key.run_id, key.workflow_id) for key in keys]
        operation = manifest.from_selection(bob, "default", verbs.named(verb), chosen)
        how = {"stage": "running", "started_at": timezone.now(), "reason": "why not"}
        BulkOperation.objects.filter(pk=operation.pk).update(told=told, **how)
        return operation

    return begin


def has(key: RunKey, kind: str) -> bool:
    return eventually(lambda: bool(events(key, kind)))


def is_done(operation: BulkOperation) -> None:
    assert +outcomes.by_state(operation) == Counter({State.DONE: RUNS})
    assert +outcomes.tally(operation) == Counter({State.DONE: RUNS})
    # More than one has tried it, or this proves nothing.
    assert (operation.targets.aggregate(Sum("tries"))["tries__sum"] or 0) > RUNS


def test_an_update_runs_once_also_where_the_run_has_ended_with_it(
    program: Program, names: Names, begun: Callable[..., BulkOperation], killed: Killed
) -> None:
    queue = names.queue()
    keys = [program.start("Counted", names.workflow(), queue) for _ in range(RUNS)]
    operation = begun("update", keys, name="take", arguments=[])

    with working(program, queue, [Counted]):
        died = killed(operation, 1)

    assert died
    is_done(operation)
    assert [program.result(key) for key in keys] == [1] * RUNS
    assert {events(key, "WorkflowExecutionUpdateAccepted") for key in keys} == {1}


def goes_on_from(run_id: str, target: BulkTarget) -> bool:
    newest = histories.forward(RunKey("default", target.workflow_id, "")).events[0]
    return bool(newest.attributes.continued_execution_run_id == run_id)


def test_a_run_is_reset_once_also_where_the_new_one_has_gone_on_in_another(
    program: Program, names: Names, begun: Callable[..., BulkOperation], killed: Killed
) -> None:
    queue = names.queue()
    with working(program, queue, [Renewed]):
        keys = [program.start("Renewed", names.workflow(), queue, 1) for _ in range(RUNS)]
        assert all(has(key, "WorkflowExecutionContinuedAsNew") for key in keys)
        operation = begun("reset", keys, to="first")
        died = killed(operation, 2)
        targets = list(operation.targets.all())
        assert all(eventually(partial(goes_on_from, one.new_run_id, one)) for one in targets)

    assert died
    is_done(operation)
    # Two from before, and two that began with the reset.
    assert workflows.count("default", f"TaskQueue = '{queue}'").total == 4 * RUNS


def test_a_run_is_deleted_and_nobody_says_that_it_was_gone_before(
    program: Program, names: Names, begun: Callable[..., BulkOperation], killed: Killed
) -> None:
    keys = [program.start("Waiting", names.workflow(), names.queue()) for _ in range(RUNS)]
    operation = begun("delete", keys)

    died = killed(operation, 3)

    assert died
    is_done(operation)
    assert all(eventually(partial(is_gone, key)) for key in keys)


def test_an_activity_is_completed_by_hand_and_not_the_next_one_like_it(
    program: Program, names: Names, begun: Callable[..., BulkOperation], killed: Killed
) -> None:
    queue = names.queue()
    with working(program, queue, [Twice]):
        keys = [program.start("Twice", names.workflow(), queue) for _ in range(RUNS)]
        assert all(has(key, "ActivityTaskScheduled") for key in keys)
        operation = begun("activity-complete", keys, type="charge_card", result=["by hand"])
        died = killed(operation, 4)

    assert died
    is_done(operation)
    assert {events(key, "ActivityTaskCompleted") for key in keys} == {1}


@pytest.mark.parametrize(
    ("verb", "told", "status"),
    [("complete", {"result": ["by hand"]}, "Completed"), ("terminate", {}, "Terminated")],
)
def test_of_activities_that_stand_alone_each_has_one_outcome(
    verb: str, told: dict[str, Any], status: str,
    names: Names, begun: Callable[..., BulkOperation], killed: Killed,
) -> None:  # fmt: skip
    alone_ones = [alone.start(names, "9.99") for _ in range(RUNS)]
    keys = [RunKey(one.namespace, one.id, one.run_id) for one in alone_ones]
    operation = begun(f"activities-{verb}", keys, **told)

    died = killed(operation, 5)

    assert died
    is_done(operation)
    for one in alone_ones:
        found = standalone_details.describe(one)
        assert found.summary.status == status
        assert [value.content for value in found.result] == told.get("result", [])
