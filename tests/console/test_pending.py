"""A run with more pending than a page: what fails is on the first, and all of it can be seen."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from console.gateway import workflows
from console.gateway.runs import PendingChild, RunDetail, RunKey
from console.workflows import runpage
from tests.support import commands
from tests.support.engine import Server
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program
from tests.support.scripted import Scripted

Browser = Callable[..., Client]
ACTIVITIES, CHILDREN = 230, 105


@pytest.fixture
def crowded(program: Program, server: Server, worker: Scripted, names: Names) -> RunKey:
    """Of its activities the last but one fails; a worker looks for that one alone."""
    failing = Scripted(program, server, names.queue())
    key = worker.start(names.workflow())
    schedule = commands.schedule_activity
    some = [schedule(f"a-{n}", f"{worker.queue}-nobody") for n in range(ACTIVITIES - 1)]
    some.insert(-1, schedule("lame", failing.queue, retry_policy=commands.retries(initial=3600)))
    children = [commands.start_child(names.workflow(f"child-{n:03}"), f"{worker.queue}-nobody")
                for n in range(CHILDREN)]  # fmt: skip
    worker.on_task(*some, *children)
    failing.on_activity(commands.failed("the card reader is gone", "NoReader"))
    eventually(lambda: workflows.describe(key), is_settled, within=60)
    return key


def is_settled(run: RunDetail) -> bool:
    fails = any(one.failing for one in run.activities)
    began = [one for one in run.children if one.run_id]
    return fails and (len(run.activities), len(began)) == (ACTIVITIES, CHILDREN)


def walked(browser: Client, url: str, label: str) -> list[Any]:
    """Each page of that pager, by its own links."""
    pages = [browser.get(url)]
    while link := re.search(r'href="([^"]+)" rel="next"', pager(pages[-1], label)):
        pages.append(browser.get(url + html.unescape(link[1])))
    return pages


def pager(page: Any, label: str) -> str:
    return str(page.text.partition(f'aria-label="Pages of {label}"')[2].partition("</nav>")[0])


# The page is made of the same answer there; the official server takes a minute to give it.
@pytest.mark.one_server
def test_what_fails_comes_first_and_each_one_is_on_a_page(
    carol: User, browser_of: Browser, crowded: RunKey
) -> None:
    at = [crowded.namespace, crowded.workflow_id, crowded.run_id]
    browser, tab = browser_of(carol), reverse("workflows:pending", args=at)

    pages = walked(browser, tab, "activities")
    children = walked(browser, tab, "child workflows")
    kind = workflows.describe(crowded).activities[0].type
    of_type = walked(browser, reverse("activities:pending", args=[*at, "type", kind]), "activities")

    first = words_in(pages[0])
    assert f"Activities {ACTIVITIES}, 1 failing, as of" in first
    assert f"Child workflows {CHILDREN}" in first
    assert "1 to 100 of 230" in first
    assert "201 to 230 of 230" in words_in(pages[2])
    one = re.escape(reverse("activities:pending", args=[*at, "id", "X"])).replace("X", '([^"/]+)')
    for some in (pages, of_type):
        listed = [found for page in some for found in re.findall(f'href="{one}"', page.text)]
        assert listed[0] == "lame"
        assert sorted(listed) == sorted(["lame", *(f"a-{n}" for n in range(ACTIVITIES - 1))])
    assert len(of_type) == 3
    assert f"{ACTIVITIES} pending activities of this type in this run, 1 failing" in words_in(
        of_type[0]
    )
    named = [
        found
        for page in children
        for found in re.findall(r'href="[^"]*runs/(child-\d+)', page.text)
    ]
    assert (len(children), len(named), len(set(named))) == (2, CHILDREN, CHILDREN)

    gone = browser.get(tab, {"page": "99", "children": "2"})
    assert "201 to 230 of 230" in words_in(gone)
    assert "101 to 105 of 105" in words_in(gone)
    assert 'href="?children=2&amp;page=2" rel="prev"' in gone.text
    assert "1 to 100 of 230" in words_in(browser.get(tab, {"page": "-1", "children": "x"}))


def test_a_child_that_was_not_started_yet_is_named_and_leads_nowhere(
    carol: User, rf: RequestFactory, program: Program, names: Names
) -> None:
    """Between the command and the start of the child: too short to be met by waiting for it."""
    run = workflows.describe(program.start("Waiting", names.workflow(), names.queue()))
    run = replace(run, children=(PendingChild("to-come", "", "Child", 5),))
    request = rf.get("/")
    request.user = carol
    context = runpage.pending(run, {}) | {
        "head": run.summary.key,
        "run": run,
        "namespace": "default",
    }

    part = render_to_string("workflows/pending.html#pending", context, request)

    assert "to-come</span>" in part
    assert "not started yet" in part
