"""What is done to runs, money and schedules, by the keyboard alone: no element is clicked here.

Whatever is pressed was reached by Tab (or by a key that the page names) and shows its focus.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from console.audit.models import AuditEntry
from console.bulk.models import BulkOperation
from console.gateway import schedules, scheduling, system, workflows
from console.gateway.runs import RunKey
from console.incidents.models import Incident
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_in_browser import browser
from tests.console.test_keys import address
from tests.console.test_run import url
from tests.support.billing import place
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.programs import Program, running
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["address", "providers_url", "subscriptions"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_server,
    pytest.mark.timeout(120),
    pytest.mark.xdist_group("examples"),
]

STEPS_MAX = 120
SHOWS_FOCUS = """one => one === document.activeElement
    && getComputedStyle(one).outlineStyle !== 'none' && one.getClientRects().length > 0"""


class Hands:
    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, what: Locator) -> None:
        """From where the focus is, onwards."""
        expect(what).to_be_visible()
        for _ in range(STEPS_MAX):
            if what.evaluate("one => one === document.activeElement"):
                assert what.evaluate(SHOWS_FOCUS), f"nothing shows the focus of {what}"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way to {what}")

    def press(self, what: Locator, key: str = "Enter") -> None:
        self.reach(what)
        self.page.keyboard.press(key)

    def write(self, label: str, text: str, within: Locator | None = None) -> None:
        field = re.compile(f"^{re.escape(label)}")
        self.reach((within or self.page.locator("main")).get_by_label(field))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def button(self, name: str, key: str = "Enter") -> None:
        self.press(self.page.locator("main").get_by_role("button", name=name, exact=True), key)

    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")


def aside(work: Callable[[], object]) -> None:
    """What another person does meanwhile; this thread is the browser's."""

    def alone() -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as another:
        another.submit(alone).result()


@contextmanager
def hands(address: str, name: str = "bob") -> Iterator[Hands]:
    with browser(address, name) as (page, complaints):
        yield Hands(page)
        assert complaints == []


def test_many_runs_are_terminated_and_an_incident_is_settled(
    address: str, program: Program, names: Names
) -> None:
    keys = [program.start("Waiting", names.workflow(), names.queue()) for _ in range(2)]
    query = " OR ".join(f"WorkflowId = '{key.workflow_id}'" for key in keys)
    indexed(query, 2)
    system.make_namespace()
    now = timezone.now()
    incident = Incident.objects.create(
        namespace=NAMESPACE, fingerprint="f1", failure_type="CardProcessorTimeout", running=1,
        first_seen_at=now, last_seen_at=now, looked_at=now, activity_types=["charge_card"],
    )  # fmt: skip

    with hands(address) as it:
        page = it.page
        page.goto(f"{address}/namespaces/{NAMESPACE}/runs/?q={query}")
        for key in ("j", "x", "j", "x"):
            page.keyboard.press(key)
        it.button("Terminate…")
        page.wait_for_url("**/bulk/*/")
        it.write("Canary first", "0")
        it.write("Type how many runs", "2")
        it.write("Reason", "the gateway is gone")
        it.button("Terminate 2 runs")
        expect(page.get_by_role("region", name="Progress")).to_be_visible()
        abort = page.get_by_role("link", name="Abort…")
        it.reach(abort)
        aside(lambda: BulkOperation.objects.update(stage="paused", says="Paused by Ines."))
        expect(page.get_by_text("Paused by Ines.")).to_be_visible()
        # It came anew meanwhile, and is where the keyboard is.
        it.press(abort)
        it.write("Reason", "it is back", it.dialog())
        it.press(it.dialog().get_by_role("button", name="Abort"))
        expect(it.dialog()).to_have_count(0)
        page.goto(address + reverse("incidents:incidents", args=[NAMESPACE]))
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/incidents/{incident.pk}/")
        page.keyboard.press("e")
        it.reach(it.dialog().get_by_label("State"))
        page.keyboard.type("Known")
        it.write("Reason", "Ines looks at it", it.dialog())
        it.press(it.dialog().get_by_role("button", name="Save"))
        expect(it.dialog()).to_have_count(0)

    assert BulkOperation.objects.get().asked == "abort"
    assert Incident.objects.get().state == "known"


def test_a_schedule_is_started_paused_resumed_and_filled_back_by_the_keys_of_its_page(
    address: str, names: Names
) -> None:
    name = names.workflow("schedule").replace("/", "-")
    draft = scheduling.Draft(
        name, scheduling.When(crons=("0 9 1 1 *",)), "Report", f"of-{name}", names.queue(),
        arguments=[], overlap="ALLOW_ALL", catchup=None, pauses_on_failure=False, remaining=None,
        paused=False, note="",
    )  # fmt: skip
    scheduling.create(NAMESPACE, draft, "test", name)

    with hands(address) as it:
        page = it.page
        page.goto(address + reverse("schedules:schedule", args=[NAMESPACE, name]))
        for key, verb in (("s", "Start"), ("p", "Pause"), ("p", "Resume"), ("b", "Start them")):
            page.keyboard.press(key)
            expect(it.dialog()).to_be_visible()
            if key == "b":
                it.write("From", "2025-12-31 00:00", it.dialog())
                it.write("Up to", "2026-01-02 00:00", it.dialog())
            it.write("Why", f"key {key}", it.dialog())
            it.press(it.dialog().get_by_role("button", name=verb, exact=True))
            expect(it.dialog()).to_have_count(0)
        page.keyboard.press("e")
        page.wait_for_url("**/change/")
        expect(page.get_by_role("table", name="Next times")).to_be_visible()

    runs = f"WorkflowId STARTS_WITH 'of-{name}'"
    indexed(runs, 2)
    assert not schedules.describe(NAMESPACE, name).summary.paused
    acts = AuditEntry.objects.filter(verb__startswith="schedule.").order_by("at")
    assert list(acts.values_list("verb", "reason")) == [
        ("schedule.trigger", "key s"), ("schedule.pause", "key p"), ("schedule.pause", "key p"),
        ("schedule.backfill", "key b"),
    ]  # fmt: skip


def test_a_run_is_reset_and_compared_and_a_schedule_is_made_and_paused(
    address: str, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Counting", names.workflow(), queue, 3, 1)
        program.await_status(key, "Completed")

    with hands(address) as it:
        page = it.page
        page.goto(address + url(key))
        it.press(page.get_by_role("link", name="Reset…"))
        page.wait_for_url("**/replay/**")
        points = page.locator("#planner input[type=radio][name=event]")
        it.reach(page.locator("#planner input[type=radio][name=event]:checked"))
        before = points.locator("nth=0").evaluate("() => document.activeElement.value")
        page.keyboard.press("ArrowUp")
        expect(page.locator("#planner [name=event]:checked")).not_to_have_value(before)
        chosen = page.locator("#planner [name=event]:checked")
        expect(page.get_by_role("heading", name="What follows from event")).to_contain_text(
            chosen.input_value()
        )
        # The arrow goes on from where it was.
        expect(chosen).to_be_focused()
        it.write("Reason", "once more")
        it.button(f"Reset to event {chosen.input_value()}")
        page.wait_for_url("**/runs/**")
        new = eventually(lambda: workflows.describe(key).reset_run_id)
        assert new in page.url

        page.goto(address + url(RunKey(NAMESPACE, key.workflow_id, new)))
        it.press(page.get_by_label("More actions"))
        it.press(page.get_by_role("link", name="Compare with another run…"))
        it.write("run id", key.run_id)
        it.button("Compare")
        expect(page.get_by_role("table", name="Both histories")).to_be_visible()

        page.goto(address + reverse("schedules:schedules", args=[NAMESPACE]))
        page.keyboard.press("n")
        page.wait_for_url("**/schedules/new")
        made = names.workflow("schedule").replace("/", "-")
        it.write("Schedule id", made)
        it.write("By the clock: cron, one a line", "0 9 * * MON-FRI")
        it.write("Starts runs of", "Waiting")
        it.write("Task queue", queue)
        it.write("Under the workflow id", made)
        it.write("Why", "a report at nine")
        it.button("Make it")
        page.wait_for_url(f"**/schedules/{made}/")
        it.press(page.get_by_role("link", name="Pause…"))
        it.write("Why", "over the holidays", it.dialog())
        it.press(it.dialog().get_by_role("button", name="Pause"))
        expect(page.get_by_role("link", name="Resume…")).to_be_visible()
        assert schedules.describe(NAMESPACE, made).summary.paused


def test_a_charge_is_adjusted(address: str, subscriptions: Subscriptions) -> None:
    key = subscriptions.active()

    with hands(address) as it:
        page = it.page
        page.goto(address + place(key))
        it.press(page.get_by_role("link", name="Adjust amount…"))
        expect(page.get_by_label("New amount")).to_be_focused()
        it.write("New amount", "39.00")
        it.write("Reason", "migration credit, agreed by mail")
        it.button("Check")
        expect(page.locator(".preflight")).to_be_visible()
        it.button("Adjust the amount")
        expect(page.get_by_text("Adjust charge amount: done")).to_be_visible()
        assert f"{subscriptions.ledger(key).terms.charge}" == "39.00 EUR"
