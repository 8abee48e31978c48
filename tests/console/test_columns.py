"""Columns of the runs page: chosen, ordered, in the address; and cells that filter."""

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from temporalio.api.common.v1 import SearchAttributes
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from console.gateway import namespaces
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_run import url
from tests.support import alone
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, version_in, words_in
from tests.support.programs import Program

URL = f"/namespaces/{NAMESPACE}/runs/"
Browser = Callable[..., Client]
REGION = SearchAttributeKey.for_keyword("FindRegion")
HOLDER = SearchAttributeKey.for_int("FindHolder")


@pytest.fixture
def region(db: None, engine: str) -> str:
    """A custom attribute of the namespace."""
    return registered(REGION.name, "Keyword")


@pytest.fixture
def holder(db: None, engine: str) -> str:
    """A number that people are known by."""
    return registered(HOLDER.name, "Int")


def registered(name: str, kind: str) -> str:
    if name not in namespaces.attributes(NAMESPACE).custom:
        namespaces.add_attribute(NAMESPACE, name, kind)
    eventually(lambda: name in _fresh().custom, within=30)
    return name


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


def test_a_number_that_somebody_gave_filters_and_one_that_was_counted_does_not(
    carol: User, browser_of: Browser, program: Program, names: Names, holder: str
) -> None:
    there = TypedSearchAttributes([SearchAttributePair(HOLDER, 55501777)])
    key = program.start("Waiting", names.workflow(), names.queue(), search_attributes=there)
    query = f"WorkflowId = '{key.workflow_id}' AND {holder} IS NOT NULL"
    indexed(query, 1)
    browser = browser_of(carol)

    page = browser.get(URL, {"q": query, "cols": f"WorkflowId,HistoryLength,{holder}"})
    narrowed = filters(page)["55501777"]
    found = browser.get(URL, {"q": narrowed, "cols": f"WorkflowId,{holder}"})

    assert narrowed == f"{query} AND {holder} = 55501777"
    assert len(filters(page)) == 1
    assert key.workflow_id in found.text
    assert filters(found) == {}


def test_a_value_on_the_page_of_a_run_leads_to_all_runs_that_have_it(
    carol: User, browser_of: Browser, program: Program, names: Names, region: str, holder: str
) -> None:
    pairs = [SearchAttributePair(REGION, "south west"), SearchAttributePair(HOLDER, 55501778)]
    there = TypedSearchAttributes(pairs)
    keys = [
        program.start("Waiting", names.workflow(), names.queue(), search_attributes=there)
        for _ in range(2)
    ]
    indexed(f"{holder} = 55501778", 2)
    browser = browser_of(carol)

    for tab in ("run", "payloads"):
        page = browser.get(url(keys[0], tab))
        ways = [parse_qs(way)["q"][0] for way in found_alike(page.text)]
        assert {f"{region} = 'south west'", f"{holder} = 55501778"} <= set(ways)
        for way in ways:
            assert all(key.workflow_id in browser.get(URL, {"q": way}).text for key in keys)


def found_alike(text: str) -> list[str]:
    found = re.findall(r'title="All runs with this value" href="[^"?]+\?([^"]+)"', text)
    return [html.unescape(one) for one in found]


def test_the_cells_of_what_stands_alone_filter_as_those_of_runs_do(
    carol: User, browser_of: Browser, names: Names, region: str, holder: str
) -> None:
    given = {"FindRegion": "north 'east'", "FindHolder": 55501777}
    fields = {name: alone.plain(value) for name, value in given.items()}
    for name, kind in (("FindRegion", b"Keyword"), ("FindHolder", b"Int")):
        fields[name].metadata["type"] = kind
    one = alone.start(names, search_attributes=SearchAttributes(indexed_fields=fields))
    query = f"ActivityId = '{one.id}' AND {region} IS NOT NULL AND {holder} IS NOT NULL"
    alone.listed(query, 1)
    browser = browser_of(carol)

    page = browser.get(alone.LIST, {"q": query, "cols": f"{region},{holder}"})
    by_region = filters(page)["north &#x27;east&#x27;"]
    by_holder = filters(page)["55501777"]
    found = browser.get(alone.LIST, {"q": by_holder, "cols": holder})

    assert by_region == query + f" AND {region} = 'north \\'east\\''"
    assert by_holder == f"{query} AND {holder} = 55501777"
    assert one.id in found.text
    assert "55501777" not in filters(found)
    assert one.id in browser.get(alone.LIST, {"q": by_region}).text


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
