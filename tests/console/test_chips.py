"""A chip is a part of the query: opened, changed, added; the two never disagree."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.gateway import namespaces
from tests.console.conftest import NAMESPACE
from tests.console.test_payloads import allow
from tests.support.pages import htmx, words_in

RUNS = f"/namespaces/{NAMESPACE}/runs/"
URL = f"{RUNS}filter/"
Browser = Callable[..., Client]
QUERY = "WorkflowType = 'Char\\'ging' AND ExecutionStatus IN ('Failed', 'TimedOut')"
SORTED = f"{QUERY} ORDER BY StartTime DESC"


def form_of(page: Any) -> dict[str, Any]:
    form = page.context["chip"].form
    return {name: form[name].value() for name in form.fields}


def taken(browser: Client, text: str, **said: Any) -> str:
    """The query in the address that the form leads to."""
    answer = browser.get(URL, {"q": text, "take": "yes", "cols": "RunId"} | said)
    assert answer.status_code == 303, words_in(answer)
    address = parse_qs(urlsplit(answer["Location"]).query)
    assert address["cols"] == ["RunId"]
    return address["q"][0]


def test_a_chip_opens_as_what_it_says(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)

    page = browser.get(RUNS, {"q": SORTED})
    opened = [browser.get(URL, {"q": SORTED, "at": at}) for at in (0, 1, 2)]

    assert page.text.count('class="chip-text" href="/') == 3
    three, many, order = map(form_of, opened)
    assert three == {"attribute": "WorkflowType", "operator": "=", "value": "Char'ging"}
    assert (many["operator"], many["values"]) == ("IN", ["Failed", "TimedOut"])
    offered = boxes(opened[1])
    assert [value for value, chosen in offered.items() if chosen] == ["Failed", "TimedOut"]
    assert offered["Running"] is False, "other known values are there to be added"
    assert order == {"attribute": "StartTime", "direction": "DESC"}


def boxes(page: Any) -> dict[str, bool]:
    """The values of a list, and which are in it."""
    of_form = page.context["chip"].form["values"]
    return {box.data["label"]: box.data["selected"] for box in of_form}


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("StartTime > now() - '36h'", {"operator": "LAST", "count": "36", "unit": "h"}),
        ("CloseTime <= now() - '7d'", {"operator": "AGO", "count": "7", "unit": "d"}),
        (
            "StartTime BETWEEN '2026-08-01' AND now() - '1h'",
            {"operator": "BETWEEN", "low": "2026-08-01", "high": "now() - '1h'"},
        ),
        ("RunId > 'a' AND RunId <= 'b'", {"operator": "BETWEEN", "low": "a", "high": "b"}),
        ("(RunId >= 'a' AND RunId <= 'b')", {"operator": "BETWEEN", "low": "a", "high": "b"}),
        ("RunId = 'a' OR RunId = 'b'", {"condition": "RunId = 'a' OR RunId = 'b'"}),
    ],
)
def test_a_length_of_time_and_a_range_have_fields_of_their_own(
    carol: User, browser_of: Browser, server_address: str, condition: str, fields: dict[str, str]
) -> None:
    opened = browser_of(carol).get(URL, {"q": condition, "at": "0"})

    assert form_of(opened).items() >= fields.items()


def test_lists_ranges_and_lengths_are_written_back_into_their_part_of_the_query(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    rest = "RunId = 'x' AND {}"
    before = rest.format("ExecutionStatus IN ('Failed', 'TimedOut')")
    status = {"attribute": "ExecutionStatus", "operator": "NOT IN", "at": "1"}
    many = status | {"values": ["Failed", "Running"], "another": " Terminated "}
    since = {"attribute": "StartTime", "operator": "LAST", "count": "90", "unit": "m", "at": "1"}
    ends = {"attribute": "StartTime", "operator": "BETWEEN", "at": "1"}

    added = browser.get(URL, {"q": before, "of": "ExecutionStatus"} | many, headers=htmx("asked"))
    other = browser.get(
        URL,
        {"q": before, "of": "ExecutionStatus"} | many | {"operator": "="},
        headers=htmx("asked"),
    )

    assert [value for value, chosen in boxes(added).items() if chosen] == [
        "Failed",
        "Running",
        "Terminated",
    ]
    assert form_of(other)["value"] == "Failed", "what was chosen goes along to another operator"
    assert taken(browser, before, **many) == rest.format(
        "ExecutionStatus NOT IN ('Failed', 'Running', 'Terminated')"
    )
    assert taken(browser, before, **since) == rest.format("StartTime > now() - '90m'")
    both = {"low": "2026-08-01", "high": "now()"}
    assert taken(browser, before, **ends, **both) == rest.format(
        "StartTime BETWEEN '2026-08-01' AND now()"
    )
    assert taken(browser, before, **ends, low="2026-08-01", high="") == rest.format(
        "StartTime >= '2026-08-01'"
    )


def test_two_comparisons_are_one_range_that_stays_as_it_was_written(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    before = "StartTime > \"2026-08-01\" AND RunId = 'x' AND StartTime < now()"
    ends = {"attribute": "StartTime", "operator": "BETWEEN", "at": "0"}

    page = browser.get(RUNS, {"q": before})
    opened = words_in(browser.get(URL, {"q": before, "at": "0"}))

    assert page.text.count('class="chip-text" href="/') == 2
    assert "This value itself does not belong to it" in opened
    assert "The end itself does not belong to it" in opened
    assert taken(browser, before, **ends, low="2026-08-01", high="now()") == before
    assert taken(browser, before, **ends, low="2026-08-01", high="now() - '1h'") == (
        "StartTime > \"2026-08-01\" AND StartTime < now() - '1h' AND RunId = 'x'"
    )


def test_what_else_a_list_is_sorted_by_stays_where_the_first_is_changed(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server does not sort")
    browser, before = browser_of(carol), "RunId = 'x' ORDER BY StartTime DESC, RunId"
    other = {"attribute": "CloseTime", "direction": "ASC", "at": "1"}

    opened = browser.get(URL, {"q": before, "at": "1"})

    assert form_of(opened) == {"attribute": "StartTime", "direction": "DESC"}
    assert taken(browser, before, **other) == "RunId = 'x' ORDER BY CloseTime ASC, RunId"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"attribute": "ExecutionStatus", "operator": "IN"}, "another"),
        ({"attribute": "StartTime", "operator": "BETWEEN", "low": "", "high": ""}, "low"),
        ({"attribute": "StartTime", "operator": "LAST", "count": "many", "unit": "h"}, "count"),
        ({"attribute": "StartTime", "operator": "LAST", "count": "2", "unit": "h' OR"}, "unit"),
    ],
)
def test_a_form_that_says_nothing_is_not_taken(
    carol: User, browser_of: Browser, server_address: str, said: dict[str, str], field: str
) -> None:
    answer = browser_of(carol).get(URL, {"q": "", "take": "yes"} | said)

    assert list(answer.context["chip"].form.errors) == [field]


def test_a_changed_chip_changes_its_part_of_the_query_and_no_other(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    three = {"attribute": "StartTime", "operator": ">", "value": "now() - '24h'"}
    either = "ExecutionStatus = 'Failed' OR CloseTime IS NULL"
    first, second, _ = SORTED.replace(" ORDER BY", " AND ").split(" AND ")

    assert taken(browser, QUERY, at="0", **three) == f"StartTime > now() - '24h' AND {second}"
    loose = f"{first} AND ({either})"
    assert taken(browser, loose, at="1", condition=f"{either} OR RunId = 'x'") == (
        f"{first} AND ({either} OR RunId = 'x')"
    )
    if namespaces.attributes(NAMESPACE).ours:
        by = {"attribute": "CloseTime", "direction": "ASC"}
        assert taken(browser, SORTED, at="2", **by) == f"{QUERY} ORDER BY CloseTime ASC"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "{}"),
        ("RunId = 'x'", "RunId = 'x' AND {}"),
        ("RunId = 'x' OR RunId = 'y'", "(RunId = 'x' OR RunId = 'y') AND {}"),
    ],
)
def test_a_new_chip_stands_beside_the_others(
    carol: User, browser_of: Browser, server_address: str, before: str, after: str
) -> None:
    browser = browser_of(carol)
    asked = browser.get(URL, {"q": before, "attribute": "ExecutionStatus"}, headers=htmx("asked"))

    said = {"attribute": "ExecutionStatus", "operator": "!=", "value": "Failed"}

    assert '<option value="TimedOut">' in asked.text, "the values of what was chosen are known"
    assert '<option value="STARTS_WITH">' in asked.text
    assert taken(browser, before, **said) == after.format("ExecutionStatus != 'Failed'")


def test_what_cannot_be_asked_is_said_in_the_form(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    either = "RunId = 'a' OR RunId = 'b'"
    wrong = browser.get(URL, {"q": either, "take": "yes", "at": "0", "condition": "RunId = 'a"})
    said = {"attribute": "HistoryLength", "operator": ">", "value": "many"}

    assert wrong.status_code == 200
    assert wrong.context["chip"].form.errors["condition"]
    if namespaces.attributes(NAMESPACE).ours:
        page = browser.get(URL, {"q": "", "take": "yes"} | said, headers=htmx("dialog"))
        assert "HistoryLength is compared with a whole number" in words_in(page)
        assert 'aria-invalid="true"' in page.text


@pytest.mark.one_server
def test_who_does_not_see_an_attribute_gets_no_form_of_it(
    carol: User, browser_of: Browser, server_address: str, settings: Any
) -> None:
    browser = browser_of(carol)
    allow(settings, masked={"failure.message": "admin"})

    page = browser.get(URL, {"q": "LastFailureMessage = 'a'", "at": "0"})

    assert form_of(page) == {"condition": "LastFailureMessage = 'a'"}
    assert 'value="LastFailureMessage"' not in browser.get(URL).text
    memo = {"attribute": "MemoText", "operator": "CONTAINS", "value": "a"}
    assert taken(browser, "RunId = 'x'", **memo) == (
        "RunId = 'x' AND MemoText CONTAINS 'a'"
        " AND MemoFields IS NOT NULL AND NOT MemoFields IN ('*', 'message')"
    )
