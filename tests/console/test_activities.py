"""Pending activities: every attempt of one, and what a person may do about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.gateway import events, histories
from console.gateway.runs import PendingActivity, RunKey
from tests.console.conftest import NAMESPACE
from tests.support.engine import OFFICIAL
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]


def url(key: RunKey, view: str, called: str, by: str = "id") -> str:
    at = [key.namespace, key.workflow_id, key.run_id, by, called]
    return reverse(f"activities:{view}", args=at)


def pending(program: Program, key: RunKey) -> tuple[PendingActivity, ...]:
    return program.await_status(key, "Running").activities


@pytest.fixture
def backing_off(program: Program, names: Names) -> tuple[RunKey, PendingActivity]:
    """Its activity failed more than once, waits a day for the next attempt, and has no worker."""
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("subscription"), queue, "never")
        eventually(lambda: pending(program, key), lambda some: bool(some) and some[0].attempt > 2)
    (activity,) = pending(program, key)
    return key, activity


def test_the_page_of_one_says_how_it_stands_and_why_it_failed(
    carol: User, browser_of: Browser, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off

    page = browser_of(carol).get(url(key, "pending", activity.id))

    words = words_in(page)
    assert page.status_code == 200
    assert "charge_card" in words
    assert "POST /v2/charges: no answer in 20 s" in words
    assert "One attempt may take 20 s" in words
    assert "Attempts in all without end" in words
    assert "Pause…" not in words


def test_every_attempt_is_there_where_the_server_keeps_them(
    carol: User, browser_of: Browser, backing_off: tuple[RunKey, PendingActivity], server_kind: str
) -> None:
    """The official one has the last failure alone, and the page says so."""
    key, activity = backing_off

    words = words_in(browser_of(carol).get(url(key, "pending", activity.id)))
    at = [key.namespace, key.workflow_id, key.run_id, 5]
    of_event = words_in(browser_of(carol).get(reverse("activities:attempts", args=at)))

    if server_kind == OFFICIAL:
        assert "this server keeps only the last" in words
        assert "keeps only the last failure of an activity" in of_event
    else:
        for page in (words, of_event):
            assert "keeps only the last" not in page
            assert "Attempt 1 began" in page
            assert "Attempt 2 began" in page
        assert words.count("CardProcessorTimeout") >= 2


def test_many_attempts_come_as_one_scrolls(
    carol: User, browser_of: Browser, program: Program, names: Names, server_kind: str
) -> None:
    queue = names.queue()
    keeps_all = server_kind != OFFICIAL
    most = 25 if keeps_all else 1
    with running(program, queue):
        key = program.start("Wide", names.workflow(), queue, 1, 0.01, 1.0)
        eventually(
            lambda: pending(program, key), lambda some: bool(some) and some[0].attempt > most
        )
    (activity,) = pending(program, key)
    browser = browser_of(carol)
    at = [key.namespace, key.workflow_id, key.run_id, 5]

    for where in (url(key, "pending", activity.id), reverse("activities:attempts", args=at)):
        page = browser.get(where)
        if not keeps_all:
            assert "keeps only the last" in words_in(page)
            continue
        assert page.text.count('<article class="attempt"') == 20
        link = page.text.split('hx-get="')[-1].split('"')[0]
        more = browser.get(link, headers=htmx("more-attempts"))
        assert "<html" not in more.text
        assert "Attempt 1 began" in words_in(more)


def test_a_pause_says_who_and_why_and_a_resume_takes_it_back(
    bob: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    browser = browser_of(bob)

    answer = browser.post(
        url(key, "pause", activity.id), {"reason": "provider is down"}, headers=htmx("dialog")
    )
    assert answer["HX-Redirect"] == f"{url(key, 'pending', activity.id)}?acted=yes"
    assert pending(program, key)[0].paused
    tab = browser.get(reverse("workflows:pending", args=[key.namespace, *_run(key)]))
    one = browser.get(url(key, "pending", activity.id))
    assert "paused by bob@example.com: “provider is down”" in words_in(tab)
    assert "Paused by bob@example.com" in words_in(one)

    browser.post(url(key, "resume", activity.id), {"reason": "it is back"})
    assert not pending(program, key)[0].paused
    resumed, paused = AuditEntry.objects.all()[:2]
    assert (paused.verb, paused.reason) == ("activity.pause", "provider is down")
    assert resumed.verb == "activity.resume"
    assert resumed.outcome.after == {f"charge_card {activity.id}": "resumed"}


def _run(key: RunKey) -> tuple[str, str]:
    return key.workflow_id, key.run_id


def test_try_now_ends_the_back_off_and_keeps_the_options(
    bob: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    browser = browser_of(bob)
    _change(browser, key, activity, start_to_close_timeout="33s")

    browser.post(url(key, "try", activity.id), {"reason": "the provider is back"})

    (now,) = pending(program, key)
    assert now.attempt == 1
    assert now.options is not None
    assert now.options.start_to_close_timeout == timedelta(seconds=33)


def _change(browser: Client, key: RunKey, activity: PendingActivity, **changes: str) -> None:
    """Looks at what would change, and applies it."""
    assert activity.options is not None
    asked = OPTIONS | {"task_queue": activity.options.task_queue, "reason": "longer"} | changes
    where = url(key, "options", activity.id)
    checked = browser.post(where, asked | {"step": "check"}, headers=htmx("dialog"))
    seal = checked.text.split('name="checked" value="')[1].split('"')[0]
    answer = browser.post(where, asked | {"step": "apply", "checked": seal}, headers=htmx("dialog"))
    assert answer["HX-Redirect"] == url(key, "pending", activity.id), words_in(answer)


OPTIONS = {
    "start_to_close_timeout": "20s",
    "initial_interval": "100ms",
    "backoff_coefficient": "2",
    "maximum_interval": "10s",
    "maximum_attempts": "0",
    "priority_key": "0",
}


def test_options_are_shown_before_and_after_and_then_changed(
    bob: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    browser = browser_of(bob)
    assert activity.options is not None
    asked = OPTIONS | {"task_queue": activity.options.task_queue, "reason": "slow provider"}
    asked |= {"start_to_close_timeout": "1m30s", "maximum_attempts": "9"}

    shown = browser.post(url(key, "options", activity.id), asked, headers=htmx("dialog"))
    words = words_in(shown)
    assert "One attempt may take 20 s 1 m 30 s" in words
    assert "Attempts in all without end 9" in words
    assert pending(program, key)[0].options == activity.options

    _change(browser, key, activity, start_to_close_timeout="1m30s", maximum_attempts="9")
    changed = pending(program, key)[0].options
    assert changed is not None
    assert changed.start_to_close_timeout == timedelta(seconds=90)
    assert changed.maximum_attempts == 9
    assert changed.initial_interval == activity.options.initial_interval
    entry = AuditEntry.objects.get()
    named = f"charge_card {activity.id}, one attempt may take"
    assert (entry.before[named], entry.outcome.after[named]) == ("20 s", "1 m 30 s")


def test_options_that_somebody_else_changed_meanwhile_are_shown_again(
    bob: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    browser = browser_of(bob)
    assert activity.options is not None
    asked = OPTIONS | {"task_queue": activity.options.task_queue, "reason": "slow provider"}
    asked |= {"start_to_close_timeout": "1m30s"}
    where = url(key, "options", activity.id)
    checked = browser.post(where, asked, headers=htmx("dialog"))
    seal = checked.text.split('name="checked" value="')[1].split('"')[0]
    _change(browser, key, activity, start_to_close_timeout="50s")

    answer = browser.post(where, asked | {"step": "apply", "checked": seal}, headers=htmx("dialog"))

    assert "One attempt may take 50 s 1 m 30 s" in words_in(answer)
    options = pending(program, key)[0].options
    assert options is not None
    assert options.start_to_close_timeout == timedelta(seconds=50)


def test_a_length_that_is_none_is_refused_at_its_field(
    bob: User, browser_of: Browser, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    asked = OPTIONS | {"task_queue": "q", "reason": "x", "start_to_close_timeout": "soon"}

    answer = browser_of(bob).post(url(key, "options", activity.id), asked, headers=htmx("dialog"))

    assert answer.status_code == 422
    assert "Not a length of time; for example 30s" in words_in(answer)
    assert not AuditEntry.objects.exists()


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


def test_all_of_a_type_are_paused_and_changed_at_once(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Wide", names.workflow(), queue, 3)
        eventually(lambda: pending(program, key), lambda some: len(some) == 3)
    browser = browser_of(bob)
    page = browser.get(url(key, "pending", "charge_card", "type"))
    assert "3 pending activities of this type" in words_in(page)

    browser.post(url(key, "pause", "charge_card", "type"), {"reason": "bad deploy"})
    assert all(one.paused for one in pending(program, key))
    asked = OPTIONS | {"task_queue": queue, "reason": "longer", "start_to_close_timeout": "45s"}
    where = url(key, "options", "charge_card", "type")
    checked = browser.post(where, asked, headers=htmx("dialog"))
    seal = checked.text.split('name="checked" value="')[1].split('"')[0]
    browser.post(where, asked | {"step": "apply", "checked": seal})
    changed = {one.options.start_to_close_timeout for one in pending(program, key) if one.options}
    assert changed == {timedelta(seconds=45)}
    browser.post(url(key, "resume", "charge_card", "type"), {"reason": "fixed"})
    assert not any(one.paused for one in pending(program, key))
    tab = browser.get(reverse("workflows:pending", args=[key.namespace, *_run(key)]))
    assert "charge_card 3" in words_in(tab)


def test_an_activity_that_ended_is_a_page_that_says_so(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    answer = browser_of(bob).post(url(key, "pause", "77"), {"reason": "x"})

    assert answer.status_code == 404
    assert "No pending activity of this run has the id 77" in words_in(answer)


def test_a_page_whose_activity_ends_while_it_is_open_leads_back_to_the_run(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    answer = browser_of(carol).get(
        url(key, "pending", "77"), {"version": "0badcafe"}, headers=htmx("activity")
    )

    assert answer["HX-Redirect"] == reverse("workflows:pending", args=[NAMESPACE, *_run(key)])


def test_without_a_reason_nothing_is_done(
    bob: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off

    answer = browser_of(bob).post(url(key, "pause", activity.id), {"reason": " "})

    assert answer.status_code == 422
    assert not pending(program, key)[0].paused
    assert not AuditEntry.objects.exists()


def test_a_viewer_sees_and_may_not(
    carol: User, browser_of: Browser, program: Program, backing_off: tuple[RunKey, PendingActivity]
) -> None:
    key, activity = backing_off
    browser = browser_of(carol)

    for act in ("try", "pause", "resume", "options", "complete", "fail"):
        assert browser.post(url(key, act, activity.id), {"reason": "x"}).status_code == 403
    assert not pending(program, key)[0].paused
