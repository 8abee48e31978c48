"""Every way through a subscription, with each e-mail and each charge exactly once."""

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from console.billing.contract import EntryKind, EntryState, Phase, Rounding
from examples.subscription import mails
from examples.subscription.model import Plan
from tests.examples.shop import HOUR, Shop, eur
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.usefixtures("workers")]


async def test_a_subscription_runs_to_its_end(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order())

    result = await subscriber.handle.result()

    assert result["phase"] == Phase.ENDED
    assert result["charged"] == {"amount": "147.00", "currency": "EUR"}
    assert await subscriber.mails() == [mails.WELCOME, mails.ENDED]
    assert await subscriber.charges() == ["49.00", "49.00", "49.00"]


async def test_every_charge_is_in_the_ledger(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order())
    await subscriber.handle.result()

    ledger = await subscriber.ledger()

    assert [entry.billing_period for entry in ledger.entries] == [1, 2, 3]
    assert {entry.kind for entry in ledger.entries} == {EntryKind.CHARGE}
    assert {entry.state for entry in ledger.entries} == {EntryState.BOOKED}
    assert all(entry.provider_reference.startswith("pay_") for entry in ledger.entries)
    assert {entry.actor for entry in ledger.entries} == {"schedule"}
    assert (ledger.next_charge, ledger.due_at, ledger.forecast) == (None, None, [])


async def test_cancelled_in_the_trial_nothing_is_charged(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(trial=HOUR))
    await eventually_async(subscriber.mails, lambda sent: sent == [mails.WELCOME])

    await subscriber.handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await subscriber.handle.result()

    assert await subscriber.status() is WorkflowExecutionStatus.CANCELED
    assert await subscriber.mails() == [mails.WELCOME, mails.TRIAL_CANCELLED]
    assert await subscriber.charges() == []


async def test_cancelled_before_a_worker_saw_it_the_customer_is_still_told(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(trial=HOUR))

    await subscriber.handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await subscriber.handle.result()

    assert (await subscriber.mails())[-1] == mails.TRIAL_CANCELLED


async def test_cancelled_in_a_period_what_was_charged_stays_charged(shop: Shop) -> None:
    subscriber = await shop.active()

    await subscriber.handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await subscriber.handle.result()

    assert await subscriber.status() is WorkflowExecutionStatus.CANCELED
    assert await subscriber.mails() == [mails.WELCOME, mails.CANCELLED]
    assert await subscriber.charges() == ["49.00"]
    assert (await subscriber.ledger()).phase is Phase.CANCELLED


async def test_the_trial_shows_what_will_be_charged_and_when(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(trial=HOUR, max_billing_periods=36))

    ledger = await subscriber.ledger()

    assert (ledger.phase, ledger.billing_period) == (Phase.TRIAL, 0)
    assert ledger.next_charge == eur("49.00")
    assert ledger.due_at is not None
    assert (ledger.due_at - ledger.started_at).total_seconds() == 3600
    assert [row.billing_period for row in ledger.forecast] == list(range(1, 13))
    assert ledger.pays_with == "Visa, ends in 4207"


async def test_periods_that_went_by_before_the_start_are_charged_at_once(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.began_periods_ago(5))

    ledger = await subscriber.until(Phase.ACTIVE, 5)

    assert len(await subscriber.charges()) == 5
    assert ledger.due_at is not None
    assert (ledger.due_at - ledger.started_at).days == 14 + 5 * 30


async def test_search_attributes_memo_and_summary_say_what_it_is(shop: Shop) -> None:
    subscriber = await shop.active()

    description = await subscriber.handle.describe()

    found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    ledger = await subscriber.ledger()
    assert found["CustomerId"] == subscriber.order.customer.customer_id
    assert found["Plan"] == "Pro"
    assert found["SubscriptionPhase"] == "active"
    assert (found["ChargeAmount"], found["Currency"]) == (49.0, "EUR")
    assert found["ChargeExact"] == "49.00"
    assert found["BillingPeriod"] == 1
    assert found["DueAt"] == ledger.due_at
    assert await description.memo_value("customer") == "Brekkehus AS"
    assert await description.static_summary() == "Pro, 2 seats · Brekkehus AS"


async def test_a_rounding_that_is_named_rounds_the_price_of_all_seats(shop: Shop) -> None:
    plan = Plan("Starter", 3, eur("8.335"))
    even = await shop.subscribe(shop.order(plan=plan, trial=HOUR))
    up = await shop.subscribe(shop.order(plan=plan, trial=HOUR, rounding=Rounding.HALF_UP))

    assert (await even.ledger()).terms.charge == eur("25.00")
    assert (await up.ledger()).terms.charge == eur("25.01")
