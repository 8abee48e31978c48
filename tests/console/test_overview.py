"""The overview: counts that add up, lead to their runs, and say when they were taken."""

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from console.access.models import Rule
from console.gateway import namespaces, standalone, workflows
from console.gateway.standalone import ACTIVITIES
from tests.console.conftest import NAMESPACE, indexed
from tests.support import alone
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, version_in, words_in
from tests.support.programs import Program

Browser = Callable[..., Client]
URL = f"/namespaces/{NAMESPACE}/overview/"


@pytest.fixture
def queue(program: Program, names: Names) -> str:
    """Three runs on a queue of their own; one of them is terminated."""
    queue = names.queue()
    keys = [program.start("Waiting", names.workflow(str(n)), queue) for n in range(3)]
    program.wait(program.client.get_workflow_handle(keys[0].workflow_id).terminate())
    indexed(f"TaskQueue = '{queue}'", 3)
    indexed(f"TaskQueue = '{queue}' AND ExecutionStatus = 'Terminated'", 1)
    return queue


@pytest.fixture
def charges(names: Names, db: None, engine: str) -> str:
    """The query of three activities that stand alone; one of them is terminated."""
    query = f"TaskQueue = '{(queue := names.queue())}'"
    keys = [alone.start(names, str(n), queue=queue) for n in range(3)]
    alone.end(keys[0])
    alone.listed(query, 3)
    alone.listed(f"{query} AND ExecutionStatus = 'Terminated'", 1)
    return query


def ours() -> bool:
    return namespaces.attributes(NAMESPACE).ours


def test_the_counts_by_status_and_type_say_when_they_are_of(
    queue: str, carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"q": f"TaskQueue = '{queue}'"})

    said = words_in(page)
    assert page.status_code == 200
    assert "By status: 3 runs, as of" in said
    assert "Running 2 Terminated 1" in said
    assert ("By type: 3 runs, as of" in said) == ours()
    assert "The engine refused it" not in said


def test_every_number_leads_to_as_many_runs(queue: str, carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get(URL, {"q": f"TaskQueue = '{queue}'", "by": "TaskQueue"})

    found = links_of(page)
    assert len(found) >= (4 if ours() else 2)
    for link, number in found:
        assert workflows.count(NAMESPACE, query_of(link)).total == number


def links_of(page: HttpResponse) -> list[tuple[str, int]]:
    found = re.findall(
        r'<dt class="cut"[^>]*><a class="link" href="([^"]+)">.*?<dd class="number">([\d,]+)</dd>',
        page.text,
        re.DOTALL,
    )
    return [(html.unescape(link), int(number.replace(",", ""))) for link, number in found]


def query_of(link: str) -> str:
    (query,) = parse_qs(urlsplit(link).query)["q"]
    return query


def test_what_stands_alone_is_rolled_up_as_runs_are_by_who_may_look_at_it(
    charges: str, carol: User, browser_of: Browser
) -> None:
    browser, asked = browser_of(carol), {"q": charges, "of": "activities", "by": "TaskQueue"}

    page = browser.get(URL, asked)
    again = browser.get(URL, asked | {"version": version_in(page)}, headers=htmx("counts"))

    unasked = browser.get(URL, {"of": "activities"}).content.decode()

    assert "<option selected>TaskQueue</option>" in unasked
    said = words_in(page)
    assert "By status: 3 standalone activities, as of" in said
    assert "Running 2 Terminated 1" in said
    assert ("charge_card 3" in said) == ours()
    assert ("Starts in the last 24 hours: 3 standalone activities, as of" in said) == ours()
    assert (again.status_code, calls_of(again)) == (204, 0)
    assert calls_of(page) <= 5 + 2
    for link, number in links_of(page):
        assert link.startswith(alone.LIST)
        assert standalone.count(NAMESPACE, ACTIVITIES, query_of(link)).counts.total == number

    Rule.objects.create(
        person=carol, may=False, verb="standalone.view", namespace=NAMESPACE,
        reason="a test", given_by="Alice",
    )  # fmt: skip
    refused, runs = (browser.get(URL, {"of": of}) for of in ("activities", "runs"))
    assert (refused.status_code, runs.status_code) == (403, 200)
    assert "Standalone activities" not in words_in(runs)


def test_the_starts_over_time_are_bars_that_lead_to_their_runs(
    queue: str, carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"q": f"TaskQueue = '{queue}'", "span": "7d"})

    if not ours():
        assert "This server does not count over time." in words_in(page)
        return
    assert "Starts in the last 7 days: 3 runs, as of" in words_in(page)
    (link,) = re.findall(r'<a href="([^"]+)" aria-label="[^"]*: 3"', page.text)
    (query,) = parse_qs(urlsplit(html.unescape(link)).query)["q"]
    assert workflows.count(NAMESPACE, query).total == 3
    assert "Ends in the last 7 days: 1 run, as of" in words_in(page)
    (link,) = re.findall(r'<a href="([^"]+CloseTime[^"]+)" aria-label="[^"]*: 1"', page.text)
    (query,) = parse_qs(urlsplit(html.unescape(link)).query)["q"]
    assert workflows.count(NAMESPACE, query).total == 1


def test_any_keyword_attribute_can_be_chosen(queue: str, carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get(URL, {"by": "TaskQueue", "q": f"TaskQueue = '{queue}'"})

    said = words_in(page)
    if ours():
        assert "<option selected>TaskQueue</option>" in page.text
        assert f"{queue} 3" in said
    else:
        assert "This server counts by status only." in said


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("WorkflowType = ", "Position 15"),
        ("GROUP BY WorkflowType", "Give conditions only"),
        ("NoSuchThing = 'x'", "The engine refused it"),
    ],
)
def test_a_query_that_cannot_be_counted_is_said(
    query: str, says: str, carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"q": query})

    assert page.status_code == 200
    assert words_in(page).count(says) == 1


def test_the_page_asks_five_times_at_most_and_not_again_while_it_is_fresh(
    queue: str, carol: User, browser_of: Browser
) -> None:
    asked = {"q": f"TaskQueue = '{queue}'"}
    browser = browser_of(carol)

    first = browser.get(URL, asked, headers=htmx("counts"))
    again = browser.get(URL, asked | {"version": version_in(first)}, headers=htmx("counts"))

    # two more: the namespaces of the frame, and the attributes of this one
    assert calls_of(first) <= 5 + 2
    assert again.status_code == 204
    assert calls_of(again) == 0
    assert "<html" not in first.text
