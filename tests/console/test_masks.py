"""What a mask covers beside the payloads of events; and the one way to look behind it."""

import base64
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from console.audit.models import AuditEntry
from console.exports import filling
from console.exports.models import Export, Form
from console.gateway import histories, namespaces, workflows
from console.gateway.payloads import Place
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_payloads import allow
from tests.console.test_run import url
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]

HOLDER = SearchAttributeKey.for_keyword("HolderIban")
#: the first value is an index's, the second a memo's
IBAN, CARD = "DE02-7733", "4111-9944"
MASKED = {"HolderIban": "admin", "card.number": "admin"}
RUNS = f"/namespaces/{NAMESPACE}/runs/"


@pytest.fixture
def held(program: Program, names: Names, db: None, engine: str) -> RunKey:
    """A run whose search attribute and memo hold something."""
    if HOLDER.name not in namespaces.attributes(NAMESPACE).custom:
        namespaces.add_attribute(NAMESPACE, HOLDER.name, "Keyword")
    eventually(lambda: HOLDER.name in _fresh().custom, within=30)
    key = program.start(
        "Waiting",
        names.workflow(),
        names.queue(),
        memo={"card": {"number": CARD, "kind": "gold"}},
        search_attributes=TypedSearchAttributes([SearchAttributePair(HOLDER, IBAN)]),
    )
    indexed(f"HolderIban = '{IBAN}' AND WorkflowId = '{key.workflow_id}'", 1)
    return key


def _fresh() -> namespaces.Attributes:
    namespaces.cache.clear()
    return namespaces.attributes(NAMESPACE)


def listed(key: RunKey) -> str:
    return f"{RUNS}?q=WorkflowId = '{key.workflow_id}'&cols=HolderIban,memo:card"


def in_base64(text: str) -> str:
    return base64.b64encode(json.dumps(text).encode()).decode()


def test_masked_attributes_and_memo_are_nowhere_for_whom_they_are_masked(
    carol: User, bob: User, alice: User, browser_of: Browser, held: RunKey, settings: Any
) -> None:
    allow(settings, masked=MASKED)
    began = histories.forward(held).events[0].raw
    like = reverse("starting:start", args=[NAMESPACE])
    places = [
        *(url(held, name) for name in ("run", "events", "payloads", "activity", "download")),
        url(held, "event", 1),
        url(held, "payload", Place("memo", "card")),
        url(held, "payload_download", Place("attributes", HOLDER.name)),
        listed(held),
        reverse("cohorts:cohort", args=[NAMESPACE, held.workflow_id, held.run_id]),
    ]

    for who in (browser_of(carol), browser_of(bob)):
        for place in places:
            page = who.get(place, follow=True)
            assert page.status_code == 200, place
            assert not any(one in page.text for one in (IBAN, CARD, in_base64(IBAN))), place
    assert IBAN in str(began)
    assert "gold" in browser_of(carol).get(listed(held)).text
    for place in (listed(held), url(held, "payloads")):
        assert {IBAN in (page := browser_of(alice).get(place).text), CARD in page} == {True}
    assert in_base64(IBAN) in browser_of(alice).get(url(held, "download")).text
    copied = browser_of(bob).get(f"{like}?like={held.workflow_id}&run={held.run_id}")
    assert "HolderIban is copied as it is" in words_in(copied)
    assert IBAN not in copied.text


def test_a_masked_attribute_is_copied_to_a_run_like_this_as_it_came(
    bob: User, browser_of: Browser, held: RunKey, settings: Any
) -> None:
    allow(settings, masked=MASKED)
    browser, address = browser_of(bob), reverse("starting:start", args=[NAMESPACE])
    like = {"like": held.workflow_id, "run": held.run_id}
    draft = browser.get(address, like).context["draft"]
    form = {name: draft.form[name].value() or "" for name in draft.form.fields} | like
    form |= {"reuse": "always", "conflict": "refuse", "reason": "once more"}

    answer = browser.post(address, form)

    assert form["attribute_HolderIban"] == ""
    assert answer.status_code == 303
    began = histories.forward(RunKey(NAMESPACE, form["workflow_id"], "")).events[0].attributes
    assert json.loads(began.search_attributes.indexed_fields["HolderIban"].data) == IBAN


@pytest.mark.parametrize(
    ("name", "operator", "value"),
    [("HolderIban", "STARTS_WITH", IBAN[:4]), ("MemoText", "CONTAINS", CARD[:4])],
)
def test_who_does_not_see_an_attribute_or_a_memo_cannot_find_out_by_searching(
    carol: User,
    alice: User,
    browser_of: Browser,
    held: RunKey,
    settings: Any,
    name: str,
    operator: str,
    value: str,
) -> None:
    if name == "MemoText" and not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server reads no memos for a search")
    allow(settings, masked=MASKED)
    guess = f"{name} {operator} '{value}' AND RunId = '{held.run_id}'"
    asked = [
        (RUNS, {"q": guess}),
        (RUNS + "summary/", {"q": guess}),
        (f"/namespaces/{NAMESPACE}/overview/", {"q": guess}),
        (f"/namespaces/{NAMESPACE}/exports/new/", {"query": guess, "form": "csv"}),
    ]
    admin, viewer = browser_of(alice), browser_of(carol)

    found = admin.get(*asked[0])
    for place, wanted in asked[1:3]:
        admin.get(place, wanted)
    told = [viewer.get(*one) for one in asked[:3]] + [viewer.post(*asked[3])]

    assert held.workflow_id in found.text
    says = {"HolderIban": "is masked for you", "MemoText": "is searched by you where nothing"}
    assert all(f"{name} {says[name]}" in words_in(page) for page in told)
    assert not any(held.workflow_id in page.text for page in told)
    assert not Export.objects.filter(person=carol).exists()


def test_the_words_of_memos_are_searched_where_nothing_of_them_is_masked(
    carol: User,
    browser_of: Browser,
    held: RunKey,
    program: Program,
    names: Names,
    settings: Any,
    tmp_path: Path,
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server reads no memos for a search")
    free = program.start("Waiting", names.workflow(), names.queue(), memo={"note": f"as {CARD}"})
    words = f"MemoText CONTAINS '{CARD[:4]}' AND RunId IN ('{held.run_id}', '{free.run_id}')"
    indexed(words, 2)
    allow(settings, masked=MASKED)
    settings.EXPORT_DIRECTORY = str(tmp_path)
    browser = browser_of(carol)

    fitting = browser.get(RUNS, {"q": words}).context["search"].trouble.instead
    page, summary = browser.get(RUNS, {"q": fitting}), browser.get(f"{RUNS}summary/?q={fitting}")
    guess = fitting.replace("'number'", "'numb'")
    box = browser.get(browser.get(f"{RUNS}go-to/", {"id": CARD})["Location"])
    form = {"query": fitting, "form": Form.JSONL, "columns": "WorkflowId"}
    browser.post(f"/namespaces/{NAMESPACE}/exports/new/", form)
    filling.take_turn()

    assert (free.workflow_id in page.text, held.workflow_id in page.text) == (True, False)
    assert summary.context["summary"].counts.total == 1
    assert "is searched by you where" in words_in(browser.get(RUNS, {"q": guess}))
    assert (free.workflow_id in box.text, held.workflow_id in box.text) == (True, False)
    [row] = filling.path(Export.objects.latest("pk")).read_text().splitlines()
    assert json.loads(row)["WorkflowId"] == free.workflow_id


def test_a_masked_attribute_is_not_offered_for_searching_or_sorting(
    carol: User, alice: User, browser_of: Browser, held: RunKey, settings: Any
) -> None:
    allow(settings, masked=MASKED)
    sorting = f"ORDER+BY+{HOLDER.name}"
    for who, may in ((browser_of(alice), True), (browser_of(carol), False)):
        offered = [who.get(f"{RUNS}offers/", {"q": text}) for text in ("Holder", "ORDER BY Holder")]
        values = who.get(f"{RUNS}offers/", {"q": f"{HOLDER.name} = '"})
        page = who.get(listed(held))

        assert {HOLDER.name in one.text for one in offered} == {may}
        assert (IBAN in values.text) == may
        heading = re.search(rf"<th[^>]*>(.*?){HOLDER.name}", page.text, re.DOTALL)
        assert heading, "its column is shown"
        assert (sorting in page.text) == (may and namespaces.attributes(NAMESPACE).ours)
        assert "ORDER+BY+StartTime" in who.get(RUNS).text or not _fresh().ours


def test_an_export_has_the_masks_of_everybody(
    alice: User, browser_of: Browser, held: RunKey, settings: Any, tmp_path: Path
) -> None:
    allow(settings, masked=MASKED)
    settings.EXPORT_DIRECTORY = str(tmp_path)
    query = f"HolderIban = '{IBAN}' AND WorkflowId = '{held.workflow_id}'"
    wanted = {"query": query, "form": Form.JSONL, "columns": "WorkflowId,HolderIban,memo:card"}

    browser_of(alice).post(f"/namespaces/{NAMESPACE}/exports/new/", wanted)
    filling.take_turn()

    [row] = map(json.loads, filling.path(Export.objects.latest("pk")).read_text().splitlines())
    assert row["WorkflowId"] == held.workflow_id
    assert (row["HolderIban"], row["memo:card"]["number"]) == ("••••••", "••••••")
    assert row["memo:card"]["kind"] == "gold"


def test_the_words_of_failures_are_masked_where_a_mask_names_them(
    carol: User, alice: User, browser_of: Browser, program: Program, names: Names, settings: Any
) -> None:
    allow(settings, masked={"failure.message": "admin", "failure.stack_trace": "nobody"})
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "-1.00")
        program.await_status(key, "Failed")
        pending = program.start("Charging", names.workflow(), queue, "never")
        run = eventually(
            lambda: workflows.describe(pending),
            lambda run: any(one.failing for one in run.activities),
            within=30,
        )
    last = histories.close_event(key)
    assert last is not None
    said = {key: "an amount below zero", pending: "no answer in 20 s"}
    activity = ["id", run.activities[0].id]
    places = [
        *((key, url(key, name)) for name in ("run", "events", "payloads", "download")),
        (key, url(key, "event", last.id)),
        *((pending, url(pending, name)) for name in ("run", "pending")),
        (pending, reverse("activities:pending", args=[*url_args(pending), *activity])),
        (key, f"{RUNS}?q=WorkflowId = '{key.workflow_id}'&cols=LastFailureMessage"),
    ]

    viewer, admin = browser_of(carol), browser_of(alice)
    for whose, place in places:
        assert said[whose] not in viewer.get(place, follow=True).text, place
    assert said[key] in admin.get(url(key, "payloads")).text
    assert said[pending] in admin.get(url(pending, "pending")).text
    assert "raise ApplicationError" not in admin.get(url(key, "download")).text
    assert viewer.get(f"{url(key, 'events')}?text=below zero").context["window"].total == 0


def url_args(key: RunKey) -> list[str]:
    return [key.namespace, key.workflow_id, key.run_id]


def reveals_in(text: str) -> list[str]:
    """Where the links named Reveal lead."""
    found = re.findall(r'href="([^"]+/reveal/)"', text)
    return list(dict.fromkeys(html.unescape(one) for one in found))


def test_what_no_event_holds_is_revealed_the_same_way(
    bob: User, carol: User, browser_of: Browser, held: RunKey, program: Program, settings: Any
) -> None:
    allow(settings, masked=MASKED | {"amount": "nobody"})
    browser = browser_of(bob)
    page = browser.get(url(held, "payloads"))
    queue = workflows.describe(held).summary.task_queue
    with running(program, queue):
        asked = browser.post(url(held, "query"), {"name": "state"})
        called = reverse("actions:query", args=[*url_args(held), "state"])
        [of_action] = reveals_in(browser.post(called, {"step": "send"}).text)
        [of_answer] = reveals_in(asked.text)
        revealed = {
            place: [browser.get(place), browser.post(place, {"reason": "the bank asks"})]
            for place in (*reveals_in(page.text), of_answer, of_action)
        }
        refused = browser_of(carol).post(of_answer, {"reason": "curious"})

    secrets = {"attributes": IBAN, "memo": CARD, "answers": "9.99"}
    parts = {place: next(part for part in secrets if f"/{part}/" in place) for place in revealed}
    assert sorted(set(parts.values())) == sorted(secrets)
    for place, (dialog, shown) in revealed.items():
        assert "activity log" in words_in(dialog)
        assert secrets[parts[place]] not in page.text + asked.text + dialog.text
        assert secrets[parts[place]] in words_in(shown), place
        assert shown["Cache-Control"] == "no-store"
    assert refused.status_code == 403
    audits = AuditEntry.objects.filter(verb="payload.reveal", workflow_id=held.workflow_id)
    told = [one.asked for one in audits.order_by("at")]
    assert {"memo": "card"} in told
    assert {"search attribute": "HolderIban"} in told
    assert {"query": "state", "arguments": [], "payload": 0} in told
    assert not any(secret in json.dumps(told) for secret in secrets.values())


def test_what_an_activity_told_before_it_timed_out_is_shown_masked_and_revealed(
    bob: User, carol: User, browser_of: Browser, program: Program, names: Names, settings: Any
) -> None:
    allow(settings, masked=MASKED)
    queue, order = names.queue(), {"card": {"number": CARD, "kind": "gold"}}
    with running(program, queue):
        waits = program.start("Telling", names.workflow(), queue, order, 2)
        ends = program.start("Telling", names.workflow(), queue, order, 1)
        program.await_status(ends, "Failed")
        run = eventually(
            lambda: workflows.describe(waits),
            lambda run: any(one.failing for one in run.activities),
            within=30,
        )
    timed_out = next(one for one in histories.forward(ends).events if one.step == "timed-out")
    [pending] = run.activities
    places = [
        reverse("activities:pending", args=[*url_args(waits), "id", pending.id]),
        url(ends, "event", timed_out.id),
    ]

    browser = browser_of(bob)
    for place in places:
        page, viewed = (one.get(place, follow=True) for one in (browser, browser_of(carol)))
        assert "What the last heartbeat told" in words_in(page), place
        assert "gold" in words_in(viewed)
        assert CARD not in page.text + viewed.text
        assert reveals_in(viewed.text) == []
        found = reveals_in(page.text)
        assert found
        for reveal in found:
            shown = browser.post(reveal, {"reason": "the bank asks"}, headers=htmx("dialog"))
            assert CARD in words_in(shown), reveal
    audits = AuditEntry.objects.filter(verb="payload.reveal", workflow_id=waits.workflow_id)
    told = [one.asked for one in audits]
    assert {"activity": pending.id, "kind": "tell_once", "payload": 0} in told


def test_details_of_a_failed_attempt_are_revealed_while_it_is_tried_again_and_later(
    bob: User, browser_of: Browser, program: Program, names: Names, settings: Any
) -> None:
    allow(settings, masked={"gateway": "nobody"})
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "never")
        run = eventually(
            lambda: workflows.describe(key),
            lambda run: any(one.failing for one in run.activities),
            within=30,
        )
    [pending] = run.activities
    opener = next(
        one.id for one in histories.forward(key).events if one.kind == "ActivityTaskScheduled"
    )
    places = [reverse("activities:pending", args=[*url_args(key), "id", pending.id])]
    if namespaces.attributes(NAMESPACE).ours:
        places.append(reverse("activities:attempts", args=[*url_args(key), opener]))

    browser = browser_of(bob)
    for place in places:
        page = browser.get(place)
        reveal = reveals_in(page.text)[0]
        shown = browser.post(reveal, {"reason": "the gateway's owner asks"})
        assert "eu-2" not in page.text
        assert "eu-2" in words_in(shown), place
    told = AuditEntry.objects.filter(verb="payload.reveal", workflow_id=key.workflow_id)
    assert len({json.dumps(one.asked) for one in told}) == len(places)
