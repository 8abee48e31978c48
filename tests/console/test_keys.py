"""The console without a mouse: keys that the page names, the box, dialogs and their focus."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from console.access.models import Role
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_in_browser import browser
from tests.console.test_run import url
from tests.support.names import Names
from tests.support.people import person
from tests.support.programs import Program

pytestmark = [pytest.mark.slow, pytest.mark.one_server]

HOME = f"/namespaces/{NAMESPACE}/"
RUNS = f"{HOME}runs/"


@pytest.fixture
def address(transactional_db: None, live_server: LiveServer) -> str:
    person("Bob", Role.OPERATOR)
    person("Carol", Role.VIEWER)
    return str(live_server.url)


def offered(page: Page) -> list[str]:
    return [
        " ".join(text.split()) for text in page.locator("#palette [role=option]").all_inner_texts()
    ]


def focus_of(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_a_page_is_worked_by_its_keys_and_lists_them(
    address: str, program: Program, names: Names
) -> None:
    keys = [program.start("Waiting", names.workflow(), names.queue()) for _ in range(2)]
    query = " OR ".join(f"WorkflowId = '{key.workflow_id}'" for key in keys)
    indexed(query, 2)

    with browser(address, "bob") as (page, complaints):
        page.goto(f"{address}{RUNS}?q={query}")
        page.keyboard.press("?")
        listed = page.get_by_role("dialog", name="Keys of this page")
        for line in ("N Start a run", "/ Query", "G R Runs", "J Next row", "X Select"):
            expect(listed).to_contain_text(re.compile(line.replace(" ", r"\s*")))
        page.keyboard.press("g")
        page.keyboard.press("n")
        page.keyboard.press("Escape")
        expect(listed).to_be_hidden()
        assert page.url.startswith(f"{address}{RUNS}")

        page.keyboard.press("/")
        page.keyboard.type("jx?")
        expect(page.locator("#q")).to_have_value(re.compile(r"jx\?"))
        expect(listed).to_be_hidden()
        page.locator("h1").click()
        for key in ("j", "j", "x", "k", "x", "j"):
            page.keyboard.press(key)
        expect(page.locator("[data-chosen]")).to_have_text("2 runs are selected")
        last = page.locator("#results tbody tr").nth(1).locator("th a")
        expect(last).to_be_focused()
        workflow_id = last.inner_text()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text(workflow_id)
        page.keyboard.press("2")
        page.wait_for_url("**/events/**")
        # Who leaves while parts of a page are on their way breaks those off.
        page.wait_for_load_state("networkidle")
        page.keyboard.press("g")
        page.keyboard.press("r")
        page.wait_for_url(f"**{RUNS}")
        assert complaints == []


def test_a_dialog_holds_the_focus_and_gives_it_back(
    address: str, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    with browser(address, "bob") as (page, complaints):
        page.goto(address + url(key))
        page.keyboard.press("Tab")
        assert focus_of(page) == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"

        page.keyboard.press("t")
        dialog = page.locator("#dialog dialog[open]")
        expect(dialog).to_contain_text("Terminate")
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body"
                " || !!document.activeElement.closest('dialog[open]')"
            )
        dialog.get_by_label("Reason").fill(" ")
        dialog.get_by_role("button", name="Terminate").click()
        expect(dialog.locator("[aria-invalid=true]")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.locator("[data-key=t]")).to_be_focused()

        beside = page.locator("#live").get_by_role("link", name="Terminate…")
        beside.click()
        expect(dialog).to_contain_text("Terminate")
        beside.evaluate("(link) => link.dataset.old = ''")
        page.evaluate("htmx.ajax('GET', location.pathname, {target: '#live', swap: 'outerHTML'})")
        expect(page.locator("[data-old]")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(beside).to_be_focused()

        page.get_by_label("More actions").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert focus_of(page) == "Signal…"
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Signal…")).to_be_hidden()
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "More actions"
        assert complaints == []


def test_a_slash_leads_to_the_search_of_a_list_and_e_to_a_change(address: str) -> None:
    person("Alice", Role.ADMIN)
    with browser(address, "alice") as (page, complaints):
        for part in ("schedules", "task-queues", "workers", "incidents"):
            page.goto(f"{address}{HOME}{part}/")
            page.keyboard.press("/")
            expect(page.locator("#main input[type=search]")).to_be_focused()
        page.goto(f"{address}{HOME}")
        page.keyboard.press("e")
        expect(page.locator("dialog[open]")).to_contain_text("Keep closed runs for")
        assert complaints == []


def test_single_letters_can_be_switched_off(address: str) -> None:
    with browser(address, "bob") as (page, complaints):
        page.goto(f"{address}/account/")
        page.get_by_label("Keys of a single letter").uncheck()
        page.get_by_role("button", name="Keep it").click()
        expect(page.get_by_text("From now on pages are shown so.")).to_be_visible()
        for key in ("?", "n", "g", "n"):
            page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_have_count(0)
        assert page.url == f"{address}/account/"
        page.get_by_role("button", name="Keys of this page").click()
        expect(page.get_by_role("dialog")).to_contain_text("Keys of a single letter are off")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        expect(page.locator("#goto")).to_be_focused()
        assert complaints == []


def test_pages_stand_still_for_who_wants_it_and_are_worked_all_the_same(
    address: str, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    with browser(address, "bob") as (page, complaints):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for renews in (True, False):
            page.goto(f"{address}/account/")
            page.get_by_label("Pages renew themselves").set_checked(renews)
            page.get_by_role("button", name="Keep it").click()
            expect(page.get_by_text("From now on pages are shown so.")).to_be_visible()
            page.clock.install()
            page.goto(address + url(key))
            page.wait_for_load_state("networkidle")
            asked.clear()
            if renews:
                with page.expect_request(re.compile(".")):
                    page.clock.fast_forward(60_000)
            else:
                page.clock.fast_forward(60_000)
            page.locator("[data-key=t]").click()
            expect(page.locator("dialog[open]")).to_contain_text("Terminate")
            by_clock = [one for one in asked if "terminate" not in one]
            assert bool(by_clock) == renews, asked
        assert complaints == []


def test_the_box_goes_to_pages_views_and_actions_by_rights_and_still_finds(
    address: str, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)
    view = {"name": "Cards that failed", "query": "", "belongs": "namespace"}

    with browser(address, "bob") as (page, complaints):
        page.goto(address + reverse("saved_views:save", args=[NAMESPACE]))
        for name, value in view.items():
            one = page.locator(f"[name={name}]")
            one.select_option(value) if name == "belongs" else one.fill(value)
        page.get_by_role("button", name=re.compile("Save|Keep")).click()
        page.wait_for_url(f"**{RUNS}**")

        page.goto(address + url(key))
        page.get_by_role("link", name="Reset…").focus()
        page.keyboard.press("Control+k")
        assert page.get_attribute("#goto", "aria-expanded") == "true"
        page.keyboard.type("term")
        expect(page.locator("#palette [data-from] [role=option]")).to_have_count(1)
        page.keyboard.press("ArrowDown")
        assert page.get_attribute("#goto", "aria-activedescendant") == "palette-0"
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open]")).to_contain_text("Terminate")
        page.keyboard.press("Escape")

        page.get_by_role("link", name="Reset…").focus()
        page.keyboard.press("Control+k")
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        assert focus_of(page) == "Reset…"

        for typed, lands in (("cluster", "/cluster/"), ("cards failed", "/runs/")):
            page.keyboard.press("Control+k")
            page.keyboard.type(typed)
            expect(page.locator("#palette [data-from] [role=option]")).to_have_count(1)
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{lands}**")
        page.keyboard.press("Control+k")
        page.keyboard.type(key.workflow_id)
        assert offered(page) == [f"{key.workflow_id} Enter"]
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text(key.workflow_id)
        page.go_back()
        page.keyboard.press("Control+k")
        page.keyboard.type("nobody called it so")
        page.locator("#palette [role=option]").click()
        expect(page.locator("#main")).to_contain_text("nobody called it so")
        assert complaints == []

    with browser(address, "carol") as (page, complaints):
        held: list[Route] = []
        page.route(re.compile("/named/"), lambda route: held.append(route))  # noqa: PLW0108 (no builtin)
        page.goto(address + url(key))
        with page.expect_request(re.compile("/named/")):
            page.keyboard.press("Control+k")
        page.keyboard.press("ArrowDown")
        chosen = page.locator("#palette [aria-selected=true]")
        first = chosen.inner_text()
        held[0].continue_()
        expect(page.locator("#palette [role=group][aria-label=Views]")).to_contain_text("Cards")
        expect(chosen).to_have_text(first)
        names_shown = offered(page)
        assert any("Cluster" in one for one in names_shown)
        assert not any("Terminate" in one or "People" in one for one in names_shown)
        assert complaints == []
