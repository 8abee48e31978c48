"""Histories from files, two runs side by side, and what one history leads to."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from console.gateway.runs import RunKey
from console.workflows.models import OPENED_MAX, OpenedHistory
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_run import url
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import WORKFLOWS, Program, running

Browser = Callable[..., Client]
FILES = f"/namespaces/{NAMESPACE}/histories/"


@pytest.fixture
def failed(program: Program, names: Names) -> RunKey:
    """An activity that gave up, and the run with it."""
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("subscription"), queue, "-1.00")
        program.await_status(key, "Failed")
    return key


def downloaded(browser: Client, key: RunKey) -> dict[str, Any]:
    answer = browser.get(url(key, "download"))
    found: dict[str, Any] = json.loads(answer.content)
    return found


def opened(browser: Client, content: object, name: str = "history.json") -> HttpResponse:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return browser.post(FILES, {"file": SimpleUploadedFile(name, text)})


def beside(browser: Client, key: RunKey, **asked: str) -> HttpResponse:
    return browser.get(url(key, "compare"), asked)


def test_two_runs_differ_first_where_one_was_given_another_amount(
    carol: User, browser_of: Browser, program: Program, names: Names, failed: RunKey
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "12.00", 0.1)
        program.result(key)
    browser = browser_of(carol)

    page = beside(browser, key, workflow=failed.workflow_id, run=failed.run_id)
    itself = beside(browser, key, run=key.run_id)
    unknown = beside(browser, key, run="c41d7a06-3b58-4f0e-9a47-61d5b2e80f93")

    assert "They differ from the start" in words_in(page)
    assert '"12.00"' in page.text.replace("&quot;", '"')
    assert "only there" in words_in(page)
    assert "ActivityTaskFailed" in words_in(page)
    assert "That is this run itself" in words_in(itself)
    assert unknown.status_code == 404


def test_a_run_that_failed_may_stand_beside_the_newest_of_its_type_that_went_well(
    carol: User, browser_of: Browser, program: Program, names: Names, failed: RunKey
) -> None:
    queue = names.queue()
    with running(program, queue):
        good = program.start("Charging", names.workflow(), queue, "12.00")
        program.result(good)
    indexed(f"WorkflowId = '{good.workflow_id}' AND ExecutionStatus = 'Completed'", 1)
    browser = browser_of(carol)

    chooser = beside(browser, failed)
    (way,) = re.findall(r'href="\?(workflow=[^"]+)"', chooser.text)
    page = browser.get(f"{url(failed, 'compare')}?{html.unescape(way)}")

    assert "the newest of its type that completed" in words_in(chooser)
    assert good.run_id in page.text
    assert "They differ from the start" in words_in(page)


def test_a_reset_run_stands_beside_the_one_it_came_from(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue)
        program.signal(key, "go")
        program.result(key)
        new = RunKey(NAMESPACE, key.workflow_id, reset(program, key))
        program.await_status(new, "Completed")
    browser = browser_of(carol)

    chooser = beside(browser, new)
    page = beside(browser, new, run=key.run_id)

    assert "the run that it was reset from" in words_in(chooser)
    assert key.run_id in chooser.text
    assert "They do not differ" in words_in(page)


def reset(program: Program, key: RunKey) -> str:
    answer = program.wait(
        program.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=NAMESPACE,
                workflow_execution=WorkflowExecution(
                    workflow_id=key.workflow_id, run_id=key.run_id
                ),
                reason="to compare",
                workflow_task_finish_event_id=4,
                request_id=key.run_id,
            )
        )
    )
    return answer.run_id


def test_a_downloaded_history_is_what_the_replayer_accepts(
    carol: User, browser_of: Browser, program: Program, failed: RunKey
) -> None:
    text = browser_of(carol).get(url(failed, "download")).content.decode()

    history = WorkflowHistory.from_json(failed.workflow_id, text)
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=UnsandboxedWorkflowRunner())
    result = program.wait(replayer.replay_workflow(history, raise_on_replay_failure=False))

    assert len(history.events) == 11
    assert result.replay_failure is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_is_read_in_whatever_encoding_a_shell_has_written_it(
    encoding: str, carol: User, browser_of: Browser, failed: RunKey
) -> None:
    """PowerShell's `>` writes UTF-16."""
    browser = browser_of(carol)
    text = json.dumps(downloaded(browser, failed), ensure_ascii=False)

    answer = opened(browser, text.encode(encoding))

    assert answer.status_code == 303
    assert failed.workflow_id in words_in(browser.get(answer["Location"]))


def test_a_file_is_shown_as_a_run_of_the_engine_is(
    carol: User, browser_of: Browser, failed: RunKey
) -> None:
    browser = browser_of(carol)
    answer = opened(browser, downloaded(browser, failed), "from-production.json")
    page = browser.get(answer["Location"])
    events = browser.get(f"{answer['Location']}events/", {"text": "below zero"})
    step = browser.get(f"{answer['Location']}groups/5/", headers=htmx("group"))

    assert answer.status_code == 303
    assert "from-production.json" in words_in(page)
    assert failed.workflow_id in words_in(page)
    assert "charge_card" in words_in(page)
    assert "2 events hold “below zero”" in words_in(events)
    assert "AmountRefused" in words_in(step)
    assert 'hx-trigger="every' not in page.text
    assert "Terminate" not in page.text


def test_an_opened_file_belongs_to_one_session_and_goes_with_it(
    carol: User, bob: User, browser_of: Browser, failed: RunKey
) -> None:
    browser = browser_of(carol)
    address = opened(browser, downloaded(browser, failed))["Location"]

    assert browser_of(bob).get(address).status_code == 404
    assert browser_of(carol).get(address).status_code == 404
    assert browser.get(address).status_code == 200

    browser.post(reverse("people:sign_out"))

    assert not OpenedHistory.objects.exists()


def test_a_session_keeps_few_files_and_closes_one_when_asked(
    carol: User, browser_of: Browser, failed: RunKey
) -> None:
    browser = browser_of(carol)
    content = downloaded(browser, failed)
    addresses = [opened(browser, content)["Location"] for _ in range(OPENED_MAX + 1)]

    assert browser.get(addresses[0]).status_code == 404
    closed = browser.post(f"{addresses[-1]}close/")

    assert closed.status_code == 303
    assert browser.get(addresses[-1]).status_code == 404
    assert OpenedHistory.objects.count() == OPENED_MAX - 1


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"events": [', "Line 1, column 13: this is not JSON"),
        (b'{"\xff"', "Byte 2: this is no text in UTF-8"),
        (b"\xff\xfe\x00", "Byte 2: this is no text in UTF-16"),
        ({"rows": []}, "it has no list of `events`"),
        ({"events": []}, "This history has no event"),
        ({"events": [{"eventId": "2"}]}, "Event 1 of the file has the id 2"),
        (
            {"events": [{"eventId": "1", "eventType": "EVENT_TYPE_NONSENSE"}]},
            'Event 1 of the file, eventType: "EVENT_TYPE_NONSENSE" is no EventType',
        ),
        (
            {"events": [{"eventId": 1, "eventTime": "noon", "eventType": 1}]},
            'Event 1 of the file, eventTime: "noon" is not a time',
        ),
        ({"events": [{"eventId": 1, "eventType": 1}]}, "Event 1 of the file: its attributes"),
        ({"events": [{"eventId": 1, "eventType": 9_999}]}, "knows no event of type 9999"),
        ([3], "Event 1 of the file: a number stands where an object must"),
    ],
)
def test_a_file_that_is_no_history_says_where_and_why(
    carol: User, browser_of: Browser, content: object, says: str
) -> None:
    page = opened(browser_of(carol), content)

    assert page.status_code == 422
    assert says in words_in(page)


@pytest.mark.one_server
def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).post(FILES, {}, CONTENT_LENGTH=str(70 * 1024 * 1024))

    assert page.status_code == 413
