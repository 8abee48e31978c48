"""What stands alone, and what is said of many schedules or of a namespace."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    RespondActivityTaskFailedRequest,
    StartNexusOperationExecutionRequest,
    TerminateNexusOperationExecutionRequest,
)
from temporalio.common import RetryPolicy

from tests.browser.visitor import HOME, Visitor
from tests.support.eventually import eventually
from tests.support.programs import Program

ALONE = f"{HOME}standalone/"
#: Nobody works on it: they wait until somebody ends them.
QUEUE = "refunds-by-hand"
FAILING = "refund-4714"
LISTED_SECONDS_MAX = 60


def prepare(program: Program) -> None:
    """No program of the examples starts any of them."""
    mark = secrets.token_hex(3)
    program.wait(_failing(program, mark))
    program.wait(_activities(program, mark))
    program.wait(_operations(program, mark))


async def _activities(program: Program, mark: str) -> None:
    for name in ("refund-4711", "refund-4712", "refund-4713"):
        given = {"customer": "Brekkehus AS", "amount": {"amount": "24.90", "currency": "EUR"}}
        handle: Any = await program.client.start_activity(
            "refund_card", given, id=f"{name}-{mark}", task_queue=QUEUE,
            start_to_close_timeout=timedelta(minutes=5), summary="asked for by phone",
        )  # fmt: skip
        if name.endswith("2"):
            await handle.terminate(reason="It was refunded by the bank already")
        if name.endswith("3"):
            await handle.cancel(reason="The customer keeps the goods")


async def _failing(program: Program, mark: str) -> None:
    """Two attempts of it fail, as its worker would tell; the third waits. Nothing else is in the
    queue yet."""
    service = program.client.workflow_service
    await program.client.start_activity(
        "refund_card", "24.90", id=f"{FAILING}-{mark}", task_queue=QUEUE,
        start_to_close_timeout=timedelta(minutes=5),
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=1_000),
    )  # fmt: skip
    cause = Failure(
        message="connect ETIMEDOUT 203.0.113.7:443",
        application_failure_info=ApplicationFailureInfo(type="ConnectTimeout"),
    )
    for words in ("no answer in 20 s", "503 Service Unavailable"):
        task = await service.poll_activity_task_queue(
            PollActivityTaskQueueRequest(
                namespace=program.namespace, task_queue=TaskQueue(name=QUEUE), identity="refunds@2"
            )
        )
        failure = Failure(
            message=f"POST /v2/refunds: {words}", cause=cause,
            application_failure_info=ApplicationFailureInfo(type="CardProcessorError"),
        )  # fmt: skip
        await service.respond_activity_task_failed(
            RespondActivityTaskFailedRequest(
                namespace=program.namespace, task_token=task.task_token, failure=failure
            )
        )


async def _operations(program: Program, mark: str) -> None:
    service, name = program.client.workflow_service, f"bank-{mark}"
    worker = EndpointTarget.Worker(namespace=program.namespace, task_queue=QUEUE)
    spec = EndpointSpec(name=name, target=EndpointTarget(worker=worker))
    operator = program.client.operator_service
    await operator.create_nexus_endpoint(CreateNexusEndpointRequest(spec=spec))
    for word in ("payout", "reversal"):
        asked = StartNexusOperationExecutionRequest(
            namespace=program.namespace, operation_id=f"{word}-{mark}", request_id=f"{word}-{mark}",
            endpoint=name, service="bank", operation=word,
            input=Payload(metadata={"encoding": b"json/plain"}, data=b'{"amount": "24.90"}'),
        )  # fmt: skip
        await service.start_nexus_operation_execution(asked)
    ended = TerminateNexusOperationExecutionRequest(
        namespace=program.namespace, operation_id=f"reversal-{mark}", reason="Twice", identity="Ada"
    )
    await service.terminate_nexus_operation_execution(ended)


def rows(kind: str, query: str = "") -> Callable[[Visitor], Page]:
    """The index follows by itself."""
    asked = f"?{urlencode({'q': query})}" if query else ""

    def come(visitor: Visitor) -> Page:
        found = visitor.page.locator("#results tbody th a")
        eventually(
            lambda: visitor.goes_to(f"{ALONE}{kind}/{asked}") and found.count(),
            within=LISTED_SECONDS_MAX,
            every=1,
        )
        visitor.settles()
        return visitor.page

    return come


def first(kind: str, query: str) -> Callable[[Visitor], Page]:
    """Of those of the examples and ours, which are more than a page."""

    def come(visitor: Visitor) -> Page:
        page = rows(kind, query)(visitor)
        row = page.locator("#results tbody tr").first
        visitor.goes_to((row.locator("th a").get_attribute("href") or "").lstrip("/"))
        return page

    return come


RUNNING = f"ExecutionStatus = 'Running' AND TaskQueue = '{QUEUE}'"
TERMINATED = "ExecutionStatus = 'Terminated' AND OperationId STARTS_WITH 'reversal'"
RETRIED = f"ActivityId STARTS_WITH '{FAILING}'"


def terminate(visitor: Visitor) -> None:
    page = first("activities", RUNNING)(visitor)
    page.get_by_role("link", name="Terminate…").click()
    page.locator("dialog[open]").wait_for()


def payload(visitor: Visitor) -> None:
    page = first("activities", RUNNING)(visitor)
    visitor.goes_to(f"{page.url.removeprefix(visitor.address).lstrip('/')}payloads/0/")


def schedules_selected(visitor: Visitor) -> Page:
    page = visitor.goes_to(f"{HOME}schedules/")
    if visitor.is_narrow:
        page.get_by_role("button", name="Select all on this page").click()
    else:
        page.get_by_label("Select every row on this page").check()
    return page


def schedules_several(visitor: Visitor) -> None:
    page = schedules_selected(visitor)
    page.get_by_role("button", name="Pause…").click()
    page.get_by_label("Why").wait_for()


def showing(visitor: Visitor) -> None:
    page = visitor.goes_to(HOME)
    page.get_by_role("link", name="How runs are shown…").click()
    page.locator("dialog[open]").wait_for()


def filter_opened(visitor: Visitor) -> None:
    """By the address: a saved query with a condition of theirs."""
    page = visitor.goes_to(f"{ALONE}activities/?q=ActivityType%20%3D%20%27refund_card%27")
    page.locator("#search .chip-text").first.click()
    page.locator("dialog[open]").wait_for()


def selected(visitor: Visitor) -> None:
    page = rows("activities")(visitor)
    if visitor.is_narrow:
        page.get_by_role("button", name="Select all on this page").click()
    else:
        page.get_by_label("Select every row on this page").check()


def many(visitor: Visitor) -> None:
    selected(visitor)
    visitor.page.get_by_role("button", name="Terminate…").click()
    visitor.page.get_by_role("heading", name="Manifest").wait_for()


def more(visitor: Visitor, link: str) -> None:
    """What is behind the dots where there is room for few."""
    if not visitor.is_narrow:
        visitor.page.get_by_label("More actions").click()
    visitor.page.locator(".page-actions").get_by_role("link", name=link).click()


def start_like(visitor: Visitor) -> None:
    page = first("activities", RUNNING)(visitor)
    more(visitor, "Start one like this…")
    page.get_by_role("heading", name="Start an activity").wait_for()


def options(visitor: Visitor) -> None:
    page = first("activities", RUNNING)(visitor)
    more(visitor, "Change options…")
    page.get_by_label("One attempt may take").fill("20m")
    page.get_by_label("Reason").fill("The bank is slow today")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("table", name="Before and after").wait_for()


def attempts(visitor: Visitor) -> None:
    page = first("activities", RETRIED)(visitor)
    link = page.get_by_role("link", name="all that failed").get_attribute("href") or ""
    visitor.goes_to(link.lstrip("/"))


def others_like_it(visitor: Visitor) -> None:
    first("activities", RETRIED)(visitor)
    more(visitor, "thers like this…")
    visitor.page.get_by_role("heading", name="Standalone activities like this one").wait_for()


OF_ALONE: dict[str, Callable[[Visitor], object]] = {
    "standalone": rows("activities"),
    "standalone-activity": first("activities", RUNNING),
    "standalone-payload": payload,
    "standalone-terminate": terminate,
    "standalone-filter": filter_opened,
    "standalone-selected": selected,
    "standalone-many": many,
    "standalone-start": lambda visitor: visitor.goes_to(f"{ALONE}activities/start/"),
    "standalone-start-like": start_like,
    "standalone-options": options,
    "standalone-attempts": attempts,
    "standalone-overview": lambda visitor: visitor.goes_to(f"{HOME}overview/?of=activities"),
    "standalone-ageing": lambda visitor: visitor.goes_to(f"{HOME}ageing/?of=activities"),
    "standalone-cohort": others_like_it,
    "nexus-operations": rows("operations"),
    "nexus-operation": first("operations", TERMINATED),
    "schedules-selected": schedules_selected,
    "schedules-several": schedules_several,
    "namespace-showing": showing,
}
