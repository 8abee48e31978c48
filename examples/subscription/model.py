"""The order, and the state that travels from run to run."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from console.billing.contract import (
    Change,
    LedgerEntry,
    Money,
    Period,
    PeriodUnit,
    Phase,
    Rounding,
    Terms,
    money,
)
from examples.subscription import dates

TWO_WEEKS: Final = Period(14, PeriodUnit.DAY)
THREE_DAYS: Final = Period(3, PeriodUnit.DAY)
MONTHLY: Final = Period(1, PeriodUnit.MONTH)


@dataclass(frozen=True)
class Customer:
    customer_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Card:
    brand: str
    last4: str

    def __str__(self) -> str:
        return f"{self.brand}, ends in {self.last4}"


@dataclass(frozen=True)
class Plan:
    name: str
    seats: int
    #: May be finer than the currency: a charge is rounded, as the order says.
    seat_price: Money


@dataclass
class SubscriptionState:
    phase: Phase
    started_at: datetime
    #: End of the trial, then of the period that runs.
    due_at: datetime
    #: Day of the month of every monthly charge: that of the first one.
    anchor_day: int
    terms: Terms
    charged: Money
    refunded: Money
    billing_period: int = 0
    #: None in the trial.
    period_started_at: datetime | None = None
    #: When a declined charge is tried again.
    retry_at: datetime | None = None
    welcomed: bool = False
    version: int = 1
    last_change: Change | None = None
    entries: list[LedgerEntry] = field(default_factory=list)
    next_sequence: int = 1
    older_entries: int = 0
    older_entries_url: str = ""


@dataclass(frozen=True)
class SubscriptionOrder:
    subscription_id: str
    customer: Customer
    card: Card
    plan: Plan
    trial: Period = TWO_WEEKS
    period: Period = MONTHLY
    max_billing_periods: int = 36
    rounding: Rounding = Rounding.HALF_EVEN
    #: When the subscription began, if that is not when the workflow did: the periods that went
    #: by are charged at once.
    started_at: datetime | None = None
    #: How long to wait after a declined card, and how often it may be declined in a period.
    dunning_pause: Period = THREE_DAYS
    declines_max: int = 3
    #: After so many periods the run continues as new, which keeps its history short.
    periods_per_run: int = 12
    #: So many ledger entries travel on; older ones go to the archive.
    entries_kept: int = 200
    #: What the run before hands on; None in the first run.
    carried: SubscriptionState | None = None


@dataclass(frozen=True)
class SubscriptionResult:
    phase: Phase
    billing_periods: int
    charged: Money
    refunded: Money


def begin(order: SubscriptionOrder, now: datetime) -> SubscriptionState:
    currency = order.plan.seat_price.currency
    price = Decimal(order.plan.seat_price.amount) * order.plan.seats
    started_at = order.started_at or now
    trial_ends_at = dates.after(started_at, order.trial, started_at.day)
    nothing = money(Decimal(0), currency)
    return SubscriptionState(
        phase=Phase.TRIAL,
        started_at=started_at,
        due_at=trial_ends_at,
        anchor_day=trial_ends_at.day,
        terms=Terms(
            charge=money(price, currency, order.rounding),
            period=order.period,
            max_billing_periods=order.max_billing_periods,
            rounding=order.rounding,
        ),
        charged=nothing,
        refunded=nothing,
    )
