"""Start a run, from nothing or like another one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import (
    Header,
    Memo,
    Payload,
    Payloads,
    Priority,
    RetryPolicy,
    WorkflowType,
)
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import VersioningOverride
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from console.audit.models import AuditEntry
from console.gateway import namespaces, starting, workflows
from console.gateway.channel import call, workflow_service
from console.gateway.runs import RunKey
from console.gateway.versions import Override
from tests.console.conftest import NAMESPACE
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]
URL = "/namespaces/default/start/"


def asked(names: Names, **changes: Any) -> dict[str, Any]:
    return {
        "workflow_type": "Waiting",
        "workflow_id": names.workflow(),
        "task_queue": names.queue(),
        "argument": ['"12.00"'],
        "reuse": "always",
        "conflict": "refuse",
        "reason": "the customer called",
    } | changes


def newest(workflow_id: str) -> RunKey:
    return workflows.describe(RunKey(NAMESPACE, workflow_id, "")).summary.key


def test_a_run_is_started_with_all_that_was_said(
    bob: User, browser_of: Browser, names: Names
) -> None:
    form = asked(
        names,
        argument=['{"amount": "12.00"}', "", "[1, 2]", ""],
        memo='{"customer": "Ada"}',
        execution_timeout="2h",
        run_timeout="1h",
        task_timeout="20s",
        delay="30m",
        attempts="3",
        first_pause="5s",
        headers='{"tenant": "eu"}',
        priority_key="1",
        goes="routed",
    )
    nowhere = browser_of(bob).post(URL, form | {"goes": "pinned", "version": "shop"})
    wrong = browser_of(bob).post(URL, form, headers=htmx("start"))
    form["argument"] = ['{"amount": "12.00"}', "null", "[1, 2]", ""]

    answer = browser_of(bob).post(URL, form, headers=htmx("start"))

    assert list(nowhere.context["form"].errors) == ["version"]
    assert wrong.status_code == 422
    assert "write null if this one is nothing" in words_in(wrong)
    key = newest(form["workflow_id"])
    assert answer["HX-Redirect"].endswith(f"/{key.run_id}/")
    began = starting.pattern(key)
    assert [one.value.content for one in began.arguments] == [{"amount": "12.00"}, None, [1, 2]]
    assert began.memo["customer"].value.content == "Ada"
    assert began.headers["tenant"].value.content == "eu"
    assert (began.precedence.priority_key, began.override) == (1, Override())
    assert (began.execution_timeout, began.run_timeout, began.task_timeout) == (
        timedelta(hours=2),
        timedelta(hours=1),
        timedelta(seconds=20),
    )
    assert began.retry is not None
    assert (began.retry.maximum_attempts, began.retry.initial_interval) == (3, timedelta(seconds=5))
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.workflow_id, entry.outcome.run_id) == (
        "run.start",
        key.workflow_id,
        key.run_id,
    )


def test_a_search_attribute_has_a_field_of_its_type(
    bob: User, browser_of: Browser, names: Names
) -> None:
    for name, kind in {
        "StartedBy": "Keyword",
        "StartedCount": "Int",
        "StartedAt": "Datetime",
    }.items():
        if name not in namespaces.attributes(NAMESPACE).custom:
            namespaces.add_attribute(NAMESPACE, name, kind)
    given = {
        "attribute_StartedBy": "bob",
        "attribute_StartedCount": "seven",
        "attribute_StartedAt": "2026-01-31 09:00",
    }
    wrong = browser_of(bob).post(URL, asked(names, **given), headers=htmx("start"))
    assert "Enter a whole number." in words_in(wrong)

    form = asked(names, **(given | {"attribute_StartedCount": "7"}))
    browser_of(bob).post(URL, form)

    found = workflows.describe(newest(form["workflow_id"])).summary.attributes
    assert found["StartedBy"] == "bob"
    assert found["StartedCount"] == 7
    assert found["StartedAt"].isoformat() == "2026-01-31T09:00:00+00:00"


@pytest.fixture
def pattern(server_address: str, engine: str, names: Names) -> RunKey:
    """Started with what JSON cannot say: bytes, and a payload with metadata of its own."""
    key = RunKey(NAMESPACE, names.workflow("pattern"), "")
    answer = call(
        workflow_service().StartWorkflowExecution,
        StartWorkflowExecutionRequest(
            namespace=NAMESPACE,
            workflow_id=key.workflow_id,
            workflow_type=WorkflowType(name="Waiting"),
            task_queue=TaskQueue(name=names.queue()),
            input=Payloads(payloads=[PLAIN, BYTES, PLAIN, *[PLAIN] * 19]),
            memo=Memo(fields={"customer": PLAIN, "scan": BYTES}),
            header=Header(fields={"tenant": PLAIN, "trace": BYTES}),
            retry_policy=RetryPolicy(maximum_attempts=3, non_retryable_error_types=["NoSuchCard"]),
            workflow_run_timeout=Duration(seconds=7_200),
            priority=Priority(priority_key=2, fairness_key="eu", fairness_weight=2.5),
            versioning_override=VersioningOverride(auto_upgrade=True),
            user_metadata=UserMetadata(summary=PLAIN, details=BYTES),
            request_id=names.workflow(),
        ),
    )
    return RunKey(NAMESPACE, key.workflow_id, answer.run_id)


PLAIN = Payload(metadata={"encoding": b"json/plain", "made-by": b"another SDK"}, data=b'{"a":1.50}')
BYTES = Payload(metadata={"encoding": b"binary/plain"}, data=b"\x00\x01\x02")


def test_one_like_another_is_the_same_byte_by_byte_but_for_what_was_changed(
    bob: User, browser_of: Browser, pattern: RunKey
) -> None:
    browser = browser_of(bob)
    like = {"like": pattern.workflow_id, "run": pattern.run_id}
    page = browser.get(URL, like)
    draft = page.context["draft"]
    form = {name: draft.form[name].value() or "" for name in draft.form.fields} | like
    form |= {
        "run_timeout": "2h",
        "final_types": "NoSuchCard",
        "reuse": "always",
        "conflict": "refuse",
        "argument": [row.text for row in draft.rows],
        "reason": "the same once more",
    }
    form["argument"][2] = '{"a": 2}'

    browser.post(URL, form)

    assert "copied as it is" in words_in(page)
    assert "2 more go along behind it as they are" in words_in(page)
    began, was = starting.pattern(newest(form["workflow_id"])), starting.pattern(pattern)
    first, second, third, *others = (one.payload for one in began.arguments)
    assert (first, second, others) == (PLAIN, BYTES, [PLAIN] * 19)
    assert third.data == b'{"a":2}'
    assert {name: one.payload for name, one in began.headers.items()} == {
        "tenant": PLAIN,
        "trace": BYTES,
    }
    assert [one and one.payload for one in began.words] == [PLAIN, BYTES]
    assert replace(began, arguments=()) == replace(was, arguments=())
    assert (was.precedence.fairness_weight, was.override, was.cron) == (2.5, Override(), "")
    assert {name: one.payload for name, one in began.memo.items()} == {
        "customer": PLAIN,
        "scan": BYTES,
    }
    assert AuditEntry.objects.get().asked["like"] == f"{pattern.workflow_id} {pattern.run_id}"


def test_the_link_on_the_runs_page_carries_no_payload(
    bob: User, carol: User, browser_of: Browser, pattern: RunKey
) -> None:
    where = reverse("workflows:run", args=[NAMESPACE, pattern.workflow_id, pattern.run_id])

    of_operator = browser_of(bob).get(where)
    of_viewer = browser_of(carol).get(where)

    link = of_operator.text.split(f'href="{URL}?')[1].split('"')[0]
    assert "1.5" not in link
    assert pattern.run_id in link
    assert "Start one like this" not in of_viewer.text


def test_an_id_that_is_running_is_refused_at_its_field_or_used(
    bob: User, browser_of: Browser, names: Names
) -> None:
    browser = browser_of(bob)
    form = asked(names)
    browser.post(URL, form)
    first = newest(form["workflow_id"])

    refused = browser.post(URL, form, headers=htmx("start"))
    used = browser.post(URL, form | {"conflict": "use"}, headers=htmx("start"))
    renewed = browser.post(URL, form | {"conflict": "terminate"}, headers=htmx("start"))

    assert refused.status_code == 422
    assert 'id="id_workflow_id_error"' in refused.text
    assert first.run_id in used["HX-Redirect"]
    assert newest(form["workflow_id"]).run_id != first.run_id
    assert first.run_id not in renewed["HX-Redirect"]
    results = [entry.outcome.result for entry in AuditEntry.objects.order_by("at")]
    assert results == ["done", "refused", "done", "done"]


def test_a_queue_that_nobody_polls_is_warned_of(
    bob: User, browser_of: Browser, names: Names, program: Program
) -> None:
    browser = browser_of(bob)
    queue = names.queue()

    before = browser.get(f"{URL}queue/", {"task_queue": queue})
    with running(program, queue):
        program.result(program.start("Charging", names.workflow(), queue, "1.00"))
        while_polled = browser.get(f"{URL}queue/", {"task_queue": queue})
    page = browser.get(browser.post(URL, asked(names))["Location"])

    assert f"Nobody polls {queue}" in words_in(before)
    assert "Workers poll it." in words_in(while_polled)
    assert "the run waits until a worker does" in words_in(page)


def test_arguments_and_memo_that_are_not_json_are_refused_at_their_fields(
    bob: User, browser_of: Browser, names: Names
) -> None:
    form = asked(names, argument=["1", "{"], memo="[]", delay="soon")

    answer = browser_of(bob).post(URL, form, headers=htmx("start"))

    assert answer.status_code == 422
    assert "Write a JSON object" in words_in(answer)
    assert "Not a length of time" in words_in(answer)
    assert "This is not JSON" in answer.text.split('id="id_argument_2_error"')[1]
    assert not AuditEntry.objects.exists()


def test_another_argument_keeps_what_was_typed(
    bob: User, browser_of: Browser, names: Names
) -> None:
    form = asked(names, step="more", memo="{not yet}")

    answer = browser_of(bob).post(URL, form, headers=htmx("start"))

    assert answer.status_code == 200
    assert answer.text.count('name="argument"') == 2
    assert "{not yet}" in answer.text
    assert "field-error" not in answer.text


def test_a_run_to_copy_that_is_not_there(bob: User, browser_of: Browser) -> None:
    answer = browser_of(bob).get(URL, {"like": "no-such", "run": ""})

    assert answer.status_code == 404
    assert "There is no such run of no-such to copy" in words_in(answer)
