"""Terminate, cancel, signal: confirm, say why, done, written down."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.gateway import events, histories, namespaces
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]


def url(key: RunKey, act: str) -> str:
    return reverse(f"workflows:{act}", args=[key.namespace, key.workflow_id, key.run_id])


@pytest.fixture
def waiting(program: Program, names: Names) -> RunKey:
    return program.start("Waiting", names.workflow("transfer"), names.queue())


def event(key: RunKey, event_id: int | None) -> events.Event:
    return next(one for one in histories.forward(key).events if one.id == event_id)


def test_terminate_ends_the_run_and_event_and_entry_point_at_each_other(
    bob: User, browser_of: Browser, waiting: RunKey, program: Program
) -> None:
    answer = browser_of(bob).post(
        url(waiting, "terminate"), {"reason": "card is dead"}, headers=htmx("dialog")
    )

    assert answer["HX-Redirect"].endswith(f"/{waiting.run_id}/")
    program.await_status(waiting, "Terminated")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.who, entry.reason) == ("run.terminate", "Bob", "card is dead")
    assert (entry.before, entry.outcome.after) == ({"status": "Running"}, {"status": "Terminated"})
    pointed = event(waiting, entry.outcome.event_id)
    assert pointed.kind == "WorkflowExecutionTerminated"
    assert events.identity(pointed) == "bob@example.com"


def test_cancel_asks_the_workflow(bob: User, browser_of: Browser, waiting: RunKey) -> None:
    browser_of(bob).post(url(waiting, "cancel"), {"reason": "customer asked"})

    entry = AuditEntry.objects.get()
    assert event(waiting, entry.outcome.event_id).kind == "WorkflowExecutionCancelRequested"


def test_a_run_is_paused_and_goes_on_or_a_word_says_why_it_cannot(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser = browser_of(bob)
    before = words_in(browser.get(url(waiting, "run")))

    paused = browser.post(url(waiting, "pause"), {"reason": "a bad deploy"})
    if not namespaces.pauses(NAMESPACE):
        assert paused.status_code == 501
        assert "Runs cannot be paused here: this server is too old" in words_in(paused)
        assert "Runs cannot be paused here: this server is too old" in before
        assert "Pause…" not in before
        return
    held = words_in(browser.get(url(waiting, "run")))
    asked = browser.post(url(waiting, "query"), {"name": "state"}, headers=htmx("dialog"))
    twice = browser.post(url(waiting, "pause"), {"reason": "once more"}, headers=htmx("dialog"))
    resumed = browser.post(url(waiting, "resume"), {"reason": "mended"}, headers=htmx("dialog"))

    assert "Pause…" in before
    assert "Paused by bob@example.com since" in held
    assert "“a bad deploy”" in held
    assert "Resume…" in held
    assert "Pause…" not in held
    assert (twice.status_code, resumed["HX-Redirect"]) == (422, url(waiting, "run"))
    assert "workflow is already paused" in words_in(twice)
    assert "The run is paused, and answers nothing until it is resumed." in words_in(asked)
    first, refused, last = AuditEntry.objects.order_by("at")
    assert (first.verb, first.before, first.reason) == (
        "run.pause", {"status": "Running"}, "a bad deploy",
    )  # fmt: skip
    assert (last.verb, last.before, last.outcome.after) == (
        "run.resume", {"status": "Paused"}, {"status": "Running"},
    )  # fmt: skip
    assert refused.outcome.result == "refused"
    kinds = [event(waiting, one.outcome.event_id).kind for one in (first, last)]
    assert kinds == ["WorkflowExecutionPaused", "WorkflowExecutionUnpaused"]


def test_a_signal_arrives_with_its_argument(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    key = program.start("Waiting", names.workflow(), queue)
    # Before a worker has it: a signal that comes while a task runs gets its number later.
    browser_of(bob).post(url(key, "signal"), {"name": "go", "argument": "", "reason": "it is time"})
    with running(program, queue):
        program.await_status(key, "Completed")

    entry = AuditEntry.objects.get()
    assert entry.outcome.after == {"signal": "go", "argument": None}
    assert event(key, entry.outcome.event_id).kind == "WorkflowExecutionSignaled"


def test_an_argument_that_is_not_json_is_refused_at_the_field(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    asked = {"name": "go", "argument": '{"a": }', "reason": "x"}

    answer = browser_of(bob).post(url(waiting, "signal"), asked, headers=htmx("dialog"))

    assert answer.status_code == 422
    assert "This is not JSON" in words_in(answer)
    assert "line 1, column 7" in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_without_a_reason_nothing_is_done(
    bob: User, browser_of: Browser, waiting: RunKey, program: Program
) -> None:
    answer = browser_of(bob).post(
        url(waiting, "terminate"), {"reason": " "}, headers=htmx("dialog")
    )

    assert answer.status_code == 422
    assert program.await_status(waiting, "Running")
    assert not AuditEntry.objects.exists()


def test_the_dialog_is_a_part_for_htmx_and_a_page_for_all_others(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    part = browser_of(bob).get(url(waiting, "terminate"), headers=htmx("dialog"))
    page = browser_of(bob).get(url(waiting, "terminate"))

    assert "<dialog" in part.text
    assert "<html" not in part.text
    assert "<html" in page.text


def test_a_run_that_ended_before_the_dialog_was_sent(
    bob: User, browser_of: Browser, waiting: RunKey, program: Program
) -> None:
    program.wait(program.client.get_workflow_handle(waiting.workflow_id).terminate("meanwhile"))
    program.await_status(waiting, "Terminated")

    answer = browser_of(bob).post(
        url(waiting, "terminate"), {"reason": "x"}, headers=htmx("dialog")
    )

    assert answer.status_code == 422
    assert "This run has ended (Terminated). Nothing was done." in words_in(answer)


def test_a_run_that_ends_between_the_look_and_the_act_is_written_as_refused(
    bob: User, waiting: RunKey, program: Program
) -> None:
    from console.gateway.channel import GatewayError
    from console.workflows import actions

    seen = program.await_status(waiting, "Running").summary
    program.wait(program.client.get_workflow_handle(waiting.workflow_id).terminate("meanwhile"))

    with pytest.raises(GatewayError):
        actions.terminate(bob, seen, "too late")

    assert AuditEntry.objects.get().outcome.result == "refused"


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800"])
def test_what_the_database_cannot_keep_is_sent_and_stands_as_a_sign_in_the_log(
    sign: str, bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    argument = f'"before{sign}after"'
    browser_of(bob).post(
        url(waiting, "signal"), {"name": "go", "argument": argument, "reason": "as it asks"}
    )

    entry = AuditEntry.objects.get()
    assert entry.asked["argument"] == "before\N{REPLACEMENT CHARACTER}after"
    sent = event(waiting, entry.outcome.event_id).attributes.input.payloads
    assert json.loads(sent[0].data) == json.loads(argument)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("1e999", "1e999 is larger than the console can say."),
        ("[-1e999]", "-1e999 is larger than the console can say."),
        ("NaN", "it has no NaN"),
        ("9" * 5_000, "more digits than the console reads"),
        ("[" * 5_000, "nested too deeply"),
    ],
)
def test_a_number_that_no_json_holds_is_refused_at_the_field(
    argument: str, says: str, bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    form = {"name": "go", "argument": argument, "reason": "as it asks"}
    answer = browser_of(bob).post(url(waiting, "signal"), form, headers=htmx("dialog"))

    assert answer.status_code == 422
    assert says in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_an_argument_of_the_largest_size_is_sent_and_the_log_says_how_large_it_was(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    largest = json.dumps([""] * 524_000)
    form = {"name": "go", "argument": largest, "reason": "as it asks"}

    answer = browser_of(bob).post(
        url(waiting, "signal"), urlencode(form), content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 303
    entry = AuditEntry.objects.get()
    assert (entry.outcome.result, entry.asked["signal"]) == ("done", "go")
    told = "524000, 2,096,000 characters"
    assert entry.asked["argument"] == entry.outcome.after["argument"] == told
    [payload] = histories.forward(waiting).events[-1].attributes.input.payloads
    assert len(json.loads(payload.data)) == 524_000


@pytest.mark.parametrize("deep", [150, 500, 900])
def test_an_argument_is_sent_however_deep_it_is_nested(
    deep: int, bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    form = {"name": "go", "argument": "[" * deep + "]" * deep, "reason": "as it asks"}
    answer = browser_of(bob).post(url(waiting, "signal"), form)

    assert answer.status_code in {303, 422}
    if answer.status_code == 303:
        assert AuditEntry.objects.get().outcome.result == "done"
    else:
        assert "nested too deeply" in words_in(answer)


def test_who_has_a_long_name_acts_as_others_do(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    bob.first_name, bob.last_name = "B" * 150, "O" * 150
    bob.save()

    browser_of(bob).post(url(waiting, "cancel"), {"reason": "customer asked"})

    assert AuditEntry.objects.get().who == f"{'B' * 150} {'O' * 49}"
    assert event(waiting, AuditEntry.objects.get().outcome.event_id)


def test_a_viewer_may_not(
    carol: User, browser_of: Browser, waiting: RunKey, program: Program
) -> None:
    browser = browser_of(carol)

    answer = browser.post(url(waiting, "terminate"), {"reason": "x"})
    part = browser.post(url(waiting, "terminate"), {"reason": "x"}, headers=htmx("dialog"))

    assert answer.status_code == 403
    assert "needs the role Operator in default" in words_in(answer)
    assert (part.status_code, part["HX-Retarget"]) == (403, "#dialog form")
    assert program.await_status(waiting, "Running")


def test_without_the_csrf_token_nothing_is_done(
    bob: User, browser_of: Browser, waiting: RunKey, program: Program
) -> None:
    answer = browser_of(bob, csrf=True).post(url(waiting, "terminate"), {"reason": "x"})

    assert answer.status_code == 403
    assert "Reload the page" in words_in(answer)
    assert program.await_status(waiting, "Running")
    assert not AuditEntry.objects.exists()


def test_what_was_done_stands_on_the_runs_page_and_in_the_activity_log(
    bob: User, carol: User, browser_of: Browser, waiting: RunKey
) -> None:
    browser_of(bob).post(url(waiting, "cancel"), {"reason": "customer asked"})

    of_run = browser_of(carol).get(url(waiting, "activity"))
    of_all = browser_of(carol).get("/activity/", {"workflow": waiting.workflow_id})

    for page in (of_run, of_all):
        assert "asked to cancel" in words_in(page)
        assert "“customer asked”" in words_in(page)
