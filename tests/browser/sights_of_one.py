"""The pages of one thing, the dialogs on it, and refusals: how a person comes to them."""

import re
import secrets
from collections.abc import Callable

from playwright.sync_api import Page, expect
from temporalio.api.batch.v1 import BatchOperationSignal
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest
from temporalio.client import Client

from tests.browser import sights_alone, sights_set
from tests.browser.sights_of_many import CHARGED
from tests.browser.visitor import HOME, Visitor
from tests.support.eventually import eventually
from tests.support.programs import Program

STUCK = "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running' AND FailingActivityCount > 0"
#: Those first that are stuck for good: the newest may be over it before the page is open.
STUCK_LONGEST = f"{STUCK} ORDER BY ActivityAttemptMax DESC"
#: More than an operator may move alone.
BEYOND = "9000.00"
#: A type of the examples whose activities fail and then come through.
RETRIED = "WorkflowType = 'Subscription' AND ActivityAttemptMax > 1"
TRIES = re.compile("charge_card|send_email")
PREPARED_RUNS = 4
PREPARED_SECONDS_MAX = 60


def prepare(program: Program) -> None:
    """A batch of the server's own, which no page of the console starts; and what stands alone."""
    sights_alone.prepare(program)
    sights_set.prepare(program)
    runs = eventually(lambda: program.wait(_charged(program.client)), within=PREPARED_SECONDS_MAX)
    program.wait(
        program.client.workflow_service.start_batch_operation(
            StartBatchOperationRequest(
                namespace=program.namespace,
                job_id=f"price-letters-{secrets.token_hex(3)}",
                reason="Those who got the letter twice are looked at once more",
                executions=runs,
                signal_operation=BatchOperationSignal(signal="looked_at", identity="Ada"),
            )
        )
    )


async def _charged(client: Client) -> list[WorkflowExecution]:
    found = client.list_workflows(CHARGED, limit=PREPARED_RUNS)
    return [WorkflowExecution(workflow_id=one.id, run_id=one.run_id) async for one in found]


def one_of(path: str, table: str) -> Callable[[Visitor], Page]:
    def come(visitor: Visitor) -> Page:
        page = visitor.goes_to(path)
        page.get_by_role("table", name=table, exact=True).locator("tbody th a").first.click()
        visitor.settles()
        return page

    return come


def dialog(path: str, link: str) -> Callable[[Visitor], Page]:
    def come(visitor: Visitor) -> Page:
        page = visitor.goes_to(path)
        page.get_by_role("link", name=link).first.click()
        page.locator("dialog[open]").wait_for()
        return page

    return come


def person(visitor: Visitor) -> None:
    visitor.goes_to("people/").get_by_role("link", name="Bob", exact=True).click()
    visitor.settles()


def act(visitor: Visitor) -> None:
    """One that says what was before and after."""
    page = visitor.goes_to("activity/?verb=billing.adjust&outcome=done")
    page.get_by_role("table", name="Acts").locator("tbody tr td a").first.click()
    visitor.settles()


def proposal(visitor: Visitor) -> None:
    """Bob proposes what is beyond his limits; who looks at it may decide."""
    waiting = f"{HOME}billing/approvals/?stage=open"
    rows = visitor.goes_to(waiting).get_by_role("table", name="Approvals").locator("tbody th a")
    if not rows.count():
        with visitor.another("bob") as bob:
            propose(bob)
        visitor.goes_to(waiting)
    rows.first.click()
    expect(visitor.page.get_by_role("form", name="Decision")).to_be_visible()


def propose(visitor: Visitor) -> None:
    page = charged(visitor)
    page.get_by_role("link", name="Adjust amount…").click()
    page.get_by_label("New amount").fill(BEYOND)
    page.get_by_label("Reason").fill("They took the whole house, as agreed with the sales team")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Propose to a second person").click()
    expect(page.get_by_role("form", name="Decision")).to_be_visible()


def charged(visitor: Visitor) -> Page:
    """A subscription that has been charged and answers, on its billing page."""
    page = visitor.searches(
        f"{CHARGED} AND SubscriptionPhase = 'active' AND FailingActivityCount = 0"
    )
    name = page.locator("#results tbody th a").first.inner_text()
    page = visitor.goes_to(f"{HOME}billing/?q={name}")
    page.get_by_role("link", name=name).click()
    visitor.settles()
    return page


def bulk_targets(visitor: Visitor) -> None:
    """Of an operation that has begun, those of one outcome."""
    page = visitor.goes_to(f"{HOME}bulk/")
    table = page.get_by_role("table", name="Bulk operations")
    begun = table.get_by_role("row").filter(has_text="The card processor is back")
    begun.first.get_by_role("link").click()
    visitor.settles()
    go_on = page.get_by_role("button", name="Go on with the rest")
    if go_on.count():
        go_on.click()
    page.get_by_role("navigation", name="Outcomes by kind").get_by_role("link").nth(1).click()
    visitor.settles()


def event(visitor: Visitor) -> None:
    visitor.opens(CHARGED, "events/5/")


def attempts(visitor: Visitor) -> None:
    page = visitor.opens(RETRIED)
    page.locator("#lanes a.group", has_text=TRIES).last.click()
    page.get_by_role("link", name="all that failed").click()
    visitor.settles()


def version(visitor: Visitor) -> None:
    page = one_of(f"{HOME}deployments/", "Deployments")(visitor)
    page.get_by_role("table", name="Versions").locator("tbody th a").first.click()
    visitor.settles()


def chip(visitor: Visitor) -> None:
    page = visitor.searches(f"{CHARGED} AND Plan = 'Pro'")
    page.locator(".chip a.chip-text", has_text="Plan").click()
    page.locator("dialog[open]").wait_for()


def namespace_change(visitor: Visitor) -> None:
    page = dialog(HOME, "Change…")(visitor)
    page.get_by_label("Description").fill("Subscriptions, orders and the customer desk")
    page.get_by_label("Reason").fill("It says too little of what is in it")
    page.get_by_role("button", name="Show what changes").click()
    page.locator("dialog .preflight").wait_for()


def complete(visitor: Visitor) -> None:
    """With a result that the workflow says the type of; nothing is sent for a picture."""
    row = visitor.searches(STUCK_LONGEST).locator("#results tbody tr", has_text="charge_card").first
    run = row.locator("th a").get_attribute("href") or ""
    page = visitor.goes_to(f"{run.lstrip('/')}pending/")
    page.get_by_role("table", name="Pending activities").get_by_role("link").first.click()
    page.get_by_role("link", name="Complete by hand").click()
    page.locator("dialog[open]").wait_for()


def form_too_old(visitor: Visitor) -> None:
    page = visitor.goes_to("people/")
    row = page.get_by_role("table", name="Accounts").get_by_role("row", name="Carol")
    row.locator("[name=csrfmiddlewaretoken]").evaluate_all("all => all.forEach(o => o.value = '')")
    with visitor.refused(403):
        row.get_by_role("button", name="Give").click()
    visitor.settles()


def refused(path: str, status: int) -> Callable[[Visitor], None]:
    def come(visitor: Visitor) -> None:
        with visitor.refused(status):
            visitor.goes_to(path)

    return come


OF_ONE: dict[str, Callable[[Visitor], object]] = {
    "batch": one_of(f"{HOME}batches/", "Batches"),
    "proposal": proposal,
    "act": act,
    "person": person,
    "account-new": dialog("people/", "New account…"),
    "bulk-targets": bulk_targets,
    "event": event,
    "attempts": attempts,
    "version": version,
    "filter-chip": chip,
    "namespace-change": namespace_change,
    "attribute-remove": dialog(HOME, "Remove"),
    "pending-complete": complete,
    "refused-too-old": form_too_old,
    "refused-unreadable": refused(f"{HOME}runs/?q={'a' * 4_001}", 400),
    "refused-absent": refused(f"{HOME}runs/no-such-run/00000000-0000-0000-0000-000000000000/", 404),
}
