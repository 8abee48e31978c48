"""One change for many subscriptions: frozen, weighed by dry runs, done on each exactly once."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.access.models import Rule
from console.audit.models import AuditEntry, AuditOutcome
from console.billing.models import Cohort, Member, Proposal, Spending
from console.gateway import steering
from console.gateway.runs import RunKey
from tests.console.conftest import indexed
from tests.support.billing import (
    CHARGE,
    URL,
    BillingWorker,
    billing_process,
    billing_worker,
    check,
    limit,
    place,
    seal_of,
)
from tests.support.cohorts import ADD, Customers, act, await_stage, customers, freeze, states
from tests.support.eventually import eventually
from tests.support.pages import words_in
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["billing_process", "billing_worker", "customers", "providers_url", "subscriptions"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("examples"),
]

Browser = Callable[..., Client]
Stage = Cohort.Stage


def test_the_effect_in_all_is_shown_first_and_then_it_is_carried_out_on_each(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    keys = customers.some(3)
    customers.some(1, "NOK", "250.00")
    gone = customers.some(1)[0]
    customers.subscriptions.terminate(gone)
    indexed(f"{customers.query} AND ExecutionStatus = 'Terminated'", 1)
    browser = browser_of(bob)

    cohort = freeze(browser, "add", ADD | {"query": customers.query})
    page = words_in(browser.get(f"{URL}cohorts/{cohort.pk}/"))
    versions = {customers.subscriptions.ledger(key).version for key in keys}
    launched = act(browser, cohort, "launch")
    twice = act(browser, cohort, "launch")
    await_stage(cohort, Stage.FINISHED)

    # 30 days are 0.98564… of a mean month.
    assert "3 subscriptions, +2.00 EUR from period 4, +6.09 EUR a month" in page
    assert "+198.00 EUR" in page, "over 33 periods"
    assert "Charged in NOK, not in EUR" in page
    assert "Its run is closed (terminated)" in page
    assert versions == {1}
    assert (launched.status_code, twice.status_code) == (303, 409)
    assert states(cohort) == {"done": 3, "ineligible": 2}
    for key in keys:
        ledger = customers.subscriptions.ledger(key)
        entry = ledger.entries[-1]
        assert ledger.terms.charge.amount == "51.00"
        assert (entry.actor, entry.reason) == ("Bob", f"new price list ({cohort})")
        audit = AuditEntry.objects.get(pk=entry.audit_reference)
        assert (audit.before, audit.outcome.after) == (
            {"charge": "49.00 EUR"},
            {"charge": "51.00 EUR"},
        )
    assert list(Spending.objects.values_list("amount", flat=True)) == [Decimal("198.00")]


@pytest.mark.one_server
def test_to_many_it_takes_the_right_to_do_it_to_each(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    customers.some(1)
    browser, url = browser_of(bob), f"{URL}cohorts/new/?change=refund"
    asked = {"query": customers.query, "amount": "30.00", "currency": "EUR", "reason": "asked for"}
    cohort = freeze(browser, "refund", asked)

    Rule.objects.create(
        person=bob, namespace="default", verb="billing.refund", may=False, up_to=Decimal(20),
        currency="EUR", reason="first line", given_by="Alice",
    )  # fmt: skip
    launched, proposed = act(browser, cohort, "launch"), act(browser, cohort, "propose")
    Rule.objects.update(up_to=None, currency="")
    frozen = browser.post(url, asked)

    assert (launched.status_code, proposed.status_code, frozen.status_code) == (403, 403, 403)
    assert "One of them is 30 EUR, above what you may give back: 20 EUR." in words_in(launched)
    assert "forbids you billing.refund" in words_in(frozen)
    assert Cohort.objects.get().stage == Stage.WEIGHED


@pytest.mark.one_server
def test_sums_are_by_currency_and_nothing_is_a_float(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    customers.some(2)
    customers.some(1, "NOK", "250.05")
    browser = browser_of(bob)
    given = {"amount": "-3.5", "periods": "1", "reason": "an outage", "query": customers.query}

    cohort = freeze(browser, "percent", given)
    page = words_in(browser.get(f"{URL}cohorts/{cohort.pk}/"))
    act(browser, cohort, "discard")

    # 49.00 less 3.5 % is 47.285 and 500.10 less 3.5 % is 482.5965: half to even, each by itself.
    assert "2 subscriptions, −3.5 % from period 4, for 1 charge, −3.44 EUR in all" in page
    assert "1 subscription, −3.5 % from period 4, for 1 charge, −17.50 NOK in all" in page
    assert await_stage(cohort, Stage.DISCARDED)


@pytest.mark.one_server
def test_beyond_the_limit_of_a_cohort_a_second_person_approves_and_what_changed_is_left(
    alice: User,
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
) -> None:
    limit("cohort", "100.00")
    limit("adjustment", "400.00")
    keys = customers.some(2)
    by_bob, by_alice = browser_of(bob), browser_of(alice)
    cohort = freeze(by_bob, "add", ADD | {"query": customers.query})

    page = words_in(by_bob.get(f"{URL}cohorts/{cohort.pk}/"))
    alone = act(by_bob, cohort, "launch")
    proposed = act(by_bob, cohort, "propose")
    checked = check(by_bob, keys[0], "adjust-charge/", CHARGE)
    by_bob.post(place(keys[0], "adjust-charge/"), seal_of(checked, CHARGE))
    proposal = Proposal.objects.get()
    decide = f"{URL}approvals/{proposal.pk}/decide/"
    own = by_bob.post(decide, {"verdict": "approved", "reason": "mine"})
    by_alice.post(decide, {"verdict": "approved", "reason": "as agreed"})
    await_stage(cohort, Stage.FINISHED)

    assert "132.00 EUR is above the 100.00 EUR that operators may move alone" in page
    assert "Propose to a second person" in page
    assert (alone.status_code, proposed.status_code, own.status_code) == (409, 303, 409)
    assert proposal.title == "2 subscriptions, +2.00 EUR from period 4, +4.06 EUR a month"
    charges = [customers.subscriptions.ledger(key).terms.charge.amount for key in keys]
    assert charges == ["39.00", "51.00"], "the one that was changed meanwhile is left as it is"
    assert states(cohort) == {"done": 1, "refused": 1}
    left = Member.objects.get(state="refused")
    assert "you looked at version 1" in left.says
    entry = customers.subscriptions.ledger(keys[1]).entries[-1]
    assert entry.actor == "Bob, approved by Alice"
    proposal.refresh_from_db()
    assert proposal.stage == Proposal.Stage.DONE


@pytest.mark.parametrize(
    ("change", "given", "after"),
    [
        ("set", {"amount": "45.00", "currency": "EUR", "periods": "0"}, "45.00 EUR"),
        ("period", {"count": "2", "unit": "month"}, "every 2 months"),
        ("skip", {}, "0.00 EUR"),
        ("refund", {"amount": "", "currency": "EUR"}, "0.00 EUR"),
    ],
)
@pytest.mark.one_server
def test_every_change_is_there_for_a_cohort(
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
    change: str,
    given: dict[str, str],
    after: str,
) -> None:
    key = customers.some(1)[0]
    browser = browser_of(bob)

    cohort = freeze(browser, change, given | {"reason": "agreed", "query": customers.query})
    act(browser, cohort, "launch")
    await_stage(cohort, Stage.FINISHED)

    member = cohort.members.get()
    assert (member.state, member.after) == ("done", after)
    entry = customers.subscriptions.ledger(key).entries[-1]
    assert entry.reason == f"agreed ({cohort})"
    assert entry.after == after
    assert customers.subscriptions.refunds(key) == (["49.00"] if change == "refund" else [])


@pytest.mark.one_server
def test_a_cohort_whose_system_workflow_was_terminated_goes_on_when_it_is_told(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    key = customers.some(1)[0]
    shop, wait = customers.subscriptions.shop, customers.subscriptions.wait
    customer = customers.subscriptions.customer_of(key)
    wait(shop.turn("payments", "outage", customer))
    browser = browser_of(bob)
    given = {"amount": "5.00", "currency": "EUR", "reason": "outage", "query": customers.query}

    cohort = freeze(browser, "refund", given)
    act(browser, cohort, "launch")
    eventually(lambda: states(cohort), lambda found: found == {"claimed": 1}, within=30)
    run = RunKey("perdure-system", f"billing-cohort/{cohort.token}", "")
    steering.terminate(run, "for a test", "somebody")
    page = browser.get(f"{URL}cohorts/{cohort.pk}/")
    wait(shop.turn("payments", "normal", customer))
    act(browser, cohort, "go-on")
    await_stage(cohort, Stage.FINISHED)

    assert "Its system workflow was ended from outside" in words_in(page)
    assert states(cohort) == {"done": 1}
    assert customers.subscriptions.refunds(key) == ["5.00"]


@pytest.mark.one_server
def test_killed_while_it_runs_each_is_refunded_exactly_once(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    """One customer's provider is away, so the chunk is half done when the worker dies. It takes as
    long as a dead worker's heartbeat."""
    keys = customers.some(3)
    shop, wait = customers.subscriptions.shop, customers.subscriptions.wait
    customer = customers.subscriptions.customer_of(keys[1])
    wait(shop.turn("payments", "outage", customer))
    browser = browser_of(bob)
    given = {"amount": "5.00", "currency": "EUR", "reason": "outage", "query": customers.query}

    cohort = freeze(browser, "refund", given)
    act(browser, cohort, "launch")
    eventually(
        lambda: [customers.subscriptions.refunds(key) for key in keys],
        lambda found: found == [["5.00"], [], ["5.00"]],
        within=30,
    )
    billing_worker.kill()
    wait(shop.turn("payments", "normal", customer))
    billing_worker.start()
    await_stage(cohort, Stage.FINISHED, within=60)

    assert states(cohort) == {"done": 3}
    assert [customers.subscriptions.refunds(key) for key in keys] == [["5.00"]] * 3
    acts = cohort.members.values_list("act", flat=True)
    assert AuditOutcome.objects.filter(entry__in=list(acts)).count() == 3


REFUSED = [
    ("add", {"amount": "forty"}, "is not an amount"),
    ("add", {"amount": "NaN"}, "is not an amount"),
    ("add", {"amount": "+-2"}, "is not an amount"),
    ("add", {"amount": "0.00"}, "Nothing would change"),
    ("add", {"amount": "2.001"}, "EUR has 2 decimals at most"),
    ("set", {"amount": "-5.00"}, "may not be negative"),
    ("set", {"amount": "1000000.01"}, "may not be above 1,000,000 EUR"),
    ("percent", {"amount": "Infinity"}, "is not a number of percent"),
    ("percent", {"amount": "-100.01"}, "Between -100 and 1,000 percent"),
    ("refund", {"amount": "-1"}, "may not be negative"),
    ("add", {"reason": ""}, "required"),
    ("add", {"query": "NoSuchThing ="}, "refused"),
]


@pytest.mark.one_server
def test_what_cannot_be_wished_is_refused_beside_its_field(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    browser = browser_of(bob)

    pages = [
        browser.post(f"{URL}cohorts/new/?change={change}", ADD | given)
        for change, given, _ in REFUSED
    ]

    assert {page.status_code for page in pages} == {422}
    for page, (_, _, says) in zip(pages, REFUSED, strict=True):
        assert says in words_in(page)
    assert not Cohort.objects.exists()
