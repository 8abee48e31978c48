"""The server's own batches: listed, followed, stopped."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from temporalio.api.batch.v1 import BatchOperationTermination
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest

from console.audit.models import AuditEntry
from console.batches import looking, presenters
from console.gateway import batches as gateway
from console.gateway.batches import BatchDetail, BatchSummary
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from tests.console.conftest import NAMESPACE, indexed
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of
from tests.support.programs import Program

URL = f"/namespaces/{NAMESPACE}/batches/"

Browser = Callable[..., Client]


def address(job: str, page: str = "batch") -> str:
    return reverse(f"batches:{page}", args=[NAMESPACE, job])


def start(job: str, queue: str) -> None:
    """The dev server lets one run at a time, and knows a moment later that the last has ended."""
    request = StartBatchOperationRequest(
        namespace=NAMESPACE, job_id=job, reason="the queue is closed",
        visibility_query=f"TaskQueue = '{queue}'", max_operations_per_second=5,
        termination_operation=BatchOperationTermination(identity="Ada"),
    )  # fmt: skip

    def is_started() -> bool:
        try:
            call(workflow_service().StartBatchOperation, request)
        except GatewayError as error:
            if error.trouble is Trouble.BUSY:
                return False
            raise
        return True

    eventually(is_started, within=20, every=0.2)


def test_a_batch_is_listed_and_followed_to_its_end(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, job = names.queue(), names.workflow("job")
    program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 1)
    start(job, queue)
    browser = browser_of(carol)

    page = eventually(lambda: browser.get(address(job)), lambda page: "1 of 1" in page.text)
    assert "Terminate runs" in page.text
    assert "the queue is closed" in page.text
    assert "Ada" in page.text
    assert "Stop…" not in page.text
    eventually(lambda: browser.get(URL), lambda page: f'title="{job}"' in page.text)
    eventually(lambda: browser.get(address(job)), lambda page: "Completed" in page.text)


def test_one_that_runs_is_stopped_with_a_reason(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, job = names.queue(), names.workflow("job")
    for _ in range(100):
        program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 100)
    start(job, queue)
    browser = browser_of(bob)

    dialog = browser.get(address(job, "stop"))
    assert "What it has done stays done" in dialog.text
    assert browser.post(address(job, "stop"), {"reason": ""}).status_code == 422
    answer = browser.post(address(job, "stop"), {"reason": "the wrong queue"})

    assert answer.status_code == 303
    stopped = eventually(
        lambda: gateway.describe(NAMESPACE, job), lambda told: told.summary.state == "FAILED"
    )
    assert stopped.done < 100
    entry = AuditEntry.objects.get(verb="batch.stop")
    assert (entry.target, entry.reason, entry.before["state"]) == (
        job,
        "the wrong queue",
        "RUNNING",
    )
    assert "Failed or stopped" in browser.get(address(job)).text


def test_the_list_tells_how_each_ended_and_asks_for_it_once(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, job, none = names.queue(), names.workflow("job"), names.workflow("none")
    for _ in range(3):
        program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 3)
    start(job, queue)
    start(none, names.queue())
    browser = browser_of(carol)

    for one, done in ((job, "3 of 3"), (none, "0 of 0")):
        page = eventually(lambda: browser.get(URL), lambda page, one=one: ended(page, one))
        assert cells(page, one)[3] == done
    assert cells(page, job)[4] == "0"
    assert "There was no run to do it to" in browser.get(address(none)).text
    cache.clear()
    first, second = browser.get(URL), browser.get(URL)

    assert 1 < calls_of(first) <= 1 + looking.RUNNING_MAX + looking.ENDED_MAX
    assert calls_of(second) < calls_of(first)


def cells(page: Any, job: str) -> list[str]:
    """Of the batch's row."""
    found = re.search(rf'<tr>(?:(?!</tr>).)*title="{job}".*?</tr>', page.text, re.DOTALL)
    row = found[0] if found else ""
    row = re.sub(r'<span class="narrow-label">.*?</span>', "", row)
    parts = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", "", part).split()) for part in parts]


def ended(page: Any, job: str) -> bool:
    found = cells(page, job)
    return bool(found) and found[0] == "Completed"


def test_progress_is_told_in_numbers_once_the_server_has_counted() -> None:
    summary = BatchSummary("job", "TERMINATE_WORKFLOW", "RUNNING", None, None)
    counting = BatchDetail(summary, 0, 0, 0, "", "", "", ())
    half = BatchDetail(summary, 4_000, 1_500, 500, "", "", "", ())

    assert presenters.row(summary, counting).progress == "being counted"
    assert presenters.row(summary, counting).share is None
    assert presenters.row(summary, half).progress == "2,000 of 4,000"
    assert presenters.row(summary, half).share == 50.0
    assert (presenters.row(summary, half).done, presenters.row(summary, half).refused) == (
        "1,500 of 4,000",
        "500",
    )
