"""What stands alone, and what is said of many schedules or of a namespace."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page
from temporalio.api.common.v1 import Payload
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.api.workflowservice.v1 import (
    StartNexusOperationExecutionRequest,
    TerminateNexusOperationExecutionRequest,
)

from tests.browser.visitor import HOME, Visitor
from tests.support.eventually import eventually
from tests.support.programs import Program

ALONE = f"{HOME}standalone/"
#: Nobody works on it: they wait until somebody ends them.
QUEUE = "refunds-by-hand"
LISTED_SECONDS_MAX = 60


def prepare(program: Program) -> None:
    """No program of the examples starts any of them."""
    mark = secrets.token_hex(3)
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


def rows(kind: str) -> Callable[[Visitor], Page]:
    """The index follows by itself."""

    def come(visitor: Visitor) -> Page:
        found = visitor.page.locator("#results tbody th a")
        eventually(
            lambda: visitor.goes_to(f"{ALONE}{kind}/") and found.count(),
            within=LISTED_SECONDS_MAX,
            every=1,
        )
        visitor.page.wait_for_load_state("networkidle")
        return visitor.page

    return come


def first(kind: str, status: str) -> Callable[[Visitor], Page]:
    def come(visitor: Visitor) -> Page:
        page = rows(kind)(visitor)
        row = page.locator("#results tbody tr").filter(has_text=status).first
        visitor.goes_to((row.locator("th a").get_attribute("href") or "").lstrip("/"))
        return page

    return come


def terminate(visitor: Visitor) -> None:
    page = first("activities", "Running")(visitor)
    page.get_by_role("link", name="Terminate…").click()
    page.locator("dialog[open]").wait_for()


def payload(visitor: Visitor) -> None:
    page = first("activities", "Running")(visitor)
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


OF_ALONE: dict[str, Callable[[Visitor], object]] = {
    "standalone": rows("activities"),
    "standalone-activity": first("activities", "Running"),
    "standalone-payload": payload,
    "standalone-terminate": terminate,
    "nexus-operations": rows("operations"),
    "nexus-operation": first("operations", "Terminated"),
    "schedules-selected": schedules_selected,
    "schedules-several": schedules_several,
    "namespace-showing": showing,
}
