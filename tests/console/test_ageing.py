"""The ageing board: open runs against the pace of their type, and those past their date."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils.timezone import now
from temporalio.api.common.v1 import SearchAttributes
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from console.ageing import looking, presenters, promises
from console.gateway import lists, namespaces, workflows
from console.gateway.channel import GatewayError
from console.gateway.lists import RUNS
from console.gateway.runs import RunKey
from console.gateway.starting import attribute
from tests.console.conftest import NAMESPACE, indexed
from tests.support import alone
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, version_in, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]
URL = f"/namespaces/{NAMESPACE}/ageing/"
DUE = SearchAttributeKey.for_datetime("due_at")
#: the namespaces of the frame, the attributes of this one, and the promises' three
BESIDE = 2 + 3


def total(query: str) -> int:
    return workflows.count(NAMESPACE, query).total


def test_open_runs_stand_against_the_pace_of_their_own_type(
    program: Program, names: Names, carol: User, browser_of: Browser
) -> None:
    queue = names.queue()
    keys = [program.start("Waiting", names.workflow(str(n)), queue) for n in range(4)]
    with running(program, queue):
        for key in keys[:2]:
            program.signal(key, "go")
            program.result(key)
    indexed(f"TaskQueue = '{queue}' AND ExecutionStatus = 'Completed'", 2)

    tomorrow = now() + timedelta(days=1)
    board = looking.board(NAMESPACE, RUNS, f"TaskQueue = '{queue}'", tomorrow)

    (row,) = presenters.rows(board)
    assert (row.aged.type, row.aged.open, total(row.aged.query)) == ("Waiting", 2, 2)
    assert row.aged.pace is not None
    assert 2 <= row.aged.pace.count <= looking.SAMPLE_RUNS
    assert row.aged.pace.p50 <= row.aged.pace.p95 <= row.aged.pace.p99 < timedelta(days=1)
    assert [late.count for late in row.late] == [2, 2]
    assert [total(late.query) for late in row.late] == [2, 2]
    assert [one.key for one in presenters.oldest(board, tomorrow)] == keys[2:]
    page = browser_of(carol).get(URL, {"q": f"TaskQueue = '{queue}'"})
    assert f"{row.aged.pace.count} run" in words_in(page)
    assert "open runs as of" in words_in(page)


def test_open_activities_that_stand_alone_age_against_their_own_type(
    program: Program, names: Names, carol: User, browser_of: Browser
) -> None:
    query = f"TaskQueue = '{(queue := names.queue())}'"
    with running(program, queue):
        for key in [alone.start(names, "9.99", queue=queue) for _ in range(2)]:
            alone.until(key, lambda one: one.summary.status == "Completed")
    waiting = [alone.start(names, "9.99", queue=queue) for _ in range(2)]
    alone.listed(query, 4)

    tomorrow = now() + timedelta(days=1)
    board = looking.board(NAMESPACE, "activities", query, tomorrow)

    (row,) = presenters.rows(board)
    assert (row.aged.type, row.aged.open, total_alone(row.aged.query)) == ("charge_card", 2, 2)
    assert row.aged.pace is not None
    assert 2 <= row.aged.pace.count <= looking.SAMPLE_RUNS
    assert row.aged.pace.p50 <= row.aged.pace.p99 < timedelta(days=1)
    assert [late.count for late in row.late] == [2, 2]
    assert [total_alone(late.query) for late in row.late] == [2, 2]
    assert [one.key for one in presenters.oldest(board, tomorrow)] == waiting
    cache.clear()
    page = browser_of(carol).get(URL, {"q": query, "of": "activities"})
    assert "open standalone activities as of" in words_in(page)
    assert f"{row.aged.pace.count} standalone activities" in words_in(page)
    assert calls_of(page) <= looking.CALLS_MAX + BESIDE


def total_alone(query: str) -> int:
    return lists.count(NAMESPACE, "activities", query).counts.total


def test_a_run_is_late_once_it_is_older_than_its_type_takes(
    program: Program, names: Names, db: None
) -> None:
    queue = names.queue()
    open_one = program.start("Charging", names.workflow("open"), queue, "1.00", 600.0)
    with running(program, queue):
        program.result(program.start("Charging", names.workflow("done"), queue, "1.00"))
    indexed(f"TaskQueue = '{queue}' AND ExecutionStatus = 'Completed'", 1)
    board = looking.board(NAMESPACE, RUNS, f"TaskQueue = '{queue}'", now())
    pace = board.types[0].pace
    started = workflows.describe(open_one).summary.started_at
    assert pace
    assert started

    punctual = looking.with_late(NAMESPACE, board, started + pace.p95 - timedelta(milliseconds=1))
    late = looking.with_late(NAMESPACE, board, started + pace.p99 + timedelta(milliseconds=10))

    assert [one.count for one in punctual.types[0].late] == [0, 0]
    assert punctual.oldest == ()
    assert [one.count for one in late.types[0].late] == [1, 1]
    assert [run.key for run in late.oldest] == [open_one]


def test_the_page_asks_for_a_bounded_number_of_types_and_not_again_while_it_is_fresh(
    program: Program, names: Names, carol: User, browser_of: Browser
) -> None:
    queue = names.queue()
    for number in range(looking.TYPES_MAX + 2):
        program.start(f"Nobodys{number}", names.workflow(str(number)), queue)
    indexed(f"TaskQueue = '{queue}'", looking.TYPES_MAX + 2)
    browser, asked = browser_of(carol), {"q": f"TaskQueue = '{queue}'"}

    first = browser.get(URL, asked, headers=htmx("board"))
    again = browser.get(URL, asked | {"version": version_in(first)}, headers=htmx("board"))

    assert "And 2 types more with 2 open runs" in words_in(first)
    assert words_in(first).count("none ended by itself yet") == looking.TYPES_MAX
    assert looking.TYPES_MAX < calls_of(first) <= looking.CALLS_MAX + BESIDE
    assert (again.status_code, calls_of(again)) == (204, 0)
    assert looking.CALLS_MAX == 12


def start_due(program: Program, queue: str, at: datetime) -> RunKey:
    attributes = TypedSearchAttributes([SearchAttributePair(DUE, at)])
    workflow_id = f"{queue}/{at:%d-%H-%M}"
    return program.start("Waiting", workflow_id, queue, search_attributes=attributes)


def test_what_is_past_its_date_is_listed_with_the_longest_overdue_first(
    program: Program, names: Names, carol: User, browser_of: Browser
) -> None:
    if "due_at" not in namespaces.attributes(NAMESPACE).custom:
        namespaces.add_attribute(NAMESPACE, "due_at", "Datetime")
        eventually(can_ask_for_dates, within=30)
    queue, at = names.queue(), now()
    later, late, _, _ = (
        start_due(program, queue, at + timedelta(hours=hours)) for hours in (-2, -1, 2, 72)
    )
    indexed(f"TaskQueue = '{queue}' AND due_at IS NOT NULL", 4)
    due = {"due_at": attribute("Datetime", at - timedelta(hours=3))}
    more = {"search_attributes": SearchAttributes(indexed_fields=due)}
    overdue = alone.start(names, queue=queue, **more)
    alone.listed(f"TaskQueue = '{queue}'", 1)
    cache.clear()

    found = promises.promises(NAMESPACE, RUNS, f"TaskQueue = '{queue}'", now())
    page = browser_of(carol).get(URL, {"q": f"TaskQueue = '{queue}'"})
    standing = promises.promises(NAMESPACE, "activities", f"TaskQueue = '{queue}'", now())

    assert [run.key for run in found.runs] == [later, late]
    assert ([one.key for one in standing.runs], standing.overdue) == ([overdue], 1)
    assert (found.overdue, total(found.overdue_query)) == (2, 2)
    assert (found.soon, total(found.soon_query)) == (1, 1)
    assert "2 open runs past due_at ; 1 more due within 24 hours" in words_in(page)


def can_ask_for_dates() -> bool:
    """The official server takes a moment to know its own attribute."""
    cache.clear()
    try:
        return total("due_at IS NULL") >= 0
    except GatewayError:
        return False


def test_a_namespace_without_the_attribute_says_how_to_register_it(
    alice: User, browser_of: Browser
) -> None:
    others = [one.name for one in namespaces.everyone() if one.name != NAMESPACE]
    page = browser_of(alice).get(f"/namespaces/{others[0]}/ageing/")

    assert page.status_code == 200
    assert "search-attribute create" in words_in(page)
    assert f"--namespace {others[0]} --name due_at --type Datetime" in words_in(page)


@pytest.mark.parametrize(
    ("query", "says"),
    [("WorkflowType = ", "Position 15"), ("NoSuchThing = 'x'", "The engine refused it")],
)
def test_a_query_that_cannot_be_asked_is_said(
    query: str, says: str, carol: User, browser_of: Browser
) -> None:
    page = browser_of(carol).get(URL, {"q": query})

    assert page.status_code == 200
    assert words_in(page).count(says) == 1
