"""What others see of a subscription: search attributes, memo, summaries, the ledger."""

from datetime import datetime
from typing import Any, Final, TypedDict

from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)

from console.billing import contract
from console.billing.contract import CUSTOMER_MEMO, Ledger, Money
from examples.subscription import forecast
from examples.subscription.forms import ACTIONS_MEMO, actions
from examples.subscription.model import SubscriptionOrder, SubscriptionState, begin

CUSTOMER_ID: Final = SearchAttributeKey.for_keyword("CustomerId")
PLAN: Final = SearchAttributeKey.for_keyword("Plan")
PHASE: Final = SearchAttributeKey.for_keyword("SubscriptionPhase")
CURRENCY: Final = SearchAttributeKey.for_keyword("Currency")
CHARGE_AMOUNT: Final = SearchAttributeKey.for_float("ChargeAmount")
CHARGE_EXACT: Final = SearchAttributeKey.for_keyword(contract.CHARGE_EXACT)
BILLING_PERIOD: Final = SearchAttributeKey.for_int("BillingPeriod")
DUE_AT: Final = SearchAttributeKey.for_datetime("DueAt")


class StartOptions(TypedDict):
    id: str
    memo: dict[str, Any]
    search_attributes: TypedSearchAttributes
    static_summary: str
    static_details: str


def start_options(order: SubscriptionOrder, now: datetime) -> StartOptions:
    """So that a subscription can be found before a worker has seen it."""
    plan = order.plan
    attributes = attributes_of(order, begin(order, now))
    seats = "1 seat" if plan.seats == 1 else f"{plan.seats} seats"
    return StartOptions(
        id=order.subscription_id,
        memo={CUSTOMER_MEMO: order.customer.name, ACTIONS_MEMO: actions(plan.seat_price.currency)},
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(key, value) for key, value in attributes.items()]
        ),
        static_summary=f"{plan.name}, {seats} · {order.customer.name}",
        static_details=(
            f"{seats} at {plan.seat_price}, charged {order.period} "
            f"for {order.max_billing_periods} periods to {order.card}."
        ),
    )


def attributes_of(
    order: SubscriptionOrder, state: SubscriptionState
) -> dict[SearchAttributeKey[Any], Any]:
    charge, due_at = next_charge(state)
    amount = charge or state.terms.charge
    attributes: dict[SearchAttributeKey[Any], Any] = {
        CUSTOMER_ID: order.customer.customer_id,
        PLAN: order.plan.name,
        PHASE: state.phase.value,
        CURRENCY: state.terms.charge.currency,
        # The index sorts and compares by a double; what is shown is the text, and whoever
        # calculates takes the ledger's decimals.
        CHARGE_AMOUNT: float(amount.value),
        CHARGE_EXACT: amount.amount,
        BILLING_PERIOD: state.billing_period,
    }
    if due_at is not None:
        attributes[DUE_AT] = due_at
    return attributes


def attribute_updates(
    shown: dict[SearchAttributeKey[Any], Any], wanted: dict[SearchAttributeKey[Any], Any]
) -> list[SearchAttributeUpdate[Any]]:
    changed = [
        key.value_set(value)
        for key, value in wanted.items()
        if key not in shown or shown[key] != value
    ]
    return changed + [key.value_unset() for key in shown if key not in wanted]


def next_charge(state: SubscriptionState) -> tuple[Money | None, datetime | None]:
    dues = forecast.due_dates(state, state.terms, state.due_at)
    number = next(iter(dues), None)
    if number is None:
        return None, None
    return forecast.charge_of(state.terms, number), dues[number]


def details(state: SubscriptionState) -> str:
    """One paragraph for whoever opens the run."""
    charge, due_at = next_charge(state)
    parts = [
        f"**{state.phase}**, period {state.billing_period} of {state.terms.max_billing_periods}.",
        f"Charged {state.charged}, refunded {state.refunded}.",
    ]
    if due_at is not None:
        parts.append(f"Next charge {charge} on {due_at:%Y-%m-%d %H:%M:%S} UTC.")
    return " ".join(parts)


def ledger_of(order: SubscriptionOrder, state: SubscriptionState) -> Ledger:
    charge, due_at = next_charge(state)
    rows, _ = forecast.compare(state, state.terms, state.due_at)
    return Ledger(
        subscription_id=order.subscription_id,
        customer_id=order.customer.customer_id,
        customer_name=order.customer.name,
        plan=order.plan.name,
        pays_with=str(order.card),
        phase=state.phase,
        started_at=state.started_at,
        version=state.version,
        last_change=state.last_change,
        terms=state.terms,
        billing_period=state.billing_period,
        next_charge=charge,
        due_at=due_at,
        charged=state.charged,
        refunded=state.refunded,
        entries=state.entries,
        forecast=rows,
        older_entries=state.older_entries,
        older_entries_url=state.older_entries_url,
    )
