"""Providers that are down, slow or refuse: money is charged once, mail is sent once."""

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from console.billing.contract import EntryState, Phase
from examples.subscription import mails
from tests.examples.shop import HOUR, Shop, pending_activity
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.usefixtures("workers")]


async def test_a_card_processor_that_is_overloaded_at_first_charges_once(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(card="0127", max_billing_periods=1))

    await subscriber.handle.result()

    assert await subscriber.charges() == ["49.00"]


async def test_a_charge_whose_answer_is_lost_is_not_made_twice(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(card="3220", max_billing_periods=1))

    await subscriber.handle.result()

    assert await subscriber.charges() == ["49.00"]
    assert [entry.state for entry in (await subscriber.ledger()).entries] == [EntryState.BOOKED]


@pytest.mark.parametrize("domain", ["greylist.example", "slow.example"])
async def test_mail_that_fails_at_first_arrives_once(shop: Shop, domain: str) -> None:
    subscriber = await shop.subscribe(shop.order(domain=domain, max_billing_periods=1))

    await subscriber.handle.result()

    assert await subscriber.mails() == [mails.WELCOME, mails.ENDED]


async def test_a_mailbox_that_is_gone_stops_no_subscription(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(domain="gone.example", max_billing_periods=1))

    result = await subscriber.handle.result()

    assert result["phase"] == Phase.ENDED
    assert await subscriber.mails() == []


async def test_in_an_outage_the_charge_waits_and_says_why(shop: Shop) -> None:
    order = shop.order(period=HOUR)
    await shop.turn("payments", "outage", order.customer.customer_id)
    subscriber = await shop.subscribe(order)

    pending = await eventually_async(
        lambda: pending_activity(subscriber.handle), lambda seen: seen.attempt > 1, within=20
    )
    assert pending.activity_type.name == "charge_card"
    failure = pending.last_failure
    assert failure.application_failure_info.type == "CardProcessorUnavailable"
    assert "503" in failure.message
    assert (await subscriber.ledger()).entries[0].state is EntryState.PENDING

    await shop.turn("payments", "normal", order.customer.customer_id)
    await subscriber.until(Phase.ACTIVE, 1)
    assert await subscriber.charges() == ["49.00"]


async def test_a_declined_card_is_tried_again_after_a_pause(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(card="0341", period=HOUR))

    await subscriber.until(Phase.PAST_DUE)
    ledger = await subscriber.until(Phase.ACTIVE, 1)

    assert [entry.state for entry in ledger.entries] == ["declined", "declined", "booked"]
    assert ledger.entries[0].reason == "The bank declined: do not honour."
    assert ledger.entries[2].description == "Period 1 of 3, attempt 3"
    assert await subscriber.charges() == ["49.00"]


async def test_a_card_that_is_declined_too_often_ends_the_subscription(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(card="0069"))

    with pytest.raises(WorkflowFailureError) as failed:
        await subscriber.handle.result()

    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "SubscriptionUnpaid"
    assert await subscriber.mails() == [mails.WELCOME, mails.CANCELLED]
    assert await subscriber.charges() == []
    assert (await subscriber.ledger()).phase is Phase.UNPAID


async def test_while_the_card_is_past_due_the_next_attempt_is_what_is_due(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(card="0002", period=HOUR, dunning_pause=HOUR))

    ledger = await subscriber.until(Phase.PAST_DUE)

    assert ledger.forecast[0].billing_period == 1
    assert ledger.due_at == ledger.forecast[0].due_at
    assert [row.billing_period for row in ledger.forecast] == [1, 2, 3]


async def test_cancelled_during_a_charge_that_was_never_made_nothing_is_charged(
    shop: Shop,
) -> None:
    order = shop.order(period=HOUR)
    await shop.turn("payments", "outage", order.customer.customer_id)
    subscriber = await shop.subscribe(order)
    await eventually_async(lambda: pending_activity(subscriber.handle), within=20)
    await eventually_async(subscriber.ledger, lambda seen: len(seen.entries) == 1, within=20)

    await subscriber.handle.cancel()
    await shop.turn("payments", "normal", order.customer.customer_id)
    with pytest.raises(WorkflowFailureError):
        await subscriber.handle.result()

    ledger = await subscriber.ledger()
    assert [entry.state for entry in ledger.entries] == [EntryState.FAILED]
    assert await subscriber.charges() == []
    assert (await subscriber.mails())[-1] == mails.CANCELLED


async def test_cancelled_during_a_charge_that_was_made_it_is_in_the_ledger(shop: Shop) -> None:
    order = shop.order(period=HOUR)
    await shop.turn("payments", "slow", order.customer.customer_id)
    subscriber = await shop.subscribe(order)
    await eventually_async(subscriber.charges, lambda charges: charges == ["49.00"], within=20)

    await subscriber.handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await subscriber.handle.result()

    ledger = await subscriber.ledger()
    assert await subscriber.status() is WorkflowExecutionStatus.CANCELED
    assert [entry.state for entry in ledger.entries] == [EntryState.BOOKED]
    assert ledger.charged.amount == "49.00"
    assert await subscriber.charges() == ["49.00"]
