"""What only a browser shows: htmx, the content policy and our few lines of script together."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from console.audit.record import record
from console.gateway import workflows
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_payloads import MASKED, ORDER, allow, plain, sealed, started
from tests.console.test_run import url
from tests.support.chromium import chromium
from tests.support.codecs import codec_server
from tests.support.commands import start_child
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.people import PASSWORD, person
from tests.support.programs import Program, running
from tests.support.scripted import Scripted, stubs

__all__ = ["sealed"]

pytestmark = pytest.mark.slow


@contextmanager
def browser(address: str, name: str, *, width: int = 1440) -> Iterator[tuple[Page, list[str]]]:
    """A page in which this person is signed in, and what the browser complained about."""
    complaints: list[str] = []
    with chromium() as started:
        page = started.new_context(viewport={"width": width, "height": 900}).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type in {"error", "warning"} and "422" not in said.text
                else None
            ),
        )
        page.goto(f"{address}/sign-in/")
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_load_state("networkidle")
        yield page, complaints


@pytest.fixture
def bob_at(transactional_db: None, live_server: LiveServer) -> str:
    person("Bob", "operator")  # type: ignore[arg-type]
    return str(live_server.url)


def test_terminate_from_the_dialog(bob_at: str, program: Program, names: Names) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/go-to/?id={key.workflow_id}")
        page.locator(".page-actions >> text=Terminate…").click()
        page.wait_for_selector("dialog[open]")
        page.fill("#id_reason", "seen in a browser")
        page.click("dialog button[type=submit]")
        page.wait_for_selector("text=The run was terminated.")
        assert "“seen in a browser”" in page.locator("#live").inner_text()
        assert complaints == []


@pytest.mark.one_server
def test_a_narrow_screen_chooses_all_rows_and_shows_the_tab_that_is_open(
    bob_at: str, program: Program, names: Names
) -> None:
    queue = names.queue()
    keys = [program.start("Waiting", names.workflow(str(n)), queue) for n in range(3)]
    indexed(f"TaskQueue = '{queue}'", 3)
    runs = f"{bob_at}/namespaces/{NAMESPACE}/runs/"

    with browser(bob_at, "bob", width=390) as (page, complaints):
        page.goto(f"{runs}?q=TaskQueue = '{queue}'")
        page.get_by_role("button", name="Select all on this page").click()
        expect(page.locator("[data-chosen]")).to_have_text("3 runs are selected")
        expect(page.locator("[name=all_matching]")).to_be_visible()

        page.goto(bob_at + url(keys[0], "activity"))
        tabs = page.get_by_role("navigation", name="Views of this run")
        expect(tabs.get_by_role("link", name="Activity")).to_be_in_viewport()
        assert complaints == []


@pytest.mark.one_server
def test_pause_change_and_complete_by_hand(bob_at: str, program: Program, names: Names) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Wide", names.workflow(), queue, 1)
        eventually(
            lambda: program.await_status(key, "Running").activities,
            lambda some: bool(some) and some[0].failing,
        )

    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/go-to/?id={key.workflow_id}")
        page.locator(".tabs >> text=Pending").click()
        page.locator("table >> text=charge_card").click()
        page.locator(".page-actions >> text=Pause…").click()
        page.fill("dialog #id_reason", "provider is down")
        page.click("dialog button[type=submit]")
        page.wait_for_selector("text=Paused by bob@example.com")

        page.locator(".page-actions >> text=Change options…").click()
        page.fill("dialog #id_start_to_close_timeout", "1m30s")
        page.fill("dialog #id_reason", "it is slow")
        page.click("dialog button[value=check]")
        expect(page.locator("dialog .preflight")).to_contain_text("1 m 30 s")
        page.click("dialog button[value=apply]")
        page.wait_for_selector("aside >> text=1 m 30 s")

        page.locator(".page-actions >> text=Complete by hand…").click()
        page.fill("dialog #id_result", '"by phone"')
        page.fill("dialog #id_reason", "the partner did it")
        page.click("dialog button[type=submit]")
        page.wait_for_selector("text=Completed by hand")
        assert complaints == []


@pytest.mark.one_server
def test_a_typed_update_and_a_run_like_another(bob_at: str, program: Program, names: Names) -> None:
    queue = names.queue()
    amount = {"type": "string", "title": "New amount", "minLength": 1}
    memo = {"perdure.actions": {"updates": {"adjust": {"arguments": [amount]}}}}
    with running(program, queue), browser(bob_at, "bob") as (page, complaints):
        key = program.start("Waiting", names.workflow(), queue, memo=memo)
        page.goto(f"{bob_at}/namespaces/{NAMESPACE}/runs/go-to/?id={key.workflow_id}")
        page.locator(".page-actions >> text=Actions…").click()
        page.locator("table >> text=adjust").click()
        page.get_by_label("New amount").fill("-1")
        page.fill("#id_reason", "they asked")
        page.click("button[value=send]")
        expect(page.locator(".field-error")).to_contain_text("the amount is below zero")
        page.get_by_label("New amount").fill("12.00")
        page.click("button[value=send]")
        expect(page.locator(".preflight")).to_contain_text("9.99")

        page.locator(".crumbs .mono").click()
        page.locator("[aria-label='More actions']").click()
        page.locator("text=Start one like this…").last.click()
        page.wait_for_selector("text=Workers poll it.")
        page.fill("#id_reason", "the same again")
        page.click("button[value=send]")
        page.wait_for_selector("text=The run was started.")
        assert complaints == []


@pytest.mark.one_server
def test_a_narrow_screen_scrolls_in_one_direction_only(
    bob_at: str, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("a-long-name-" * 5), names.queue())
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)
    runs = f"/namespaces/{NAMESPACE}/runs/"
    actions = reverse("actions:actions", args=[NAMESPACE, key.workflow_id, key.run_id])
    raw = reverse("actions:signal", args=[NAMESPACE, key.workflow_id, key.run_id, "go"])
    start = f"/namespaces/{NAMESPACE}/start/"

    with browser(bob_at, "bob", width=390) as (page, complaints):
        for path in (
            runs,
            f"{runs}go-to/?id={key.workflow_id}",
            "/cluster/",
            "/activity/",
            raw,
            actions,
            start,
        ):
            page.goto(bob_at + path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert complaints == []


@pytest.mark.one_server
def test_a_token_is_made_in_a_dialog_shown_once_and_revoked(bob_at: str) -> None:
    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}/account/")
        expect(page.get_by_role("table", name="Sessions")).to_contain_text("this one")
        page.get_by_role("link", name="New token…").click()
        page.get_by_label("Name", exact=True).fill("nightly")
        page.get_by_role("textbox", name="Namespaces").fill(NAMESPACE)
        page.get_by_role("button", name="Make it").click()
        shown = page.locator("dialog code").first
        expect(shown).to_contain_text("perdure_")
        secret = shown.inner_text()

        page.get_by_role("button", name="I have kept it").click()
        expect(page.get_by_role("table", name="Tokens")).to_contain_text("nightly")
        assert secret not in page.content()
        page.get_by_role("button", name="Revoke nightly").click()
        expect(page.get_by_role("table", name="Tokens")).to_contain_text("revoked")
        assert complaints == []


@pytest.mark.one_server
def test_the_log_of_acts_is_narrowed_without_leaving_the_page(bob_at: str) -> None:
    bob, key = person("Bob", None), RunKey(NAMESPACE, "order/7", "")
    for verb in ("run.cancel", "run.signal"):
        with record(bob, verb, key, reason=f"for {verb}"):
            pass

    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}/activity/")
        # Signing in is an act, too.
        expect(page.locator("#entries tbody tr")).to_have_count(3)
        page.get_by_label("What", exact=True).select_option("run.signal")
        expect(page.locator("#entries tbody tr")).to_have_count(1)
        assert "verb=run.signal" in page.url
        page.go_back()
        expect(page.locator("#entries tbody tr")).to_have_count(3)
        assert complaints == []


def test_a_level_of_the_family_opens_in_place_and_facts_become_a_count(
    bob_at: str, program: Program, names: Names, server_address: str, server_kind: str
) -> None:
    stem, idle = names.workflow("kin"), names.queue()
    with stubs(program, server_address, server_kind) as server:
        worker, other = (Scripted(program, server, names.queue()) for _ in range(2))
        key = worker.start(stem)
        worker.on_task(start_child(f"{stem}-a", other.queue), start_child(f"{stem}-b", idle))
        other.on_task(start_child(f"{stem}-below", idle))
    indexed(f"RootRunId = '{key.run_id}' AND ParentRunId IS NOT NULL", 3)
    below = workflows.find(NAMESPACE, f"WorkflowId = '{stem}-below'", 1).runs[0].key

    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}{url(key, 'relations')}")
        expect(page.locator(".kin .kin")).to_have_count(0)
        page.get_by_role("button", name=f"Children of {stem}-a").click()
        expect(page.locator(".kin .kin")).to_contain_text(f"{stem}-below")

        page.goto(
            bob_at + reverse("cohorts:cohort", args=[NAMESPACE, below.workflow_id, below.run_id])
        )
        expect(page.locator("#cohort")).to_contain_text("WorkflowType = 'Child'")
        page.get_by_label("Task queue").check()
        expect(page.locator("#cohort")).to_contain_text("2 runs have all of this in common")
        expect(page).to_have_url(re.compile(r"on=queue"))
        page.get_by_role("link", name="See these runs").click()
        expect(page.locator("#results tbody tr")).to_have_count(2)

    assert complaints == []


@pytest.mark.one_server
def test_a_browser_decodes_what_the_console_must_not(
    bob_at: str, sealed: Program, names: Names, settings: Any
) -> None:
    key = sealed.start("Waiting", names.workflow(), names.queue(), "12.00")
    with browser(bob_at, "bob") as (page, complaints):
        with codec_server(origin=bob_at) as codec:
            allow(settings, codec={"endpoint": codec, "mode": "browser"})
            page.goto(f"{bob_at}{url(key, 'payloads')}")
            expect(page.locator(".parcel .payload-text")).to_have_text('"12.00"')
            assert complaints == []
        page.reload()
        expect(page.locator(".parcel").first).to_contain_text("does not answer this browser")


@pytest.mark.one_server
def test_a_payload_is_revealed_in_a_dialog(bob_at: str, names: Names, settings: Any) -> None:
    allow(settings, masked=MASKED)
    key = started(names, plain(ORDER))
    with browser(bob_at, "bob") as (page, complaints):
        page.goto(f"{bob_at}{url(key, 'payloads')}")
        page.get_by_role("link", name="Reveal…").click()
        page.get_by_label("Reason").fill("the bank asks for it")
        page.get_by_role("button", name="Reveal").click()
        expect(page.locator("dialog[open] .payload-text")).to_contain_text("4111-2222")
        page.get_by_role("button", name="Close").last.click()
        expect(page.locator("body")).not_to_contain_text("4111-2222")
        assert complaints == []
