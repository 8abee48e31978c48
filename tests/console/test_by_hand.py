"""Pending activities that a person completes or fails."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from temporalio.api.common.v1 import Memo, Payload

from console.activities import presenters
from console.audit.models import AuditEntry
from console.audit.others import unattested
from console.gateway import events, histories, outside
from console.gateway.runs import PendingActivity, RunKey
from tests.console.test_activities import backing_off, pending, url
from tests.support import commands
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted

__all__ = ["backing_off"]

Browser = Callable[..., Client]


def test_complete_by_hand_in_back_off_gives_the_workflow_its_result(
    bob: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    asked = {
        "result": '"charged by phone"',
        "reason": "the partner did it",
        "evidence": "https://tickets.example/4711",
    }

    answer = browser_of(bob).post(url(key, "complete", activity.id), asked, headers=htmx("dialog"))

    assert answer["HX-Redirect"].endswith("/pending/")
    queue = program.await_status(key, "Running").summary.task_queue
    with running(program, queue):
        assert program.result(key) == "charged by phone"
    entry = AuditEntry.objects.get()
    assert entry.verb == "activity.complete"
    assert entry.asked["evidence"] == "https://tickets.example/4711"
    assert entry.asked["result"] == ["charged by phone"]
    pointed = next(one for one in histories.forward(key).events if one.id == entry.outcome.event_id)
    assert pointed.kind == "ActivityTaskCompleted"
    assert events.identity(pointed) == "bob@example.com"


def test_a_result_is_typed_where_the_workflow_says_what_it_is(
    bob: User, browser_of: Browser, program: Program, worker: Scripted, names: Names
) -> None:
    receipt = {"type": "string", "title": "Receipt", "minLength": 3}
    schema = {
        "type": "object",
        "title": "Charge",
        "required": ["receipt", "by", "entry"],
        "properties": {
            "receipt": receipt,
            "by": {"type": "string", "x-perdure": "person"},
            "entry": {"type": "string", "x-perdure": "audit"},
        },
    }
    memo = {"perdure.actions": {"activities": {"Charge": {"result": schema}}}}
    key = worker.start(names.workflow(), memo=stored(memo))
    some = [
        commands.schedule_activity("c", "nobody"),
        commands.schedule_activity("m", "nobody", kind="Mail"),
    ]
    worker.on_task(*some)
    browser, where = browser_of(bob), url(key, "complete", "c")

    asked = words_in(browser.get(where, headers=htmx("dialog")))
    other = words_in(browser.get(url(key, "complete", "m"), headers=htmx("dialog")))
    short = browser.post(where, {"result.0": "R", "reason": "by phone"}, headers=htmx("dialog"))
    none = AuditEntry.objects.count()
    browser.post(where, {"result.0": "R-77", "reason": "by phone", "evidence": "T-1"})

    assert "Charge Receipt" in asked
    assert "Result, as JSON" not in asked
    assert "Result, as JSON" in other
    assert short.status_code == 422
    at_field = short.text.split('id="id_result.0_error"')[1]
    assert "It must have at least 3 characters." in at_field.split("</p>")[0]
    assert none == 0
    entry = AuditEntry.objects.get()
    ended = next(one for one in histories.forward(key).events if one.id == entry.outcome.event_id)
    [value] = events.result_of(ended)
    expected = {"receipt": "R-77", "by": "bob@example.com", "entry": str(entry.id)}
    assert value.content == expected
    assert entry.asked["result"][0]["receipt"] == "R-77"


def stored(memo: dict[str, Any]) -> Memo:
    return Memo(
        fields={
            name: Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(one).encode())
            for name, one in memo.items()
        }
    )


def test_a_result_that_is_not_json_is_refused_at_the_field(
    bob: User, browser_of: Browser, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    asked = {"result": '{"paid": yes}', "reason": "x"}

    answer = browser_of(bob).post(url(key, "complete", activity.id), asked, headers=htmx("dialog"))

    assert answer.status_code == 422
    assert "This is not JSON" in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_an_activity_without_a_running_attempt_cannot_be_failed_and_the_page_says_why(
    bob: User, browser_of: Browser, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    browser = browser_of(bob)

    page = words_in(browser.get(url(key, "pending", activity.id)))
    asked = {"message": "no", "reason": "x"}
    answer = browser.post(url(key, "fail", activity.id), asked, headers=htmx("dialog"))

    assert "It cannot be failed by hand now" in page
    assert "Fail by hand…" not in page
    assert answer.status_code == 422
    assert "the server takes a failure only for an attempt that runs" in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_an_attempt_that_runs_can_be_failed_for_good(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Lingering", names.workflow(), queue)
        (activity,) = eventually(
            lambda: pending(program, key), lambda some: bool(some) and some[0].state == "started"
        )
        asked = {"message": "lost", "kind": "GivenUp", "final": "on", "reason": "nobody comes"}
        answer = browser_of(bob).post(url(key, "fail", activity.id), asked, headers=htmx("dialog"))
        assert answer["HX-Redirect"].endswith("/pending/")
        program.await_status(key, "Failed")

    entry = AuditEntry.objects.get()
    pointed = next(one for one in histories.forward(key).events if one.id == entry.outcome.event_id)
    failure = events.failure(pointed)
    assert failure is not None
    assert (failure.type, failure.message, failure.retryable) == ("GivenUp", "lost", False)


def test_those_of_a_run_are_completed_at_once_each_type_with_its_own_result(
    bob: User, browser_of: Browser, program: Program, worker: Scripted, names: Names
) -> None:
    receipt = {"type": "string", "title": "Receipt", "minLength": 3}
    said = {"type": "string", "x-perdure": "audit"}
    charge = {"type": "object", "required": ["receipt", "entry"]}
    charge["properties"] = {"receipt": receipt, "entry": said}
    memo = {"perdure.actions": {"activities": {"Charge": {"result": charge}}}}
    key = worker.start(names.workflow(), memo=stored(memo))
    kinds = {"c-1": "Charge", "c-2": "Charge", "m-1": "Mail"}
    worker.on_task(*(commands.schedule_activity(one, "nobody", kind=kinds[one]) for one in kinds))
    browser, where = browser_of(bob), url(key, "complete", "activities", "all")
    asked = {"result0.0": "R-77", "result1": '"sent"', "reason": "by phone"}

    page = words_in(browser.get(url(key, "pending", "activities", "all")))
    dialog = words_in(browser.get(where, headers=htmx("dialog")))
    of_type = words_in(browser.get(url(key, "complete", "Charge", "type"), headers=htmx("dialog")))
    fewer = browser.post(where, asked | {"count": "2"}, headers=htmx("dialog"))
    short = browser.post(where, asked | {"count": "3", "result0.0": "R"}, headers=htmx("dialog"))
    none = AuditEntry.objects.count()
    done = browser.post(where, asked | {"count": "3"}, headers=htmx("dialog"))

    assert "Complete by hand…" in page
    assert "They are 3, one after the other" in dialog
    assert "Result of Charge Receipt" in dialog
    assert "Result of Mail" in dialog
    assert "Result of Mail" not in of_type
    assert "Type how many activities" in of_type
    assert "They are 3. Nothing was done." in words_in(fewer)
    assert "It must have at least 3 characters." in words_in(short)
    assert (fewer.status_code, short.status_code, none) == (422, 422, 0)
    assert done["HX-Redirect"].endswith("/pending/")
    assert program.await_status(key, "Running").activities == ()
    entry = AuditEntry.objects.get()
    history = histories.forward(key).events
    ended = [one for one in history if one.kind == "ActivityTaskCompleted"]
    results = [value.content for one in ended for value in events.result_of(one)]
    assert results == [{"receipt": "R-77", "entry": str(entry.id)}] * 2 + ["sent"]
    assert entry.outcome.after == {
        "3 of all 3 pending activities": "completed by hand",
        "Charge": "2: c-1, c-2",
        "Mail": "1: m-1",
    }
    assert unattested(key, outside.asked(history)) == [], "all three are ours"


def test_of_a_type_those_that_run_are_failed_at_once_and_the_rest_is_left(
    bob: User, browser_of: Browser, program: Program, worker: Scripted, names: Names
) -> None:
    key, some = worker.start(names.workflow()), ("a-1", "a-2", "a-3")
    given = {"start_to_close_timeout": commands.seconds(60)}
    worker.on_task(*(commands.schedule_activity(one, worker.queue, **given) for one in some))
    where, browser = url(key, "fail", "Charge", "type"), browser_of(bob)
    asked = {"message": "lost", "final": "on", "reason": "nobody comes"}

    early = browser.post(where, asked, headers=htmx("dialog"))
    taken = sorted(worker.poll_activity().activity_id for _ in range(2))
    dialog = words_in(browser.get(where, headers=htmx("dialog")))
    done = browser.post(where, asked | {"count": "2"}, headers=htmx("dialog"))

    assert early.status_code == 422
    assert "None of them can be failed by hand now" in words_in(early)
    assert "They are 2, one after the other" in dialog
    assert "The rest waits for an attempt, and is left as it is." in dialog
    assert done["HX-Redirect"].endswith("/pending/")
    [left] = pending(program, key)
    assert {left.id} == {*some} - {*taken}
    entry = AuditEntry.objects.get()
    assert entry.outcome.after == {
        "2 of 3 activities Charge": "failed by hand: lost",
        "Charge": f"2: {', '.join(taken)}",
    }


def test_more_than_a_person_waits_for_are_left_to_a_bulk_operation(
    bob: User,
    browser_of: Browser,
    worker: Scripted,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = worker.start(names.workflow())
    worker.on_task(*(commands.schedule_activity(one, "nobody") for one in ("a-1", "a-2")))
    where, browser = url(key, "complete", "Charge", "type"), browser_of(bob)
    monkeypatch.setattr(presenters, "ENDED_MAX", 1)

    page = words_in(browser.get(url(key, "pending", "Charge", "type")))
    answer = browser.post(where, {"count": "2", "reason": "x"}, headers=htmx("dialog"))

    assert "Complete by hand…" not in page
    assert "A bulk operation takes any number of one type." in page
    assert answer.status_code == 422
    assert not AuditEntry.objects.exists()
