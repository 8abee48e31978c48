"""Pending activities: every attempt of one, and what a person may do about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.activities import presenters
from console.audit.models import AuditEntry
from console.gateway.runs import PendingActivity, RunKey
from tests.console.conftest import NAMESPACE
from tests.support import commands
from tests.support.engine import OFFICIAL, Server
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted

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


@pytest.mark.parametrize("where", [("Charge", "type"), ("activities", "all")], ids=["type", "run"])
def test_all_of_a_type_or_of_a_run_are_reached_at_once(
    bob: User,
    carol: User,
    browser_of: Browser,
    program: Program,
    worker: Scripted,
    server: Server,
    names: Names,
    where: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Scripted(program, server, names.queue())
    kinds = {"a-1": "Charge", "a-2": "Charge", "m-1": "Mail"}
    key = worker.start(names.workflow())
    given = {"retry_policy": commands.retries(initial=3600)}
    schedule = commands.schedule_activity
    worker.on_task(*(schedule(one, failing.queue, kind=kinds[one], **given) for one in kinds))
    for _ in kinds:
        failing.on_activity(commands.failed("the card reader is gone"))
    eventually(lambda: pending(program, key), lambda some: all(one.failing for one in some))
    browser, of_run = browser_of(bob), where[1] == "all"
    asked = OPTIONS | {"task_queue": failing.queue, "step": "check", "reason": "x"}
    asked |= {"start_to_close_timeout": "45s", "initial_interval": "1h", "maximum_interval": ""}

    tab = words_in(browser.get(reverse("workflows:pending", args=[key.namespace, *_run(key)])))
    page = words_in(browser.get(url(key, "pending", *where)))
    dialog = words_in(browser.get(url(key, "pause", *where), headers=htmx("dialog")))
    with monkeypatch.context() as fewer:
        fewer.setattr(presenters, "PAUSED_TYPES_MAX", 1)
        many = browser.post(url(key, "pause", *where), {"reason": "x"}) if of_run else None
    denied = browser_of(carol).post(url(key, "pause", *where), {"reason": "x"})
    browser.post(url(key, "pause", *where), {"reason": "a bad deploy"})
    paused = pending(program, key)
    checked = browser.post(url(key, "options", *where), asked, headers=htmx("dialog"))
    seal = checked.text.split('name="checked" value="')[1].split('"')[0]
    browser.post(url(key, "options", *where), asked | {"step": "apply", "checked": seal})
    changed = pending(program, key)
    browser.post(url(key, "resume", *where), {"reason": "it is back"})
    eventually(lambda: pending(program, key), lambda some: not any(one.paused for one in some))
    browser.post(url(key, "try", *where), {"reason": "at once"})
    tried = pending(program, key)

    meant = [one for one, kind in kinds.items() if of_run or kind == "Charge"]
    assert "Together: All 3, 3 failing Charge 2, 2 failing Mail 1, 1 failing" in tab
    assert f"{len(meant)} pending activities of {'2 types' if of_run else 'this type'}" in page
    assert "Pause them" in dialog
    assert ("pauses by type, so this is 2 calls" in dialog) == of_run
    assert many is None or "1 are the most at once" in words_in(many)
    assert denied.status_code == 403
    assert sorted(one.id for one in paused if one.paused) == meant
    limits = {one.id: one.options.start_to_close_timeout for one in changed if one.options}
    assert [one for one in kinds if limits[one] == timedelta(seconds=45)] == meant
    assert sorted(one.id for one in tried if one.attempt == 1) == meant
    rows = {one.verb: one for one in AuditEntry.objects.all()}
    assert len(rows) == AuditEntry.objects.count() == 4
    label = "all 3 pending activities" if of_run else "2 activities Charge"
    assert rows["activity.pause"].before == {label: "0 running, 0 paused"}
    if of_run:
        assert rows["activity.pause"].outcome.after == {"Charge": "2: a-1, a-2", "Mail": "1: m-1"}
        for verb in ("activity.resume", "activity.change", "activity.try"):
            assert rows[verb].outcome.after["Mail"] == "1: m-1", verb
    else:
        assert rows["activity.pause"].outcome.after == {label: "paused"}


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
