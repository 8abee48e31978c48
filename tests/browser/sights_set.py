"""What operators set and hold: limits of queues, Nexus endpoints, a run that is paused."""

import secrets
from collections.abc import Callable

from playwright.sync_api import Page
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest

from tests.browser.sights_alone import QUEUE
from tests.browser.visitor import HOME, Visitor
from tests.support.eventually import eventually
from tests.support.programs import Program

PAUSED = "WorkflowType = 'OrderFulfilment' AND ExecutionStatus = 'Paused'"
RUNNING = "WorkflowType = 'OrderFulfilment' AND ExecutionStatus = 'Running'"
LISTED_SECONDS_MAX = 60


def prepare(program: Program) -> None:
    """An order that somebody holds; no worker has ever taken it."""
    key = program.start("OrderFulfilment", f"order-on-hold-{secrets.token_hex(3)}", QUEUE)
    program.wait(
        program.client.workflow_service.pause_workflow_execution(
            PauseWorkflowExecutionRequest(
                namespace=key.namespace, workflow_id=key.workflow_id, run_id=key.run_id,
                identity="Ada", reason="The customer has moved, and the address is asked for",
                request_id=secrets.token_hex(8),
            )
        )
    )  # fmt: skip


def paused(visitor: Visitor) -> None:
    rows = visitor.page.locator("#results tbody tr")
    eventually(
        lambda: visitor.searches(PAUSED) and rows.count(), within=LISTED_SECONDS_MAX, every=1
    )
    visitor.opens(PAUSED)


def pause(visitor: Visitor) -> None:
    page = visitor.opens(RUNNING)
    page.locator(".page-actions").get_by_role("link", name="Pause…").click()
    page.locator("dialog[open]").wait_for()


def limits(visitor: Visitor) -> None:
    page = visitor.goes_to(f"{HOME}task-queues/{QUEUE}/")
    page.get_by_role("link", name="Change the limits of activity tasks").click()
    page.locator("dialog[open]").wait_for()
    page.get_by_label("Tasks a second", exact=True).fill("20")
    page.get_by_label("Why").fill("The bank takes no more at a time")


def endpoint(visitor: Visitor) -> Page:
    page = visitor.goes_to("nexus-endpoints/")
    page.get_by_role("table", name="Nexus endpoints").locator("tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    return page


def endpoint_change(visitor: Visitor) -> None:
    page = endpoint(visitor)
    page.get_by_role("link", name="Change…").click()
    page.locator("dialog[open]").wait_for()


OF_SET: dict[str, Callable[[Visitor], object]] = {
    "run-paused": paused,
    "run-pause": pause,
    "task-queue-limits": limits,
    "endpoints": lambda visitor: visitor.goes_to("nexus-endpoints/"),
    "endpoint": endpoint,
    "endpoint-change": endpoint_change,
}
