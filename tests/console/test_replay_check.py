"""The replay check: what the code that is deployed now says to a recorded history."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.gateway import histories
from console.gateway.runs import RunKey
from tests.console.test_replay import place
from tests.support.deployed import OtherCode, RenamedCode, deployed
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]


def test_the_check_tells_code_that_fits_from_code_that_does_not_and_changes_nothing(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    browser = browser_of(bob)
    with running(program, queue):
        key = program.start("Charging", names.workflow("waiting"), queue, "9.99", 3600.0)
        program.await_status(key, "Running", events_min=11)
        fits = browser.post(place(key, "check/"), headers=htmx("check"))
    with deployed(program, queue, OtherCode):
        does_not = eventually(
            lambda: browser.post(place(key, "check/"), headers=htmx("check")),
            lambda page: "Non-deterministic" in page.text,
            within=40,
        )

    assert "Compatible" in words_in(fits)
    assert "<html" not in fits.text
    with deployed(program, queue, RenamedCode):
        renamed = eventually(
            lambda: browser.post(place(key, "check/"), headers=htmx("check")),
            lambda page: "charge_account" in page.text,
            within=40,
        )

    assert "Non-deterministic at event 5" in words_in(does_not)
    assert f"/{key.run_id}/events/?event=5" in does_not.text
    assert "5 expected a timer found ActivityTaskScheduled charge_card [TMPRL1100]" in words_in(
        does_not
    )
    # The SDK names no event here: the history tells which it is.
    assert "Non-deterministic at event 5" in words_in(renamed)
    told = "5 expected the activity charge_account found ActivityTaskScheduled charge_card"
    assert told in words_in(renamed)
    assert len(histories.forward(key).events) == 11
    verdicts = AuditEntry.objects.filter(verb="replay.check").order_by("at")
    assert verdicts[0].outcome.after == {"verdict": "compatible"}
    assert verdicts.last().outcome.after == {
        "verdict": "non-deterministic",
        "event": "5",
        "expected": "the activity charge_account",
        "found": "ActivityTaskScheduled charge_card",
    }


@pytest.mark.one_server
def test_a_run_that_fails_already_takes_no_query_and_its_own_failure_says_where(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        key = program.start("Charging", names.workflow("waiting"), queue, "9.99", 3600.0)
        program.await_status(key, "Running", events_min=11)
    with deployed(program, queue, OtherCode):
        program.signal(key, "hello")
        eventually(lambda: task_attempt(program, key), lambda attempt: attempt > 2, within=40)
        page = browser.post(place(key, "check/"), headers=htmx("check"))

    assert "Non-deterministic at event 5" in words_in(page)
    assert "5 expected a timer found ActivityTaskScheduled charge_card" in words_in(page)
    assert "Its workflow task fails, and so it takes no query; since event" in words_in(page)


def task_attempt(program: Program, key: RunKey) -> int:
    handle = program.client.get_workflow_handle(key.workflow_id, run_id=key.run_id)
    found = program.wait(handle.describe()).raw_description
    return found.pending_workflow_task.attempt


@pytest.mark.one_server
def test_without_a_worker_the_check_says_that_nobody_could_say(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("waiting"), names.queue())

    page = browser_of(bob).post(place(key, "check/"), headers=htmx("check"))

    assert "Nobody could say" in words_in(page)
