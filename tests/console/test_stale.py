"""What somebody else changed meanwhile is not written over by who has not seen it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.access.models import Role
from console.audit.models import AuditEntry
from console.incidents.models import Incident
from console.looks import showing
from console.saved_views.models import SavedView
from tests.console.conftest import NAMESPACE
from tests.console.test_exceptions import rule
from tests.console.test_saved_views import QUERY, URL, save
from tests.support.pages import htmx, words_in
from tests.support.people import person

Browser = Callable[..., Client]
SAYS = "Alice changed this meanwhile: look again."


def seen(page: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page.text)
    assert found, "the form does not say what it shows"
    return found[1]


def refused(answer: HttpResponse) -> str:
    assert answer.status_code == 422
    words: str = words_in(answer)
    assert SAYS in words
    return words


@pytest.fixture
def incident(db: None) -> Incident:
    now = timezone.now()
    return Incident.objects.create(
        namespace=NAMESPACE, fingerprint="abc", first_seen_at=now, last_seen_at=now
    )


def test_a_note_that_was_not_seen_is_not_written_over(
    alice: User, bob: User, browser_of: Browser, incident: Incident
) -> None:
    where = reverse("incidents:change", args=[NAMESPACE, incident.pk])
    browser, shown = browser_of(bob), seen(browser_of(bob).get(where))
    browser_of(alice).post(
        where, {"state": "known", "note": "eu-2 is down", "reason": "x", "seen": shown}
    )
    form = {"state": "open", "note": "who knows?", "reason": "y", "seen": shown}

    answer = browser.post(where, form, headers=htmx("dialog"))

    words = refused(answer)
    assert "Note now eu-2 is down" in words
    assert "who knows?" in words
    incident.refresh_from_db()
    assert (incident.state, incident.note) == ("known", "eu-2 is down")
    assert AuditEntry.objects.get(person=bob).outcome.result == "refused"
    again = browser.post(where, form | {"seen": seen(answer)}, headers=htmx("dialog"))
    incident.refresh_from_db()
    assert (again.status_code, incident.note) == (200, "who knows?")


def test_how_runs_are_shown_is_not_written_over(alice: User, browser_of: Browser) -> None:
    where = f"/namespaces/{NAMESPACE}/showing/"
    browser = browser_of(alice)
    shown = seen(browser.get(where))
    first = {"links": "", "quiet": "keep_alive", "reason": "x", "seen": shown}

    done = browser.post(where, first)
    late = browser.post(where, first | {"quiet": "look_around"})

    assert done.status_code == 303
    assert "Quiet now keep_alive" in refused(late)
    assert showing.newest(NAMESPACE).quiet == ("keep_alive",)
    assert browser.post(where, first | {"quiet": "", "seen": seen(late)}).status_code == 303
    assert showing.newest(NAMESPACE).quiet == ()


def test_a_shared_view_is_not_written_over(alice: User, bob: User, browser_of: Browser) -> None:
    view = save(browser_of(bob), "Cards", "namespace")
    where, browser = f"{URL}{view.pk}/edit/", browser_of(bob)
    shown = seen(browser.get(where))
    form = {"name": "Cards", "query": QUERY, "belongs": "namespace", "seen": shown}
    browser_of(alice).post(where, form | {"name": "Cards, all"})

    late = browser.post(where, form | {"name": "My cards"})

    refused(late)
    assert SavedView.objects.get(pk=view.pk).name == "Cards, all"
    assert browser.post(where, form | {"seen": seen(late)}).status_code == 303
    assert SavedView.objects.get(pk=view.pk).name == "Cards"


def test_what_was_looked_at_anew_is_changed(bob: User, browser_of: Browser) -> None:
    browser = browser_of(bob)
    view = save(browser, "Mine")
    where = f"{URL}{view.pk}/edit/"
    form = {"name": "Mine now", "query": QUERY, "belongs": "person"}

    answer = browser.post(where, form | {"seen": seen(browser.get(where))})

    assert answer.status_code == 303
    assert SavedView.objects.get(pk=view.pk).name == "Mine now"


@pytest.mark.one_server
def test_who_may_not_read_the_log_reads_no_acts_of_an_incident(
    alice: User, browser_of: Browser, incident: Incident
) -> None:
    at = [NAMESPACE, incident.pk]
    form = {"state": "known", "note": "", "reason": "told to nobody"}
    browser_of(alice).post(reverse("incidents:change", args=at), form)
    eve = person("Eve", Role.OPERATOR)
    page = reverse("incidents:incident", args=at)
    before = browser_of(eve).get(page)

    rule(eve, "may not", "audit.view", NAMESPACE)

    after = browser_of(eve).get(page)
    assert "told to nobody" in before.text
    assert after.status_code == 200
    assert "told to nobody" not in after.text
