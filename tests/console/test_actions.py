"""What a run can be told and asked: listed by itself, typed where its memo says how."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.gateway import events, histories, steering
from console.gateway.runs import RunKey
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]

ORDER = {
    "type": "object",
    "title": "Order",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "title": "How many"},
        "gift": {"type": "boolean", "title": "As a gift"},
        "who": {"type": "string", "x-perdure": "person"},
        "log": {"type": "string", "x-perdure": "audit"},
    },
    "required": ["count", "who", "log"],
}
MEMO = {
    "perdure.actions": {
        "updates": {
            "book": {
                "description": "Book some of them",
                "arguments": [ORDER, {"type": "integer", "title": "How often", "default": 1}],
            }
        },
        "signals": {"go": {"arguments": []}},
    }
}


def url(key: RunKey, kind: str = "actions", *name: str) -> str:
    return reverse(f"actions:{kind}", args=[key.namespace, key.workflow_id, key.run_id, *name])


@pytest.fixture
def waiting(program: Program, names: Names) -> Any:
    """Waits, with a worker and a memo that says what it takes."""
    queue = names.queue()
    with running(program, queue):
        yield program.start("Waiting", names.workflow(), queue, memo=MEMO)


def test_the_workflow_itself_lists_what_it_takes(
    bob: User, carol: User, browser_of: Browser, waiting: RunKey
) -> None:
    page = browser_of(bob).get(url(waiting))
    of_viewer = browser_of(carol).get(url(waiting))

    words = words_in(page)
    assert "adjust Another amount JSON" in words
    assert "book Book some of them typed" in words
    assert "go Let it end no argument" in words
    assert "state JSON" in words
    assert url(waiting, "update", "book") in page.text
    assert url(waiting, "update", "book") not in of_viewer.text
    assert url(waiting, "query", "state") in of_viewer.text


def test_without_a_worker_the_page_says_so_and_offers_what_the_memo_names(
    bob: User, browser_of: Browser, program: Program, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.offering import offers

    monkeypatch.setattr(offers, "ANSWER_SECONDS", 0.3)
    key = program.start("Waiting", names.workflow(), names.queue(), memo=MEMO)

    words = words_in(browser_of(bob).get(url(key)))

    assert "The workflow could not be asked what it takes." in words
    assert "book Book some of them typed" in words
    assert "adjust" not in words


def test_a_typed_update_is_drawn_sent_and_answered(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser = browser_of(bob)
    form = words_in(browser.get(url(waiting, "update", "book")))
    asked = {"a0.0": "3", "a0.3": "true", "a1": "2", "reason": "they asked for it"}

    answer = browser.post(url(waiting, "update", "book"), asked, headers=htmx("act"))

    assert "How many" in form
    assert "The console fills it in: you." in form
    entry = AuditEntry.objects.get()
    order = {"count": 3, "gift": True, "who": "bob@example.com", "log": str(entry.id)}
    assert answer.status_code == 200
    assert '"bob@example.com"' in words_in(answer)
    assert (entry.verb, entry.reason, entry.outcome.result) == (
        "run.update",
        "they asked for it",
        "done",
    )
    accepted = next(
        one for one in histories.forward(waiting).events if one.id == entry.outcome.event_id
    )
    assert [value.content for value in events.input_of(accepted)] == [order, 2]


def test_what_the_form_can_see_is_refused_without_asking_the_workflow(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    asked = {"a0.0": "0", "a1": "2", "reason": "x"}

    answer = browser_of(bob).post(url(waiting, "update", "book"), asked, headers=htmx("act"))

    assert answer.status_code == 422
    assert 'id="id_a0.0_error"' in answer.text
    assert "It must be at least 1." in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_the_validators_refusal_stands_beside_the_field_that_it_names(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    asked = {"a0.0": "6", "a1": "2", "reason": "x"}

    answer = browser_of(bob).post(url(waiting, "update", "book"), asked, headers=htmx("act"))

    assert answer.status_code == 422
    at_field = answer.text.split('id="id_a0.0_error"')[1].split("</p>")[0]
    assert "there are only five" in at_field
    entry = AuditEntry.objects.get()
    assert (entry.outcome.result, entry.outcome.says) == ("refused", "there are only five")
    assert entry.outcome.event_id is None


def test_an_update_that_was_accepted_and_then_failed_is_told_apart(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    asked = {"a0.0": "1", "a1": "13", "reason": "x"}

    answer = browser_of(bob).post(url(waiting, "update", "book"), asked, headers=htmx("act"))

    assert "It was accepted, and then failed" in words_in(answer)
    assert "thirteen brings no luck" in words_in(answer)
    assert AuditEntry.objects.get().outcome.event_id is not None


def test_without_a_schema_each_argument_is_json(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser = browser_of(bob)
    where = url(waiting, "update", "adjust")

    more = browser.post(where, {"argument": '"1.00"', "step": "more"}, headers=htmx("act"))
    done = browser.post(where, {"argument": '"12.00"', "reason": "x"}, headers=htmx("act"))
    refused = browser.post(where, {"argument": '"-1"', "reason": "x"}, headers=htmx("act"))
    wrong = browser.post(where, {"argument": "1.00.0", "reason": "x"}, headers=htmx("act"))

    assert more.text.count('name="argument"') == 2
    assert '"9.99"' in words_in(done)
    assert "the amount is below zero" in refused.text.split('id="id_argument_1_error"')[1]
    assert "This is not JSON" in words_in(wrong)


def test_a_query_is_answered_and_not_in_the_log(
    carol: User, browser_of: Browser, waiting: RunKey
) -> None:
    answer = browser_of(carol).post(
        url(waiting, "query", "state"), {"argument": ""}, headers=htmx("act")
    )

    assert "9.99" in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_a_signal_is_sent_and_a_closed_run_takes_none(
    bob: User, browser_of: Browser, waiting: RunKey, program: Program
) -> None:
    browser = browser_of(bob)

    sent = browser.post(url(waiting, "signal", "go"), {"reason": "it is time"})
    assert sent.status_code == 303
    program.await_status(waiting, "Completed")
    late = browser.post(url(waiting, "signal", "go"), {"reason": "again"}, headers=htmx("act"))

    assert AuditEntry.objects.get().verb == "run.signal"
    assert "This run has ended (Completed). Nothing was done." in words_in(late)
    assert "this run has ended and takes none" in words_in(browser.get(url(waiting)))


def test_any_name_can_be_typed(bob: User, browser_of: Browser, waiting: RunKey) -> None:
    answer = browser_of(bob).get(url(waiting), {"kind": "signal", "name": "a/b"})

    assert answer["Location"] == url(waiting, "signal", "a/b")


def test_a_viewer_may_not_tell(carol: User, browser_of: Browser, waiting: RunKey) -> None:
    browser = browser_of(carol)

    assert browser.post(url(waiting, "signal", "go"), {"reason": "x"}).status_code == 403
    assert browser.post(url(waiting, "update", "book"), {"reason": "x"}).status_code == 403


def test_an_update_that_nobody_has_answered_is_not_known_to_be_refused(
    bob: User, browser_of: Browser, program: Program, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(steering.update.__kwdefaults__, "deadline", 1.0)
    queue, browser = names.queue(), browser_of(bob)
    key = program.start("Waiting", names.workflow(), queue, memo=MEMO)
    asked = {"step": "send", "argument": json.dumps("12.50"), "reason": "they asked for it"}

    answer = browser.post(url(key, "update", "adjust"), asked, headers=htmx("act"))

    assert answer.status_code == 422
    assert "look before you repeat it" in words_in(answer)
    entry = AuditEntry.objects.get()
    assert entry.outcome.result == "unknown"
    page, listed = browser.get(f"/activity/{entry.id}/"), browser.get("/activity/?outcome=unknown")
    assert "What came of it is not known" in words_in(page)
    assert "nothing changed" not in words_in(page)
    assert key.workflow_id in listed.text
    with running(program, queue):
        eventually(lambda: histories.update_event_id(key, str(entry.id)), bool, within=30)
