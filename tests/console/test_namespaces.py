"""Namespaces, their search attributes, the cluster page."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.gateway import namespaces
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in

Browser = Callable[..., Client]


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
    act = AuditEntry.objects.get()
    assert (act.verb, act.outcome.after) == ("namespace.change", {name: "Keyword"})


def test_the_cluster_says_what_the_server_is(carol: User, browser_of: Browser, engine: str) -> None:
    page = browser_of(carol).get("/cluster/")

    assert page.status_code == 200
    assert "upsert_memo" in words_in(page)
