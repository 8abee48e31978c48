"""Every page opens on every server; what a server does not have is absent, with a word why."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.gateway import namespaces
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE, indexed
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program

Browser = Callable[..., Client]
RUNS = f"/namespaces/{NAMESPACE}/runs/"
PLACES = [
    "/cluster/",
    "/nexus-endpoints/",
    "/activity/",
    "/people/",
    "/people/groups/",
    "/account/",
    "/namespaces/",
    f"/namespaces/{NAMESPACE}/",
    *(
        f"/namespaces/{NAMESPACE}/{page}/"
        for page in (
            "runs",
            "runs/summary",
            "billing",
            "bulk",
            "replay",
            "task-queues",
            "rules",
            "incidents",
            "overview",
            "ageing",
            "alerts",
        )
    ),
]
OF_A_RUN = [
    *(
        f"workflows:{view}"
        for view in ("run", "events", "pending", "relations", "payloads", "activity")
    ),
    "replay:plan",
]


@pytest.fixture
def waiting(program: Program, names: Names) -> RunKey:
    key = program.start("Waiting", names.workflow(), "nobody-polls-this")
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)
    return key


@pytest.mark.parametrize("place", PLACES)
def test_a_page_opens_without_a_complaint(
    place: str, alice: User, browser_of: Browser, waiting: RunKey
) -> None:
    page = browser_of(alice).get(place)

    assert page.status_code == 200
    assert 'role="alert"' not in page.text
    assert "The engine refused it" not in words_in(page)


@pytest.mark.parametrize("view", OF_A_RUN)
def test_a_page_of_a_run_opens_without_a_complaint(
    view: str, alice: User, browser_of: Browser, waiting: RunKey
) -> None:
    page = browser_of(alice).get(
        reverse(view, args=[NAMESPACE, waiting.workflow_id, waiting.run_id])
    )

    assert page.status_code == 200
    assert waiting.workflow_id in page.text
    assert 'role="alert"' not in page.text


@pytest.mark.parametrize(
    ("condition", "lacks"),
    [
        ("ORDER BY StartTime DESC", "Position 48: this server does not sort"),
        ("AND WorkflowType CONTAINS 'aitin'", "this server does not look inside a text"),
        ("AND LastFailureMessage IS NULL", "this server does not index LastFailureMessage"),
        ("AND MemoText IS NULL", "Only Perdure's own engine reads memos for a search"),
    ],
)
def test_what_only_our_language_has_finds_the_run_or_is_said_to_be_missing(
    condition: str, lacks: str, carol: User, browser_of: Browser, waiting: RunKey
) -> None:
    page = browser_of(carol).get(RUNS, {"q": f"RunId = '{waiting.run_id}' {condition}"})

    assert page.status_code == 200
    if namespaces.attributes(NAMESPACE).ours:
        assert waiting.workflow_id in page.text
    else:
        assert lacks in words_in(page)
        assert "The engine refused it" not in words_in(page)


def test_another_server_is_offered_the_query_without_its_order(
    carol: User, browser_of: Browser, waiting: RunKey
) -> None:
    query = f"RunId = '{waiting.run_id}'"
    page = browser_of(carol).get(RUNS, {"q": f"{query} ORDER BY StartTime"})

    is_offered = 'data-use-query="RunId' in page.text
    assert is_offered != namespaces.attributes(NAMESPACE).ours


def test_rows_are_not_grouped_on_any_server(
    carol: User, browser_of: Browser, waiting: RunKey
) -> None:
    page = browser_of(carol).get(RUNS, {"q": "GROUP BY ExecutionStatus"}, headers=htmx("search"))

    assert page.status_code == 200
    assert "Position 1: rows are not grouped. The counts by status stand above" in words_in(page)
