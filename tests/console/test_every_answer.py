"""What stands on every answer, also on those that fail before any page is reached."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from console.access import shell
from console.acts import views
from tests.support.pages import words_in

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]
HOME = "/namespaces/default/"


def answers(browser: Client) -> list[Any]:
    strict = Client(enforce_csrf_checks=True)
    return [
        Client().get("/"),
        Client().get("/sign-in/"),
        Client().get("/sign-in/", headers={"host": "evil.example"}),
        Client().get("/activity/", headers={"authorization": "Bearer none"}),
        Client().post("/activity/", headers={"authorization": "Bearer none"}),
        strict.post("/sign-in/", {"username": "carol", "password": "x"}),
        browser.get("/nowhere/"),
        browser.get(f"{HOME}runs/%00/"),
        browser.get(f"{HOME}runs/none/none/"),
        browser.delete("/activity/"),
        browser.get("/people/"),
        browser.get("/activity/acts.csv"),
        browser.post(f"{HOME}exports/new/", {"query": "x" * 10_000_000}),
        browser.get(f"{HOME}runs/", {"q": "x" * 5_000}),
        browser.get(f"{HOME}runs/", headers={"HX-Request": "true", "HX-Target": "results"}),
    ]


def test_every_answer_says_what_a_browser_may_do(
    carol: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(carol)
    browser.raise_request_exception = False

    found = answers(browser)
    with monkeypatch.context() as fault:
        fault.setattr(views, "matching", None)
        found.append(browser.get("/activity/"))
    found.append(ended_amid(browser_of(carol), monkeypatch))

    assert {200, 303, 400, 401, 403, 404, 405, 413, 500} <= {one.status_code for one in found}
    for one in found:
        assert "default-src 'none'" in one["Content-Security-Policy"], one.request["PATH_INFO"]
        assert "unsafe" not in one["Content-Security-Policy"]
        assert one["X-Content-Type-Options"] == "nosniff"
        assert one["Referrer-Policy"] == "same-origin"


def ended_amid(browser: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The session ends while the page is made that would have written to it."""
    browser.get("/activity/")

    def visible(request: Any) -> list[Any]:
        Session.objects.all().delete()
        request.session["seen"] = "yes"
        return []

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(shell, "visible", visible)
        answer = browser.get("/activity/")
    assert answer.status_code == 400
    return answer


def test_a_host_that_is_not_ours_is_refused_as_a_page(db: None) -> None:
    for asked in ({"host": "evil.example"}, {"host": "evil.example", "HX-Request": "true"}):
        answer = Client().get("/sign-in/", headers=asked)

        assert answer.status_code == 400
        assert "That request cannot be read" in words_in(answer)
