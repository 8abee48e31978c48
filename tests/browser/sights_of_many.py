"""What is told of many runs before a reset, and by a replay check: how a person comes to it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor

CHARGED = "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running' AND BillingPeriod > 3"


def selected(visitor: Visitor) -> Page:
    page = visitor.searches(CHARGED)
    if visitor.is_narrow:
        page.get_by_role("button", name="Select all on this page").click()
    else:
        page.get_by_label("Select every row on this page").check()
    return page


def bulk_reset(visitor: Visitor) -> None:
    page = selected(visitor)
    page.get_by_role("button", name="Reset…").click()
    page.get_by_role("table", name="What follows from the reset").wait_for()


def replay_checked(visitor: Visitor) -> None:
    page = selected(visitor)
    page.get_by_label("Something else").select_option("replay-check")
    page.get_by_role("button", name="Go on", exact=True).click()
    page.locator("#launch [name=reason]").fill("Version 2 was deployed at noon")
    page.get_by_role("button", name="Replay-check").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("100 %")


OF_MANY: dict[str, Callable[[Visitor], None]] = {
    "bulk-reset": bulk_reset,
    "bulk-replay-check": replay_checked,
}
