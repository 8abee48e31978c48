"""Five cases from the first question to the last: support, billing, an incident, an audit, a bulk.

And how often each page asks the engine.
"""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import pytest
from playwright.sync_api import Locator, expect
from temporalio.client import WorkflowExecutionStatus

from console.billing.contract import Money
from examples.seeds import subscriptions
from examples.subscription.model import Plan
from tests.browser.conftest import Person, standing
from tests.browser.invoices import Deployed, Mended, deployed
from tests.browser.many import start_many
from tests.browser.receiver import Receiver
from tests.browser.test_walk import await_count, charged, counted, outcomes_of, subscribe, tab
from tests.browser.trying import mend_the_card_processor, tries_again_in
from tests.stack.whole import Up
from tests.support.dev_server import executable
from tests.support.eventually import eventually
from tests.support.programs import Program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: The background jobs look so often here, so that nobody waits a minute for each of them.
WATCH_SECONDS = 3
TOLD_SECONDS_MAX = 60
OTHERS_SECONDS_MAX = 200
UNLOOKED_FOR = "the night shift did it"
#: What is promised; WALK_TARGETS=2000 is a short walk. `make bench BENCH=bulk` measures it.
TARGETS = int(os.environ.get("WALK_TARGETS", "100000"))  # noqa: TID251 (the caller's choice)
#: So that an ordinary walk takes a few seconds, in which somebody can look.
RATE = max(300, TARGETS // 60)
TARGETS_SECONDS_MAX = 120 + TARGETS // 100
#: A list of so many is frozen, and told, while somebody waits for the page.
LIST_MILLISECONDS_MAX = 20_000 + TARGETS
LOOK_SECONDS_MAX = 2
OF_OTHERS = "WorkflowType = 'Subscription'"
BROKEN = 8


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, elasticsearch_url: str) -> Iterator[Up]:
    """One in which customers' mail addresses are for admins, and alerts may go to this machine."""
    directory = tmp_path_factory.mktemp("cases")
    masked = directory / "payloads.toml"
    masked.write_text('[namespace.default.masked]\n"customer.email" = "admin"\nto = "admin"\n')
    given = {
        "ELASTICSEARCH_URL": elasticsearch_url,
        "ALERTS_ALLOW_PRIVATE": "true",
        "PAYLOADS_FILE": str(masked),
        "WATCH_SECONDS": str(WATCH_SECONDS),
    }
    with standing(directory, **given) as stack:
        yield stack


@pytest.fixture(scope="module", autouse=True)
def by_another_door(program: Program, up: Up) -> None:
    program.start("CaseAudited", "case-others", "nobody")
    terminated_from_the_command_line(up, "case-others", UNLOOKED_FOR)


def dialog(person: Person) -> Locator:
    return person.page.locator("dialog[open]")


def says_why(person: Person, reason: str, button: str) -> None:
    dialog(person).get_by_label("Reason").fill(reason)
    dialog(person).get_by_role("button", name=button).click()


def acts_of(person: Person, workflow_id: str) -> Locator:
    person.goes_to(f"activity/?workflow={workflow_id}")
    return person.page.get_by_role("table", name="Acts").get_by_role("row")


# ---- support


def test_support_finds_a_customer_by_number_sees_why_and_gets_them_charged(
    bob: Person, program: Program, up: Up
) -> None:
    customer = subscriptions.order("case-support", 0).customer
    workflow_id = subscribe(program, "case-support", last4="0119")
    await_count(program, f"CustomerId = '{customer.customer_id}' AND ActivityAttemptMax > 2", 1)

    bob.page.locator("#goto").fill(customer.customer_id)
    bob.page.locator("#goto").press("Enter")
    bob.page.locator("#results").get_by_role("link", name=workflow_id).click()
    stuck = bob.page.locator(".stuck")
    expect(stuck).to_contain_text(re.compile(r"charge_card.*keeps failing"))
    expect(stuck).to_contain_text("503")

    tab(bob, "Payloads").click()
    expect(bob.page.locator("#main")).to_contain_text("••••••")
    assert customer.email not in bob.page.content()
    bob.page.goto(f"{bob.page.url.partition('payloads/')[0]}events/1/payloads/0/")
    assert customer.email not in bob.page.content()
    bob.page.get_by_role("link", name="Reveal…").click()
    says_why(bob, "they ask where the receipt went", "Reveal")
    expect(dialog(bob)).to_contain_text(customer.email)
    dialog(bob).get_by_role("button", name="Close").first.click()

    tab(bob, "Pending").click()
    bob.page.get_by_role("table", name="Pending activities").get_by_role("link").first.click()
    bob.page.locator(".page-actions").get_by_role("link", name="Try now…").click()
    eventually(lambda: tries_again_in(program, workflow_id) > 5, within=40)
    mend_the_card_processor(up, customer.customer_id)
    says_why(bob, "the card processor is back", "Try now")
    expect(bob.page.locator("#notices")).to_contain_text("pending no more")
    charged(program, workflow_id)

    bob.opens_run(workflow_id)
    expect(bob.page.locator("#live .notice").first).to_contain_text("It waits for a timer")
    acts = acts_of(bob, workflow_id)
    expect(acts.filter(has_text="they ask where the receipt went")).to_contain_text("Done")
    expect(acts.filter(has_text="the card processor is back")).to_contain_text("Done")
    assert customer.email not in bob.page.content()


# ---- billing


def test_a_cohort_beyond_the_limit_takes_a_second_person_and_the_ledger_names_both(
    bob: Person, alice: Person, program: Program
) -> None:
    plan = Plan("Case Gold", 1, Money("20.00", "EUR"))
    ids = [
        subscribe(program, "case-gold", number, last4="4207", plan=plan, periods_per_run=100)
        for number in range(3)
    ]
    await_count(program, "Plan = 'Case Gold' AND SubscriptionPhase = 'active'", len(ids))

    cohort = weighed(bob, "2.00", "the seat got a second screen")
    expect(cohort).to_contain_text("3 subscriptions")
    expect(cohort).to_contain_text("+6.00 EUR")
    cohort.locator("[name=canary]").fill("1")
    cohort.get_by_role("button", name="Carry out on 3").click()
    cohort.get_by_role("button", name="Go on with the rest").click()
    expect(cohort).to_contain_text("Finished")

    cohort = weighed(bob, "100.00", "the new price list")
    expect(cohort).to_contain_text("A second person has to approve it")
    expect(cohort.get_by_role("button", name=re.compile("Carry out"))).to_have_count(0)
    cohort.get_by_role("button", name="Propose to a second person").click()
    expect(bob.page.locator("#main")).to_contain_text("You proposed it, so a second person decides")
    expect(bob.page.get_by_role("button", name="Approve")).to_have_count(0)
    assert ledger_rows(bob, ids[0]).filter(has_text="the new price list").count() == 0

    alice.goes_to("namespaces/default/billing/approvals/")
    row = alice.page.get_by_role("table", name="Approvals").get_by_role("row")
    row.filter(has_text="the new price list").get_by_role("link").first.click()
    decision = alice.page.get_by_role("form", name="Decision")
    decision.get_by_label("Reason").fill("the board agreed on Tuesday")
    decision.get_by_role("button", name="Approve").click()
    expect(alice.page.locator("#main")).to_contain_text("decided by Alice")
    await_count(program, "Plan = 'Case Gold' AND ChargeAmount = 122", len(ids))

    for workflow_id in ids:
        ledger = ledger_rows(alice, workflow_id)
        alone = ledger.filter(has_text="the seat got a second screen")
        expect(alone).to_have_count(1)
        expect(alone).not_to_contain_text("Alice")
        together = ledger.filter(has_text="the new price list")
        expect(together).to_have_count(1)
        expect(together).to_contain_text(re.compile("Bob.*Alice"))


def weighed(bob: Person, more: str, reason: str) -> Locator:
    """From the look-up by plan to the effect in all; nothing is changed by it."""
    bob.goes_to("namespaces/default/billing/")
    look_up = bob.page.get_by_placeholder("Customer id, plan or subscription id")
    look_up.fill("Case Gold")
    look_up.press("Enter")
    table = bob.page.get_by_role("table", name="Subscriptions")
    expect(table.locator("tbody tr")).to_have_count(3)
    bob.page.get_by_role("link", name="Change all of these as a cohort…").click()
    bob.page.get_by_role("textbox", name="Amount").fill(more)
    bob.page.get_by_label("Reason").fill(reason)
    bob.page.get_by_role("button", name="Freeze and weigh").click()
    cohort = bob.page.get_by_role("region", name="Progress")
    expect(cohort).to_contain_text("weighed at")
    return cohort


def ledger_rows(person: Person, workflow_id: str) -> Locator:
    person.goes_to(f"namespaces/default/billing/?q={workflow_id}")
    person.page.get_by_role("link", name=workflow_id).click()
    table = person.page.get_by_role("table", name="Ledger")
    expect(table).to_be_visible()
    return table.get_by_role("row")


# ---- an incident


def test_an_incident_goes_from_its_alert_to_its_fix_and_comes_back_by_itself(
    bob: Person, program: Program, receiver: Receiver
) -> None:
    makes_a_rule(bob, receiver.url)
    with deployed(program, Deployed):
        for number in range(BROKEN):
            program.start("CaseInvoice", f"case-invoice-{number}", "case-invoices", 1_000 + number)
        failed = "WorkflowType = 'CaseInvoice' AND ExecutionStatus = 'Failed'"
        await_count(program, failed, BROKEN)

    told = eventually(
        lambda: [one for one in receiver.taken if "VatRateMissing" in one["what"]],
        within=TOLD_SECONDS_MAX,
    )
    assert [(one["event"], one["rule"]) for one in told] == [("fired", "a new cause is told")]

    incident = told[0]["page"]
    bob.page.goto(incident)
    expect(bob.page.locator("#main")).to_contain_text("no VAT rate for invoice")
    expect(bob.page.get_by_role("region", name="How many")).to_contain_text(f"kept{BROKEN}")

    with deployed(program, Mended):
        bob.page.get_by_role("button", name="Reset…").click()
        manifest = bob.page.get_by_role("table", name="Manifest by status")
        expect(manifest.locator("tfoot")).to_contain_text(str(BROKEN))
        form = bob.page.locator("#launch")
        form.locator("[name=canary]").fill("2")
        form.locator("[name=count]").fill(str(BROKEN))
        form.locator("[name=reason]").fill("the VAT table is deployed")
        form.get_by_role("button", name="Reset").click()
        progress = bob.page.get_by_role("region", name="Progress")
        expect(progress).to_contain_text("The canary is through")
        completed = "WorkflowType = 'CaseInvoice' AND ExecutionStatus = 'Completed'"
        await_count(program, completed, 2)
        assert counted(program, completed) == 2, "the rest waits for a person"
        progress.get_by_role("button", name="Go on with the rest").click()
        expect(progress.get_by_role("link", name="Outcomes")).to_be_visible()
        await_count(program, completed, BROKEN)
    assert [row["outcome"] for row in outcomes_of(bob)] == ["Reset"] * BROKEN

    bob.page.goto(incident)
    bob.page.get_by_role("button", name="State, owner, note…").click()
    dialog(bob).get_by_label("State").select_option("fixed")
    says_why(bob, "deployed, and all eight were sent again", "Save")
    expect(bob.page.locator(".page-title")).to_contain_text("Fixed")

    with deployed(program, Deployed):
        program.start("CaseInvoice", "case-invoice-again", "case-invoices", 2_000)
        await_count(program, failed, BROKEN + 1)
    eventually(lambda: "Open" in shown(bob, incident), within=TOLD_SECONDS_MAX)
    expect(bob.page.locator("#main")).to_contain_text("It was called fixed, and happened again")


def shown(bob: Person, address: str) -> str:
    bob.page.goto(address)
    return bob.page.locator(".page-title").inner_text()


def makes_a_rule(bob: Person, url: str) -> None:
    bob.goes_to("namespaces/default/alerts/")
    bob.page.get_by_role("button", name="New rule…").click()
    dialog(bob).get_by_label("Name").fill("a new cause is told")
    dialog(bob).get_by_label("Tell of").select_option("new")
    dialog(bob).get_by_label("Webhook").fill(url)
    says_why(bob, "the team is asked first", "Make it")
    expect(bob.page.locator("h1")).to_contain_text("a new cause is told")


# ---- an auditor


def test_an_auditor_reads_who_ended_a_run_and_why_by_whichever_door(
    bob: Person, carol: Person, program: Program, up: Up
) -> None:
    for name in ("case-audit-ours", "case-audit-theirs"):
        program.start("CaseAudited", name, "nobody")
    bob.opens_run("case-audit-ours")
    bob.page.locator(".page-actions").get_by_role("link", name="Terminate…").click()
    says_why(bob, "ordered twice by mistake", "Terminate")
    expect(dialog(bob)).to_have_count(0)
    terminated_from_the_command_line(up, "case-audit-theirs", "nobody answers the phone")

    row = acts_of(carol, "case-audit-ours").filter(has_text="ordered twice by mistake")
    expect(row).to_contain_text("Bob")
    expect(row).to_contain_text("Done")
    lines = exported(carol)
    said = [(line["who"], line["reason"]) for line in lines]
    assert said == [("Bob", "ordered twice by mistake")]
    row.get_by_role("link").first.click()
    difference = carol.page.get_by_role("table", name="Before and after")
    expect(difference).to_contain_text("Running")
    expect(difference).to_contain_text("Terminated")
    followed = carol.page.get_by_role("table", name="Events that followed")
    expect(followed).to_contain_text("WorkflowExecutionTerminated")

    expect(acts_of(carol, "case-audit-theirs")).to_have_count(2)
    expect(carol.page.locator("#entries")).to_contain_text("Nothing was done yet that matches")
    carol.opens_run("case-audit-theirs")
    tab(carol, "Activity").click()
    expect(carol.page.locator("#main")).to_contain_text("nobody answers the phone")
    expect(carol.page.locator("#main")).to_contain_text("Unattested")
    handle = program.client.get_workflow_handle("case-audit-theirs")
    assert program.wait(handle.describe()).status is WorkflowExecutionStatus.TERMINATED


def terminated_from_the_command_line(up: Up, workflow_id: str, reason: str) -> None:
    address = f"127.0.0.1:{up.engine_port}"
    act = ["workflow", "terminate", "--workflow-id", workflow_id, "--reason", reason]
    subprocess.run([executable(), *act, "--address", address], check=True, capture_output=True)


def exported(person: Person) -> list[dict[str, str]]:
    with person.page.expect_download() as download:
        person.page.get_by_role("link", name="Export these as CSV").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text())))


# ---- a bulk


@pytest.mark.walk
@pytest.mark.timeout(240 + 4 * TARGETS_SECONDS_MAX)
def test_a_hundred_thousand_are_terminated_at_once_while_the_pages_stay_live(
    bob: Person, alice: Person, program: Program
) -> None:
    query = "WorkflowType = 'CaseInBulk' AND ExecutionStatus = 'Running'"
    starting = start_many(program, "CaseInBulk", "case-in-bulk", TARGETS)
    program.wait(starting, within=TARGETS_SECONDS_MAX)
    await_count(program, query, TARGETS, within=TARGETS_SECONDS_MAX)

    bob.page.set_default_timeout(LIST_MILLISECONDS_MAX)
    bob.goes_to("namespaces/default/runs/")
    bob.searches(query)
    bob.page.get_by_label("Select every row on this page").check()
    bob.page.locator("input[name=all_matching]").check()
    began = monotonic()
    bob.page.get_by_role("button", name="Terminate…").click()
    form = bob.page.locator("#launch")
    form.locator("[name=canary]").fill("0")
    frozen, began = monotonic() - began, monotonic()
    form.locator("[name=rate]").fill(str(RATE))
    form.locator("[name=count]").fill(str(TARGETS))
    form.locator("[name=reason]").fill("the price list of last year")
    form.get_by_role("button", name=re.compile("Terminate")).click()
    figures, looks = looked_at_meanwhile(bob, alice)
    took, half = monotonic() - began, sorted(looks)[len(looks) // 2]
    assert len(figures) > 2, "the page told nothing in between"
    assert half < LOOK_SECONDS_MAX
    sys.stdout.write(
        f"{TARGETS:,} frozen in {frozen:.1f} s, ended {took:.1f} s later; the page told"
        f" {len(figures)} figures; of {len(looks)} looks at the runs of others p50 {half:.2f} s,"
        f" the longest {max(looks):.2f} s\n"
    )

    outcomes = outcomes_of(bob)
    assert len({row["run id"] for row in outcomes}) == len(outcomes) == TARGETS
    assert {row["outcome"] for row in outcomes} == {"Terminated"}
    terminated = "WorkflowType = 'CaseInBulk' AND ExecutionStatus = 'Terminated'"
    await_count(program, terminated, TARGETS, within=TARGETS_SECONDS_MAX)
    assert counted(program, query) == 0


def looked_at_meanwhile(bob: Person, alice: Person) -> tuple[set[str], list[float]]:
    """What the operation's page tells until its end, and the seconds of each look of somebody's."""
    progress = bob.page.get_by_role("region", name="Progress")
    figures, looks = set(), []
    ended = progress.get_by_role("link", name="Outcomes")
    while ended.count() == 0:
        figures.add(progress.locator(".figure").first.inner_text())
        began = monotonic()
        assert alice.page.request.get(f"{alice.address}/namespaces/default/runs/?q={OF_OTHERS}").ok
        looks.append(monotonic() - began)
    return figures, looks


# ---- what nobody looked for


def test_an_auditor_finds_what_another_door_did_without_knowing_of_it(carol: Person) -> None:
    def told() -> str:
        carol.goes_to("activity/?door=others&verb=run.terminate&workflow=case-others")
        return carol.page.locator("#main").inner_text()

    # histories are read in turn, from a day ago on
    eventually(told, lambda said: UNLOOKED_FOR in said, within=OTHERS_SECONDS_MAX, every=1)
    assert "Unattested" in told()
