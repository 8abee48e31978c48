"""Asking for runs, in a browser: the query, what completes it, its chips, columns, the way back."""

import asyncio
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_in_browser import bob_at, browser
from tests.console.test_run import url
from tests.support.names import Names
from tests.support.programs import Program

__all__ = ["bob_at"]

pytestmark = pytest.mark.slow


def test_search_select_and_a_query_that_is_wrong(
    bob_at: str, program: Program, names: Names
) -> None:
    queue = names.queue()
    for _ in range(3):
        program.start("Waiting", names.workflow(), queue)
    query = f"TaskQueue = '{queue}'"
    indexed(query, 3)

    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/")
        page.fill("#q", query)
        page.wait_for_selector("#query-tokens .token-name")
        page.press("#q", "Enter")
        expect(page.locator("#results tbody tr")).to_have_count(3)

        expect(page.locator(".htmx-request")).to_have_count(0)
        page.locator("#results input[name=run]").first.check()
        expect(page.locator("[data-chosen]")).to_have_text("1 run is selected")

        page.fill("#q", query.replace("TaskQueue", "TaskQeue"))
        page.press("#q", "Enter")
        page.wait_for_selector("#query-message")
        assert "Did you mean TaskQueue?" in page.locator("#query-message").inner_text()
        assert page.locator("#results table.is-stale tbody tr").count() == 3

        page.click("[data-use-query]")
        page.wait_for_selector("#query-message", state="detached")
        expect(page.locator("#results tbody tr")).to_have_count(3)
        assert complaints == []


def test_a_query_is_completed_by_the_keyboard(bob_at: str, program: Program, names: Names) -> None:
    program.start("Waiting", names.workflow(), names.queue())

    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/")
        page.focus("#q")
        page.keyboard.type("Execut")
        page.wait_for_selector("#offers [role=option]")
        assert page.get_attribute("#q", "aria-expanded") == "true"
        page.keyboard.press("ArrowDown")
        assert page.get_attribute("#q", "aria-activedescendant") == "offer-1"
        for word in ("ExecutionStatus ", "= ", "'Running' "):
            page.locator(f'#offers [role=option][data-text="{word}"]').wait_for()
            while page.locator("#offers [aria-selected=true]").get_attribute("data-text") != word:
                page.keyboard.press("ArrowDown")
            page.keyboard.press("Tab")
            if word == "'Running' ":
                break
            page.locator(f'#offers [role=option]:not([data-text="{word}"])').first.wait_for()
            page.keyboard.press("ArrowDown")
        assert page.input_value("#q") == "ExecutionStatus = 'Running' "
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=ExecutionStatus*")
        assert complaints == []


def test_columns_are_ordered_by_the_keyboard_and_fit_a_narrow_page(
    bob_at: str, program: Program, names: Names
) -> None:
    queue = names.queue() + "-a-long-name" * 5
    key = program.start("Waiting", names.workflow(), queue, memo={"order": "o" * 80})
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)
    runs = f"{bob_at}/namespaces/{NAMESPACE}/runs/?cols=WorkflowId,RunId,TaskQueue,memo:order"

    with browser(bob_at, "bob", width=390) as (page, complaints):
        page.goto(f"{runs}&q=WorkflowId = '{key.workflow_id}'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("td[data-label='order']").is_visible()
        page.click(".toolbar a.button:has-text('Columns')")
        page.locator("dialog[open] [name=up][value='memo:order']").focus()
        page.keyboard.press("Enter")
        expect(page.locator("dialog [name=col]").nth(2)).to_have_value("memo:order")
        expect(page.locator("dialog[open] [name=up][value='memo:order']")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("dialog [name=col]").nth(1)).to_have_value("memo:order")
        page.click("dialog button[name=show]")
        page.wait_for_url("**cols=WorkflowId%2Cmemo%3Aorder%2CRunId%2CTaskQueue**")
        page.go_back()
        page.wait_for_url("**cols=WorkflowId,RunId**")
        assert complaints == []


@pytest.mark.one_server
def test_chips_are_changed_and_added_by_the_keyboard_on_a_narrow_page(
    bob_at: str, program: Program, names: Names
) -> None:
    queue = names.queue()
    keys = [program.start("Waiting", names.workflow(str(n)), queue) for n in range(2)]
    indexed(f"TaskQueue = '{queue}'", 2)
    wanted = f"TaskQueue = '{queue}' AND WorkflowId = '{keys[0].workflow_id}'"

    with browser(bob_at, "bob", width=390) as (page, complaints):
        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/?q={wanted}")
        chips = page.locator("a.chip-text")
        chips.nth(1).focus()
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open] #id_value")).to_be_focused()
        expect(page.locator("#id_value")).to_have_value(keys[0].workflow_id)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("Escape")
        expect(chips.nth(1)).to_be_focused()

        page.keyboard.press("Enter")
        page.locator("dialog[open] #id_value").fill(keys[1].workflow_id)
        page.keyboard.press("Enter")
        expect(page.locator("#q")).to_have_value(
            wanted.replace(keys[0].workflow_id, keys[1].workflow_id)
        )
        expect(chips.nth(1)).to_contain_text(keys[1].workflow_id)
        expect(page.locator("#results tbody tr")).to_have_count(1)

        page.keyboard.press("f")
        expect(page.locator("dialog[open] #id_attribute")).to_be_focused()
        page.keyboard.type("Status")
        expect(page.locator("#known-values option[value=TimedOut]")).to_be_attached()
        expect(page.locator("dialog[open] #id_attribute")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.type("Running")
        page.keyboard.press("Enter")
        page.wait_for_url("**ExecutionStatus**")
        expect(chips.nth(2)).to_have_text(re.compile(r"Status\s+is\s+Running"))
        expect(page.locator("#results tbody tr")).to_have_count(1)

        chips.nth(2).focus()
        page.keyboard.press("Enter")
        page.locator("dialog[open] #id_operator").select_option("IN")
        expect(page.get_by_role("checkbox", name="Running")).to_be_checked()
        page.locator("#id_another").fill("Failed")
        page.keyboard.press("Enter")
        expect(page.get_by_role("checkbox", name="Failed")).to_be_checked()
        expect(page.locator("#id_another")).to_have_value("")
        page.get_by_role("checkbox", name="Running").uncheck()
        page.get_by_role("checkbox", name="TimedOut").check()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Change").click()
        page.wait_for_url("**ExecutionStatus+IN**")
        expect(page.locator("#q")).to_have_value(re.compile(r"IN \('Failed', 'TimedOut'\)$"))

        page.keyboard.press("f")
        page.locator("dialog[open] #id_attribute").select_option("StartTime")
        page.locator("#known-values option[value='now()']").wait_for(state="attached")
        page.locator("dialog[open] #id_operator").select_option("LAST")
        page.locator("#id_count").fill("2")
        page.locator("#id_unit").select_option("d")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(chips.nth(3)).to_have_text(re.compile(r"Started\s+>\s+now"))
        expect(page.locator("#q")).to_have_value(re.compile(r"StartTime > now\(\) - '2d'$"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert complaints == []


@pytest.mark.one_server
def test_the_back_button_goes_back_over_a_page_a_search_a_chip_a_filter_of_events_and_a_map(
    bob_at: str, program: Program, names: Names
) -> None:
    queue = names.queue()
    keys = [program.start("Waiting", names.workflow(str(n)), queue) for n in range(26)]
    whole = f"TaskQueue = '{queue}'"
    indexed(whole, 26)

    with browser(bob_at, "bob") as (page, complaints):

        def shows(query: str, rows: int) -> None:
            expect(page.locator("#results tbody tr")).to_have_count(rows)
            expect(page.locator("#q")).to_have_value(query)

        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/?q={whole}")
        shows(whole, 25)
        page.get_by_role("link", name="Next").click()
        shows(whole, 1)
        back(page)
        shows(whole, 25)

        one = f"{whole} AND WorkflowId = '{keys[3].workflow_id}'"
        page.fill("#q", one)
        page.press("#q", "Enter")
        shows(one, 1)
        back(page)
        shows(whole, 25)
        forward(page)
        shows(one, 1)

        page.get_by_role("link", name="Remove this filter").nth(1).click()
        shows(whole, 25)
        back(page)
        shows(one, 1)

        page.goto(bob_at + url(keys[3], "events"))
        first = page.locator("#events tbody tr").first
        expect(first).to_contain_text("WorkflowExecutionStarted")
        page.get_by_label("Newest first").check()
        expect(first).to_contain_text("WorkflowTaskScheduled")
        page.get_by_label("Search in names").fill("no such words")
        page.keyboard.press("Enter")
        expect(page.locator("#events tbody tr[data-place]")).to_have_count(0)
        back(page)
        expect(first).to_contain_text("WorkflowTaskScheduled")
        expect(page.get_by_label("Search in names")).to_have_value("")
        back(page)
        expect(first).to_contain_text("WorkflowExecutionStarted")
        expect(page.get_by_label("Newest first")).not_to_be_checked()

        program.wait(signalled(program, keys[3], 200))
        page.goto(bob_at + url(keys[3]))
        goes_along_the_map_and_back(page)
        assert complaints == []


async def signalled(program: Program, key: RunKey, times: int) -> None:
    """So many steps of a timeline."""
    handle = program.client.get_workflow_handle(key.workflow_id)
    await asyncio.gather(*(handle.signal("noted") for _ in range(times)))


def back(page: Page) -> None:
    _another(page, page.go_back)


def forward(page: Page) -> None:
    _another(page, page.go_forward)


def _another(page: Page, goes: Callable[..., object]) -> None:
    """An earlier address is a page anew; until it is there, the next step would be lost in it."""
    with page.expect_event("load"):
        goes(wait_until="commit")


def goes_along_the_map_and_back(page: Page) -> None:
    page.evaluate("window.isTheSamePage = true")
    begins = page.locator("#lanes tr").first
    page.get_by_role("link", name="0 % in: what is shown").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    last = page.get_by_role("link", name="99 % in: what is shown")
    expect(last).to_be_focused()
    expect(begins).to_contain_text("Those before")
    page.locator(".minimap a").nth(50).click()
    page.wait_for_url("**/?first=100")
    page.get_by_role("link", name="Those before").click()
    page.wait_for_url("**/?first=0")
    expect(begins).not_to_contain_text("Those before")
    assert page.evaluate("window.isTheSamePage")
    for first in (100, 198):
        back(page)
        page.wait_for_url(f"**/?first={first}")
    expect(begins).to_contain_text("Those before")
    back(page)
    expect(page.get_by_role("link", name="0 % in: what is shown")).to_be_visible()
