"""Find a run, see why it is stuck, adjust, replay, act; and five hundred at once."""

import asyncio
import csv
import io
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from examples.seed import begin
from examples.seeds import subscriptions
from examples.subscription.model import Money, Plan
from tests.browser.conftest import Person
from tests.stack.whole import Up
from tests.support.eventually import eventually
from tests.support.programs import Program, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STUCK = "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running' AND FailingActivityCount > 0"
#: With those of the example data more than one page of 25.
MORE_STUCK = 26
BULK_COUNT = 500
BULK_RATE = 40
SETTLED_SECONDS_MAX = 120


def subscribe(program: Program, kind: str, number: int = 0, **changes: Any) -> str:
    """A subscription whose trial is over: it is charged as soon as a worker takes it."""
    now = datetime.now(UTC)  # noqa: TID251 (the examples take `now` from whoever starts them)
    order = subscriptions.order(kind, number, started_at=now - timedelta(days=40), **changes)
    assert program.wait(begin(program.client, subscriptions.start(now, order)))
    return order.subscription_id


def counted(program: Program, query: str) -> int:
    """Unavailable is a refusal that passes: the relay makes the index after the first start."""
    try:
        return program.wait(program.client.count_workflows(query)).count
    except RPCError as refused:
        if refused.status is RPCStatusCode.UNAVAILABLE:
            raise AssertionError(str(refused)) from None
        raise


def await_count(program: Program, query: str, wanted: int) -> None:
    """As the index says."""
    eventually(
        lambda: counted(program, query),
        lambda seen: seen >= wanted,
        within=SETTLED_SECONDS_MAX,
        every=0.5,
    )


def history(program: Program, workflow_id: str, run_id: str | None = None) -> WorkflowHistory:
    handle = program.client.get_workflow_handle(workflow_id, run_id=run_id)
    return program.wait(handle.fetch_history())


def charged(program: Program, workflow_id: str) -> str:
    """The query that finds it once its first charge is booked."""
    query = f"WorkflowId = '{workflow_id}' AND SubscriptionPhase = 'active'"
    await_count(program, query, 1)
    return query


def runs_shown(bob: Person) -> Locator:
    return bob.page.locator("#results tbody tr")


def tab(bob: Person, name: str) -> Locator:
    return bob.page.get_by_role("navigation", name="Views of this run").get_by_role(
        "link", name=name
    )


def test_stuck_subscriptions_are_found_sorted_paged_and_explained(
    bob: Person, program: Program
) -> None:
    for_good = {
        subscribe(program, "walk-down", number, last4="0119") for number in range(MORE_STUCK)
    }
    await_count(program, STUCK, MORE_STUCK)

    bob.goes_to("namespaces/default/runs/")
    bob.searches(STUCK)
    expect(runs_shown(bob)).to_have_count(25)

    bob.page.get_by_role("columnheader", name="Workflow id").get_by_role("link").click()
    sorted_by = bob.page.locator("#results th[aria-sort]")
    expect(sorted_by).to_contain_text("Workflow id")
    ids = bob.page.locator("#results tbody th a.mono").all_inner_texts()
    assert ids == sorted(ids, reverse=sorted_by.get_attribute("aria-sort") == "descending")

    bob.page.get_by_role("link", name="Next", exact=True).click()
    expect(bob.page.locator("nav.pager")).to_contain_text("26 to")
    on_second = bob.page.locator("#results tbody th a.mono")
    assert not set(ids) & set(on_second.all_inner_texts())

    # others among the example data are charged in the end, perhaps before they are opened
    workflow_id = next(one for one in on_second.all_inner_texts() if one in for_good)
    on_second.filter(has_text=workflow_id).click()
    expect(bob.page.locator("h1")).to_contain_text(workflow_id)
    expect(bob.page.locator("#stuck")).to_be_visible()
    stuck = bob.page.locator(".stuck")
    expect(stuck).to_contain_text("Last error")
    expect(stuck).to_contain_text("polling")
    expect(bob.page.locator("#lanes tr").first).to_be_visible()

    tab(bob, "Events").click()
    expect(bob.page.locator("#e1")).to_contain_text(re.compile("started", re.IGNORECASE))
    bob.page.get_by_role("button", name="Details of event 1", exact=True).click()
    expect(bob.page.locator("#detail-1")).to_contain_text(workflow_id)

    tab(bob, "Pending").click()
    pending = bob.page.get_by_role("table", name="Pending activities")
    expect(pending).to_contain_text("Retrying")


def test_what_a_run_waits_for_is_said(bob: Person, program: Program) -> None:
    workflow_id = subscribe(program, "walk-waits")
    charged(program, workflow_id)

    bob.opens_run(workflow_id)

    expect(bob.page.locator("#live .notice").first).to_contain_text("It waits for a timer")


def test_a_charge_is_adjusted_and_all_places_say_so(bob: Person, program: Program) -> None:
    # Within what an operator may change alone.
    plan = Plan("team", 2, Money("120.00", "EUR"))
    workflow_id = subscribe(program, "walk-adjust", periods_per_run=100, plan=plan)
    charged(program, workflow_id)

    bob.goes_to(f"namespaces/default/billing/?q={workflow_id}")
    bob.page.get_by_role("link", name=workflow_id).click()
    bob.page.get_by_role("link", name="Adjust amount…").click()
    form = bob.page.get_by_role("form", name="Adjust charge amount")
    form.get_by_label("every charge to the end").check()
    form.get_by_label("New amount").fill("123.45")
    form.get_by_label("Reason").fill("a discount that was promised")
    form.get_by_role("button", name="Check").click()
    expect(form.locator(".preflight")).to_contain_text("Can be done")
    expect(form.locator(".preflight strong").first).to_contain_text("123.45")
    assert not updates_of(program, workflow_id, "123.45", applied=True)

    form.get_by_role("button", name="Adjust the amount").click()

    expect(bob.page.get_by_text("Adjust charge amount: done")).to_be_visible()
    ledger = bob.page.get_by_role("table", name="Ledger").get_by_role("row")
    entry = ledger.filter(has_text="a discount that was promised")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("Bob")
    assert len(updates_of(program, workflow_id, "123.45", applied=True)) == 1

    bob.goes_to(f"activity/?workflow={workflow_id}")
    acts = bob.page.get_by_role("table", name="Acts").get_by_role("row")
    act = acts.filter(has_text="a discount that was promised")
    expect(act).to_contain_text("Done")
    act.locator("td.number a").click()
    expect(bob.page.locator("tr[data-cursor]")).to_contain_text(re.compile("update", re.IGNORECASE))
    await_count(program, f"WorkflowId = '{workflow_id}' AND ChargeAmount = 123.45", 1)
    bob.goes_to("namespaces/default/runs/")
    bob.searches(f"WorkflowId = '{workflow_id}' AND ChargeAmount = 123.45")
    expect(runs_shown(bob)).to_have_count(1)


def updates_of(program: Program, workflow_id: str, amount: str, *, applied: bool) -> list[int]:
    """The accepted updates that ask for this amount: in earnest, or as a dry run."""
    found = []
    for event in history(program, workflow_id).events:
        asked = event.workflow_execution_update_accepted_event_attributes.accepted_request
        text = b"".join(one.data for one in asked.input.args.payloads).decode()
        if amount in text and (re.search(r'"dry_run":\s*true', text) is None) == applied:
            found.append(event.event_id)
    return found


def test_a_reset_says_what_runs_again_and_goes_on_as_a_new_run(
    bob: Person, program: Program
) -> None:
    workflow_id = subscribe(program, "walk-reset", periods_per_run=100)
    charged(program, workflow_id)
    handle = program.client.get_workflow_handle(workflow_id)
    before = program.wait(handle.describe()).run_id

    bob.opens_run(workflow_id)
    bob.page.get_by_role("link", name="Reset…").click()
    bob.page.locator("#planner input[type=radio][name=event]").first.check()
    first = bob.page.locator("#planner input[type=radio][name=event]").first
    point = first.get_attribute("value")
    expect(bob.page.locator("#plan")).to_contain_text(f"What follows from event {point}")
    expect(bob.page.locator("#plan")).to_contain_text("charge_card")
    bob.page.locator("#plan textarea[name=reason]").fill("charged by the old price list")
    bob.page.get_by_role("button", name=f"Reset to event {point}").click()

    expect(bob.page.locator("h1")).to_contain_text(workflow_id)
    after = eventually(
        lambda: program.wait(handle.describe()).run_id, lambda seen: seen != before, within=30
    )
    expect(bob.page).to_have_url(re.compile(after))
    old = program.client.get_workflow_handle(workflow_id, run_id=before)
    assert program.wait(old.describe()).status is WorkflowExecutionStatus.TERMINATED
    await_count(program, f"RunId = '{after}' AND SubscriptionPhase = 'active'", 1)


def test_runs_are_signalled_cancelled_and_terminated(bob: Person, program: Program) -> None:
    with running(program, "walk-waiting"):
        for act, ends_as in (
            ("signal", WorkflowExecutionStatus.COMPLETED),
            ("cancel", WorkflowExecutionStatus.CANCELED),
            ("terminate", WorkflowExecutionStatus.TERMINATED),
        ):
            workflow_id = f"walk-{act}"
            program.start("Waiting", workflow_id, "walk-waiting")
            bob.opens_run(workflow_id)
            actions = bob.page.locator(".page-actions")
            if act == "signal":
                actions.get_by_label("More actions").click()
            actions.get_by_role("link", name=f"{act.capitalize()}…").click()
            if act == "signal":
                bob.page.fill("dialog[open] [name=name]", "go")
            bob.page.fill("dialog[open] [name=reason]", "the walk asks for it")
            bob.page.locator("dialog[open] button[type=submit]").click()
            expect(bob.page.locator("dialog[open]")).to_have_count(0)
            handle = program.client.get_workflow_handle(workflow_id)
            eventually(
                lambda handle=handle: program.wait(handle.describe()).status,  # type: ignore[misc]
                lambda seen, ends_as=ends_as: seen is ends_as,  # type: ignore[misc]
                within=30,
            )
            bob.goes_to(f"activity/?workflow={workflow_id}")
            acts = bob.page.get_by_role("table", name="Acts")
            expect(acts).to_contain_text("the walk asks for it")


def test_a_killed_bulk_worker_leaves_none_and_does_none_twice(
    bob: Person, program: Program, up: Up
) -> None:
    query = "WorkflowType = 'WalkInBulk' AND ExecutionStatus = 'Running'"
    program.wait(start_many(program), within=120)
    await_count(program, query, BULK_COUNT)

    bob.goes_to("namespaces/default/runs/")
    bob.searches(query)
    bob.page.get_by_label("Select every row on this page").check()
    bob.page.locator("input[name=all_matching]").check()
    bob.page.get_by_role("button", name="Terminate…").click()
    manifest = bob.page.get_by_role("table", name="Manifest by status")
    expect(manifest).to_contain_text(str(BULK_COUNT))
    late = program.start("WalkInBulk", "walk-in-bulk-late", "nobody")

    form = bob.page.locator("#launch")
    form.locator("[name=canary]").fill("0")
    form.locator("[name=rate]").fill(str(BULK_RATE))
    form.locator("[name=count]").fill(str(BULK_COUNT))
    form.locator("[name=reason]").fill("the walk clears up")
    form.get_by_role("button", name=re.compile("Terminate")).click()
    progress = bob.page.get_by_role("region", name="Progress")
    expect(progress.locator(".figure").first).to_have_text(re.compile(r"^(1[5-9]\d|2\d\d)$"))
    os.kill(up.pid_of("bulk-worker", "manage.py bulk_worker"), signal.SIGKILL)
    eventually(lambda: up.says("bulk-worker is back"), within=60)
    # only what has ended has outcomes to look at
    expect(progress.get_by_role("link", name="Outcomes")).to_be_visible(
        timeout=SETTLED_SECONDS_MAX * 1000
    )

    outcomes = outcomes_of(bob)
    assert len(outcomes) == BULK_COUNT
    assert len({row["run id"] for row in outcomes}) == BULK_COUNT
    assert {row["outcome"] for row in outcomes} == {"Terminated"}
    await_count(program, "WorkflowType = 'WalkInBulk' AND ExecutionStatus = 'Terminated'", 500)
    assert counted(program, query) == 1, "only the run that came after the list was frozen is left"
    handle = program.client.get_workflow_handle(late.workflow_id)
    assert program.wait(handle.describe()).status is WorkflowExecutionStatus.RUNNING


async def start_many(program: Program) -> None:
    gate = asyncio.Semaphore(24)

    async def one(number: int) -> None:
        async with gate:
            await program.client.start_workflow(
                "WalkInBulk", id=f"walk-in-bulk-{number}", task_queue="nobody"
            )

    await asyncio.gather(*(one(number) for number in range(BULK_COUNT)))


def outcomes_of(bob: Person) -> list[dict[str, str]]:
    reply = bob.page.request.get(f"{bob.page.url.split('?')[0]}outcomes.csv")
    assert reply.ok
    return list(csv.DictReader(io.StringIO(reply.text())))
