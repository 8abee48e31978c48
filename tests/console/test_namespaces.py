"""Namespaces, their search attributes, the cluster page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.gateway import namespaces
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program

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


def test_an_admin_says_how_runs_are_shown(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("order"), names.queue())
    at = f"/namespaces/{NAMESPACE}/showing/"
    wanted = {
        "links": "Logs https://logs.example/?q={workflow_id}",
        "quiet": "keep_alive",
        "reason": "asked by support",
    }

    bad = browser_of(alice).post(at, wanted | {"links": "Logs javascript:alert({run_id})"})
    refused = browser_of(bob).post(at, wanted)
    answer = browser_of(alice).post(at, wanted)

    assert (bad.status_code, refused.status_code, answer.status_code) == (422, 403, 303)
    assert "begins with https:// or http://" in words_in(bad)
    where = reverse("workflows:run", args=[NAMESPACE, key.workflow_id, key.run_id])
    page = browser_of(bob).get(where)
    escaped = quote(key.workflow_id, safe="")
    assert f'href="https://logs.example/?q={escaped}" target="_blank"' in page.text
    assert 'rel="noopener noreferrer"' in page.text
    act = AuditEntry.objects.get()
    assert (act.verb, act.before) == ("namespace.change", {"links": [], "quiet": []})
    assert act.outcome.after == {"links": [wanted["links"]], "quiet": ["keep_alive"]}
    assert "Quiet activities keep_alive" in words_in(
        browser_of(bob).get(f"/namespaces/{NAMESPACE}/")
    )


def changed(browser: Client, name: str, **wanted: str) -> Any:
    """Looks at what would change, and applies it; both answers."""
    where = f"/namespaces/{name}/change/"
    asked = {"description": "of old", "retention": "3d", "reason": "a new law"} | wanted
    checked = browser.post(where, asked | {"step": "check"}, headers=htmx("dialog"))
    seal = checked.text.split('name="checked" value="')[1].split('"')[0]
    return checked, browser.post(where, asked | {"step": "apply", "checked": seal})


def test_a_namespace_keeps_its_runs_for_another_time_once_its_meaning_was_shown(
    alice: User, bob: User, browser_of: Browser, names: Names
) -> None:
    name, browser = names.namespace().replace("/", "-"), browser_of(alice)
    namespaces.register(name, "of old", "", timedelta(days=3))
    eventually(lambda: namespaces.describe(name).retention)
    where = f"/namespaces/{name}/change/"

    shown, done = changed(browser, name, retention="2d", description="of new")
    about = eventually(lambda: namespaces.describe(name), lambda one: one.description == "of new")
    longer, _ = changed(browser, name, retention="9d", description="of new")
    emptied = browser.post(where, {"description": "", "retention": "9d", "reason": "x"})
    denied = browser_of(bob).post(where, {"reason": "x"})

    assert "Keeps closed runs 3 d 0 h 2 d 0 h Description of old of new" in words_in(shown)
    assert "None is older now" in words_in(shown)
    assert "older" not in words_in(longer)
    assert done.status_code == 303
    assert about.retention == timedelta(days=2)
    assert "A server takes no empty description" in words_in(emptied)
    assert denied.status_code == 403
    act = AuditEntry.objects.order_by("at")[0]
    assert (act.verb, act.reason, act.target) == ("namespace.change", "a new law", name)
    assert act.before == {"Keeps closed runs": "3 d 0 h", "Description": "of old"}
    assert act.outcome.after == {"Keeps closed runs": "2 d 0 h", "Description": "of new"}


def test_a_retention_that_the_server_refuses_is_refused_at_its_field(
    alice: User, browser_of: Browser, names: Names
) -> None:
    name = names.namespace().replace("/", "-")
    namespaces.register(name, "of old", "", timedelta(days=3))
    eventually(lambda: namespaces.describe(name).retention)

    _, refused = changed(browser_of(alice), name, retention="5m")

    assert refused.status_code == 422
    assert "The engine refused it" in refused.text.split('id="id_retention_error"')[1]
    assert AuditEntry.objects.get().outcome.result == "refused"
    assert namespaces.describe(name).retention == timedelta(days=3)


def test_a_search_attribute_is_removed_and_the_system_s_are_not(
    alice: User, bob: User, browser_of: Browser, names: Names
) -> None:
    name, browser = "Gone" + names.queue()[-6:].replace("-", "x"), browser_of(alice)
    namespaces.add_attribute(NAMESPACE, name, "Keyword")
    here = f"/namespaces/{NAMESPACE}/"
    where = f"{here}attributes/{name}/remove/"
    eventually(lambda: words_in(browser.get(here)), lambda text: name in text)

    asked = browser.get(where, headers=htmx("dialog"))
    without = browser.post(where, {"reason": " "})
    denied = browser_of(bob).post(where, {"reason": "x"})
    done = browser.post(where, {"reason": "nobody sets it"})
    eventually(lambda: words_in(browser.get(here)), lambda text: name not in text, within=30)
    fixed = browser.get(f"{here}attributes/WorkflowId/remove/")

    assert "alert rules that name it are refused" in words_in(asked)
    assert "0 runs have a value of it" in words_in(asked)
    assert (without.status_code, denied.status_code, done.status_code) == (422, 403, 303)
    assert fixed.status_code == 404
    act = AuditEntry.objects.get()
    assert (act.verb, act.reason, act.before) == (
        "namespace.change", "nobody sets it", {name: "Keyword"},
    )  # fmt: skip
    assert act.outcome.after == {name: "removed"}


def test_the_cluster_says_what_the_server_is(carol: User, browser_of: Browser, engine: str) -> None:
    page = browser_of(carol).get("/cluster/")

    assert page.status_code == 200
    assert "upsert_memo" in words_in(page)
