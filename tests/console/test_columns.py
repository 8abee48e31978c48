"""Columns of the runs page: chosen, ordered, in the address; and cells that filter."""

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from console.gateway import namespaces
from tests.console.conftest import NAMESPACE, indexed
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, version_in, words_in
from tests.support.programs import Program

URL = f"/namespaces/{NAMESPACE}/runs/"
Browser = Callable[..., Client]
REGION = SearchAttributeKey.for_keyword("FindRegion")


@pytest.fixture
def region(db: None, engine: str) -> str:
    """A custom attribute of the namespace."""
    if REGION.name not in namespaces.attributes(NAMESPACE).custom:
        namespaces.add_attribute(NAMESPACE, REGION.name, "Keyword")
    eventually(lambda: REGION.name in _fresh().custom, within=30)
    return REGION.name


def _fresh() -> namespaces.Attributes:
    namespaces.cache.clear()
    return namespaces.attributes(NAMESPACE)


def headings(page: HttpResponse) -> list[str]:
    found = re.findall(r"<th [^>]*scope=\"col\"[^>]*>(.*?)</th>", page.text, re.DOTALL)
    return [text for one in found if (text := re.sub(r"<[^>]+>", "", one).strip())]


def chosen(page: HttpResponse) -> list[str]:
    return re.findall(r'name="col" value="([^"]+)" checked', page.text)


def filters(page: HttpResponse) -> dict[str, str]:
    """The text of each cell that filters, and the query that it leads to."""
    found = re.findall(r'<a class="cell-filter" href="([^"]+)">(.*?)</a>', page.text, re.DOTALL)
    return {
        re.sub(r"<[^>]+>", "", text).strip(): parse_qs(urlsplit(html.unescape(url)).query)["q"][0]
        for url, text in found
    }


def test_the_address_says_which_columns_in_which_order(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue(), memo={"order, id": "o-17"})
    query = f"WorkflowId = '{key.workflow_id}'"
    indexed(query, 1)

    page = browser_of(carol).get(URL, {"q": query, "cols": "RunId,WorkflowId,memo:order%2C id"})

    assert headings(page) == ["Run id", "Workflow id", "order, id"]
    assert "o-17" in words_in(page)
    assert 'name="cols" value="RunId,WorkflowId,memo:order%2C id"' in page.text


def test_the_workflow_id_stays_and_what_is_unknown_is_said(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    query = f"WorkflowId = '{key.workflow_id}'"
    indexed(query, 1)

    page = browser_of(carol).get(URL, {"q": query, "cols": "TaskQueue,NoSuchThing"})

    assert headings(page) == ["Workflow id", "Task queue"]
    assert "no such attribute: NoSuchThing" in words_in(page)


def test_every_link_of_the_page_keeps_the_columns(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    for _ in range(26):
        program.start("Waiting", names.workflow(), queue)
    query = f"TaskQueue = '{queue}'"
    indexed(query, 26)
    browser = browser_of(carol)

    page = browser.get(URL, {"q": query, "cols": "RunId"})
    counts = browser.get(f"{URL}summary/", {"q": query, "cols": "RunId"}, headers=htmx("summary"))

    for found in (page, counts):
        links = re.findall(r'href="(\?[^"]+)"', found.text)
        assert links
        for link in links:
            assert parse_qs(html.unescape(link)[1:])["cols"] == ["RunId"], link


def test_a_custom_attribute_is_offered_shown_and_filters_and_its_values_are_known(
    carol: User, browser_of: Browser, program: Program, names: Names, region: str
) -> None:
    there = TypedSearchAttributes([SearchAttributePair(REGION, "north 'east'")])
    key = program.start("Waiting", names.workflow(), names.queue(), search_attributes=there)
    query = f"WorkflowId = '{key.workflow_id}' AND {region} IS NOT NULL"
    indexed(query, 1)
    browser = browser_of(carol)

    offered = browser.get(f"{URL}columns/", headers=htmx("dialog"))
    page = browser.get(URL, {"q": query, "cols": f"WorkflowId,{region}"})
    narrowed = filters(page)["north &#x27;east&#x27;"]
    completed = browser.get(f"{URL}offers/", {"q": f"{region} = 'rth"})

    assert html.escape("'north \\'east\\''") in completed.text
    assert f'name="col" value="{region}"' in offered.text
    assert narrowed == query + f" AND {region} = 'north \\'east\\''"
    assert key.workflow_id in browser.get(URL, {"q": narrowed}).text


def test_a_cell_that_the_query_asks_for_already_leads_nowhere(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    query = f"TaskQueue = '{queue}'"
    indexed(query, 1)
    browser = browser_of(carol)

    page = browser.get(URL, {"q": query})
    found = filters(page)

    assert found["Waiting"] == f"{query} AND WorkflowType = 'Waiting'"
    assert found["Running"] == f"{query} AND ExecutionStatus = 'Running'"
    assert queue not in found
    again = filters(browser.get(URL, {"q": found["Waiting"]}))
    assert "Waiting" not in again


def test_columns_are_moved_taken_away_and_added_by_buttons(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    start = browser.get(f"{URL}columns/", {"cols": "WorkflowId,RunId,TaskQueue"})
    assert chosen(start) == ["WorkflowId", "RunId", "TaskQueue"]
    form = {"began": "yes", "q": "RunId = 'x'", "size": "50"}

    up = browser.get(f"{URL}columns/", form | {"col": chosen(start), "up": "TaskQueue"})
    first = browser.get(f"{URL}columns/", form | {"col": chosen(up), "up": "WorkflowId"})
    shown = browser.get(
        f"{URL}columns/",
        form | {"col": [*chosen(first)[1:], "StartTime"], "memo": "order id, ", "show": "yes"},
    )

    assert chosen(up) == chosen(first) == ["WorkflowId", "TaskQueue", "RunId"]
    assert re.search(r'name="up" value="TaskQueue"[^>]* autofocus', up.text)
    assert parse_qs(urlsplit(shown["Location"]).query) == {
        "q": ["RunId = 'x'"],
        "cols": ["TaskQueue,RunId,StartTime,memo:order id"],
        "size": ["50"],
    }


def test_the_usual_columns_need_no_word_in_the_address(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    usual = chosen(browser.get(f"{URL}columns/", {"cols": "RunId", "began": "yes", "usual": "yes"}))

    shown = browser.get(f"{URL}columns/", {"began": "yes", "col": usual, "show": "yes"})

    assert "ExecutionStatus" in usual
    assert "cols" not in parse_qs(urlsplit(shown["Location"]).query)


def test_a_chosen_column_counts_when_the_page_asks_what_changed(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    query = f"WorkflowId = '{key.workflow_id}'"
    indexed(query, 1)
    browser = browser_of(carol)
    asked = {"q": query, "cols": "WorkflowId,StartTime"}

    version = version_in(browser.get(URL, asked, headers=htmx("results")))

    assert browser.get(URL, asked | {"version": version}).status_code == 204


@pytest.mark.parametrize("cols", ["%%%", "," * 9_000, "memo:", "memo:" + "x" * 9_000, "é,`,;"])
def test_nothing_in_the_columns_of_an_address_breaks_the_page(
    carol: User, browser_of: Browser, server_address: str, cols: str
) -> None:
    assert browser_of(carol).get(URL, {"q": "", "cols": cols}).status_code == 200
