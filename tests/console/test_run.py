"""One run: why it stands where it stands, its timeline, its events, its payloads."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.gateway.runs import RunKey
from console.looks import showing
from console.workflows import reading
from tests.console.conftest import NAMESPACE, indexed
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import cpu_ms, htmx, version_in, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]


def url(key: RunKey, view: str = "run", *more: object) -> str:
    return reverse(f"workflows:{view}", args=[key.namespace, key.workflow_id, key.run_id, *more])


@pytest.fixture
def completed(program: Program, names: Names) -> RunKey:
    """An activity, a timer and a child, all done."""
    queue = names.queue()
    with running(program, queue):
        kind, given = "Charging", ("12.00", 0.1, 1)
        key = program.start(
            kind, names.workflow("subscription"), queue, *given, static_summary="Brekkehus AS"
        )
        program.result(key)
    return key


@pytest.fixture
def retrying(program: Program, names: Names) -> RunKey:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("subscription"), queue, "never")
        eventually(
            lambda: program.await_status(key, "Running").activities,
            lambda activities: bool(activities) and activities[0].attempt > 1,
        )
    return key


def test_a_field_of_an_event_has_its_word_and_no_wrapper(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue(), memo={"customer": "Lindhus"})

    words = words_in(browser_of(carol).get(url(key, "event", 1), follow=True))

    assert "taskQueue.kind Normal" in words
    assert "memo.customer" in words
    assert "memo.fields" not in words


def test_the_timeline_of_a_completed_run(
    carol: User, browser_of: Browser, completed: RunKey
) -> None:
    page = browser_of(carol).get(url(completed))

    words = words_in(page)
    assert page.status_code == 200
    assert "It returned a result" in words
    assert "Charging Brekkehus AS" in words
    assert "charge_card of the first month" in words
    assert "timer of 100 ms" in words
    assert f"{completed.workflow_id}/child-0" in words
    assert 'hx-trigger="every' not in page.text


def test_quiet_steps_are_folded_away_until_they_are_asked_for(
    carol: User, browser_of: Browser, completed: RunKey, retrying: RunKey
) -> None:
    """What fails is never quiet."""
    showing.keep(NAMESPACE, (), ("charge_card",))
    browser = browser_of(carol)

    folded, opened = browser.get(url(completed)), browser.get(url(completed), {"quiet": "on"})

    assert "charge_card" not in words_in(folded)
    assert "Show quiet steps 1" in words_in(folded)
    assert "timer of 100 ms" in words_in(folded)
    assert "charge_card of the first month" in words_in(opened)
    assert "charge_card" in words_in(browser.get(url(retrying), headers=htmx("live")))


def test_what_a_run_says_of_itself_is_asked_for_by_a_click(
    bob: User, carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    key = program.start(
        "Waiting", names.workflow(), queue, static_summary="x", static_details="For *Lindhus*"
    )
    page = browser_of(carol).get(url(key))
    nobody = browser_of(carol).get(url(key, "details"), headers=htmx("details"))
    with running(program, queue):
        asked = browser_of(carol).get(url(key, "details"), headers=htmx("details"))

    assert "What it is for For *Lindhus*" in words_in(page)
    assert "Waits" not in words_in(page)
    assert "No worker answered" in words_in(nobody)
    assert "<html" not in asked.text
    assert "**Waits** for the signal `go`" in words_in(asked)


def test_a_retrying_activity_says_why_the_run_is_stuck(
    carol: User, browser_of: Browser, retrying: RunKey
) -> None:
    page = browser_of(carol).get(url(retrying))

    words = words_in(page)
    assert "Why is this stuck?" in words
    assert "charge_card keeps failing: POST /v2/charges: no answer in 20 s" in words
    assert "CardProcessorTimeout" in words
    assert "It will retry without end." in words
    assert "Retrying" in words


def test_a_run_that_nobody_polls_for(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    key = program.start("Waiting", names.workflow(), queue)

    page = browser_of(carol).get(url(key))

    assert f"Nobody asks for workflow tasks of {queue}" in words_in(page)


def test_the_live_part_is_silent_while_nothing_changes(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    browser = browser_of(carol)
    version = version_in(browser.get(url(key), headers=htmx("live")))

    same = browser.get(url(key), {"version": version}, headers=htmx("live"))
    program.signal(key, "go")
    changed = browser.get(url(key), {"version": version}, headers=htmx("live"))

    assert same.status_code == 204
    assert changed.status_code == 200
    assert "<html" not in changed.text


def test_a_step_shows_its_input_result_and_events(
    carol: User, browser_of: Browser, completed: RunKey
) -> None:
    part = browser_of(carol).get(url(completed, "group", 5), headers=htmx("group"))

    words = words_in(part)
    assert "About of the first month" in words
    assert '"12.00"' in part.text.replace("&quot;", '"')
    assert "charged 12.00" in words
    assert "5 opened" in words


def test_the_raw_events_with_one_of_them_open(
    carol: User, browser_of: Browser, completed: RunKey
) -> None:
    page = browser_of(carol).get(url(completed, "events"), {"event": "5"})

    words = words_in(page)
    assert "WorkflowExecutionStarted" in words
    assert "WorkflowExecutionCompleted" in words
    assert "activityType.name charge_card" in words
    assert "startToCloseTimeout 20 s" in words


def test_the_address_of_an_event_leads_to_the_table_where_it_is_open(
    carol: User, browser_of: Browser, completed: RunKey
) -> None:
    browser = browser_of(carol)

    page = browser.get(url(completed, "event", 5), follow=True)
    part = browser.get(url(completed, "event", 5), headers=htmx())

    assert page.redirect_chain == [(f"{url(completed, 'events')}?event=5", 302)]
    assert "startToCloseTimeout 20 s" in words_in(page)
    assert part.text.startswith('<tr class="row-detail" id="detail-5">')


def test_events_by_kind_and_by_text(carol: User, browser_of: Browser, completed: RunKey) -> None:
    browser = browser_of(carol)

    timers = browser.get(url(completed, "events"), {"kind": "timer"}, headers=htmx("events"))
    found = browser.get(url(completed, "events"), {"text": "CHARGED 12"}, headers=htmx("events"))

    assert "TimerFired" in timers.text
    assert "ActivityTaskScheduled" not in timers.text
    assert "ActivityTaskCompleted" in found.text
    assert "TimerFired" not in found.text


def test_an_address_that_cannot_be_read_shows_all_events(
    carol: User, browser_of: Browser, completed: RunKey
) -> None:
    page = browser_of(carol).get(
        url(completed, "events"), {"event": "nine", "kind": "nonsense", "first": "-4"}
    )

    assert page.status_code == 200
    assert "WorkflowExecutionStarted" in page.text


def test_the_history_comes_down_as_a_replayer_reads_it(
    carol: User, browser_of: Browser, completed: RunKey
) -> None:
    answer = browser_of(carol).get(url(completed, "download"))

    events = json.loads(answer.content)["events"]
    assert events[0]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    assert "attachment" in answer["Content-Disposition"]


def test_what_is_pending(carol: User, browser_of: Browser, retrying: RunKey) -> None:
    browser = browser_of(carol)

    page = browser.get(url(retrying, "pending"))

    assert "CardProcessorTimeout" in words_in(page)
    assert "charge_card" in words_in(page)


def test_relations_lead_to_the_child_and_back(
    carol: User, browser_of: Browser, completed: RunKey, program: Program
) -> None:
    indexed(f"WorkflowId = '{completed.workflow_id}'", 1)
    browser = browser_of(carol)
    child = program.await_status(
        RunKey(NAMESPACE, f"{completed.workflow_id}/child-0", ""), "Completed"
    ).summary

    page = browser.get(url(completed, "relations"))
    of_child = browser.get(url(child.key, "relations"))

    assert child.key.run_id in page.text
    assert completed.run_id in of_child.text


def test_the_payloads_of_a_run(carol: User, browser_of: Browser, completed: RunKey) -> None:
    page = browser_of(carol).get(url(completed, "payloads"))

    words = words_in(page)
    assert "Input" in words
    assert "charged 12.00" in words


def test_a_failed_run_says_why(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "-1.00")
        program.await_status(key, "Failed")

    page = browser_of(carol).get(url(key))

    words = words_in(page)
    assert "Why did it fail?" in words
    assert "caused by AmountRefused" in words


def test_a_run_that_does_not_exist_is_a_page_that_says_so(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    key = RunKey(NAMESPACE, "no/such", "c41d7a06-3b58-4f0e-9a47-61d5b2e80f93")

    for view in ("run", "events", "pending", "relations", "payloads", "activity"):
        page = browser_of(carol).get(url(key, view))
        assert page.status_code == 404
        assert "no such run of no/such" in words_in(page)


def test_a_run_id_that_is_none_is_a_page_that_says_so(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get(url(RunKey(NAMESPACE, "no/such", "not-a-run-id")))

    assert page.status_code == 404


def test_a_query_is_answered_by_a_worker(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue, "42.00")
        page = browser_of(carol).post(url(key, "query"), {"name": "state"}, headers=htmx("dialog"))

    assert "42.00" in page.text


def test_a_query_that_nobody_knows_is_refused_in_the_dialog(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue)
        page = browser_of(carol).post(url(key, "query"), {"name": "nope"}, headers=htmx("dialog"))

    assert page.status_code == 422
    assert "nope" in page.text


@pytest.mark.slow
@pytest.mark.one_server
def test_ten_thousand_events_open_fast(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Counting", names.workflow("settlement"), queue, 3_000, 100)
        program.wait(program.client.get_workflow_handle(key.workflow_id).result(), within=100)
    browser = browser_of(carol)
    browser.get(url(key, "activity"))
    reading.forget_all()

    cold = browser.get(url(key))
    warm = browser.get(url(key))
    events = browser.get(url(key, "events"), {"event": "5000"})

    # the processor's time, for other tests may run beside this one
    assert max(cpu_ms(page["Server-Timing"]) for page in (cold, warm, events)) <= 300
    assert warm.text.count("<tr") < 130
    assert events.text.count("<tr") < 130
