"""The runs page: query, counts, pages, live rows."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.gateway import namespaces
from console.gateway.query import LENGTH_MAX
from tests.console.conftest import NAMESPACE, indexed
from tests.support.names import Names
from tests.support.pages import htmx, link_in, version_in, words_in
from tests.support.programs import Program

URL = f"/namespaces/{NAMESPACE}/runs/"
Browser = Callable[..., Client]


def test_a_run_is_found_by_its_workflow_id(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("subscription"), names.queue())
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)

    page = browser_of(carol).get(URL, {"q": f"WorkflowId = '{key.workflow_id}'"})

    assert page.status_code == 200
    assert key.workflow_id in page.text
    assert key.run_id in page.text
    assert "Running" in words_in(page)


def test_pages_go_forward_and_back(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    for _ in range(30):
        program.start("Waiting", names.workflow(), queue)
    query = f"TaskQueue = '{queue}'"
    indexed(query, 30)
    browser = browser_of(carol)

    first = browser.get(URL, {"q": query})
    second = browser.get(link_in(first, "next"))
    back = browser.get(link_in(second, "prev"))

    assert "1 to 25" in words_in(first)
    assert "26 to 30" in words_in(second)
    assert "1 to 25" in words_in(back)


def test_the_counts_come_with_their_time(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    for _ in range(3):
        program.start("Waiting", names.workflow(), queue)
    query = f"TaskQueue = '{queue}'"
    indexed(query, 3)
    browser = browser_of(carol)

    page = browser.get(f"{URL}summary/", {"q": query}, headers=htmx("summary"))
    again = browser.get(f"{URL}summary/", {"q": query, "version": version_in(page)})

    assert "3 match, counted at" in words_in(page)
    assert "ExecutionStatus+%3D+%27Running%27" in page.text
    assert again.status_code == 204


def test_an_unknown_attribute_is_shown_at_its_place_with_the_nearest_name(
    carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"q": "RunId = 'x' AND WorkflowTipe = 'Subscription'"})

    words = words_in(page)
    assert "Position 17: there is no attribute WorkflowTipe" in words
    assert "Did you mean WorkflowType?" in words
    assert '<span class="token-error">WorkflowTipe</span>' in page.text
    assert "RunId = &#x27;x&#x27; AND WorkflowType = &#x27;Subscription&#x27;" in page.text


@pytest.mark.parametrize(
    ("query", "position"),
    [("WorkflowType = ", 15), ("WorkflowType LIKE 'a'", 14), ("(RunId = 'a'", 13)],
)
def test_a_query_that_does_not_parse_is_shown_at_its_place(
    carol: User, browser_of: Browser, query: str, position: int
) -> None:
    page = browser_of(carol).get(URL, {"q": query})

    assert page.status_code == 200
    assert f"Position {position}:" in words_in(page)


def test_a_bad_query_in_the_page_changes_the_question_and_keeps_the_rows(
    carol: User, browser_of: Browser
) -> None:
    part = browser_of(carol).get(URL, {"q": "Nothing ="}, headers=htmx("search"))

    assert part["HX-Retarget"] == "#asking"
    assert "stale" in part["HX-Trigger-After-Settle"]


def test_what_the_server_refuses_is_a_sentence(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    """Whichever server: this passes the language and breaks on the value or on the order."""
    query = "StartTime > 'yesterday evening'"

    page = browser_of(carol).get(URL, {"q": query})

    assert page.status_code == 200
    assert 'role="alert"' in page.text


def test_a_server_without_our_attributes_says_so(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    page = browser_of(carol).get(URL)

    if namespaces.attributes(NAMESPACE).ours:
        assert "Failing or waiting for" in page.text
        assert "ORDER+BY" in page.text
    else:
        assert "This server does not index what fails or waits" in words_in(page)
        assert "ORDER+BY" not in page.text


def test_our_attribute_on_another_server_is_absent_with_a_word_why(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    page = browser_of(carol).get(URL, {"q": "FailingActivityCount > 0"})

    assert page.status_code == 200
    if not namespaces.attributes(NAMESPACE).ours:
        assert "this server does not index FailingActivityCount" in words_in(page)


def test_nothing_matches_and_the_nearest_question_that_has_an_answer(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Failed'"
    indexed(f"TaskQueue = '{queue}'", 1)
    browser = browser_of(carol)

    page = browser.get(URL, {"q": query})
    offers = browser.get(f"{URL}nearest/", {"q": query}, headers=htmx())

    assert "No run matches" in page.text
    assert "1 run without Status is Failed" in words_in(offers)


def test_rows_that_changed_are_offered_and_never_moved(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    query = f"TaskQueue = '{queue}'"
    program.start("Waiting", names.workflow(), queue)
    indexed(query, 1)
    browser = browser_of(carol)
    version = version_in(browser.get(URL, {"q": query}, headers=htmx("results")))

    same = browser.get(URL, {"q": query, "version": version}, headers=htmx("fresh"))
    program.start("Waiting", names.workflow(), queue)
    indexed(query, 2)
    changed = browser.get(URL, {"q": query, "version": version}, headers=htmx("fresh"))

    assert same.status_code == 204
    assert "These rows have changed" in changed.text
    assert "<table" not in changed.text


def test_the_page_asks_the_engine_once(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    browser.get(URL)

    page = browser.get(URL)

    assert 'desc="1 calls"' in page["Server-Timing"]


def test_go_to_leads_to_the_newest_run(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)
    browser = browser_of(carol)

    by_workflow = browser.get(f"{URL}go-to/", {"id": key.workflow_id})
    by_run = browser.get(f"{URL}go-to/", {"id": key.run_id})
    unknown = browser.get(f"{URL}go-to/", {"id": "no such thing"})

    assert by_workflow["Location"].endswith(f"/{key.run_id}/")
    assert by_run["Location"] == by_workflow["Location"]
    assert "STARTS_WITH" in parse_qs(urlsplit(unknown["Location"]).query)["q"][0]


def test_a_broken_page_token_shows_the_first_page_and_says_so(
    carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"token": "%%%", "page": "3"})

    assert page.status_code == 200
    assert "The page in this address cannot be read" in words_in(page)


def test_a_token_that_another_server_made_is_a_sentence(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get(URL, {"token": "bm9uc2Vuc2U", "page": "3"})

    assert page.status_code == 200
    assert 'role="alert"' in page.text


def test_ten_megabytes_in_the_search_field(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get(URL, {"q": "x" * 10_000_000})

    assert page.status_code == 400
    assert f"10,000,000 characters; {LENGTH_MAX:,} are the most" in words_in(page)
    assert len(page.content) < 60_000


def test_an_unknown_namespace(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get("/namespaces/nowhere/runs/")

    assert page.status_code == 404
    assert "nowhere" in words_in(page)


def test_the_tokens_are_coloured_as_one_types(carol: User, browser_of: Browser) -> None:
    part = browser_of(carol).get(f"{URL}tokens/", {"q": "RunId = 'a<b'"}, headers=htmx())

    assert '<span class="token-name">RunId</span>' in part.text
    assert "a&lt;b" in part.text


def test_a_time_said_from_now_finds_runs_whatever_the_server(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    same = f"WorkflowId = '{key.workflow_id}'"
    indexed(same, 1)
    browser = browser_of(carol)

    young = browser.get(URL, {"q": f"{same} AND StartTime > now() - '1h'"})
    old = browser.get(URL, {"q": f"{same} AND StartTime < now() - '1h'"})
    counted = browser.get(
        f"{URL}summary/", {"q": f"{same} AND StartTime > now() - '1h'"}, headers=htmx("summary")
    )

    assert key.run_id in young.text
    assert "No run matches" in old.text
    assert "1 match, counted at" in words_in(counted)


def test_a_distance_from_now_that_is_none_is_shown_at_its_place(
    carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"q": "StartTime > now() - 'soon'"})

    assert "Position 21: this is no duration" in words_in(page)


def test_types_that_runs_have_are_offered_as_one_types(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    program.start("Waiting", names.workflow(), names.queue())
    indexed("WorkflowType = 'Waiting'", 1)
    text = "WorkflowType = 'wai"

    part = browser_of(carol).get(f"{URL}offers/", {"q": text, "caret": "19"}, headers=htmx())

    assert 'data-text="&#x27;Waiting&#x27; " data-start="15" data-end="19"' in part.text


@pytest.mark.parametrize("caret", ["", "-1", "9999999999", "x", "2"])
def test_any_caret_is_answered(
    carol: User, browser_of: Browser, server_address: str, caret: str
) -> None:
    asked = {"q": "Ru", "caret": caret}

    assert browser_of(carol).get(f"{URL}offers/", asked, headers=htmx()).status_code == 200
