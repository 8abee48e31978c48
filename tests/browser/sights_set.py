"""What operators set and hold: limits of queues, Nexus endpoints, a run that is paused."""

import secrets
from collections.abc import Callable

from playwright.sync_api import Page
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.rules.v1 import WorkflowRuleAction, WorkflowRuleSpec
from temporalio.api.taskqueue.v1 import RateLimit
from temporalio.api.workflowservice.v1 import (
    CreateWorkflowRuleRequest,
    PauseWorkflowExecutionRequest,
    UpdateTaskQueueConfigRequest,
)

from tests.browser.sights_alone import QUEUE
from tests.browser.visitor import HOME, Visitor
from tests.support.eventually import eventually
from tests.support.programs import Program

PAUSED = "WorkflowType = 'OrderFulfilment' AND ExecutionStatus = 'Paused'"
STUCK = "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running' AND FailingActivityCount > 0"
LISTED_SECONDS_MAX = 60
LIMITS = UpdateTaskQueueConfigRequest(
    namespace="default", task_queue=QUEUE, identity="Ada",
    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    update_queue_rate_limit=UpdateTaskQueueConfigRequest.RateLimitUpdate(
        rate_limit=RateLimit(requests_per_second=20), reason="The bank takes no more at a time"
    ),
    set_fairness_weight_overrides={"business": 5, "trial": 0.5},
)  # fmt: skip
RULE = CreateWorkflowRuleRequest(
    namespace="default", identity="Ada", description="Letters wait for the new address list",
    spec=WorkflowRuleSpec(
        id="letters wait",
        activity_start=WorkflowRuleSpec.ActivityStartingTrigger(
            predicate="ActivityType = 'send_letter' AND ActivityAttempt > 1"
        ),
        visibility_query="WorkflowType = 'OrderFulfilment'",
        actions=[WorkflowRuleAction(activity_pause=WorkflowRuleAction.ActionActivityPause())],
    ),
)  # fmt: skip


def prepare(program: Program) -> None:
    """A queue with limits; and an order that somebody holds, which no worker has ever taken."""
    program.wait(program.client.workflow_service.update_task_queue_config(LIMITS))
    program.wait(program.client.workflow_service.create_workflow_rule(RULE))
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
    page = visitor.opens(STUCK)
    page.locator(".page-actions").get_by_role("link", name="Pause…").click()
    page.locator("dialog[open]").wait_for()


def limits(visitor: Visitor) -> Page:
    return visitor.goes_to(f"{HOME}task-queues/{QUEUE}/")


def limit(visitor: Visitor) -> None:
    page = limits(visitor)
    page.get_by_role("link", name="Change the limits of activity tasks").click()
    page.locator("dialog[open]").wait_for()
    page.locator("#id_rate").fill("40")
    page.get_by_label("Why").fill("Its new machines are there")


def rule_new(visitor: Visitor) -> None:
    page = visitor.goes_to(f"{HOME}rules/")
    page.get_by_role("link", name="New rule…").click()
    page.locator("dialog[open]").wait_for()
    page.get_by_label("Name of the rule").fill("the bank is down")
    page.get_by_label("Pause activities of which holds").fill("ActivityType = 'charge_card'")


def endpoint(visitor: Visitor) -> Page:
    page = visitor.goes_to("nexus-endpoints/")
    page.get_by_role("table", name="Nexus endpoints").locator("tbody th a").first.click()
    visitor.settles()
    return page


def endpoint_change(visitor: Visitor) -> None:
    page = endpoint(visitor)
    page.get_by_role("link", name="Change…").click()
    page.locator("dialog[open]").wait_for()


OF_SET: dict[str, Callable[[Visitor], object]] = {
    "run-paused": paused,
    "run-pause": pause,
    "task-queue-limits": limits,
    "task-queue-limit": limit,
    "rules": lambda visitor: visitor.goes_to(f"{HOME}rules/"),
    "rule-new": rule_new,
    "endpoints": lambda visitor: visitor.goes_to("nexus-endpoints/"),
    "endpoint": endpoint,
    "endpoint-change": endpoint_change,
}
