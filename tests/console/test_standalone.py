"""Activities and Nexus operations without a workflow: found, looked at, helped, ended."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.api.common.v1 import ActivityType, Payload, Payloads
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    StartActivityExecutionRequest,
    StartNexusOperationExecutionRequest,
)

from console.audit.models import AuditEntry
from console.gateway import namespaces, standalone, standalone_details
from console.gateway.channel import call, workflow_service
from console.gateway.standalone import ACTIVITIES, OPERATIONS, Key
from console.gateway.standalone_details import Detail
from tests.console.conftest import NAMESPACE
from tests.console.test_payloads import allow
from tests.support.engine import OFFICIAL
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, version_in, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted

Browser = Callable[..., Client]
LIST = f"/namespaces/{NAMESPACE}/standalone/activities/"
OPERATIONS_LIST = f"/namespaces/{NAMESPACE}/standalone/operations/"


def plain(content: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())


def start(names: Names, *given: Any, queue: str = "", **more: Any) -> Key:
    """`charge_card` of the programs; without a queue's worker nobody takes it."""
    name = names.workflow("charge")
    request = StartActivityExecutionRequest(
        namespace=NAMESPACE, activity_id=name, request_id=name, identity="a test",
        activity_type=ActivityType(name="charge_card"),
        task_queue=TaskQueue(name=queue or names.queue()),
        input=Payloads(payloads=map(plain, given)), **more,
    )  # fmt: skip
    request.start_to_close_timeout.FromSeconds(20)
    answer = call(workflow_service().StartActivityExecution, request)
    return Key(NAMESPACE, ACTIVITIES, name, answer.run_id)


def address(key: Key, view: str = "one", *more: Any) -> str:
    return reverse(
        f"standalone:{view}", args=[key.namespace, key.kind.name, key.id, key.run_id, *more]
    )


def until(key: Key, holds: Callable[[Detail], bool]) -> Detail:
    return eventually(lambda: standalone_details.describe(key), holds, within=30)


@pytest.fixture
def waiting(names: Names, db: None, engine: str) -> Key:
    key = start(names, {"amount": "9.99", "card": "4111-9944"})
    query = f"ActivityId = '{key.id}'"
    eventually(
        lambda: standalone.find(NAMESPACE, ACTIVITIES, query, 10).executions, bool, within=30
    )
    return key


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
    assert "ActivityType+%3D+%27charge_card%27" in page.text.split("<tbody>")[1]
    assert "Running 1" in words_in(counts)
    assert "ExecutionStatus+%3D+%27Running%27" in counts.text
    none = browser.get(LIST, {"q": f"{query} AND ExecutionStatus = 'Failed'"})
    assert "No activity matches" in words_in(none)


def test_the_one_box_leads_to_one_by_its_id(carol: User, browser_of: Browser, waiting: Key) -> None:
    answer = browser_of(carol).get(f"/namespaces/{NAMESPACE}/runs/go-to/", {"id": waiting.id})

    assert (answer.status_code, answer["Location"]) == (303, address(waiting))


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


@pytest.mark.parametrize(
    ("view", "form", "verb", "status"),
    [
        ("cancel", {}, "standalone.cancel", None),
        ("terminate", {}, "standalone.terminate", "Terminated"),
        ("complete", {"result": '"by hand"'}, "activity.complete", "Completed"),
        ("pause", {}, "activity.pause", "Paused"),
    ],
)
def test_an_act_needs_a_reason_and_is_written_down(
    view: str, form: dict[str, str], verb: str, status: str | None,
    bob: User, browser_of: Browser, waiting: Key,
) -> None:  # fmt: skip
    browser = browser_of(bob)

    assert browser.get(address(waiting, view)).status_code == 200
    assert browser.post(address(waiting, view), form | {"reason": ""}).status_code == 422
    answer = browser.post(address(waiting, view), form | {"reason": "asked by phone"})

    assert (answer.status_code, answer["Location"]) == (303, address(waiting))
    if status is None:
        until(waiting, lambda one: one.summary.status == "Canceled" or bool(one.cancel_reason))
    else:
        until(waiting, lambda one: one.summary.status == status)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target) == (verb, f"activities/{waiting.id}")
    assert (entry.reason, entry.outcome.result) == ("asked by phone", "done")
    assert waiting.id in browser.get("/activity/").text


def test_a_paused_one_is_resumed(bob: User, browser_of: Browser, waiting: Key) -> None:
    browser = browser_of(bob)
    browser.post(address(waiting, "pause"), {"reason": "a fault at the bank"})
    until(waiting, lambda one: one.state == "paused")

    assert "Resume…" in words_in(browser.get(address(waiting)))
    browser.post(address(waiting, "resume"), {"reason": "the bank is back"})
    until(waiting, lambda one: one.state != "paused")


def test_one_is_deleted_by_an_admin_alone(
    alice: User, bob: User, browser_of: Browser, waiting: Key
) -> None:
    refused = browser_of(bob).post(address(waiting, "delete"), {"reason": "x"})
    answer = browser_of(alice).post(address(waiting, "delete"), {"reason": "a test of ours"})

    assert (refused.status_code, answer["Location"]) == (403, LIST)
    eventually(lambda: browser_of(alice).get(address(waiting)).status_code, lambda at: at == 404)


def test_what_fails_by_hand_is_an_attempt_that_runs(
    bob: User, browser_of: Browser, waiting: Key
) -> None:
    asked = {"message": "no such card", "kind": "", "final": "on", "reason": "x"}

    answer = browser_of(bob).post(address(waiting, "fail"), asked)

    assert answer.status_code == 422
    assert AuditEntry.objects.get().outcome.result == "refused"


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


def test_nexus_operations_have_the_same_pages(
    bob: User, browser_of: Browser, names: Names, program: Program, worker: Scripted,
    server_kind: str,
) -> None:  # fmt: skip
    browser = browser_of(bob)
    if server_kind == OFFICIAL:
        page = browser.get(OPERATIONS_LIST)
        assert page.status_code == 200
        assert "This server runs no Nexus operations that stand alone" in words_in(page)
        return
    endpoint = f"refunds-{secrets.token_hex(4)}"
    program.wait(worker.handler(names.queue(), endpoint).begin())
    name = names.workflow("operation")
    answer = call(
        workflow_service().StartNexusOperationExecution,
        StartNexusOperationExecutionRequest(
            namespace=NAMESPACE, operation_id=name, request_id=name, endpoint=endpoint,
            service="payments", operation="refund", input=plain({"amount": "9.99"}),
        ),
    )  # fmt: skip
    key = Key(NAMESPACE, OPERATIONS, name, answer.run_id)

    found = eventually(
        lambda: browser.get(OPERATIONS_LIST, {"q": f"Endpoint = '{endpoint}'"}),
        lambda page: address(key) in page.text,
        within=30,
    )
    page, counts = browser.get(address(key)), browser.get(f"{OPERATIONS_LIST}summary")
    browser.post(address(key, "terminate"), {"reason": "the wrong customer"})

    assert "payments.refund" in words_in(found)
    assert "Running 1" in words_in(counts)
    assert "9.99" in words_in(page)
    assert "Pause…" not in words_in(page)
    ended = until(key, lambda one: one.summary.status == "Terminated")
    assert ended.ended is not None
    assert browser.get(address(key, "complete")).status_code == 404
