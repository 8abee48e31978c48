"""Who may not look at payloads in a namespace sees none there, wherever one would stand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.access.models import Role
from console.exports import jobs
from console.gateway import workflows
from console.gateway.payloads import Place
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_exceptions import rule
from tests.console.test_exports import ask, content
from tests.console.test_masks import in_base64
from tests.console.test_run import url
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.people import person
from tests.support.programs import Program, running

Browser = Callable[..., Client]
SECRET = "4711.1717"
RUNS = f"/namespaces/{NAMESPACE}/runs/"


@pytest.fixture
def eve(db: None) -> User:
    """An operator who may not look at payloads."""
    found = person("Eve", Role.OPERATOR)
    rule(found, "may not", "payload.view", NAMESPACE)
    return found


@pytest.fixture
def two(program: Program, names: Names) -> tuple[RunKey, RunKey]:
    """One that waits, and one that has ended; each of them was told the secret."""
    queue, memo = names.queue(), {"card": SECRET, "failure": SECRET, "deep": {"in": [SECRET]}}
    with running(program, queue):
        done = program.start("Charging", names.workflow("done"), queue, SECRET, memo=memo)
        program.result(done)
    key = program.start("Waiting", names.workflow("waits"), names.queue(), SECRET, memo=memo)
    program.signal(key, "go", {"amount": SECRET})
    indexed(f"WorkflowId IN ('{key.workflow_id}', '{done.workflow_id}')", 2)
    return key, done


def listed(key: RunKey) -> str:
    return f"{RUNS}?q=WorkflowId = '{key.workflow_id}'&cols=WorkflowId,memo:card,memo:deep"


def holds(text: str) -> bool:
    return SECRET in text or in_base64(SECRET) in text


def places(key: RunKey, other: RunKey) -> list[str]:
    tabs = ("run", "events", "pending", "payloads", "activity", "relations", "download")
    compared = f"{url(key, 'compare')}?workflow={other.workflow_id}&run={other.run_id}"
    like = f"{reverse('starting:start', args=[NAMESPACE])}?like={key.workflow_id}&run={key.run_id}"
    cohort = reverse("cohorts:cohort", args=[NAMESPACE, key.workflow_id, key.run_id])
    return [
        *(url(key, tab) for tab in tabs),
        *(url(key, "event", number) for number in (1, 2, 3)),
        *(listed(key), compared, like, cohort),
        f"{url(key, 'events')}?text={SECRET[:4]}",
    ]


def test_no_page_and_no_file_shows_a_payload_to_whom_they_are_barred(
    eve: User, bob: User, browser_of: Browser, two: tuple[RunKey, RunKey]
) -> None:
    theirs, shown = browser_of(eve), set()
    for key, other in (two, two[::-1]):
        for place in places(key, other):
            page = theirs.get(place, follow=True)
            assert page.status_code == 200, place
            told = page.text.replace(f"text={SECRET[:4]}", "").replace(f'value="{SECRET[:4]}"', "")
            assert not holds(told), place
            if holds(browser_of(bob).get(place, follow=True).text):
                shown.add(place)

    assert len(shown) >= 10
    assert {url(key, "download") for key in two} <= shown
    assert workflows.describe(two[0]).summary.memo["card"] == SECRET


def test_a_search_finds_nothing_in_payloads_that_are_barred(
    eve: User, bob: User, browser_of: Browser, two: tuple[RunKey, RunKey]
) -> None:
    place = f"{url(two[0], 'events')}?text={SECRET}"
    found = "WorkflowExecutionSignaled"

    assert found in browser_of(bob).get(place).text
    assert found not in browser_of(eve).get(place).text
    words = browser_of(eve).get(f"{RUNS}?q=MemoText CONTAINS '{SECRET}'")
    assert two[0].workflow_id not in words.text


def test_one_payload_is_neither_opened_nor_revealed(
    eve: User, browser_of: Browser, two: tuple[RunKey, RunKey]
) -> None:
    browser, place = browser_of(eve), Place("memo", "card")

    answers = [
        browser.get(url(two[0], "payload", place)),
        browser.get(url(two[0], "payload_download", place)),
        browser.post(url(two[0], "reveal", place), {"reason": "the bank asks"}),
    ]

    assert [one.status_code for one in answers] == [403, 403, 403]
    assert not any(SECRET in one.text for one in answers)


def test_an_export_has_no_payload_for_whom_they_are_barred(
    eve: User,
    bob: User,
    browser_of: Browser,
    two: tuple[RunKey, RunKey],
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.EXPORT_DIRECTORY = str(tmp_path)
    query, texts = f"WorkflowId = '{two[0].workflow_id}'", []
    for who in (eve, bob):
        export = ask(browser_of(who), query, columns="WorkflowId,memo:card,memo:deep")
        jobs.go_on()
        texts.append(content(browser_of(who), export))

    assert [two[0].workflow_id in text for text in texts] == [True, True]
    assert [SECRET in text for text in texts] == [False, True]


def test_what_a_failure_says_is_read_all_the_same(
    eve: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "never")
        program.await_status(key, "Running", 5)
        pending = browser_of(eve).get(url(key, "pending"))

    assert "no answer in 20 s" in words_in(pending)
