"""Nexus operations without a workflow: their pages, and what fails of them."""

import secrets
from collections.abc import Callable

from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from temporalio.api.workflowservice.v1 import StartNexusOperationExecutionRequest

from console.gateway import standalone
from console.gateway.channel import call, workflow_service
from console.gateway.standalone import OPERATIONS, Key
from console.incidents import surveying
from console.incidents.models import Incident
from tests.console.conftest import NAMESPACE
from tests.support.alone import address, plain, until
from tests.support.engine import OFFICIAL
from tests.support.eventually import eventually
from tests.support.handlers import ScriptedHandler, ended
from tests.support.names import Names
from tests.support.pages import calls_of, words_in
from tests.support.programs import Program
from tests.support.scripted import Scripted

Browser = Callable[..., Client]
OPERATIONS_LIST = f"/namespaces/{NAMESPACE}/standalone/operations/"


def made(worker: Scripted, program: Program, names: Names) -> ScriptedHandler:
    handler = worker.handler(names.queue(), f"refunds-{secrets.token_hex(4)}")
    program.wait(handler.begin())
    return handler


def start(names: Names, handler: ScriptedHandler) -> Key:
    name = names.workflow("operation")
    answer = call(
        workflow_service().StartNexusOperationExecution,
        StartNexusOperationExecutionRequest(
            namespace=NAMESPACE, operation_id=name, request_id=name, endpoint=handler.endpoint,
            service="payments", operation="refund", input=plain({"amount": "9.99"}),
        ),
    )  # fmt: skip
    return Key(NAMESPACE, OPERATIONS, name, answer.run_id)


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
    handler = made(worker, program, names)
    key, endpoint = start(names, handler), handler.endpoint

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


def test_those_that_fail_are_incidents_and_what_they_share_is_found(
    bob: User, browser_of: Browser, names: Names, program: Program, worker: Scripted,
    server_kind: str,
) -> None:  # fmt: skip
    if server_kind == OFFICIAL:
        return
    handler, browser = made(worker, program, names), browser_of(bob)
    refused = start(names, handler)
    program.wait(handler.on_request(ended("failed", "no such card: 4711")))
    falters = start(names, handler)
    task = program.wait(handler.poll())
    program.wait(handler.refuse(task, "UNAVAILABLE", "the bank is away"))
    query = f"Endpoint = '{handler.endpoint}'"
    eventually(
        lambda: listed(f"{query} AND LastFailureType IS NOT NULL"),
        lambda keys: keys == {refused, falters},
        within=30,
    )

    cache.clear()
    surveying.survey(NAMESPACE, timezone.now())
    mine = Incident.objects.filter(namespace=NAMESPACE, lists="operations")
    gave_up, tried = (mine.get(message=said) for said in ("no such card: 4711", "the bank is away"))
    page = browser.get(reverse("incidents:incident", args=[NAMESPACE, gave_up.pk]))
    overview, board = (
        browser.get(f"/namespaces/{NAMESPACE}/{name}/", {"of": "operations", "q": query})
        for name in ("overview", "ageing")
    )
    cohort = browser.get(
        reverse("cohorts:alone", args=[NAMESPACE, "operations", refused.id, refused.run_id])
    )

    assert [(one.running, one.failed) for one in (gave_up, tried)] == [(0, 1), (1, 0)]
    assert gave_up.activity_types == ["payments.refund"]
    assert "Operation: payments.refund" in words_in(page)
    assert f"Endpoints: {handler.endpoint}" in words_in(page)
    assert address(refused) in page.text
    assert "By status: 2 Nexus operations, as of" in words_in(overview)
    assert "refund 2" in words_in(overview)
    assert "open Nexus operations as of" in words_in(board)
    assert "The same failure" in words_in(cohort)
    assert "no such card: 4711 1" in words_in(cohort)
    assert calls_of(cohort) <= 16


def listed(query: str) -> set[Key]:
    return {one.key for one in standalone.find(NAMESPACE, OPERATIONS, query, 10).executions}
