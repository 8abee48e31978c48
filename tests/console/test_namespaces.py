"""Namespaces, their search attributes, saved views, the cluster page."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.gateway import namespaces
from console.saved_views.models import SavedView
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in

Browser = Callable[..., Client]
VIEWS = f"/namespaces/{NAMESPACE}/views/"


def test_the_namespaces_one_may_see(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get("/namespaces/")

    assert NAMESPACE in words_in(page)
    assert "New namespace" not in words_in(page)


def test_a_namespace_is_made_and_written_down(
    alice: User, browser_of: Browser, names: Names
) -> None:
    name = names.namespace().replace("/", "-")
    asked = {"name": name, "description": "for a test", "retention_days": "3"}

    answer = browser_of(alice).post("/namespaces/new/", asked)

    assert answer.status_code == 303
    assert eventually(lambda: namespaces.describe(name).retention) is not None
    assert AuditEntry.objects.get().verb == "namespace.create"


def test_a_name_that_is_taken_or_odd_is_refused_at_the_field(
    alice: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(alice)

    odd = browser.post("/namespaces/new/", {"name": "a b", "retention_days": "1"})
    taken = browser.post("/namespaces/new/", {"name": NAMESPACE, "retention_days": "1"})

    assert (odd.status_code, taken.status_code) == (422, 422)
    assert "Letters, digits" in words_in(odd)
    assert "It is there already" in words_in(taken)


def test_a_search_attribute_is_added(alice: User, browser_of: Browser, names: Names) -> None:
    name = "Customer" + names.queue()[-6:].replace("-", "x")
    url = f"/namespaces/{NAMESPACE}/attributes/new/"

    answer = browser_of(alice).post(url, {"name": name, "kind": "Keyword"})
    page = eventually(
        lambda: words_in(browser_of(alice).get(f"/namespaces/{NAMESPACE}/")),
        lambda text: name in text,
    )

    assert answer.status_code == 303
    assert f"{name} Keyword" in page


def test_a_view_is_saved_shown_and_deleted(
    bob: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(bob)
    query = "WorkflowType = 'Subscription'"

    saved = browser.post(f"{VIEWS}new/", {"name": "Subscriptions", "query": query})
    tabs = browser.get(f"{VIEWS}tabs/", {"q": query}, headers=htmx())
    view = SavedView.objects.get()
    browser.post(f"{VIEWS}{view.pk}/delete/")

    assert saved.status_code == 303
    assert "Subscriptions" in words_in(tabs)
    assert not SavedView.objects.exists()
    assert AuditEntry.objects.count() == 2


def test_a_view_of_a_bad_query_or_a_taken_name_is_refused(
    bob: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(bob)
    browser.post(f"{VIEWS}new/", {"name": "Mine", "query": "RunId = 'x'"})

    bad = browser.post(f"{VIEWS}new/", {"name": "Other", "query": "RunId = "})
    taken = browser.post(f"{VIEWS}new/", {"name": "mine", "query": "RunId = 'y'"})

    assert (bad.status_code, taken.status_code) == (422, 422)
    assert SavedView.objects.count() == 1


def test_a_viewer_sees_views_and_saves_none(carol: User, browser_of: Browser) -> None:
    browser = browser_of(carol)

    assert "Running" in words_in(browser.get(f"{VIEWS}tabs/", headers=htmx()))
    assert browser.post(f"{VIEWS}new/", {"name": "x", "query": ""}).status_code == 403


def test_the_cluster_says_what_the_server_is(carol: User, browser_of: Browser, engine: str) -> None:
    page = browser_of(carol).get("/cluster/")

    assert page.status_code == 200
    assert "upsert_memo" in words_in(page)
