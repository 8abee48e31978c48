"""Versions of workers: which is current, which ramps, what drains; changed with a reason."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.deployments import actions, presenters
from console.gateway import deployments as gateway
from console.gateway.deployments import DeploymentDetail, Routing
from tests.console.conftest import NAMESPACE
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.versions import polled_by

URL = f"/namespaces/{NAMESPACE}/deployments/"

Browser = Callable[..., Client]


def page_of(name: str, view: str = "deployment", *more: str) -> str:
    return reverse(f"deployments:{view}", args=[NAMESPACE, name, *more])


def token_in(browser: Client, address: str) -> str:
    return browser.get(address).text.split('name="token" value="')[1].split('"')[0]


def test_the_list_opens_on_both_servers(carol: User, browser_of: Browser) -> None:
    page = words_in(browser_of(carol).get(URL))

    assert "Current version" in page
    assert "This server does not version workers" not in page


def test_a_version_is_made_current_and_the_log_says_who_and_why(
    alice: User, carol: User, browser_of: Browser, names: Names
) -> None:
    name, queue = names.workflow("shop").replace("/", "-"), names.queue()
    browser, viewer = browser_of(alice), browser_of(carol)
    with polled_by(name, queue, "2026.1", "2026.2"):
        seen = words_in(viewer.get(page_of(name)))
        current = page_of(name, "make_current", "2026.1")
        token = token_in(browser, current)
        nameless = browser.post(current, {"token": token, "reason": ""})
        made = browser.post(current, {"token": token, "reason": "released"})
        other = page_of(name, "make_current", "2026.2")
        stale = browser.post(other, {"token": token, "reason": "from an old page"})
        after = words_in(viewer.get(page_of(name)))
        listed = words_in(viewer.get(URL))
        version = words_in(viewer.get(page_of(name, "version", "2026.1")))
        kept = browser.post(page_of(name, "delete", "2026.1"), {"reason": "not yet"})

    assert "workers without a version" in seen
    assert "nothing goes to it yet" in seen
    assert "Make current…" not in seen, "a viewer changes nothing"
    assert (nameless.status_code, made.status_code, stale.status_code) == (422, 303, 422)
    assert "conflict token" in words_in(stale)
    assert "100 % of new runs go to 2026.1" in after
    assert f"{name} current 2026.1" in listed
    assert f"{queue} workflow tasks" in version
    assert "What it means new runs go to it" in version
    assert kept.status_code == 422
    assert "cannot be deleted" in words_in(kept)
    first, refused, undeleted = AuditEntry.objects.order_by("at")
    assert (first.verb, first.target, first.reason) == ("deployment.change", name, "released")
    assert (first.before, first.outcome.after) == (
        {"current": "", "percent": 0.0},
        {"current": "2026.1", "percent": 0.0},
    )
    assert refused.outcome.result == undeleted.outcome.result == "refused"


def test_a_version_ramps(alice: User, carol: User, browser_of: Browser, names: Names) -> None:
    name = names.workflow("shop").replace("/", "-")
    browser = browser_of(alice)
    with polled_by(name, names.queue(), "2026.1", "2026.2"):
        current = page_of(name, "make_current", "2026.1")
        browser.post(current, {"token": token_in(browser, current), "reason": "released"})
        ramp = page_of(name, "ramp", "2026.2")
        token = token_in(browser, ramp)
        beyond = browser.post(ramp, {"token": token, "reason": "too much", "percent": "101"})
        ramped = browser.post(ramp, {"token": token, "reason": "a little first", "percent": "12.5"})
        after = words_in(browser_of(carol).get(page_of(name)))
        listed = words_in(browser_of(carol).get(URL))
        version = page_of(name, "version", "2026.2")
        of_operator, of_viewer = (
            words_in(who.get(version)) for who in (browser, browser_of(carol))
        )

    assert ("Ramp…" in of_operator, "Ramp…" in of_viewer) == (True, False)
    assert (beyond.status_code, ramped.status_code) == (422, 303)
    assert "87.5 % of new runs go to 2026.1" in after
    assert "12.5 % to 2026.2" in after
    assert f"{name} current 2026.1 2026.2 ramping 12.5 %" in listed
    entry = AuditEntry.objects.latest("at")
    assert entry.outcome.after == {"current": "2026.1", "percent": 12.5, "ramping": "2026.2"}


def test_a_ramp_ends(alice: User, browser_of: Browser, names: Names) -> None:
    name = names.workflow("shop").replace("/", "-")
    browser = browser_of(alice)
    with polled_by(name, names.queue(), "b1"):
        ramp = page_of(name, "ramp", "b1")
        browser.post(ramp, {"token": token_in(browser, ramp), "reason": "try", "percent": "50"})
        ramping = gateway.describe(NAMESPACE, name).routing
        end = page_of(name, "end_ramp")
        ended = browser.post(end, {"token": token_in(browser, end), "reason": "it fails"})

    assert (ramping.ramping, ramping.percent) == ("b1", 50)
    assert ended.status_code == 303
    assert gateway.describe(NAMESPACE, name).routing.ramping is None


@pytest.mark.parametrize(
    ("routing", "current", "ramping"),
    [
        (Routing("", None, None, 0, None), ("workers without a version", 100.0), ("", 0.0)),
        (Routing("b1", None, "b2", 20, None), ("b1", 80.0), ("b2", 20.0)),
        (Routing("b1", None, "", 5, None), ("b1", 95.0), ("workers without a version", 5.0)),
    ],
)
def test_where_new_runs_go(
    routing: Routing, current: tuple[str, float], ramping: tuple[str, float]
) -> None:
    found = presenters.shares(routing)

    assert (found.current, found.current_percent) == current
    assert (found.ramping, found.ramping_percent) == ramping


@pytest.mark.one_server
def test_what_is_done_stays_done_where_nobody_says_how_it_stands(
    alice: User, settings: Any
) -> None:
    stands = DeploymentDetail("shop", None, Routing("b1", None, None, 0.0, None), (), "", b"")
    wanted = actions.Change("b2", b"", "released")

    with actions._changing(alice, NAMESPACE, stands, wanted, {"current": "b2"}):
        settings.ENGINE_ADDRESS = "127.0.0.1:1"

    outcome = AuditEntry.objects.get().outcome
    assert (outcome.result, outcome.after) == ("done", {"current": "b2"})
