"""now() in a query, wherever one is counted or listed: in front of any server."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.ageing import looking
from console.alerts import watching
from console.alerts.models import Rule
from console.exports.models import Export
from console.gateway import ages, counting, workflows
from console.saved_views.models import SavedView
from console.workflows import finding
from tests.console.conftest import NAMESPACE, indexed
from tests.support import bulk
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program

Browser = Callable[..., Client]
AT = f"/namespaces/{NAMESPACE}/"
#: (a browser of Bob, Bob, a query) -> how many runs it found
Door = Callable[[Client, User, str], int]


def runs_page(browser: Client, _bob: User, query: str) -> int:
    page = browser.get(f"{AT}runs/", {"q": query})
    assert "Waiting" in words_in(page)  # type: ignore[arg-type]
    return finding.summary(NAMESPACE, query).counts.total


def view(browser: Client, bob: User, query: str) -> int:
    asked = {"name": "Recent", "query": query, "belongs": "person"}
    assert browser.post(f"{AT}views/new/", asked).status_code == 303
    kept = SavedView.objects.get()
    assert kept.query == query
    return workflows.count(NAMESPACE, kept.query).total


def rule(_browser: Client, bob: User, query: str) -> int:
    view = SavedView.objects.create(namespace=NAMESPACE, name="Recent", query=query, owner=bob)
    made = Rule.objects.create(
        namespace=NAMESPACE, maker=bob, made_at=timezone.now(), name="many", kind="count",
        view=view, secret="x", threshold=5,
    )  # fmt: skip
    watching.watch(made, timezone.now())
    made.refresh_from_db()
    assert made.says == ""
    return made.counted or 0


def all_that_match(browser: Client, _bob: User, query: str) -> int:
    return bulk.freeze(browser, "cancel", query).targets.count()


def overview(browser: Client, _bob: User, query: str) -> int:
    said = words_in(browser.get(f"{AT}overview/", {"q": query}))  # type: ignore[arg-type]
    return int(said.split("By status: ")[1].split(" run")[0])


def ageing(_browser: Client, _bob: User, query: str) -> int:
    board = looking.board(NAMESPACE, "runs", query, timezone.now())
    assert not board.trouble
    return sum(one.open for one in board.types)


def open_ones(_browser: Client, _bob: User, query: str) -> int:
    return len(ages.opened(NAMESPACE, "runs", query, 10).runs)


def cohort(_browser: Client, _bob: User, query: str) -> int:
    return counting.count(NAMESPACE, query).counts.total


def export(browser: Client, _bob: User, query: str) -> int:
    assert browser.post(f"{AT}exports/new/", {"query": query, "form": "csv"}).status_code == 303
    return Export.objects.get().matched


DOORS: list[Door] = [
    runs_page, view, rule, all_that_match, overview, ageing, open_ones, cohort, export,
]  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_a_relative_time_means_the_same_in_front_of_every_server(
    door: Door, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 1)
    browser = browser_of(bob)

    assert door(browser, bob, f"TaskQueue = '{queue}' AND StartTime > now() - '24h'") == 1


def test_what_lies_before_it_is_not_found(program: Program, names: Names, db: None) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 1)
    (run,) = workflows.find(NAMESPACE, f"TaskQueue = '{queue}'", 1).runs
    assert run.started_at
    ago = int((timezone.now() - run.started_at + timedelta(hours=1)).total_seconds())

    asked = f"TaskQueue = '{queue}' AND StartTime {{}} now() - '{ago}s'"

    assert workflows.count(NAMESPACE, asked.format("<")).total == 0
    assert workflows.count(NAMESPACE, asked.format(">")).total == 1
    with_a_text = f"{asked.format('>')} AND WorkflowId != 'now() - 1h'"
    assert workflows.count(NAMESPACE, with_a_text).total == 1
