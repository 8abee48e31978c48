"""Saved views: whose they are, who sees and changes them, and what a person's page opens with."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from console.audit.models import AuditEntry
from console.saved_views.models import DefaultView, SavedView
from tests.console.conftest import NAMESPACE
from tests.support.pages import htmx, words_in

Browser = Callable[..., Client]
URL = f"/namespaces/{NAMESPACE}/views/"
RUNS = f"/namespaces/{NAMESPACE}/runs/"
QUERY = "WorkflowType = 'Subscription'"


@pytest.fixture
def payments(bob: User, dora: User) -> Group:
    """A team of two operators."""
    team = Group.objects.create(name="payments")
    for one in (bob, dora):
        one.groups.add(team)
    return team


def save(browser: Client, name: str, belongs: str = "person", **more: str) -> SavedView:
    answer = browser.post(f"{URL}new/", {"name": name, "query": QUERY, "belongs": belongs, **more})
    assert answer.status_code == 303, words_in(answer)
    return SavedView.objects.get(name=name)


def test_a_view_is_saved_shown_and_deleted(bob: User, browser_of: Browser) -> None:
    browser = browser_of(bob)

    view = save(browser, "Subscriptions")
    tabs = browser.get(f"{URL}tabs/", {"q": QUERY}, headers=htmx())
    browser.post(f"{URL}{view.pk}/delete/")

    assert "Subscriptions" in words_in(tabs)
    assert not SavedView.objects.exists()
    assert AuditEntry.objects.count() == 2


def test_a_view_of_a_bad_query_or_a_taken_name_is_refused(bob: User, browser_of: Browser) -> None:
    browser = browser_of(bob)
    save(browser, "Mine")
    asked = {"name": "Other", "query": "RunId = ", "belongs": "person"}

    bad = browser.post(f"{URL}new/", asked)
    taken = browser.post(f"{URL}new/", asked | {"name": "mine", "query": "RunId = 'y'"})

    assert (bad.status_code, taken.status_code) == (422, 422)
    assert "There is a view of this name already." in words_in(taken)
    assert SavedView.objects.count() == 1


def test_a_viewer_keeps_views_and_shares_none(carol: User, browser_of: Browser) -> None:
    browser = browser_of(carol)
    save(browser, "Own")

    shared = browser.post(f"{URL}new/", {"name": "For all", "query": "", "belongs": "namespace"})

    assert shared.status_code == 422
    assert [view.name for view in SavedView.objects.all()] == ["Own"]


def test_what_was_done_to_ones_own_view_is_for_admins_to_read(
    bob: User, dora: User, alice: User, browser_of: Browser
) -> None:
    save(browser_of(bob), "Bobs own")
    save(browser_of(bob), "For all", "namespace", query="RunId = 'x'")

    logs = [words_in(browser_of(who).get("/activity/")) for who in (alice, bob, dora)]

    assert ["Bobs own" in log for log in logs] == [True, True, False]
    assert all("For all" in log for log in logs)


def test_ones_own_view_is_nobody_elses_business(
    bob: User, alice: User, browser_of: Browser
) -> None:
    view = save(browser_of(bob), "Own")
    others = browser_of(alice)

    assert "Own" not in words_in(others.get(f"{URL}tabs/", headers=htmx()))
    assert others.get(f"{URL}{view.pk}/edit/").status_code == 404
    assert others.post(f"{URL}{view.pk}/delete/").status_code == 404


def test_a_teams_view_is_seen_by_the_team_alone(
    bob: User, dora: User, carol: User, payments: Group, browser_of: Browser
) -> None:
    save(browser_of(bob), "Cards", f"team:{payments.pk}")

    assert "Cards" in words_in(browser_of(dora).get(URL))
    assert "team payments" in words_in(browser_of(dora).get(URL))
    assert "Cards" not in words_in(browser_of(carol).get(URL))


def test_a_view_is_shared_with_ones_own_teams_only(
    carol: User, dora: User, browser_of: Browser
) -> None:
    other = Group.objects.create(name="logistics")

    answer = browser_of(dora).post(
        f"{URL}new/", {"name": "x", "query": "", "belongs": f"team:{other.pk}"}
    )

    assert answer.status_code == 422


def test_only_the_owner_or_an_admin_changes_a_teams_view(
    alice: User, bob: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    team = f"team:{payments.pk}"
    view = save(browser_of(bob), "Cards", team)
    change = {"name": "Cards now", "query": QUERY, "belongs": team}

    by_dora = browser_of(dora).post(f"{URL}{view.pk}/edit/", change)
    deleted = browser_of(dora).post(f"{URL}{view.pk}/delete/")
    by_alice = browser_of(alice).post(f"{URL}{view.pk}/edit/", change)

    assert (by_dora.status_code, deleted.status_code, by_alice.status_code) == (403, 403, 303)
    view.refresh_from_db()
    assert (view.name, view.owner, view.team) == ("Cards now", bob, payments)
    entry = AuditEntry.objects.get(person=alice)
    assert entry.before["name"] == "Cards"
    assert entry.outcome.after["name"] == "Cards now"


def test_a_refused_change_is_not_written_and_changes_nothing(
    bob: User, browser_of: Browser
) -> None:
    browser = browser_of(bob)
    view = save(browser, "Mine")

    answer = browser.post(
        f"{URL}{view.pk}/edit/", {"name": "Mine", "query": "Nothing = ", "belongs": "person"}
    )

    assert answer.status_code == 422
    view.refresh_from_db()
    assert view.query == QUERY


def test_whoever_sees_a_view_may_take_a_copy(
    bob: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    view = save(browser_of(bob), "Cards", f"team:{payments.pk}", columns="RunId,memo:order")
    browser = browser_of(dora)

    browser.post(f"{URL}{view.pk}/duplicate/")
    browser.post(f"{URL}{view.pk}/duplicate/")

    copies = SavedView.objects.filter(owner=dora)
    assert [copy.name for copy in copies] == ["Cards, copy", "Cards, copy 2"]
    assert {(copy.audience, copy.query, copy.columns) for copy in copies} == {
        ("person", QUERY, "RunId,memo:order")
    }


def test_the_runs_page_opens_with_the_default_until_it_is_asked_something(
    bob: User, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(bob)
    view = save(browser, "Start", "namespace", columns="RunId,WorkflowId")
    browser.post(f"{URL}{view.pk}/default/", {"chosen": "yes"})

    opened = browser.get(RUNS)
    asked = parse_qs(urlsplit(opened["Location"]).query)

    assert opened.status_code == 302
    assert asked == {"q": [QUERY], "cols": ["RunId,WorkflowId"]}
    assert browser.get(opened["Location"]).status_code == 200
    assert browser.get(RUNS, {"q": ""}).status_code == 200
    assert browser_of(carol).get(RUNS).status_code == 200


def test_one_default_a_person_and_namespace_and_it_can_be_given_up(
    bob: User, browser_of: Browser
) -> None:
    browser = browser_of(bob)
    first, second = save(browser, "First"), save(browser, "Second")

    for view in (first, second):
        browser.post(f"{URL}{view.pk}/default/", {"chosen": "yes"})
    assert DefaultView.objects.get().view == second
    browser.post(f"{URL}{second.pk}/default/", {"chosen": "no"})

    assert browser.get(RUNS).status_code == 200
    assert not DefaultView.objects.exists()
    acts = AuditEntry.objects.filter(before__has_key="default")
    assert {act.before["default"]: act.outcome.after for act in acts} == {
        "First": {"default": "Second"},
        "Second": {},
    }


def test_a_view_that_goes_is_nobodys_default(bob: User, browser_of: Browser) -> None:
    browser = browser_of(bob)
    view = save(browser, "Gone")
    browser.post(f"{URL}{view.pk}/default/", {"chosen": "yes"})

    browser.post(f"{URL}{view.pk}/delete/")

    assert browser.get(RUNS).status_code == 200


def test_the_default_that_one_does_not_see_any_more_opens_nothing(
    bob: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    view = save(browser_of(bob), "Cards", f"team:{payments.pk}")
    browser = browser_of(dora)
    browser.post(f"{URL}{view.pk}/default/", {"chosen": "yes"})
    assert browser.get(RUNS).status_code == 302

    dora.groups.remove(payments)

    assert browser.get(RUNS).status_code == 200


def test_a_tab_is_open_when_both_its_query_and_its_columns_are(
    bob: User, browser_of: Browser
) -> None:
    browser = browser_of(bob)
    save(browser, "Wide", columns="RunId")

    both = browser.get(f"{URL}tabs/", {"q": QUERY, "cols": "RunId"}, headers=htmx())
    other = browser.get(f"{URL}tabs/", {"q": QUERY, "cols": "TaskQueue"}, headers=htmx())

    assert "Save as view" not in words_in(both)
    assert "Save as view" in words_in(other)
