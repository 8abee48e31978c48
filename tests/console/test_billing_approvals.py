"""Above the limit a second person approves: a real approval run, and a worker that is killed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from console.audit.models import AuditEntry, AuditOutcome
from console.billing.contract import Money
from console.billing.models import Proposal, Spending
from console.billing.orders import DECIDE
from console.gateway import histories, steering
from console.gateway.runs import RunKey
from examples.subscription.model import Plan
from tests.support.billing import (
    CHARGE,
    REFUND,
    URL,
    BillingWorker,
    billing_process,
    billing_worker,
    check,
    limit,
    place,
    seal_of,
)
from tests.support.eventually import eventually
from tests.support.pages import htmx, words_in
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["billing_process", "billing_worker", "providers_url", "subscriptions"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

Browser = Callable[..., Client]
Stage = Proposal.Stage


def propose(browser: Client, key: RunKey, act: str, given: dict[str, str]) -> Proposal:
    checked = check(browser, key, act, given)
    browser.post(place(key, act), seal_of(checked, given, "propose"), headers=htmx("act"))
    return Proposal.objects.latest("pk")


def decide(browser: Client, proposal: Proposal, verdict: str = "approved") -> Any:
    given = {"verdict": verdict, "reason": f"{verdict}, says the contract"}
    return browser.post(f"{URL}approvals/{proposal.pk}/decide/", given)


def await_stage(proposal: Proposal, stage: str, within: float = 30) -> Proposal:
    def look() -> Proposal:
        proposal.refresh_from_db()
        return proposal

    return eventually(look, lambda it: it.stage == stage, within=within)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Each in a thread, with a database connection of its own."""

    def alone(act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(alone, acts))


def decoded(proposal: Proposal) -> list[Any]:
    key = RunKey("perdure-system", proposal.approval_id, "")
    return list(histories.forward(key).events)


@pytest.mark.one_server
def test_an_admin_sets_limits_and_others_do_not(
    alice: User, bob: User, browser_of: Browser
) -> None:
    given = {"role": "operator", "about": "refund", "currency": "EUR", "reason": "four eyes"}
    change = f"{URL}limits/change/"
    browser = browser_of(alice)

    for amount in ("-1", "NaN", "1e9", "10.001", "1000000.01"):
        assert browser.post(change, given | {"amount": amount}).status_code == 422
    denied = browser_of(bob).post(change, given | {"amount": "10"})
    done = browser.post(change, given | {"amount": "10"})
    page = browser_of(bob).get(f"{URL}limits/")
    gone = browser.post(change, given | {"amount": ""})

    assert (denied.status_code, done.status_code, gone.status_code) == (403, 303, 303)
    assert "10.00 EUR" in words_in(page)
    changes = AuditEntry.objects.filter(verb="billing.limit").order_by("at")
    assert [(one.before["limit"], one.outcome.after["limit"], one.reason) for one in changes] == [
        ("none", "10.00 EUR", "four eyes"),
        ("10.00 EUR", "none", "four eyes"),
    ]


def test_a_second_person_approves_and_it_is_done_once_with_both_names(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
) -> None:
    limit("adjustment", "100.00")
    key = subscriptions.active(plan=Plan("Pro", 2, Money("24500.00", "EUR")))
    by_bob, by_alice = browser_of(bob), browser_of(alice)

    proposal = propose(by_bob, key, "adjust-charge/", CHARGE | {"amount": "39000.00"})
    own = decide(by_bob, proposal)
    seen = by_alice.get(f"{URL}approvals/{proposal.pk}/")
    waits = by_alice.get(place(key))
    version = subscriptions.ledger(key).version
    approved = decide(by_alice, proposal)
    await_stage(proposal, Stage.DONE)

    assert (own.status_code, approved.status_code) == (409, 303)
    assert "49,000.00 EUR → 39,000.00 EUR" in words_in(seen)
    assert "49,000.00 EUR → 39,000.00 EUR" in words_in(waits)
    assert "−350,000.00 EUR" in words_in(seen)
    assert "above the 100.00 EUR that operators may move alone" in words_in(seen)
    assert f"{proposal} of Bob" in words_in(waits)
    assert version == 1, "nothing was changed before"
    ledger = subscriptions.ledger(key)
    assert (ledger.version, ledger.terms.charge.amount) == (2, "39000.00")
    entry = ledger.entries[-1]
    assert (entry.actor, entry.reason) == ("Bob, approved by Alice", CHARGE["reason"])
    audit = AuditEntry.objects.get(verb="billing.adjust")
    assert (str(audit.id), audit.who, audit.person) == (
        entry.audit_reference,
        "Bob, approved by Alice",
        bob,
    )
    assert audit.before == {"charge": "49000.00 EUR"}, "what is kept is plain"
    assert audit.outcome.after == {"charge": "39000.00 EUR"}
    assert "49,000.00 EUR 39,000.00 EUR" in words_in(by_alice.get(f"/activity/{audit.id}/"))
    assert audit.outcome.event_id == histories.update_event_id(key, str(audit.id))
    verdicts = AuditEntry.objects.filter(verb="billing.approve").order_by("at")
    assert [(one.who, one.outcome.result) for one in verdicts] == [
        ("Bob", "refused"),
        ("Alice", "done"),
    ]
    assert not Spending.objects.exists(), "what was approved is not set against the day"
    kinds = [event.kind for event in decoded(proposal)]
    assert kinds.count("WorkflowExecutionUpdateAccepted") == 1
    says = str([event.attributes for event in decoded(proposal)])
    for word in ("Bob", "Alice", "49000.00 EUR", "approved, says the contract"):
        assert word in says


@pytest.mark.one_server
def test_of_two_that_decide_at_once_one_decides_and_the_other_is_told(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
) -> None:
    limit("refund", "0.00")
    key = subscriptions.active()
    dora = User.objects.create_superuser("dora", first_name="Dora", email="dora@example.com")
    proposal = propose(browser_of(bob), key, "refund/", REFUND)
    by_alice, by_dora = browser_of(alice), browser_of(dora)

    answers = at_once(
        lambda: decide(by_alice, proposal), lambda: decide(by_dora, proposal, "rejected")
    )
    eventually(lambda: Proposal.objects.get().stage in {Stage.DONE, Stage.REJECTED}, within=30)

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    proposal.refresh_from_db()
    lost = next(answer for answer in answers if answer.status_code == 409)
    verdict = "approved" if proposal.stage == Stage.DONE else "rejected"
    assert f"It was {verdict} by {proposal.decided_by} already." in words_in(lost)
    assert subscriptions.refunds(key) == (["12.50"] if proposal.stage == Stage.DONE else [])


@pytest.mark.one_server
def test_two_that_propose_the_same_at_once_change_it_once(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
) -> None:
    for role in ("operator", "admin"):
        limit("adjustment", "1.00", role=role)
    key = subscriptions.active()
    by_bob, by_alice = browser_of(bob), browser_of(alice)

    first, second = at_once(
        lambda: propose(by_bob, key, "adjust-charge/", CHARGE),
        lambda: propose(by_alice, key, "adjust-charge/", CHARGE),
    )
    mine, other = Proposal.objects.get(person=bob), Proposal.objects.get(person=alice)
    decide(by_alice, mine)
    await_stage(mine, Stage.DONE)
    seen = by_bob.get(f"{URL}approvals/{other.pk}/")
    decide(by_bob, other)
    await_stage(other, Stage.VOID)

    assert {first.namespace, second.namespace} == {"default"}
    assert "Bob, approved by Alice changed the charge" in words_in(seen)
    assert "Approved, it would be void." in words_in(seen)
    assert "you looked at version 1" in other.says
    assert subscriptions.ledger(key).version == 2
    results = AuditEntry.objects.filter(verb="billing.adjust").order_by("at")
    assert [one.outcome.result for one in results] == ["done", "refused"]


@pytest.mark.one_server
def test_it_is_rejected_withdrawn_or_expires_and_nothing_is_changed(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
    settings: Any,
) -> None:
    limit("refund", "1.00")
    key = subscriptions.active()
    by_bob, by_alice = browser_of(bob), browser_of(alice)
    rejected, withdrawn = (propose(by_bob, key, "refund/", REFUND) for _ in range(2))
    settings.BILLING_APPROVAL_SECONDS = 1
    expired = propose(by_bob, key, "refund/", REFUND)

    decide(by_alice, rejected, "rejected")
    by_another = decide(by_alice, withdrawn, "withdrawn")
    decide(by_bob, withdrawn, "withdrawn")
    await_stage(expired, Stage.EXPIRED)
    late = decide(by_alice, expired)

    assert await_stage(rejected, Stage.REJECTED).decided_by == "Alice"
    assert await_stage(withdrawn, Stage.WITHDRAWN).decided_by == "Bob"
    assert by_another.status_code == 409
    assert late.status_code in {404, 409}, "its run has ended"
    assert expired.says == "Nobody decided in time."
    assert subscriptions.refunds(key) == []
    assert "Nobody decided in time" in str([event.attributes for event in decoded(expired)])


@pytest.mark.one_server
def test_an_approval_that_did_not_come_through_the_console_moves_nothing(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
) -> None:
    limit("refund", "1.00")
    key = subscriptions.active()
    proposal = propose(browser_of(bob), key, "refund/", REFUND)
    forged = {
        "verdict": "approved",
        "person": "Alice",
        "person_id": alice.pk,
        "reason": "as if",
        "audit_reference": "made up",
    }

    steering.update(
        RunKey("perdure-system", proposal.approval_id, ""),
        DECIDE,
        [forged],
        identity="alice@example.com",
        update_id="forged",
    )
    await_stage(proposal, Stage.VOID)

    assert "did not come through the console" in proposal.says
    assert subscriptions.refunds(key) == []


@pytest.mark.one_server
def test_without_a_worker_it_is_said_and_nothing_is_decided(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
    settings: Any,
) -> None:
    settings.BILLING_TASK_QUEUE = "nobody-polls-this"
    limit("refund", "1.00")
    key = subscriptions.active()
    proposal = propose(browser_of(bob), key, "refund/", REFUND)

    page = browser_of(alice).get(f"{URL}approvals/{proposal.pk}/")
    answer = decide(browser_of(alice), proposal)

    assert "No billing worker is there." in words_in(page)
    assert answer.status_code == 503
    assert f"{proposal} is as it was." in words_in(answer)
    proposal.refresh_from_db()
    assert proposal.stage == Stage.OPEN
    assert subscriptions.refunds(key) == []


@pytest.mark.one_server
def test_an_approval_whose_run_was_ended_from_outside_is_asked_anew(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
) -> None:
    limit("adjustment", "100.00")
    key = subscriptions.active()
    by_bob = browser_of(bob)
    proposal = propose(by_bob, key, "adjust-charge/", CHARGE)
    address = f"{URL}approvals/{proposal.pk}/"
    whole, too_early = by_bob.get(address), by_bob.post(f"{address}go-on/")
    steering.terminate(RunKey("perdure-system", proposal.approval_id, ""), "for a test", "somebody")

    lost = eventually(lambda: words_in(by_bob.get(address)), lambda page: "Ask anew" in page)
    decided = decide(browser_of(alice), proposal)
    again = by_bob.post(f"{address}go-on/")
    approved = decide(browser_of(alice), proposal)
    await_stage(proposal, Stage.DONE)

    assert "Ask anew" not in words_in(whole)
    assert "nobody can decide it" in lost
    assert (too_early.status_code, again.status_code, approved.status_code) == (409, 303, 303)
    assert decided.status_code != 303
    assert subscriptions.ledger(key).terms.charge.amount == "39.00"


@pytest.mark.one_server
def test_a_day_holds_no_more_than_its_limit_also_when_two_come_at_once(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    limit("day", "20.00")
    first, second = subscriptions.active(), subscriptions.active()
    sealed = {
        key: seal_of(check(browser_of(bob), key, "refund/", REFUND), REFUND)
        for key in (first, second)
    }
    browsers = [browser_of(bob), browser_of(bob)]

    answers = at_once(
        *(
            lambda browser=browser, key=key: browser.post(place(key, "refund/"), sealed[key])
            for browser, key in zip(browsers, (first, second), strict=True)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 303]
    assert [*subscriptions.refunds(first), *subscriptions.refunds(second)] == ["12.50"]
    kept = next(answer for answer in answers if answer.status_code == 200)
    assert "25.00 EUR is above the 20.00 EUR" in words_in(kept)


@pytest.mark.one_server
def test_killed_between_approval_and_the_end_it_is_carried_out_exactly_once(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
) -> None:
    """The payment provider is away, so the approved refund is under way when the worker dies. It
    takes as long as a dead worker's heartbeat."""
    limit("refund", "1.00")
    key = subscriptions.active()
    customer = subscriptions.customer_of(key)
    proposal = propose(browser_of(bob), key, "refund/", REFUND)
    subscriptions.wait(subscriptions.shop.turn("payments", "outage", customer))

    decide(browser_of(alice), proposal)
    eventually(
        lambda: histories.update_event_id(key, str(proposal.act)), lambda event: event, within=30
    )
    billing_worker.kill()
    proposal.refresh_from_db()
    at_the_kill = proposal.stage
    subscriptions.wait(subscriptions.shop.turn("payments", "normal", customer))
    billing_worker.start()
    await_stage(proposal, Stage.DONE, within=60)

    assert at_the_kill == Stage.APPROVED
    assert subscriptions.refunds(key) == ["12.50"]
    entries = [one for one in subscriptions.ledger(key).entries if one.audit_reference]
    assert [(one.actor, one.audit_reference) for one in entries] == [
        ("Bob, approved by Alice", str(proposal.act))
    ]
    assert AuditOutcome.objects.filter(entry=proposal.act).count() == 1
