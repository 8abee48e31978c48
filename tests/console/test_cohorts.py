"""Runs like this one: each fact finds those that share it; the number is that of the runs page."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from console.cohorts import looking
from console.cohorts.facts import Fact
from console.cohorts.together import together
from console.gateway import namespaces, standalone, workflows
from console.gateway.channel import call, workflow_service
from console.gateway.lists import RUNS
from console.gateway.runs import Group, RunKey
from console.gateway.standalone import ACTIVITIES, Key
from search.query.parser import GROUPS_MAX
from tests.console.conftest import NAMESPACE, indexed
from tests.support import alone
from tests.support.alone import until
from tests.support.apart import namespace_apart
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, version_in, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]


def url(key: RunKey) -> str:
    return reverse("cohorts:cohort", args=[key.namespace, key.workflow_id, key.run_id])


def query_of(page: HttpResponse) -> str:
    """The query that the main link of the page leads to."""
    link = re.search(r'class="button button-main" href="([^"]+)"', page.text)
    assert link
    return parse_qs(urlsplit(html.unescape(link[1])).query).get("q", [""])[0]


@pytest.fixture
def three(program: Program, names: Names) -> list[RunKey]:
    """Two on one queue, the second of them terminated, and one on another."""
    queues = [names.queue(), names.queue()]
    keys = [
        program.start("Waiting", names.workflow("like"), queue)
        for queue in (queues[0], queues[0], queues[1])
    ]
    program.wait(program.client.get_workflow_handle(keys[1].workflow_id).terminate())
    for queue in queues:
        indexed(f"TaskQueue = '{queue}'", 1)
    indexed(f"TaskQueue = '{queues[0]}' AND ExecutionStatus = 'Terminated'", 1)
    return keys


def test_every_fact_of_a_run_finds_at_least_itself(
    program: Program, names: Names, db: None, three: list[RunKey]
) -> None:
    _, facts = looking.described(three[1])

    assert {"type", "status", "queue", "stem", "start-hour", "close-hour"} <= {
        one.key for one in facts
    }
    for fact in facts:
        found = workflows.find(NAMESPACE, f"({fact.condition}) AND RunId = '{three[1].run_id}'", 1)
        assert [one.key for one in found.runs] == [three[1]], fact


@pytest.fixture
def of_many_types(db: None, engine: str) -> Iterator[RunKey]:
    """One run of a namespace with more types than are counted together."""
    with namespace_apart("of-many-types") as namespace:
        for number in range(GROUPS_MAX + 1):
            request = StartWorkflowExecutionRequest(
                namespace=namespace, workflow_id=f"of/{number}", request_id=str(number),
                workflow_type=WorkflowType(name=f"Type{number}"),
                task_queue=TaskQueue(name="nobody"),
            )  # fmt: skip
            answer = call(workflow_service().StartWorkflowExecution, request)
        eventually(
            lambda: workflows.count(namespace, "").total, lambda n: n > GROUPS_MAX, within=30
        )
        yield RunKey(namespace, request.workflow_id, answer.run_id)


@pytest.mark.slow
@pytest.mark.one_server
def test_a_run_among_very_many_types_has_its_count(
    alice: User, browser_of: Browser, of_many_types: RunKey
) -> None:
    page = browser_of(alice).get(url(of_many_types))

    assert page.context["found"].says == ""
    assert page.context["found"].by_status == (("Running", 1),)


def test_toggled_facts_become_the_query_of_the_runs_page(
    carol: User, browser_of: Browser, three: list[RunKey]
) -> None:
    browser = browser_of(carol)
    asked = {"asked": "on", "on": ["type", "queue"]}

    both = browser.get(url(three[0]), asked, headers=htmx("cohort"))
    only_it = browser.get(url(three[0]), {"asked": "on", "on": ["queue", "status"]})
    listed = browser.get(f"/namespaces/{NAMESPACE}/runs/", {"q": query_of(both)})

    assert "2 runs have all of this in common" in words_in(both)
    assert "<html" not in both.text
    assert "no other has all of this in common with it" in words_in(only_it)
    assert all(key.run_id in listed.text for key in three[:2])
    assert three[2].run_id not in listed.text


def test_it_begins_with_the_type_and_says_how_many_share_each_fact(
    carol: User, browser_of: Browser, three: list[RunKey]
) -> None:
    browser = browser_of(carol)

    page = browser.get(url(three[0]))
    again = browser.get(url(three[0]), {"version": version_in(page)}, headers=htmx("cohort"))

    assert query_of(page) == "WorkflowType = 'Waiting'"
    assert re.search(r"Task queue \S+ 2 ", words_in(page))
    assert calls_of(page) <= 14
    assert again.status_code == 204
    assert calls_of(again) <= 3


def test_facts_that_are_counted_together_have_the_count_of_each_alone(
    program: Program, names: Names, db: None
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server groups by status alone")
    queue = names.queue()
    with running(program, queue):
        keys = [program.start("Charging", names.workflow(), queue, "-1.00") for _ in range(2)]
        indexed(f"TaskQueue = '{queue}' AND ExecutionStatus = 'Failed'", 2)
    run, facts = looking.described(keys[0])

    counts = looking._together(NAMESPACE, RUNS, facts)
    of_type = looking.cohort(NAMESPACE, RUNS, [one for one in facts if one.key == "type"])

    assert {"type", "status", "start-hour", "start-day", "failure", "error"} <= set(counts)
    for fact in facts:
        if fact.key in counts:
            assert counts[fact.key] == looking._alone(NAMESPACE, RUNS, fact), fact
    assert of_type.total == counts["type"]
    assert dict(of_type.by_status)[run.status] <= counts["status"]


def test_values_of_one_list_are_counted_together_wherever_they_stand() -> None:
    facts = [
        Fact(f"waits:{name}", "", "", name, f"WaitingOn = '{name}'", of=("WaitingOn", name))
        for name in ("timer", "signal")
    ]
    [asked] = together(facts)
    groups = [Group(("timer",), 7), Group(("signal",), 2), Group(("child",), 5)]

    assert asked.question == "(WaitingOn = 'timer' OR WaitingOn = 'signal') GROUP BY WaitingOn"
    counts = {
        key: sum(one.count for one in groups if is_of(one)) for key, is_of in asked.of.items()
    }
    assert counts == {"waits:timer": 7, "waits:signal": 2}


def test_the_same_failure_is_a_fact(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server does not index failures")
    queue = names.queue()
    with running(program, queue):
        keys = [program.start("Charging", names.workflow(), queue, "-1.00") for _ in range(2)]
        indexed(f"TaskQueue = '{queue}' AND ExecutionStatus = 'Failed'", 2)

    page = browser_of(carol).get(url(keys[0]), {"asked": "on", "on": ["failure", "queue"]})

    assert "2 runs have all of this in common" in words_in(page)
    assert "The same failure AmountRefused: an amount below zero" in words_in(page)


def test_one_that_stands_alone_leads_to_those_that_share_its_facts(
    carol: User, browser_of: Browser, program: Program, names: Names, engine: str
) -> None:
    ours, queue = namespaces.attributes(NAMESPACE).ours, names.queue()
    with running(program, queue):
        failed = [alone.start(names, "-1", queue=queue) for _ in range(2)]
        other = alone.start(names, "9.99", queue=queue)
        until(other, lambda one: one.summary.status == "Completed")
        for query, many in (("", 3), (" AND ExecutionStatus = 'Failed'", 2)):
            alone.listed(f"TaskQueue = '{queue}'{query}", many)
    browser, at = browser_of(carol), url_alone(failed[0])

    page = browser.get(at)
    shared = browser.get(at, {"asked": "on", "on": ["queue", "failure" if ours else "status"]})
    again = browser.get(at, {"version": version_in(page)}, headers=htmx("cohort"))

    assert at in browser.get(alone.address(failed[0])).text
    assert query_of(page).startswith("ActivityType = 'charge_card'")
    # others failed so as well, in other tests
    same_failure = r"The same failure AmountRefused: an amount below zero ([\d,]+) "
    alike = re.search(same_failure, words_in(page))
    assert (alike is not None and int(alike[1]) >= 2) == ours
    assert re.search(r"Task queue \S+ 3 ", words_in(page))
    assert "2 standalone activities have all of this in common" in words_in(shared)
    assert same(query_of(shared)) == set(failed)
    # its description and what the index calls its failure; the rest is counted as for runs
    assert calls_of(page) <= 2 + 14
    assert (again.status_code, calls_of(again)) == (204, 1)
    assert browser.get(url_alone(replace(failed[0], run_id=other.run_id))).status_code == 404
    _, facts = looking.described_alone(failed[0])
    for fact in facts:
        itself = f"({fact.condition}) AND RunId = '{failed[0].run_id}'"
        assert same(itself) == {failed[0]}, fact


def url_alone(key: Key) -> str:
    return reverse("cohorts:alone", args=[key.namespace, key.kind.name, key.id, key.run_id])


def same(query: str) -> set[Key]:
    found = standalone.find(NAMESPACE, ACTIVITIES, query, 10)
    return {one.key for one in found.executions}
