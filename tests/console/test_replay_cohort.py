"""The replay check of a cohort, and what a reset of one would run again."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.bulk import outcomes
from console.bulk.chunks import Chunk
from console.bulk.models import BulkOperation, Stage, State
from console.bulk.orders import ChunkOrder
from console.gateway import histories
from console.gateway.runs import RunKey
from console.replay import looking
from tests.support import bulk
from tests.support.bulk import URL
from tests.support.deployed import FailingCode, OtherCode, RenamedCode, deployed
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]


def charged(program: Program, names: Names, queue: str, how_many: int) -> list[RunKey]:
    """Runs that were charged and sleep, by the code of before."""
    with running(program, queue):
        keys = [
            program.start("Charging", names.workflow(), queue, "9.99", 3600.0)
            for _ in range(how_many)
        ]
        for key in keys:
            program.await_status(key, "Running", events_min=11)
    return keys


def carried(browser: Client, keys: Sequence[RunKey], **told: str) -> BulkOperation:
    """As the bulk worker carries a chunk of it."""
    operation = bulk.choose(browser, "replay-check", keys)
    BulkOperation.objects.filter(pk=operation.pk).update(
        stage=Stage.RUNNING,
        started_at=timezone.now(),
        reason="version 2 is deployed",
        rate=10,
        errors_percent_max=100,
        told=told,
    )
    operation.refresh_from_db()
    order = ChunkOrder(operation.pk, 1, len(keys), 100)
    Chunk(operation, order, "me", lambda: True).carry()
    return operation


def page_of(browser: Client, operation: BulkOperation, **query: str) -> Any:
    return browser.get(f"{URL}{operation.pk}/", query)


def test_the_check_of_a_cohort_says_which_runs_break_at_which_event_and_changes_none(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    browser, fits, timer, renamed, fails = browser_of(bob), *(names.queue() for _ in range(4))
    many = {fits: 1, timer: 2, renamed: 1, fails: 1}
    old = {queue: charged(program, names, queue, count) for queue, count in many.items()}
    keys = [key for some in old.values() for key in some]

    with (
        running(program, fits),
        deployed(program, timer, OtherCode),
        deployed(program, renamed, RenamedCode),
        deployed(program, fails, FailingCode),
    ):
        operation = carried(browser, keys)
        charge = {"to": "activity", "activity": "charge_card"}
        after_reset = carried(browser, old[timer], **charge)
        still = carried(browser, old[timer][:1], to="last")

    says = [one.says for one in after_reset.targets.all()]
    assert says == ["fits once it is reset to event 4: it parts at 5"] * 2
    assert +outcomes.by_state(still) == {State.FAILED: 1}
    page = words_in(page_of(browser, operation))
    assert +outcomes.by_state(operation) == {State.DONE: 1, State.FAILED: 3, State.CLOSED: 1}
    assert "1 fit 1 nobody could say 3 would break" in page
    found = "found ActivityTaskScheduled charge_card"
    assert f"a timer expected a timer, {found} 40.0 % 2 runs" in page
    other = "the activity charge_account"
    assert f"{other} expected {other}, {found} 20.0 % 1 run" in page
    assert "The code answered with an error: no card is known" in page
    for key in keys:
        assert len(histories.forward(key).events) == 11

    (group,) = [one for one in outcomes.groups(operation, ("expected",)) if one.count == 2]
    every = outcomes.groups(operation, ("kind", "expected", "found"))
    assert [one.count for one in every] == [2, 1]
    assert group.values == {"expected": "a timer"}
    listed = page_of(browser, operation, state="failed", alike=every[0].mark)
    for key in keys:
        assert (f"{key.run_id}/events/?event=5" in listed.text) == (key in old[timer])

    file = browser.get(f"{URL}{operation.pk}/outcomes.csv").getvalue().decode()
    rows = list(csv.DictReader(StringIO(file)))
    told = {row["run id"]: (row["outcome"], row["event"], row["expected"]) for row in rows}
    assert told[old[fits][0].run_id] == ("Fit", "", "")
    assert told[old[timer][0].run_id] == ("Would break", "5", "a timer")
    assert told[old[fails][0].run_id] == ("Nobody could say", "", "")

    assert outcomes.wait_again(operation, timezone.now()) == 3
    assert outcomes.groups(operation, ("kind", "expected", "found")) == []


@pytest.mark.one_server
def test_a_check_needs_no_canary_and_is_offered_where_a_run_is_checked(
    bob: User, carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("waiting"), names.queue())
    browser = browser_of(bob)
    draft = browser.get(f"{URL}{bulk.choose(browser, 'replay-check', [key]).pk}/")
    place = f"/namespaces/default/replay/{key.workflow_id.replace('/', '~2F')}/{key.run_id}/"

    assert "Replay-check 1 run" in words_in(draft)
    assert 'name="canary" value="0"' in draft.text
    assert 'name="errors_percent_max" value="100"' in draft.text
    assert "Type how many runs" not in words_in(draft)
    assert "Check all open runs of Waiting" in words_in(browser.get(place))
    assert "Check all open runs" not in words_in(browser_of(carol).get(place))
    asked = {"verb": "replay-check", "run": f"{key.run_id} {key.workflow_id}"}
    assert browser_of(carol).post(f"{URL}plan/", asked).status_code == 403
    assert looking.open_runs("O'Hara", "ExecutionStatus = 'Running'") == (
        "(WorkflowType = 'O\\'Hara') AND ExecutionStatus = 'Running'"
    )


def test_many_go_back_to_before_the_first_activity_that_failed(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        failed, well = (
            program.start("Charging", names.workflow(), queue, amount)
            for amount in ("-1.00", "9.99")
        )
        program.await_status(failed, "Failed")
        program.result(well)
    operation = bulk.choose(browser, "reset", [failed, well])
    said = words_in(browser.get(f"{URL}{operation.pk}/preview/", headers=htmx("preview")))
    operation.told, operation.started_at = {"to": "failed"}, timezone.now()

    Chunk(operation, ChunkOrder(operation.pk, 1, 2, 100), "me", lambda: True).carry()

    assert "Before the first failure, of 1 run" in said
    assert "1 time in 1 run from before the failure" in said
    assert +outcomes.by_state(operation) == {State.DONE: 1, State.FAILED: 1}
    reset, left = (operation.targets.get(run_id=key.run_id) for key in (failed, well))
    new = histories.forward(replace(failed, run_id=reset.new_run_id)).events
    assert [event.kind for event in new][3] == "WorkflowTaskFailed", "where it had decided to pay"
    assert left.says == "None of its activities failed for good: there is no such point."


def test_many_go_back_to_before_an_activity_or_to_a_time(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        charged_one = program.start("Charging", names.workflow(), queue, "9.99")
        waits = program.start("Waiting", names.workflow("waiting"), queue)
        program.signal(waits, "go")
        for key in (charged_one, waits):
            program.result(key)
    operation = bulk.choose(browser, "reset", [charged_one, waits])
    asked = {"to": "activity", "activity": "charge_card"}
    at = f"{URL}{operation.pk}/preview/"
    said = words_in(browser.get(at, asked, headers=htmx("preview")))
    nameless = browser.post(f"{URL}{operation.pk}/launch/", {"to": "activity", "reason": "x"})
    operation.told, operation.started_at = asked, timezone.now()

    Chunk(operation, ChunkOrder(operation.pk, 1, 2, 100), "me", lambda: True).carry()

    assert "Back to before charge_card, of 1 run" in said
    assert "1 time in 1 run from there" in said
    assert "The place that you chose needs it." in words_in(nameless)
    assert +outcomes.by_state(operation) == {State.DONE: 1, State.FAILED: 1}
    left = operation.targets.get(run_id=waits.run_id)
    assert left.says == "It has begun no activity charge_card: there is no such point."


def test_many_go_back_by_so_many_workflow_tasks(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    """One has had three of them, the other two."""
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        charged_one = program.start("Charging", names.workflow(), queue, "9.99")
        waits = program.start("Waiting", names.workflow("waiting"), queue)
        program.await_status(waits, "Running", events_min=4)
        handle = program.client.get_workflow_handle(waits.workflow_id)
        assert program.wait(handle.execute_update("adjust", "5.00")) == "9.99"
        program.signal(waits, "go")
        for key in (charged_one, waits):
            program.result(key)
    operation = bulk.choose(browser, "reset", [charged_one, waits])
    asked = {"to": "tasks", "tasks": "2"}
    said = words_in(browser.get(f"{URL}{operation.pk}/preview/", asked, headers=htmx("preview")))
    launch = f"{URL}{operation.pk}/launch/"
    without, none = (
        words_in(browser.post(launch, {"to": "tasks", "tasks": tasks, "reason": "x"}))
        for tasks in ("", "0")
    )
    operation.told, operation.started_at = {"to": "tasks", "tasks": 2}, timezone.now()

    Chunk(operation, ChunkOrder(operation.pk, 1, 2, 100), "me", lambda: True).carry()

    assert "Back by 2 workflow tasks, of 1 run" in said
    assert "The place that you chose needs it." in without
    assert "greater than or equal to 1" in none
    reset, left = (operation.targets.get(run_id=key.run_id) for key in (waits, charged_one))
    new = histories.forward(replace(waits, run_id=reset.new_run_id)).events
    assert [event.kind for event in new][3] == "WorkflowTaskFailed", "its first task"
    assert left.says == (
        "It has completed no more workflow tasks than that: there is no such point."
    )


def test_the_draft_of_a_reset_says_what_follows_of_the_first_of_the_list(
    bob: User, browser_of: Browser, program: Program, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two kinds of runs, and one that no worker has taken."""
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        charges = [program.start("Charging", names.workflow(), queue, "9.99") for _ in range(2)]
        waits = program.start("Waiting", names.workflow("waiting"), queue)
        handle = program.client.get_workflow_handle(waits.workflow_id)
        assert program.wait(handle.execute_update("adjust", "5.00")) == "9.99"
        program.signal(waits, "go")
        for key in (*charges, waits):
            program.result(key)
    unseen = program.start("Waiting", names.workflow(), names.queue())
    keys = [*charges, waits, unseen]
    operation = bulk.choose(browser, "reset", keys)

    draft = browser.get(f"{URL}{operation.pk}/")
    page = browser.get(f"{URL}{operation.pk}/preview/", headers=htmx("preview"))

    said = words_in(page)
    assert f'hx-get="{URL}{operation.pk}/preview/"' in draft.text
    assert "planned for all 4 runs" in said
    assert "1 run has no point to go back to" in said
    again = said.index("Run again"), said.index("Cannot be undone")
    assert (
        "charge_card moves money, no key seen none from the last 2 times in 2 runs"
        in said[again[0] : again[1]]
    )
    assert (
        "charge_card moves money, no key seen none from the last 2 times in 2 runs"
        in said[again[1] :]
    )
    assert re.search(r"Signals applied again unless you leave them out go .*1 time in 1 run", said)
    assert re.search(r"Updates applied again unless you leave them out adjust .*1 time in 1", said)
    assert any(f"/{key.run_id}/?event=4" in page.text for key in charges)
    assert all(len(histories.forward(key).events) == 11 for key in charges)

    monkeypatch.setattr("console.bulk.looking.PREVIEWED_MAX", 2)
    fewer = words_in(browser.get(f"{URL}{operation.pk}/preview/"))
    assert "planned for 2 of 4 runs" in fewer
    monkeypatch.setattr("console.replay.cohort.EVENTS_MAX", 1)
    assert "planned for 1 of 4 runs" in words_in(browser.get(f"{URL}{operation.pk}/preview/"))
    other = bulk.choose(browser, "terminate", [unseen])
    assert browser.get(f"{URL}{other.pk}/preview/").status_code == 404
