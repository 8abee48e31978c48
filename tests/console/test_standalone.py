"""Activities and Nexus operations without a workflow: found, looked at, helped, ended."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from temporalio.api.common.v1 import SearchAttributes

from console.access.models import Rule as ExceptionRule
from console.alerts import watching
from console.alerts.models import Delivery, Rule
from console.audit.models import AuditEntry
from console.gateway import namespaces, standalone
from console.gateway.standalone import ACTIVITIES, Key
from console.incidents import surveying
from console.incidents.models import Incident, Survey
from console.saved_views.models import SavedView
from tests.console.conftest import NAMESPACE
from tests.console.test_payloads import allow, reference
from tests.console.test_places import customers
from tests.support import alone
from tests.support.alone import LIST, address, plain, start, until
from tests.support.codecs import blob_store
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, version_in, words_in
from tests.support.programs import Program, running

__all__ = ["customers"]

Browser = Callable[..., Client]
FILTER = f"/namespaces/{NAMESPACE}/runs/filter/"
OPERATIONS_LIST = f"/namespaces/{NAMESPACE}/standalone/operations/"


@pytest.fixture
def waiting(names: Names, db: None, engine: str) -> Key:
    return alone.waiting(names)


def test_they_are_found_by_a_query_and_counted_by_status(
    carol: User, browser_of: Browser, waiting: Key
) -> None:
    query = f"ActivityType = 'charge_card' AND ActivityId = '{waiting.id}'"
    browser = browser_of(carol)

    page = browser.get(LIST, {"q": query})
    counts = browser.get(f"{LIST}summary", {"q": query})

    assert address(waiting) in page.text
    assert calls_of(browser.get(LIST, {"q": query})) == 1
    assert page.text.count('class="chip"') == 2
    assert "All that match the query" not in page.text, "a viewer acts on none"
    assert "ActivityType+%3D+%27charge_card%27" in page.text.split("<tbody>")[1]
    assert "Running 1" in words_in(counts)
    assert "ExecutionStatus+%3D+%27Running%27" in counts.text
    none = browser.get(LIST, {"q": f"{query} AND ExecutionStatus = 'Failed'"})
    assert "No activity matches" in words_in(none)


def test_a_chip_of_theirs_opens_as_a_dialog_and_leads_back_to_their_list(
    carol: User, browser_of: Browser, waiting: Key
) -> None:
    browser, query = browser_of(carol), f"ActivityId = '{waiting.id}'"

    page = browser.get(LIST, {"q": query})
    opened = browser.get(FILTER, {"q": query, "at": "0", "alone": "activities"})
    fresh = browser.get(FILTER, {"q": query, "alone": "activities"})
    asked = {"attribute": "ActivityType", "operator": "=", "value": "charge_card", "take": "yes"}
    taken = browser.get(FILTER, {"q": query, "alone": "activities"} | asked)
    unknown = {"attribute": "WorkflowType", "operator": "=", "value": "x", "take": "yes"}
    refused = browser.get(FILTER, {"q": query, "alone": "activities"} | unknown)

    assert "&amp;alone=activities&amp;at=0" in page.text
    form = opened.context["chip"].form
    assert [form[name].value() for name in ("attribute", "value")] == ["ActivityId", waiting.id]
    assert fresh.context["chip"].form["attribute"].value() == "ActivityType"
    where, _, said = taken["Location"].partition("?")
    narrowed = f"{query} AND ActivityType = 'charge_card'"
    assert (where, parse_qs(said)["q"]) == (LIST, [narrowed])
    assert address(waiting) in browser.get(taken["Location"]).text
    assert refused.status_code == 200
    assert refused.context["chip"].form.errors


def test_a_click_on_a_heading_sorts_by_it(
    carol: User, browser_of: Browser, names: Names, waiting: Key
) -> None:
    other, browser = start(names), browser_of(carol)
    query = f"ActivityId IN ('{waiting.id}', '{other.id}')"
    eventually(
        lambda: standalone.find(NAMESPACE, ACTIVITIES, query, 10).executions,
        lambda rows: len(rows) == 2,
        within=30,
    )

    page = browser.get(LIST, {"q": query})
    if not namespaces.attributes(NAMESPACE).ours:
        assert "ORDER+BY" not in page.text
        return
    down = browser.get(LIST + by_heading(page))
    up = browser.get(LIST + by_heading(down))

    ids = sorted([waiting.id, other.id])
    assert order_of(up, ids) == ids
    assert order_of(down, ids) == ids[::-1]
    assert 'aria-sort="descending"' in down.text


def by_heading(page: Any) -> str:
    found = re.search(r'<th[^>]*><a href="([^"]+)">Id', page.text)
    assert found is not None
    return html.unescape(found[1])


def order_of(page: Any, ids: list[str]) -> list[str]:
    rows = page.text.split("<tbody>")[1]
    return sorted(ids, key=lambda one: rows.index(f">{one}<"))


def test_the_one_box_leads_to_one_by_its_ids_and_to_those_of_a_customer(
    carol: User, browser_of: Browser, waiting: Key, customers: None, names: Names
) -> None:
    browser, box = browser_of(carol), f"/namespaces/{NAMESPACE}/runs/go-to/"
    number = names.workflow("C")
    fields = {"CustomerId": plain(number)}
    fields["CustomerId"].metadata["type"] = b"Keyword"
    for _ in range(2):
        start(names, "9.99", search_attributes=SearchAttributes(indexed_fields=fields))
    alone.listed(f"CustomerId = '{number}'", 2)

    for known in (waiting.id, waiting.run_id):
        answer = browser.get(box, {"id": known})
        assert (answer.status_code, answer["Location"]) == (303, address(waiting))
    asked = urlencode({"q": f"CustomerId = '{number}'"})
    assert browser.get(box, {"id": number})["Location"] == f"{LIST}?{asked}"

    ExceptionRule.objects.create(
        person=carol, may=False, verb="standalone.view", namespace=NAMESPACE,
        reason="a test", given_by="Alice",
    )  # fmt: skip
    for hidden in (waiting.id, waiting.run_id, number):
        assert "/standalone/" not in browser.get(box, {"id": hidden})["Location"]


def test_what_is_wrong_with_a_query_is_said_at_its_place(
    carol: User, browser_of: Browser, waiting: Key
) -> None:
    browser = browser_of(carol)

    syntax = browser.get(LIST, {"q": "ActivityType = 'x' AND"})
    name = browser.get(LIST, {"q": "NoSuch = 'x'"})
    long = browser.get(LIST, {"q": "x" * 4_001})

    assert "Position" in words_in(syntax)
    assert 'role="alert"' in name.text
    assert long.status_code == 400


def test_the_bar_offers_their_own_attributes_and_values(
    carol: User, browser_of: Browser, waiting: Key
) -> None:
    at = f"/namespaces/{NAMESPACE}/runs/offers/"

    asked = {"q": "Activ", "caret": "5", "of": "activities"}
    assert "ActivityType" in browser_of(carol).get(at, asked).text
    asked = {"q": "ActivityType = ", "caret": "15", "of": "activities"}
    kinds = browser_of(carol).get(at, asked)
    assert ("charge_card" in kinds.text) == namespaces.attributes(NAMESPACE).ours
    asked = {"q": "Endp", "caret": "4", "of": "operations"}
    assert "Endpoint" in browser_of(carol).get(at, asked).text


def test_the_page_of_one_says_how_it_stands_and_costs_one_call(
    carol: User, browser_of: Browser, names: Names, program: Program
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = start(names, "never", queue=queue)
        until(key, lambda one: one.attempt > 1 and one.failure is not None)

    browser = browser_of(carol)
    page = browser.get(address(key))
    part = browser.get(address(key), headers=htmx("live"))
    again = browser.get(address(key), {"version": version_in(part)}, headers=htmx("live"))

    words = words_in(page)
    assert "charge_card" in words
    assert "Waits to retry" in words
    assert "CardProcessorTimeout" in words
    assert "One attempt may take 20 s" in words
    assert "never" in words
    assert "Terminate…" not in words
    assert calls_of(browser.get(address(key))) == 1
    assert "<html" not in part.text
    assert again.status_code in {200, 204}


def test_how_it_ended_stands_on_its_page(
    carol: User, browser_of: Browser, names: Names, program: Program
) -> None:
    queue = names.queue()
    with running(program, queue):
        good, bad = start(names, "9.99", queue=queue), start(names, "-1", queue=queue)
        until(good, lambda one: one.summary.status == "Completed")
        until(bad, lambda one: one.summary.status == "Failed")

    assert "charged 9.99" in words_in(browser_of(carol).get(address(good)))
    assert "an amount below zero" in words_in(browser_of(carol).get(address(bad)))


def test_every_attempt_that_failed_is_shown_with_its_causes(
    carol: User, browser_of: Browser, names: Names, program: Program
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = start(names, "never", queue=queue)
        until(key, lambda one: one.attempt > 2)

    browser = browser_of(carol)
    page, failed = browser.get(address(key)), browser.get(address(key, "attempts"))

    assert address(key, "attempts") in page.text
    if not namespaces.attributes(NAMESPACE).ours:
        assert "keeps only the last failure" in words_in(failed)
        return
    assert "Attempt 2" in words_in(failed)
    assert "Attempt 1" in words_in(failed)
    assert words_in(failed).count("CardProcessorTimeout") >= 2
    assert calls_of(browser.get(address(key, "attempts"))) == 1
    assert browser.get(address(key, "attempt_payload", 1, 99)).status_code == 404


def test_a_payload_that_lies_in_a_store_is_fetched_by_a_click(
    carol: User, browser_of: Browser, names: Names, settings: Any, db: None
) -> None:
    body = plain({"customer": "Ada Lindhus", "card": "4111-2222"}).SerializeToString()
    with blob_store() as blobs:
        store = {
            "url": f"{blobs.address}/{{bucket}}/{{key}}",
            "allow": {"bucket": ["payloads"], "key": ["v0/ns/{namespace}/*"]},
        }
        allow(settings, masked={"card": "admin"}, stores={"aws.s3driver": store})
        blobs.held["/payloads/v0/ns/default/d/1"] = body
        key = start(
            names,
            reference("v0/ns/default/d/1", body),
            reference("v0/ns/other/d/1", body),
        )
        browser = browser_of(carol)

        page, one = browser.get(address(key)), browser.get(address(key, "payload", 0))
        before = list(blobs.asked)
        fetched = browser.post(address(key, "follow", 0))
        refused = browser.post(address(key, "follow", 1))

    assert "Open, to fetch it" in words_in(page)
    assert "Fetch it" in words_in(one)
    assert before == []
    assert "Ada Lindhus" in words_in(fetched)
    assert "4111-2222" not in fetched.text
    assert refused.status_code == 502


def test_masked_fields_are_seen_by_a_reveal_alone(
    bob: User, browser_of: Browser, waiting: Key, settings: Any
) -> None:
    allow(settings, masked={"card": "admin"})
    browser = browser_of(bob)

    page = browser.get(address(waiting))
    payload = browser.get(address(waiting, "payload", 0))
    file = browser.get(address(waiting, "download", 0))
    shown = browser.post(address(waiting, "reveal", 0), {"reason": "a dispute"})

    for answer in (page, payload, file):
        assert b"9.99" in answer.content
        assert b"4111" not in answer.content
    assert address(waiting, "reveal", 0) in page.text
    assert "4111-9944" in shown.text
    entry = AuditEntry.objects.get(verb="payload.reveal")
    assert (entry.target, entry.asked["payload"]) == (f"activities/{waiting.id}", 0)
    assert browser.get(address(waiting, "payload", 99)).status_code == 404


def test_a_view_of_theirs_is_a_tab_of_their_page_and_may_be_watched(
    bob: User, browser_of: Browser, waiting: Key, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    browser, query = browser_of(bob), f"ActivityId = '{waiting.id}'"
    asked = {"name": "Waiting charges", "query": query, "belongs": "namespace"}
    views, alerts = f"/namespaces/{NAMESPACE}/views/", f"/namespaces/{NAMESPACE}/alerts/"

    saved = browser.post(f"{views}new/?of=activities", asked)
    wrong = {"name": "Other", "query": "NoSuch = 'x'"}
    refused = browser.post(f"{views}new/?of=activities", asked | wrong)
    theirs = browser.get(f"{views}tabs/", {"of": "activities", "q": query})
    of_runs = browser.get(f"{views}tabs/")
    view = SavedView.objects.get()
    before = browser.get(LIST)
    browser.post(f"{views}{view.pk}/default/", {"chosen": "yes"})
    opened, asked_all = browser.get(LIST), browser.get(LIST, {"q": ""})
    of_others = [browser.get(url) for url in (OPERATIONS_LIST, f"/namespaces/{NAMESPACE}/runs/")]

    assert saved["Location"].startswith(LIST)
    assert waiting.id in browser.get(saved["Location"]).text
    assert refused.status_code == 422
    assert "Waiting charges" in words_in(theirs)
    assert 'aria-current="page">Waiting charges' in theirs.text
    assert "Waiting charges" not in words_in(of_runs)
    assert (before.status_code, opened.status_code) == (200, 302)
    assert opened["Location"] == saved["Location"]
    assert [page.status_code for page in (asked_all, *of_others)] == [200] * 3
    assert "Your default" in words_in(browser.get(views))

    rule = {"name": "charges", "kind": "count", "view": view.pk, "threshold": 0, "reason": "why"}
    made = browser.post(f"{alerts}new/", rule | {"mail_to": "bob@example.com"})
    cache.clear()
    watching.watch_all(timezone.now())

    assert made.status_code == 303, words_in(made)
    assert Rule.objects.get().is_firing
    assert Delivery.objects.get().body["page"].startswith(LIST)
    assert LIST in browser.get(made["Location"]).text


def test_failures_of_theirs_are_incidents_of_their_own(
    bob: User, browser_of: Browser, names: Names, program: Program
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        return
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        retries, gone = start(names, "never", queue=queue), start(names, "-1", queue=queue)
        until(gone, lambda one: one.summary.status == "Failed")
        until(retries, lambda one: one.attempt > 1)
    query = f"TaskQueue = '{queue}' AND LastFailureType IS NOT NULL"
    eventually(
        lambda: standalone.find(NAMESPACE, ACTIVITIES, query, 10).executions,
        lambda rows: len(rows) == 2,
        within=30,
    )

    words = browser.get(f"/namespaces/{NAMESPACE}/runs/go-to/", {"id": "an amount below zero"})
    cache.clear()
    surveying.survey(NAMESPACE, timezone.now())
    mine = Incident.objects.filter(namespace=NAMESPACE, lists="activities")
    timeout, refused = (
        mine.get(failure_type=one) for one in ("CardProcessorTimeout", "AmountRefused")
    )
    page = browser.get(reverse("incidents:incident", args=[NAMESPACE, timeout.pk]))
    new, *others = (Incident.objects.filter(lists=of).count() for of in surveying.FAILING)
    rows = browser.get(reverse("incidents:incidents", args=[NAMESPACE]))

    assert Survey.objects.get(namespace=NAMESPACE).calls == min(
        surveying.CALLS_MAX, len(surveying.FAILING) + new + 2 * sum(others)
    )
    said = words["Location"] if words.status_code == 303 else words.text
    assert f"{LIST}?q=LastFailureMessage+CONTAINS" in said, "the one box finds them, too"
    assert timeout.running >= 1
    assert refused.failed >= 1
    assert refused.message == "an amount below zero"
    assert timeout.activity_types == ["charge_card"]
    assert address(retries) in page.text
    assert 'value="activities-terminate"' in page.text
    assert 'value="terminate"' not in page.text
    assert f"{LIST}?q=FailureFingerprint" in rows.text
    same = standalone.count(NAMESPACE, ACTIVITIES, surveying.query_of(timeout, open_ones=True))
    assert same.counts.total == timeout.running
