"""Currencies of three decimals and of none: by the page, on real subscriptions."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.billing.models import Limit, Member, Proposal, Spending
from tests.support.billing import (
    URL,
    BillingWorker,
    billing_process,
    billing_worker,
    check,
    limit,
    place,
    seal_of,
)
from tests.support.cohorts import Customers, act, await_stage, customers, freeze
from tests.support.eventually import eventually
from tests.support.migrated import migrated
from tests.support.pages import htmx, words_in
from tests.support.subscriptions import providers_url, subscriptions

__all__ = ["billing_process", "billing_worker", "customers", "providers_url", "subscriptions"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("examples"),
    pytest.mark.one_server,
]
committed = pytest.mark.django_db(transaction=True)

Browser = Callable[..., Client]
REASON = {"currency": "KWD", "reason": "a test"}


@committed
def test_dinars_are_changed_refunded_and_approved_to_the_last_fils(
    alice: User,
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
) -> None:
    limit("adjustment", "0.100", "KWD")
    limit("refund", "5.000", "KWD")
    (key,) = customers.some(1, "KWD", "12.262")
    browser, charge = browser_of(bob), REASON | {"amount": "24.527", "periods": "0"}
    refund = REASON | {"amount": "5.001", "billing_period": "1"}

    finer = check(browser, key, "adjust-charge/", charge | {"amount": "24.5271"})
    checked = check(browser, key, "adjust-charge/", charge)
    browser.post(place(key, "adjust-charge/"), seal_of(checked, charge), headers=htmx("act"))
    beyond = check(browser, key, "refund/", refund)
    proposing = seal_of(beyond, refund, "propose")
    browser.post(place(key, "refund/"), proposing, headers=htmx("act"))
    proposal = Proposal.objects.get()
    decision = {"verdict": "approved", "reason": "as agreed"}
    browser_of(alice).post(f"{URL}approvals/{proposal.pk}/decide/", decision)
    eventually(lambda: customers.subscriptions.refunds(key), lambda found: found != [])

    assert finer.status_code == 422
    assert "KWD has 3 decimals at most; 24.5271 has more." in words_in(finer)
    assert "24.524 KWD → 24.527 KWD" in words_in(checked)
    assert customers.subscriptions.ledger(key).terms.charge.amount == "24.527"
    assert [one.amount for one in Spending.objects.all()] == [Decimal("0.099")]
    says = "5.001 KWD is above the 5.000 KWD that operators may move alone by one refund."
    assert says in words_in(beyond)
    assert (proposal.weight, proposal.difference) == (Decimal("5.001"), Decimal("-5.001"))
    assert "−5.001 KWD" in words_in(browser.get(f"{URL}approvals/{proposal.pk}/"))
    assert customers.subscriptions.refunds(key) == ["5.001"]
    assert "24.527" in words_in(browser.get(place(key)))


@committed
def test_a_cohort_of_yen_has_no_decimals(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    limit("cohort", "2310", "JPY")
    limit("adjustment", "2310", "JPY")
    (key,) = customers.some(1, "JPY", "1000")
    browser, url = browser_of(bob), f"{URL}cohorts/new/?change=add"
    asked = {"query": customers.query, "periods": "0", "reason": "a test"}

    finer = browser.post(url, asked | {"amount": "0.5", "currency": "JPY"})
    cohort = freeze(browser, "percent", asked | {"amount": "3.51"})
    page = words_in(browser.get(f"{URL}cohorts/{cohort.pk}/"))
    act(browser, cohort, "launch")
    await_stage(cohort, "finished")

    assert "JPY has no decimals; 0.5 has some." in words_in(finer)
    # 2,000 and 3.51 % are 2,070.2; 33 periods of 30 days are charged 70 more.
    assert "1 subscription, +3.51 % from period 4, +71 JPY a month" in page
    assert "+2,310 JPY" in page
    assert Member.objects.get().weight == 2310
    assert customers.subscriptions.ledger(key).terms.charge.amount == "2070"


def test_a_limit_has_the_digits_of_its_currency(alice: User, browser_of: Browser) -> None:
    given = {"role": "operator", "about": "refund", "currency": "KWD", "reason": "a test"}
    browser = browser_of(alice)

    finer = browser.post(f"{URL}limits/change/", given | {"amount": "1.2345"})
    browser.post(f"{URL}limits/change/", given | {"amount": "1.5"})

    assert finer.status_code == 422
    assert "KWD has 3 decimals at most; 1.2345 has more." in words_in(finer)  # type: ignore[arg-type]
    assert "1.500 KWD" in words_in(browser.get(f"{URL}limits/"))  # type: ignore[arg-type]


def test_amounts_of_before_stay_what_they_are(bob: User) -> None:
    before = migrated("billing", "0004_launcher")
    kept = before.get_model("billing", "Limit").objects.create(
        namespace="default", role="operator", about="refund", currency="EUR", amount="100.05"
    )

    migrated("billing", "0005_four_decimals")

    assert Limit.objects.get(pk=kept.pk).amount == Decimal("100.05")
