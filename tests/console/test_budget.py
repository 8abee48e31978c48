"""One budget of calls to the index for a namespace: also of the pages that people keep open."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.access.policy import can
from console.gateway import counting, namespaces, task_queues, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import grouped_by
from console.gateway.runs import Counts
from console.workflows import finding, places, values
from tests.console.conftest import NAMESPACE, indexed
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program

Browser = Callable[..., Client]
AT = f"/namespaces/{NAMESPACE}/"
#: what is asked of the index, in order
Asked = list[str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    said: Asked = []

    def heard(call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda namespace, query, *more: (said.append(query), call(namespace, query, *more))[
            1
        ]

    for name in ("count", "find"):
        monkeypatch.setattr(workflows, name, heard(getattr(workflows, name)))
    return said


@pytest.fixture
def query(program: Program, names: Names) -> str:
    """Of two waiting runs."""
    queue = names.queue()
    for number in range(2):
        program.start("Waiting", names.workflow(str(number)), queue)
    indexed(f"TaskQueue = '{queue}'", 2)
    return f"TaskQueue = '{queue}'"


def spend(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, and what was kept is fresh no more."""
    monkeypatch.setattr(counting, "CALLS_A_MINUTE_MAX", 0)
    for keeper, name in ((finding, "COUNT_SECONDS"), (counting, "KEEP_SECONDS")):
        monkeypatch.setattr(keeper, name, 0)


def test_who_looks_at_the_same_runs_at_the_same_time_asks_once(
    query: str, asked: Asked, carol: User, alice: User, browser_of: Browser
) -> None:
    first = browser_of(carol).get(f"{AT}runs/summary/", {"q": query})
    once = list(asked)
    browser_of(alice).get(f"{AT}runs/summary/", {"q": query})
    nearest = browser_of(alice).get(
        f"{AT}runs/nearest/", {"q": f"{query} AND WorkflowType = 'Nobodys'"}
    )

    assert "2 match, counted at" in words_in(first)
    assert len(once) == len(set(once)) == (4 if namespaces.attributes(NAMESPACE).ours else 1)
    # of the nearest queries one was counted for the summary
    assert asked[len(once) :] == ["WorkflowType = 'Nobodys' GROUP BY ExecutionStatus"]
    assert "2" in words_in(nearest)


def test_at_once_means_at_once(query: str, asked: Asked, db: None) -> None:
    namespaces.attributes(NAMESPACE)
    with ThreadPoolExecutor(4) as people:
        found = list(people.map(lambda _: finding.by_status(NAMESPACE, query), range(4)))

    assert {one.counts.total for one in found} == {2}
    assert len(asked) == 1


def test_with_the_budget_spent_the_summary_is_the_old_one_and_says_so_but_the_list_is_new(
    query: str, carol: User, browser_of: Browser, program: Program, names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    browser = browser_of(carol)
    browser.get(f"{AT}runs/summary/", {"q": query})
    before = finding.summary(NAMESPACE, query)
    spend(monkeypatch)
    third = program.start("Waiting", names.workflow("third"), query.split("'")[1])
    indexed(query, 3)

    after = finding.summary(NAMESPACE, query)
    page = browser.get(f"{AT}runs/summary/", {"q": query})
    runs = browser.get(f"{AT}runs/", {"q": query})
    other = browser.get(f"{AT}runs/summary/", {"q": f"{query} AND WorkflowType = 'Other'"})

    assert (after.at, after.counts) == (before.at, before.counts)
    assert f"2 match, counted at {before.at:%H:%M:%S}" in words_in(page)
    assert third.run_id in runs.text
    assert other.status_code == 503
    assert "0 times within this minute, which is its limit" in words_in(other)


def test_offers_the_box_and_the_task_queues_keep_to_it_too(
    query: str, asked: Asked, carol: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, queue = browser_of(carol), query.split("'")[1]
    begun = timezone.now()
    seen = values.seen(NAMESPACE, "TaskQueue")
    may = partial(can, carol)
    box = places.places(NAMESPACE, queue[:-1], may)
    known = task_queues.of_running(NAMESPACE)
    browser.get(f"{AT}task-queues/", {"name": queue})
    assert queue in seen
    assert known[queue] == 2
    asked.clear()
    spend(monkeypatch)
    monkeypatch.setattr(values, "SEEN_SECONDS", 0)

    assert values.seen(NAMESPACE, "TaskQueue") == seen
    assert places.places(NAMESPACE, queue[:-1], may) == box
    page = browser.get(f"{AT}task-queues/", {"name": queue})

    found = task_queues.counted(NAMESPACE)
    assert (found.found, begun < found.at < begun + timedelta(minutes=1)) == (known, True)
    assert f"running workflows counted at {found.at:%H:%M:%S}" in words_in(page)
    assert [one for one in asked if "RunId" not in one] == []


def test_what_cannot_be_grouped_by_is_known_from_the_newest_runs_and_not_asked_again(
    query: str, asked: Asked, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(namespace: str, query: str) -> Counts:
        asked.append(query)
        raise GatewayError(Trouble.INVALID, "more than 1000 groups")

    monkeypatch.setattr(workflows, "count", too_many)

    seen = [values.seen(NAMESPACE, "TaskQueue") for _ in range(2)]

    assert query.split("'")[1] in seen[0]
    assert seen[0] == seen[1]
    is_ours = namespaces.attributes(NAMESPACE).ours
    grouped = [grouped_by("TaskQueue", ours=True)] if is_ours else []
    assert asked == [*grouped, ""]
