"""Nexus endpoints: made, looked at, changed by two at once, deleted; and the way to them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.access.models import Role
from console.audit.models import AuditEntry
from console.gateway import endpoints as gateway
from console.gateway.endpoints import Endpoint, Target, Wanted
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, words_in
from tests.support.people import person

URL = "/nexus-endpoints/"
Browser = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("db")


def page_of(name: str, act: str = "endpoint") -> str:
    return reverse(f"endpoints:{act}", args=[name])


@pytest.fixture
def name(names: Names) -> str:
    return names.workflow("bank").replace("/", "-")


@pytest.fixture
def made(name: str, names: Names, server_address: str) -> Endpoint:
    target = Target(NAMESPACE, names.queue())
    gateway.create(Wanted(name, target, "Payouts of the bank"))
    found = eventually(lambda: gateway.named(name))
    assert found
    return found


def given(one: Endpoint, **changes: str) -> Mapping[str, Any]:
    return {
        "name": one.name, "target_namespace": NAMESPACE, "task_queue": one.target.task_queue,
        "url": "", "description": one.description, "version": f"{one.version}",
        "reason": "the bank has moved", **changes,
    }  # fmt: skip


def test_an_endpoint_is_made_listed_and_opened(
    alice: User, carol: User, browser_of: Browser, name: str, names: Names, server_address: str
) -> None:
    browser, queue = browser_of(alice), names.queue()
    asked = {
        "name": name, "target_namespace": NAMESPACE, "task_queue": queue,
        "description": "Payouts of the bank", "reason": "the desk asks for it",
    }  # fmt: skip

    no_queue = browser.post(f"{URL}new", asked | {"task_queue": ""}, headers=htmx("dialog"))
    both = browser.post(f"{URL}new", asked | {"url": "https://bank.example/"})
    done = browser.post(f"{URL}new", asked, headers=htmx("dialog"))
    eventually(lambda: gateway.named(name))
    twice = browser.post(f"{URL}new", asked, headers=htmx("dialog"))
    listed, one = browser_of(carol).get(URL), browser_of(carol).get(page_of(name))

    assert "Say the task queue that its handlers poll." in words_in(no_queue)
    assert "to a task queue, or outside, and not to both." in words_in(both)
    assert done["HX-Redirect"] == page_of(name)
    assert twice.status_code == 422
    assert "Another endpoint has this name." in words_in(twice)
    assert f"{name} {queue} {NAMESPACE} Payouts of the bank" in words_in(listed)
    assert f"Leads to {queue} in {NAMESPACE}" in words_in(one)
    assert "No worker asks for its operations." in words_in(one)
    assert (calls_of(listed), calls_of(one)) == (1, 2)
    assert "New endpoint…" not in words_in(listed)
    entry = AuditEntry.objects.earliest("at")
    assert (entry.verb, entry.target, entry.reason) == (
        "endpoint.change", name, "the desk asks for it",
    )  # fmt: skip
    assert entry.outcome.after["leads to"] == f"{queue} in {NAMESPACE}"


def test_who_changes_what_another_has_changed_is_told_beside_the_field(
    alice: User, browser_of: Browser, made: Endpoint
) -> None:
    browser, at = browser_of(alice), page_of(made.name, "change")
    shown = browser.get(at)
    gateway.change(made, Wanted(made.name, Target(NAMESPACE, "payouts"), made.description))
    eventually(lambda: gateway.named(made.name), lambda now: now.version == made.version + 1)

    late = browser.post(at, given(made, description="Of both banks"), headers=htmx("dialog"))
    version = re.search(r'name="version" value="(\d+)"', late.text)
    assert version
    again = given(made, description="Of both banks", version=version[1])
    done = browser.post(at, again, headers=htmx("dialog"))
    now = eventually(lambda: gateway.named(made.name), lambda now: now.version > made.version + 1)

    assert "Payouts of the bank" in shown.text
    assert late.status_code == 422
    assert "Somebody changed it meanwhile." in words_in(late)
    assert "It is “payouts” by now." in words_in(late)
    assert "It is “Payouts of the bank” by now." in words_in(late)
    assert done["HX-Redirect"] == page_of(made.name)
    assert (now.description, now.target.task_queue) == ("Of both banks", made.target.task_queue)
    entry = AuditEntry.objects.get()
    assert entry.before["leads to"] == f"payouts in {NAMESPACE}"
    assert entry.outcome.after["description"] == "Of both banks"


def test_where_it_leads_outside_is_taken_or_refused_beside_the_address(
    alice: User, browser_of: Browser, made: Endpoint
) -> None:
    at = page_of(made.name, "change")
    asked = given(made, target_namespace="", task_queue="", url="https://bank.example/nexus")

    answer = browser_of(alice).post(at, asked, headers=htmx("dialog"))

    if answer.status_code == 422:
        assert "one by URL is not supported" in words_in(answer)
    else:
        found = eventually(lambda: gateway.named(made.name), lambda now: bool(now.target.url))
        page = browser_of(alice).get(page_of(made.name))
        assert found.target.url == "https://bank.example/nexus"
        assert "Who answers there, this server does not tell." in words_in(page)


def test_it_is_deleted_by_an_admin_alone(
    alice: User, bob: User, browser_of: Browser, made: Endpoint
) -> None:
    at = page_of(made.name, "delete")

    denied = browser_of(bob).post(at, {"reason": "no need"})
    done = browser_of(alice).post(at, {"reason": "no need"}, headers=htmx("dialog"))
    eventually(lambda: gateway.named(made.name) is None)

    assert denied.status_code == 403
    assert done["HX-Redirect"] == URL
    assert browser_of(bob).get(page_of(made.name)).status_code == 404
    entry = AuditEntry.objects.get()
    assert entry.before["leads to"] == str(made.target)
    assert entry.outcome.after == {"endpoint": "deleted"}


def test_who_does_not_see_a_namespace_sees_no_queue_of_it(
    browser_of: Browser, made: Endpoint
) -> None:
    browser = browser_of(person("Dora", Role.OPERATOR, "perdure-system"))

    for page in (browser.get(URL), browser.get(page_of(made.name))):
        assert made.name in page.text
        assert made.target.task_queue not in page.text
        assert "a queue that you do not see" in words_in(page)
