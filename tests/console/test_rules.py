"""Workflow rules: made, held against activities, deleted; or absent with a word why."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.gateway import activities, workflows
from console.rules import actions
from tests.console.conftest import NAMESPACE
from tests.support.commands import schedule_activity
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, words_in
from tests.support.scripted import Scripted
from tests.support.standings import said, standing

URL = f"/namespaces/{NAMESPACE}/rules/"
Browser = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("db")


def test_a_rule_pauses_what_would_be_tried_again_until_it_is_deleted(
    bob: User, carol: User, browser_of: Browser, worker: Scripted, names: Names
) -> None:
    browser, name = browser_of(bob), names.workflow("rule")
    given = {
        "name": name, "activities": f"TaskQueue = '{worker.queue}'", "runs": "", "lasts": "2h",
        "reason": "the bank is down",
    }  # fmt: skip
    if actions.known(NAMESPACE) is None:
        page = browser.get(URL)
        assert page.status_code == 200
        assert "This server has no workflow rules, or has them off." in words_in(page)
        assert "This server has no such function" in words_in(browser.post(f"{URL}new", given))
        return

    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue))
    worker.poll_activity()
    wrong = browser.post(f"{URL}new", given | {"activities": "TaskQueue ="}, headers=htmx("dialog"))
    mistaken = browser.post(f"{URL}new", given | {"runs": "Plan = 'Pro'"}, headers=htmx("dialog"))
    made = browser.post(f"{URL}new", given, headers=htmx("dialog"))
    twice = browser.post(f"{URL}new", given, headers=htmx("dialog"))
    listed = browser_of(carol).get(URL)
    activities.fail(key, "a", "no answer", "a worker", kind="", final=False)
    eventually(lambda: workflows.describe(key).activities[0].paused)
    pending = reverse("workflows:pending", args=[NAMESPACE, key.workflow_id, key.run_id])

    assert (wrong.status_code, mistaken.status_code) == (422, 422)
    assert "invalid visibility query" in words_in(mistaken)
    assert made["HX-Redirect"] == URL
    assert "Another rule has this name." in words_in(twice)
    assert f"Pauses {name} TaskQueue = '{worker.queue}' “the bank is down”" in words_in(listed)
    assert "New rule…" not in words_in(listed)
    assert calls_of(listed) == 1
    assert f"paused by the rule {name} : “the bank is down”" in words_in(browser.get(pending))
    assert f", by the rule {name} of bob@example.com: “the bank is down”." in said(standing(key))

    at = reverse("rules:delete", args=[NAMESPACE, name])
    denied = browser_of(carol).post(at, {"reason": "it is back"})
    gone = browser.post(at, {"reason": "it is back"}, headers=htmx("dialog"))

    assert (denied.status_code, gone["HX-Redirect"]) == (403, URL)
    assert name not in browser.get(URL).text
    assert browser.get(at).status_code == 404
    entries = AuditEntry.objects.filter(outcome__result="done").order_by("at")
    first, last = entries
    assert first.outcome.after == last.before
    assert last.before["pauses activities"] == given["activities"]
    assert (first.reason, last.reason) == ("the bank is down", "it is back")
