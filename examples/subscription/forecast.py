"""The charges to come."""

from datetime import datetime
from decimal import Decimal

from console.billing.contract import (
    FORECAST_ROWS_MAX,
    ForecastRow,
    Money,
    Phase,
    Terms,
    money,
)
from examples.subscription import dates
from examples.subscription.model import SubscriptionState

_OVER = (Phase.ENDED, Phase.CANCELLED, Phase.UNPAID)


def charge_of(terms: Terms, billing_period: int) -> Money:
    if billing_period in terms.skipped:
        return money(Decimal(0), terms.charge.currency)
    if terms.temporary_charge is not None and billing_period <= terms.temporary_through:
        return terms.temporary_charge
    return terms.charge


def first_to_come(state: SubscriptionState) -> int:
    """The next charge that the provider was not asked for, or that it declined."""
    return state.billing_period + (0 if state.retry_at else 1)


def is_over(state: SubscriptionState) -> bool:
    return state.phase in _OVER


def due_dates(state: SubscriptionState, terms: Terms, due_at: datetime) -> dict[int, datetime]:
    """When each charge to come is due, if the running period ends at `due_at`."""
    dues: dict[int, datetime] = {}
    if is_over(state):
        return dues
    if state.retry_at:
        dues[state.billing_period] = state.retry_at
    for number in range(state.billing_period + 1, terms.max_billing_periods + 1):
        dues[number] = due_at
        due_at = dates.after(due_at, terms.period, state.anchor_day)
    return dues


def compare(
    state: SubscriptionState, terms: Terms, due_at: datetime
) -> tuple[list[ForecastRow], Money]:
    """The coming charges as they stand and under other terms, and the difference in all."""
    before = due_dates(state, state.terms, state.due_at)
    after = due_dates(state, terms, due_at)
    rows = [
        ForecastRow(
            billing_period=number,
            due_before=before[number],
            due_at=after[number],
            before=charge_of(state.terms, number),
            after=charge_of(terms, number),
        )
        for number in before
    ]
    difference = sum((row.after.value - row.before.value for row in rows), Decimal(0))
    return rows[:FORECAST_ROWS_MAX], money(difference, terms.charge.currency)
