"""A form that is sent twice is done once, and its person is led to what came of it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry, AuditOutcome
from console.audit.once import begin
from console.audit.record import Act, record
from console.gateway import histories
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.ui.refusals import Refusal
from tests.console.test_run import url
from tests.console.test_starting import URL as START
from tests.console.test_starting import asked as start_asked
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program

Browser = Callable[..., Client]
DONE = "This form was sent already, and it was done; it was not done again."


@pytest.fixture
def waiting(program: Program, names: Names) -> RunKey:
    return program.start("Waiting", names.workflow(), names.queue())


def key_of(text: str) -> str:
    found = re.search(r'name="once" value="(\w+)"', text)
    assert found, "the form has no key"
    return found[1]


def signals(key: RunKey) -> int:
    return sum(one.kind == "WorkflowExecutionSignaled" for one in histories.forward(key).events)


def place(key: RunKey, kind: str, name: str) -> str:
    return reverse(f"actions:{kind}", args=[key.namespace, key.workflow_id, key.run_id, name])


def test_a_signal_that_is_sent_twice_arrives_once(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser, where = browser_of(bob), place(waiting, "signal", "go")
    once = key_of(browser.get(where).text)
    form = {"step": "send", "argument": "1", "reason": "it is time", "once": once}

    first = browser.post(where, form)
    second = browser.post(where, form)
    anew = browser.post(where, form | {"once": key_of(browser.get(where).text)})

    entries = list(AuditEntry.objects.order_by("at"))
    assert (first.status_code, second.status_code, anew.status_code) == (303, 409, 303)
    assert DONE in words_in(second)
    assert reverse("acts:act", args=[entries[0].id]) in second.text
    assert (signals(waiting), len(entries)) == (2, 2)


def test_a_dialog_that_is_sent_twice_says_so_within_itself(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser, where = browser_of(bob), url(waiting, "signal")
    once = key_of(browser.get(where, headers=htmx("dialog")).text)
    form = {"name": "go", "argument": "", "reason": "it is time", "once": once}

    browser.post(where, form, headers=htmx("dialog"))
    second = browser.post(where, form, headers=htmx("dialog"))

    assert (second.status_code, second["HX-Retarget"]) == (409, "#dialog form")
    assert DONE in words_in(second)
    assert signals(waiting) == 1


def test_what_was_wrong_in_a_form_is_put_right_in_it(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser, where = browser_of(bob), place(waiting, "signal", "go")
    once = key_of(browser.get(where).text)
    form = {"step": "send", "argument": "1", "reason": "", "once": once}

    wrong = browser.post(where, form)
    right = browser.post(where, form | {"reason": "it is time"})

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert key_of(wrong.text) == once
    assert signals(waiting) == 1


def test_a_start_that_is_sent_twice_starts_one_run(
    alice: User, browser_of: Browser, names: Names
) -> None:
    browser = browser_of(alice)
    form = start_asked(names, conflict="terminate", reuse="always")
    form["once"] = key_of(browser.get(START).text)

    first, second = browser.post(START, form), browser.post(START, form)

    assert (first.status_code, second.status_code) == (303, 409)
    assert AuditEntry.objects.count() == 1


def test_the_key_of_one_person_is_nothing_to_another(bob: User, carol: User) -> None:
    for person in (bob, carol):
        with record(person, "run.signal", target="one", once="the same"):
            pass
    with record(bob, "run.update", target="one", once="the same"):
        pass

    assert AuditEntry.objects.count() == 3


def sent(person: User, *, argument: int = 1, fails: Trouble | None = None) -> Act:
    asked = {"argument": argument}
    with record(person, "run.signal", target="one", asked=asked, once="one") as act:
        if fails:
            raise GatewayError(fails, "the test breaks it off")
    return act


def test_what_was_refused_may_be_sent_again_and_is_another_act(bob: User) -> None:
    with pytest.raises(GatewayError):
        sent(bob, fails=Trouble.NOT_FOUND)

    act = sent(bob)

    first, second = AuditEntry.objects.order_by("at")
    assert first.outcome.result == "refused"
    assert act.id == str(second.id)
    with pytest.raises(Refusal):
        sent(bob)


def test_what_nobody_answered_is_asked_for_again_under_the_same_id(bob: User) -> None:
    with pytest.raises(GatewayError):
        sent(bob, fails=Trouble.SLOW)

    with pytest.raises(Refusal, match="asking for something else"):
        sent(bob, argument=2)
    act = sent(bob)

    first, second = AuditEntry.objects.order_by("at")
    assert (first.outcome.result, second.outcome.result) == ("unknown", "done")
    assert act.id == str(first.id)
    with pytest.raises(Refusal, match="it was done"):
        sent(bob)


def test_what_is_under_way_is_waited_for_and_of_a_console_that_stopped_it_is_done_again(
    bob: User,
) -> None:
    sent(bob)
    entry = AuditEntry.objects.get()
    written = {
        "person": bob, "who": "bob", "verb": "run.signal", "asked": entry.asked,
        "namespace": "", "workflow_id": "", "run_id": "", "target": "stopped",
    }  # fmt: skip
    with (
        pytest.raises(KeyboardInterrupt),
        record(bob, "run.signal", target="stopped", asked=entry.asked, once="one"),
    ):
        raise KeyboardInterrupt
    stopped = AuditEntry.objects.get(target="stopped")

    assert not AuditOutcome.objects.filter(entry=stopped).exists()
    with pytest.raises(Refusal, match="is under way"):
        begin("one", written, timezone.now())
    again, request_id = begin("one", written, timezone.now() + timedelta(minutes=3))
    assert (again.pk != stopped.pk, request_id) == (True, str(stopped.id))


@pytest.mark.django_db(transaction=True)
def test_two_that_come_at_one_moment_are_one(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    where = place(waiting, "signal", "go")
    once = key_of(browser_of(bob).get(where).text)
    form = {"step": "send", "argument": "1", "reason": "it is time", "once": once}

    def send(browser: Client) -> int:
        try:
            return browser.post(where, form).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as hands:
        came = list(hands.map(send, [browser_of(bob) for _ in range(4)]))

    assert sorted(came) == [303, 409, 409, 409]
    assert signals(waiting) == 1
