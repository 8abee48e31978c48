"""The log of acts: filters, one act with its difference and its event, the export."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.access.models import Role
from console.acts import export
from console.acts.presenters import Difference, differences
from console.audit.models import AuditEntry
from console.audit.record import record
from console.gateway import histories, steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from tests.support.names import Names
from tests.support.pages import htmx, link_in, words_in
from tests.support.people import person
from tests.support.programs import Program

Browser = Callable[..., Client]
KEY = RunKey("default", "subscription/sub_1", "c41d7a06-3b58-4f0e-9a47-61d5b2e80f93")
OTHER = RunKey("perdure-system", "bulk/7", "d41d7a06-3b58-4f0e-9a47-61d5b2e80f93")


@pytest.fixture
def acts(alice: User, bob: User) -> list[AuditEntry]:
    """Oldest first: Bob cancels, Alice is refused, Bob's console stops."""
    with record(
        bob, "run.cancel", KEY, reason="customer asked", before={"status": "Running"}
    ) as act:
        act.after = {"status": "Running", "cancellation": "requested"}
    with (
        pytest.raises(GatewayError),
        record(alice, "run.terminate", OTHER, reason="stuck"),
    ):
        raise GatewayError(Trouble.NOT_FOUND, "The run has ended.")
    with pytest.raises(ZeroDivisionError), record(bob, "run.signal", KEY, reason="=nudge()"):
        raise ZeroDivisionError
    return list(AuditEntry.objects.order_by("at"))


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("asked", "reasons"),
    [
        ({}, {"customer asked", "stuck", "=nudge()"}),
        ({"who": "bob"}, {"customer asked", "=nudge()"}),
        ({"verb": "run.terminate"}, {"stuck"}),
        ({"namespace": "perdure-system"}, {"stuck"}),
        ({"workflow": "sub_1"}, {"customer asked", "=nudge()"}),
        ({"outcome": "done"}, {"customer asked"}),
        ({"outcome": "refused"}, {"stuck"}),
        ({"outcome": "unknown"}, {"=nudge()"}),
        ({"since": "2000-01-01T00:00"}, {"customer asked", "stuck", "=nudge()"}),
        ({"until": "2000-01-01T00:00"}, set()),
        ({"who": "bob", "outcome": "unknown", "since": "2000-01-01"}, {"=nudge()"}),
    ],
)
def test_each_filter_leaves_what_it_says(
    asked: dict[str, str],
    reasons: set[str],
    acts: list[AuditEntry],
    alice: User,
    browser_of: Browser,
) -> None:
    page = words_in(browser_of(alice).get("/activity/", asked))

    assert {
        reason for reason in ("customer asked", "stuck", "=nudge()") if f"“{reason}”" in page
    } == (reasons)


@pytest.mark.one_server
def test_what_is_no_run_is_found_by_its_name(
    acts: list[AuditEntry], alice: User, browser_of: Browser
) -> None:
    with record(alice, "schedule.pause", namespace="default", target="nightly", reason="holidays"):
        pass
    browser = browser_of(alice)

    page = browser.get("/activity/", {"workflow": "ightl"})
    file = browser.get("/activity/acts.csv", {"workflow": "ightl"})

    assert "“holidays”" in words_in(page)
    assert "“stuck”" not in words_in(page)
    text = file.getvalue().decode()
    assert "holidays" in text
    assert "stuck" not in text


@pytest.mark.one_server
def test_a_filter_that_cannot_be_read_says_so_and_filters_nothing(
    acts: list[AuditEntry], alice: User, browser_of: Browser
) -> None:
    page = words_in(browser_of(alice).get("/activity/", {"since": "yesterday"}))

    assert "From: write it like 2026-11-24T15:30 ." in page
    assert "“stuck”" in page


@pytest.mark.one_server
def test_the_pages_keep_the_filter(bob: User, alice: User, browser_of: Browser) -> None:
    for number in range(51):
        with record(bob, "run.cancel", KEY, reason=f"number {number}"):
            pass
    with record(alice, "run.cancel", KEY, reason="of another person"):
        pass
    browser = browser_of(alice)

    first = browser.get("/activity/", {"who": "bob"})
    second = browser.get(link_in(first, "next"))

    assert "1 to 50 of 51" in words_in(first)
    assert "51 to 51 of 51" in words_in(second)
    assert "“number 0”" in words_in(second)


@pytest.mark.one_server
def test_a_filter_swaps_the_entries_alone(
    acts: list[AuditEntry], alice: User, browser_of: Browser
) -> None:
    part = browser_of(alice).get("/activity/", {"who": "bob"}, headers=htmx("entries"))

    assert "<html" not in part.text
    assert "“customer asked”" in words_in(part)


@pytest.mark.one_server
def test_an_act_shows_its_difference_its_reason_and_its_answer(
    acts: list[AuditEntry], alice: User, browser_of: Browser
) -> None:
    cancel, terminate, signal = (
        words_in(browser_of(alice).get(f"/activity/{entry.id}/")) for entry in acts
    )

    assert "“customer asked”" in cancel
    assert "≠ differs cancellation – requested" in cancel
    assert "status Running Running" in cancel
    assert "It was refused: nothing changed." in terminate
    assert "The run has ended." in terminate
    assert "What came of it is not known" in signal


@pytest.mark.one_server
def test_facts_within_facts_are_told_apart_one_by_one() -> None:
    before = {"retry": {"attempts": 3, "first": "1 s"}, "tags": ["a"], "gone": True}
    after = {"retry": {"attempts": 5, "first": "1 s"}, "tags": ["a", "b"], "new": None}

    assert differences(before, after) == (
        Difference("retry.attempts", "3", "5"),
        Difference("tags", "a", "a, b"),
        Difference("gone", "yes", None),
        Difference("new", None, "none"),
        Difference("retry.first", "1 s", "1 s"),
    )
    assert differences(None, {"status": "Open"}) == (Difference("status", None, "Open"),)


@pytest.fixture
def waiting(program: Program, names: Names) -> RunKey:
    return program.start("Waiting", names.workflow(), "nobody-polls-this")


def test_an_act_leads_to_its_event_by_the_id_that_travelled(
    bob: User, browser_of: Browser, waiting: RunKey
) -> None:
    with record(bob, "run.signal", waiting, reason="nudge") as act:
        steering.signal(waiting, "nudge", [], act.identity, act.id)
    with record(bob, "run.signal", waiting, reason="again") as later:
        steering.signal(waiting, "nudge", [], later.identity, later.id)

    first = browser_of(bob).get(f"/activity/{act.id}/")
    second = browser_of(bob).get(f"/activity/{later.id}/")

    assert "events/?event=3" in first.text
    assert "WorkflowExecutionSignaled" in words_in(first)
    assert "events/?event=4" in second.text
    assert "events/?event=3" not in second.text
    # Not the newest of the same person, as two at once would have it.
    kind = "WorkflowExecutionSignaled"
    assert histories.event_id_by(waiting, kind, act.identity, act.id) == 3


@pytest.mark.one_server
def test_an_act_on_a_run_that_is_gone_says_why_nothing_follows(
    acts: list[AuditEntry], alice: User, browser_of: Browser
) -> None:
    page = browser_of(alice).get(f"/activity/{acts[0].id}/")

    assert page.status_code == 200
    assert "What followed in the history" in words_in(page)
    assert "events/?event=" not in page.text


@pytest.mark.one_server
def test_somebody_elses_act_elsewhere_is_not_there(
    acts: list[AuditEntry], browser_of: Browser
) -> None:
    dora = person("Dora", Role.OPERATOR, "elsewhere")

    assert browser_of(dora).get(f"/activity/{acts[0].id}/").status_code == 404


def exported(browser: Client, **asked: str) -> list[dict[str, str]]:
    answer = browser.get("/activity/acts.csv", asked)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.one_server
def test_the_export_holds_what_the_filter_shows(
    acts: list[AuditEntry], alice: User, browser_of: Browser
) -> None:
    (row,) = exported(browser_of(alice), outcome="done")

    assert row["id"] == str(acts[0].id)
    assert (row["who"], row["verb"], row["reason"]) == ("Bob", "run.cancel", "customer asked")
    assert (row["before"], row["after"]) == (
        '{"status": "Running"}',
        '{"cancellation": "requested", "status": "Running"}',
    )


@pytest.mark.one_server
def test_a_spreadsheet_takes_no_cell_for_a_formula(
    acts: list[AuditEntry], alice: User, bob: User, browser_of: Browser
) -> None:
    for reason in ("=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "plain"):
        with record(bob, "run.cancel", OTHER, reason=reason):
            pass

    found = exported(browser_of(alice), namespace=OTHER.namespace, who="bob")

    assert [row["reason"] for row in reversed(found)] == [
        "'=1+1", "'+1", "'-1", "'@sum", "'\t'=1", "'\r'=1", "plain",
    ]  # fmt: skip


@pytest.mark.one_server
def test_the_export_has_an_end_and_says_that_it_was_cut(acts: list[AuditEntry]) -> None:
    whole = list(export.lines(AuditEntry.objects.select_related("outcome"), rows_max=3))
    cut = list(export.lines(AuditEntry.objects.select_related("outcome"), rows_max=2))

    assert len(whole) == 1 + 3
    assert len(cut) == 1 + 2 + 1
    assert "Narrow the filters" in cut[-1]


@pytest.mark.one_server
def test_the_export_asks_the_database_once(
    acts: list[AuditEntry], django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(1):
        rows: Iterator[str] = export.lines(AuditEntry.objects.select_related("outcome"))
        assert len(list(rows)) == 4


def test_the_log_shows_what_was_done_where_one_has_a_role(
    alice: User, carol: User, browser_of: Browser
) -> None:
    browser_of(alice).post(f"/people/{carol.pk}/grants/", {"namespace": "x", "role": "viewer"})
    dora = person("Dora", Role.VIEWER, "elsewhere")

    assert "changed the account" in words_in(browser_of(alice).get("/activity/"))
    assert "changed the account" not in words_in(browser_of(carol).get("/activity/"))
    assert "changed the account" not in words_in(browser_of(dora).get("/activity/"))
