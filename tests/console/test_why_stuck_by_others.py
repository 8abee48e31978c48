"""Why is this stuck? The causes that lie with others: workers of versions, updates, messages.

As in test_why_stuck: each made on a real server.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest
from temporalio.client import WorkflowUpdateStage

from console.gateway import deployments, steering, task_queues
from console.gateway.channel import workflow_service
from console.gateway.runs import RunKey
from console.workflows.causes.facts import GONE_AFTER
from tests.support.commands import command, signal_external, start_timer
from tests.support.eventually import eventually
from tests.support.handlers import ScriptedHandler, started
from tests.support.names import Names
from tests.support.pages import calls_of, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted
from tests.support.standings import becomes, said, standing
from tests.support.versions import NAMESPACE, pinned, polled_by

Browser = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("db")

#: Nobody polls any more that did; so nobody is asked what the code takes.
LATER = GONE_AFTER.total_seconds() + 10


@pytest.fixture
def shop(names: Names) -> str:
    """A deployment."""
    return names.workflow("shop").replace("/", "-")


@contextmanager
def sent(key: RunKey, name: str) -> Iterator[None]:
    """An update of the run, whose sender waits for its end."""
    call = workflow_service().UpdateWorkflowExecution.future(
        UpdateWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id),
            wait_policy=WaitPolicy(lifecycle_stage=3),  # type: ignore[arg-type]
            request=Request(meta=Meta(update_id=name), input=Input(name=name)),
        ),
        timeout=30,
    )
    try:
        yield
    finally:
        call.cancel()


def make_current(name: str, build_id: str) -> None:
    token = deployments.describe(NAMESPACE, name).token
    deployments.set_current(NAMESPACE, name, build_id, token=token, identity="a test")


def when_only_polls(queue: str, build_id: str) -> datetime:
    """Who polled before its worker has been gone long enough then, and it has not."""
    pollers = eventually(
        lambda: task_queues.describe(NAMESPACE, queue).workflow.pollers,
        lambda seen: build_id in {one.build for one in seen},
    )
    newest = max(one.last_seen_at for one in pollers if one.last_seen_at)
    return newest + GONE_AFTER - timedelta(milliseconds=1)


def test_no_worker_polls_of_the_version_that_it_is_pinned_to(
    worker: Scripted, names: Names, shop: str
) -> None:
    with polled_by(shop, worker.queue, "b1"):
        pass
    with polled_by(shop, worker.queue, "b2"):
        key = worker.start(names.workflow(), versioning_override=pinned(shop, "b1"))
        found = becomes("pinned-version-gone", key, at=when_only_polls(worker.queue, "b2"))

    assert said(found).startswith(
        f"No worker of its version asks for workflow tasks of {worker.queue} since "
    )
    assert said(found).endswith(
        f": the run is pinned to version b1 of {shop}. 1 other worker polls and may not have them."
    )
    assert standing(key, later=LATER).cause == "pinned-version-gone"


def test_the_page_leads_to_the_deployment(
    carol: User, browser_of: Browser, worker: Scripted, names: Names, shop: str
) -> None:
    with polled_by(shop, worker.queue, "b1"):
        key = worker.start(names.workflow())
        becomes("no-version-current", key)
        page = browser_of(carol).get(
            reverse("workflows:run", args=[key.namespace, key.workflow_id, key.run_id])
        )

    assert "No worker without a version asks for workflow tasks" in words_in(page)
    assert reverse("deployments:deployment", args=[NAMESPACE, shop]) in page.text
    assert calls_of(page) <= 8


def test_no_version_is_current(worker: Scripted, names: Names, shop: str) -> None:
    with polled_by(shop, worker.queue, "b1", "b2"):
        key = worker.start(names.workflow())
        # the official server tells of one poller before it tells of the other
        found = eventually(lambda: standing(key), lambda seen: seen.says.count(f" of {shop}") == 2)

    assert found.cause == "no-version-current"
    assert said(found).endswith(
        f"and no version is current there: those that poll, of b1 of {shop} and b2 of {shop},"
        " may not have them."
    )


def test_no_worker_of_the_current_version_polls(worker: Scripted, names: Names, shop: str) -> None:
    with polled_by(shop, worker.queue, "b1"):
        make_current(shop, "b1")
    with polled_by(shop, worker.queue, "b2"):
        key = worker.start(names.workflow())
        found = becomes("current-version-gone", key, at=when_only_polls(worker.queue, "b2"))

    assert f": they go to version b1 of {shop}, which is current." in said(found)


def test_an_update_is_not_accepted_where_nobody_polls(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(start_timer("t", 3600))
    assert standing(key, later=LATER).cause == "waits-for-timer"
    with sent(key, "adjust"):
        found = becomes("update-not-accepted", key, later=LATER)

    assert said(found).startswith(
        f"An update is not accepted yet: nobody asks for workflow tasks of {worker.queue} since "
    )


def test_a_worker_holds_an_update(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(start_timer("t", 3600))
    with sent(key, "adjust"):
        assert worker.poll().messages
        found = becomes("update-not-accepted", key, later=7)

    assert said(found).startswith("An update is not accepted yet: a worker holds its workflow")


def test_an_update_is_to_be_accepted_anew_after_a_reset(program: Program, names: Names) -> None:
    """There the history names it, until the first task of the new run is done."""
    queue, request = names.queue(), names.workflow("reset")
    with running(program, queue):
        key = program.start("Stalling", names.workflow(), queue)
        handle = program.client.get_workflow_handle(key.workflow_id)
        program.wait(handle.start_update("stall", wait_for_stage=WorkflowUpdateStage.ACCEPTED))
    new = steering.reset(key, 4, "again", identity="a test", request_id=request)
    found = becomes("update-not-accepted", new, later=LATER)

    assert said(found).startswith("The update stall is not accepted yet: nobody asks for ")


@pytest.mark.parametrize("kind", ["signal", "cancellation"])
def test_a_message_to_another_run_did_not_arrive(worker: Scripted, names: Names, kind: str) -> None:
    key, nobody = worker.start(names.workflow()), names.workflow("nobody")
    cancel = command("request_cancel_external_workflow_execution", workflow_id=nobody)
    worker.on_task(signal_external(nobody, "go") if kind == "signal" else cancel)
    worker.on_task()

    found = standing(key, later=LATER)

    what = "signal go" if kind == "signal" else "cancellation"
    assert (found.cause, found.in_trouble) == ("message-not-delivered", False)
    assert said(found).startswith(f"The {what} to {nobody} did not arrive at ")
    assert ": no such run is open. It waits to be told: a signal or an update." in said(found)


@pytest.fixture
def handler(program: Program, worker: Scripted, names: Names) -> ScriptedHandler:
    endpoint = names.workflow("bank").replace("/", "-")
    made = worker.handler(names.queue(), endpoint)
    program.wait(made.begin())
    return made


def test_an_operation_does_not_begin_and_then_goes_on(
    program: Program,
    worker: Scripted,
    names: Names,
    handler: ScriptedHandler,
    carol: User,
    browser_of: Browser,
) -> None:
    key = worker.start(names.workflow())
    worker.on_task(handler.operation())
    program.wait(handler.refuse(program.wait(handler.poll()), "INTERNAL", "not now"))

    found = becomes("operation-fails", key)
    assert said(found).startswith(
        f"The operation payments/charge at {handler.endpoint} does not begin: not now. Attempt 1"
    )
    assert found.endpoint == handler.endpoint

    program.wait(handler.on_request(started()))
    found = becomes("waits-for-operation", key)
    assert f"the end of the operation payments/charge at {handler.endpoint}" in said(found)

    address = [key.namespace, key.workflow_id, key.run_id]
    page = browser_of(carol).get(reverse("workflows:pending", args=address))
    assert f"payments/charge {handler.endpoint}" in words_in(page)
    assert f'href="{reverse("endpoints:endpoint", args=[handler.endpoint])}"' in page.text
