"""The task queues page, against a real server with real pollers. The exemplar of a console test."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from temporalio.common import Priority

from console.audit.models import AuditEntry
from console.gateway import task_queues as gateway
from console.gateway.queue_limits import Limits
from console.gateway.task_queues import Poller, Queue, Side
from console.task_queues import actions, presenters
from tests.console.conftest import NAMESPACE, indexed
from tests.support import commands
from tests.support.engine import Server
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, version_in, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted
from tests.support.versions import polled_by

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = f"/namespaces/{NAMESPACE}/task-queues/"

Browser = Callable[..., Client]


def test_the_page_lists_the_queue_of_a_running_workflow(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)

    page = browser_of(carol).get(URL, {"name": queue})

    assert page.status_code == 200
    assert queue in page.text
    assert "Starving" in page.text
    assert "Nobody asks for the 1 workflow task waiting" in page.text


def test_a_glance_at_a_queue_says_what_its_halves_say(
    program: Program, names: Names, db: None
) -> None:
    """Also of workers of versions, which another server leaves out when it is asked for all."""
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    with polled_by(names.workflow(), queue, "b1", "b2"):
        halves, glance = [
            eventually(
                partial(ask, NAMESPACE, queue),
                lambda told: polls(told) == {("worker b1", "b1"), ("worker b2", "b2")},
                within=20,
            )
            for ask in (gateway.describe, gateway.glance)
        ]

    assert glance.workflow.backlog == halves.workflow.backlog == 1
    assert glance.activity.backlog == halves.activity.backlog == 0


def polls(queue: Queue) -> set[tuple[str, str]]:
    return {(one.identity, one.build) for one in (*queue.workflow.pollers, *queue.activity.pollers)}


def test_a_queue_with_a_worker_keeps_up(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue)
        program.await_status(key, "Running", events_min=4)

        page = browser_of(carol).get(URL, {"name": queue})

    assert "Keeps up" in page.text


def test_only_those_in_trouble(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    starving, well = names.queue(), names.queue()
    program.start("Waiting", names.workflow(), starving)
    with running(program, well):
        key = program.start("Waiting", names.workflow(), well)
        program.await_status(key, "Running", events_min=4)

        page = browser_of(carol).get(URL, {"name": "only-those", "trouble": "on"})

    assert starving in page.text
    assert f">{well}<" not in page.text


def test_a_queue_among_many_is_found_by_a_part_of_its_name(
    carol: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "QUEUES_MAX", 1)
    busy, quiet = names.queue(), f"quiet-{names.queue()}"
    for queue in (busy, busy, quiet):
        program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{quiet}'", 1)
    indexed(f"TaskQueue = '{busy}'", 2)

    page = browser_of(carol).get(URL, {"name": quiet[:12]})

    assert quiet in page.text
    assert busy not in page.text.replace(quiet, "")


def test_a_queue_that_only_activities_use_is_there_or_the_page_says_who_does_not_tell(
    carol: User, browser_of: Browser, program: Program, server: Server, names: Names
) -> None:
    worker, queue = Scripted(program, server, names.queue()), f"only-activities-{names.queue()}"
    worker.start(names.workflow())
    worker.on_task(commands.schedule_activity("charge", queue))

    page = browser_of(carol).get(URL, {"name": "only-activities"})

    if gateway.of_activities(NAMESPACE) is None:
        assert "this server does not tell which others activities use" in words_in(page)
        assert queue not in page.text
    else:
        assert "Nobody asks for the 1 activity task waiting" in words_in(page)
        assert queue in page.text
        assert "where activities wait or have workers" in words_in(page)


def test_htmx_gets_the_table_alone_and_nothing_when_nothing_changed(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    browser = browser_of(carol)

    part = browser.get(URL, {"name": queue}, headers=htmx("queues"))
    again = browser.get(URL, {"name": queue, "version": version_in(part)}, headers=htmx("queues"))

    assert "<html" not in part.text
    assert 'id="queues"' in part.text
    assert again.status_code == 204


def test_one_queue_shows_its_workers(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue) as worker:
        key = program.start("Waiting", names.workflow(), queue)
        program.await_status(key, "Running", events_min=4)

        page = browser_of(carol).get(URL + queue.replace("/", "~2F") + "/")

    assert worker.identity in page.text
    assert "Polling" in page.text


def test_limits_are_set_with_a_reason_and_the_page_says_by_whom(
    bob: User, carol: User, browser_of: Browser, names: Names, server_address: str
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    page = URL + queue.replace("/", "~2F") + "/"
    given = {"rate": "2.5", "key_rate": "", "weights": "gold 5\nfree 0.5", "reason": "the bank"}

    before = words_in(browser_of(carol).get(page))
    form = browser.get(f"{page}limits/activity/", headers=htmx("dialog"))
    given["seen"] = seen_in(form)
    wrong = browser.post(f"{page}limits/activity/", given | {"weights": "gold heavy"})
    done = browser.post(f"{page}limits/activity/", given, headers=htmx("dialog"))
    late = browser.post(f"{page}limits/activity/", given | {"rate": "9"}, headers=htmx("dialog"))
    after = words_in(browser_of(carol).get(page))

    assert "Activity no limit nothing" in before
    assert "“gold heavy”: a key, a blank, and a weight above zero." in words_in(wrong)
    assert done["HX-Redirect"] == page
    assert late.status_code == 422
    assert "Somebody has changed these limits meanwhile." in words_in(late)
    assert "Activity 2.5 a second 2.5 a second by bob@example.com" in after
    assert "“the bank” weights of fairness keys free 0.5, gold 5" in after
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target) == ("queue.limit", f"{queue} (activity tasks)")
    nothing = {"a second": "no limit", "a second for each key": "no limit", "weights": ""}
    assert entry.before == nothing
    assert entry.outcome.after == nothing | {"a second": "2.5", "weights": "free 0.5, gold 5"}

    again = seen_in(browser.get(f"{page}limits/activity/"))
    asked = {"rate": "0", "weights": "gold 5", "reason": "it is down", "seen": again}
    browser.post(f"{page}limits/activity/", asked)
    held = words_in(browser.get(page))

    assert "Its rate is set to 0: no activity tasks go out." in held
    assert "“it is down” weights of fairness keys gold 5" in held
    assert browser_of(carol).get(f"{page}limits/activity/").status_code == 403
    assert "Tasks a second" not in words_in(browser.get(f"{page}limits/workflow/"))
    assert browser.get(f"{page}limits/nonsense/").status_code == 404


def seen_in(page: Any) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_what_waits_is_told_by_priority(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow("usual"), queue)
    program.start("Waiting", names.workflow("first"), queue, priority=Priority(priority_key=1))

    def told() -> str:
        return words_in(browser_of(carol).get(URL + queue.replace("/", "~2F") + "/"))

    assert "1 goes first 1 0 " in eventually(told, lambda seen: "3 as usual 1 0 " in seen)


def test_the_wrong_method_is_refused(carol: User, browser_of: Browser) -> None:
    assert browser_of(carol).post(URL).status_code == 405


def test_nobody_is_sent_to_the_sign_in(browser_of: Browser) -> None:
    page = browser_of(None).get(URL)

    assert page.status_code == 303
    assert page["Location"].startswith("/sign-in/?next=")


def test_an_unknown_namespace_is_a_page_that_says_so(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get("/namespaces/nowhere/task-queues/")

    assert page.status_code == 404
    assert "nowhere" in page.text


def side(pollers: int = 0, backlog: int = 0, age: float = 0, seen: datetime = NOON) -> Side:
    found = tuple(Poller(f"worker-{n}", seen, "build-1") for n in range(pollers))
    return Side(found, backlog, timedelta(seconds=age), 0.0, 0.0)


@pytest.mark.parametrize(
    ("workflow", "activity", "word"),
    [
        (side(1), side(1), "Keeps up"),
        (side(1), side(0, backlog=4_812, age=2479), "Starving"),
        (side(2), side(2, backlog=118, age=9.4), "Falls behind"),
        (side(0), side(0), "No worker"),
        (side(1, seen=NOON - timedelta(minutes=4)), side(0), "No worker"),
    ],
)
def test_the_word_for_a_queue(workflow: Side, activity: Side, word: str) -> None:
    row = presenters.row(Queue("transfers", workflow, activity), running=3, now=NOON)

    assert row.word == word


def test_a_starving_queue_says_what_waits_and_for_how_long() -> None:
    queue = Queue("transfers-sepa", side(4), side(0, backlog=4_812, age=2479))

    row = presenters.row(queue, running=1_206, now=NOON)

    assert row.trouble == "Nobody asks for the 4,812 activity tasks waiting for 41 m 19 s."


def test_a_queue_that_falls_behind_says_what_waits_and_whether_a_limit_holds_it_back() -> None:
    many = side(2, backlog=118, age=9.4)
    bound = replace(many, limits=Limits(is_reached=True))

    told = [
        presenters.row(Queue("transfers", side(2), late), running=3, now=NOON).trouble
        for late in (many, bound)
    ]

    assert told == [
        "Its workers are behind: 118 activity tasks waiting for 9.4 s.",
        "Its rate is reached: 118 activity tasks waiting for 9.4 s.",
    ]
