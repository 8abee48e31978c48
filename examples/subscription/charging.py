"""Asking the payment provider.

ask ──▶ booked
 │ ▲
 │ └─ pause ◀─ declined (up to declines_max)
 └─ cancelled meanwhile: call the charge off; what was taken all the same is booked
"""

import asyncio
import itertools
from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from console.billing.contract import EntryState, LedgerEntry, Money, Phase
from examples.activities import payments
from examples.activities.options import refusal_of
from examples.activities.payments import ChargeRequest, RefundRequest
from examples.subscription import dates, forecast, ledger
from examples.subscription.model import SubscriptionOrder, SubscriptionState
from examples.subscription.refusals import refused


async def charge_period(
    order: SubscriptionOrder, state: SubscriptionState, show: Callable[[], None]
) -> bool:
    """False: the card was declined too often."""
    if state.billing_period in state.terms.skipped:
        ledger.skip_charge(state, workflow.now())
        return True
    declines = 0
    for attempt in itertools.count(1):
        outcome = await _charge(order, state, attempt)
        if outcome is EntryState.BOOKED:
            break
        # FAILED is no decline: an earlier run of this subscription called this attempt off.
        if outcome is EntryState.DECLINED:
            declines += 1
            if declines == order.declines_max:
                return False
            await _pause(order, state, show)
    state.phase = Phase.ACTIVE
    show()
    return True


async def _charge(order: SubscriptionOrder, state: SubscriptionState, attempt: int) -> EntryState:
    amount = forecast.charge_of(state.terms, state.billing_period)
    entry = ledger.open_charge(state, workflow.now(), amount, attempt)
    request = ChargeRequest(
        key=f"{order.subscription_id}/period-{state.billing_period}/attempt-{attempt}",
        customer_id=order.customer.customer_id,
        card=order.card.last4,
        money=amount,
        description=f"{order.plan.name}, {entry.description.lower()}",
    )
    try:
        payment = await payments.charge(request)
    except asyncio.CancelledError:
        await _call_off(state, request, entry)
        raise
    except ActivityError as error:
        if is_cancelled_exception(error):
            await _call_off(state, request, entry)
            raise
        return _not_charged(state, entry, error)
    ledger.book(state, entry, payment.payment_id, payment.money)
    return EntryState.BOOKED


def _not_charged(state: SubscriptionState, entry: LedgerEntry, error: ActivityError) -> EntryState:
    refusal = refusal_of(error)
    if refusal is None or refusal.type not in ("CardDeclined", "KeyBarred"):
        raise error
    declined = refusal.type == "CardDeclined"
    outcome = EntryState.DECLINED if declined else EntryState.FAILED
    ledger.give_up(state, entry, outcome, refusal.message)
    return outcome


async def _call_off(state: SubscriptionState, request: ChargeRequest, entry: LedgerEntry) -> None:
    """A cancellation came while the provider was asked: did it take the money or not?"""
    payment = await payments.call_off(request)
    if payment is None:
        ledger.give_up(state, entry, EntryState.FAILED, "cancelled before it was made")
    else:
        ledger.book(state, entry, payment.payment_id, payment.money)


async def _pause(
    order: SubscriptionOrder, state: SubscriptionState, show: Callable[[], None]
) -> None:
    now = workflow.now()
    state.phase = Phase.PAST_DUE
    state.retry_at = dates.after(now, order.dunning_pause, now.day)
    show()
    await workflow.sleep(state.retry_at - now, summary="Until the card is tried again")
    state.retry_at = None


async def give_back(
    order: SubscriptionOrder, state: SubscriptionState, charge: LedgerEntry, entry: LedgerEntry
) -> LedgerEntry:
    """One audit reference is one refund, also when the run was reset and does this again."""
    assert entry.amount is not None
    request = RefundRequest(
        key=f"{order.subscription_id}/refund/{entry.audit_reference}",
        customer_id=order.customer.customer_id,
        payment_id=charge.provider_reference,
        money=Money(entry.amount.amount.removeprefix("-"), entry.amount.currency),
    )
    try:
        refund_id = await payments.refund(request)
    except ActivityError as error:
        refusal = refusal_of(error)
        reason = refusal.message if refusal else str(error)
        ledger.give_up(state, entry, EntryState.FAILED, reason)
        sentence = f"The payment provider refused: {reason}"
        raise refused("amount", "provider_refused", sentence) from error
    return ledger.book(state, entry, refund_id)
