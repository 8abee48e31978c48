"""What a billable workflow promises: one query and four updates.

    query   billing_ledger()                -> Ledger
    update  adjust_charge(AdjustCharge)     -> Outcome     charge another amount from now on
    update  adjust_period(AdjustPeriod)     -> Outcome     charge at another interval
    update  skip_period(SkipPeriod)         -> Outcome     one period to come is free
    update  refund(Refund)                  -> Outcome     give back (part of) one period's charge

With `dry_run` an update answers what it would change and changes nothing. A refusal is a failure
of type `REFUSED` whose message is a sentence for the person and whose first detail is a
`RefusedField`. `expected_version` is the version the person looked at: when somebody else changed
the subscription since, the update is refused and names that change. `expected_next`, where
it is given, is the period that was to be charged next when the person looked: once it was charged,
the same request comes to another sum, and is refused.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from console.ui import currencies

LEDGER_QUERY: Final = "billing_ledger"
ADJUST_CHARGE: Final = "adjust_charge"
ADJUST_PERIOD: Final = "adjust_period"
SKIP_PERIOD: Final = "skip_period"
REFUND: Final = "refund"

#: The `type` of every refusal by one of the updates.
REFUSED: Final = "BillingRefused"

#: Custom search attributes that a billable workflow keeps up to date, with their types.
SEARCH_ATTRIBUTES: Final = {
    "CustomerId": "Keyword",
    "Plan": "Keyword",
    "SubscriptionPhase": "Keyword",
    "Currency": "Keyword",
    "ChargeAmount": "Double",
    "BillingPeriod": "Int",
    "DueAt": "Datetime",
}
#: One more, of type Keyword, that a namespace may have: ChargeAmount as a decimal text. A Double is
#: for searching and sorting; what is shown as money is this.
CHARGE_EXACT: Final = "ChargeExact"
#: Memo key under which the customer's name stands.
CUSTOMER_MEMO: Final = "customer"
#: Finds every billable run.
SUBSCRIPTIONS_QUERY: Final = "SubscriptionPhase IS NOT NULL"

#: Digits after the point, by currency: those of ISO 4217. A currency that is not here is refused.
CURRENCIES: Final = currencies.DIGITS
#: The highest single amount; a hundred times it of a currency whose unit is small.
AMOUNT_MAX: Final = Decimal(1_000_000)
AMOUNT_CHARACTERS_MAX: Final = 32
REASON_CHARACTERS_MAX: Final = 500
ACTOR_CHARACTERS_MAX: Final = 200
AUDIT_REFERENCE_CHARACTERS_MAX: Final = 200
#: Rows that `Outcome.rows` and `Ledger.forecast` hold at most.
FORECAST_ROWS_MAX: Final = 12


class Rounding(StrEnum):
    HALF_EVEN = "half_even"
    HALF_UP = "half_up"


class PeriodUnit(StrEnum):
    MONTH = "month"
    DAY = "day"
    #: For demonstrations: years of a subscription within a minute.
    SECOND = "second"


PERIOD_COUNT_MAX: Final = {
    PeriodUnit.MONTH: 12,
    PeriodUnit.DAY: 366,
    PeriodUnit.SECOND: 366 * 24 * 3600,
}


class Phase(StrEnum):
    TRIAL = "trial"
    ACTIVE = "active"
    #: The card was declined; the charge is tried again after a pause.
    PAST_DUE = "past_due"
    ENDED = "ended"
    CANCELLED = "cancelled"
    #: Ended because the card was declined too often.
    UNPAID = "unpaid"


class EntryKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"
    CHARGE_ADJUSTMENT = "charge_adjustment"
    PERIOD_ADJUSTMENT = "period_adjustment"
    PERIOD_SKIP = "period_skip"


class EntryState(StrEnum):
    #: Asked of the payment provider, which has not answered yet.
    PENDING = "pending"
    BOOKED = "booked"
    DECLINED = "declined"
    #: Given up: the provider refused, or the subscription was cancelled first. No money moved.
    FAILED = "failed"


@dataclass(frozen=True)
class Money:
    #: A decimal string with exactly the currency's digits: "1372.00".
    amount: str
    currency: str

    @property
    def value(self) -> Decimal:
        return Decimal(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True)
class Period:
    count: int
    unit: PeriodUnit

    def __str__(self) -> str:
        return f"every {self.unit}" if self.count == 1 else f"every {self.count} {self.unit}s"


@dataclass(frozen=True)
class Change:
    """Something a person did to a subscription; the refusal of a stale version names it."""

    version: int
    #: A sentence's rest: "changed the charge from 49.00 EUR to 39.00 EUR".
    what: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class LedgerEntry:
    #: Counts from 1 through all runs of the subscription.
    sequence: int
    at: datetime
    kind: EntryKind
    state: EntryState
    billing_period: int
    #: Signed: charges above zero, refunds below; adjustments: difference of one charge. None for
    #: an adjustment of the period.
    amount: Money | None
    description: str
    #: A person's name, or "schedule" for what the subscription does by itself.
    actor: str
    reason: str
    #: Id of the audit row in the console; empty for what the subscription does by itself.
    audit_reference: str
    #: The payment provider's id for the money that moved.
    provider_reference: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Terms:
    #: The standing charge of a period.
    charge: Money
    period: Period
    max_billing_periods: int
    rounding: Rounding
    #: Another amount up to and with billing period `temporary_through`; then `charge` again.
    temporary_charge: Money | None = None
    temporary_through: int = 0
    #: Periods to come that are free.
    skipped: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ForecastRow:
    billing_period: int
    due_before: datetime
    due_at: datetime
    before: Money
    after: Money


@dataclass(frozen=True)
class Ledger:
    subscription_id: str
    customer_id: str
    customer_name: str
    plan: str
    #: "Visa, ends in 4207"
    pays_with: str
    phase: Phase
    started_at: datetime
    #: Grows with everything that a person changes, never with a charge.
    version: int
    last_change: Change | None
    terms: Terms
    #: 0 in the trial; the period that runs now, afterwards.
    billing_period: int
    #: What comes next; None when nothing more will be charged.
    next_charge: Money | None
    due_at: datetime | None
    charged: Money
    refunded: Money
    #: Oldest first; the newest ones. The `older_entries` before them are kept at
    #: `older_entries_url`.
    entries: list[LedgerEntry]
    forecast: list[ForecastRow]
    older_entries: int = 0
    older_entries_url: str = ""


@dataclass(frozen=True)
class AdjustCharge:
    amount: Money
    actor: str
    reason: str
    audit_reference: str
    expected_version: int
    #: For how many coming charges; 0 is every charge to the end.
    periods: int = 0
    dry_run: bool = False
    expected_next: int = 0


@dataclass(frozen=True)
class AdjustPeriod:
    period: Period
    actor: str
    reason: str
    audit_reference: str
    expected_version: int
    dry_run: bool = False
    expected_next: int = 0


@dataclass(frozen=True)
class SkipPeriod:
    #: One that has not begun: it runs its time, and nothing is charged for it.
    billing_period: int
    actor: str
    reason: str
    audit_reference: str
    expected_version: int
    dry_run: bool = False
    expected_next: int = 0


@dataclass(frozen=True)
class Refund:
    #: The period whose charge is given back.
    billing_period: int
    amount: Money
    actor: str
    reason: str
    audit_reference: str
    expected_version: int
    dry_run: bool = False


@dataclass(frozen=True)
class Outcome:
    dry_run: bool
    #: The subscription's version after the update (unchanged by a dry run).
    version: int
    before: str
    after: str
    #: The coming charges, before and after; at most FORECAST_ROWS_MAX of them.
    rows: list[ForecastRow]
    #: What the change costs or brings over all coming charges; below zero lowers the revenue.
    difference: Money
    #: The entry that was booked; a dry run has none.
    entry: LedgerEntry | None


@dataclass(frozen=True)
class RefusedField:
    """Which field of the request a refusal is about; it travels as the refusal's first detail."""

    field: str
    code: str


class MoneyError(ValueError):
    """An amount that cannot be used; the message is a sentence for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


def parse_money(text: str, currency: str) -> Money:
    """An amount as a person writes it, or a MoneyError that says what is wrong with it."""
    digits = CURRENCIES.get(currency)
    if digits is None:
        raise MoneyError("currency_unknown", f"{currency[:8]!r} is not a currency we charge in.")
    text = text.strip()
    if not text:
        raise MoneyError("amount_missing", "Give an amount.")
    if len(text) > AMOUNT_CHARACTERS_MAX:
        raise MoneyError(
            "amount_too_long",
            f"The amount is too long: at most {AMOUNT_CHARACTERS_MAX} characters.",
        )
    if not _DECIMAL.fullmatch(text):
        raise MoneyError(
            "amount_not_a_number",
            f"{text!r} is not an amount. Write digits with a point for decimals, as in 1372.00.",
        )
    return _within_limits(Decimal(text), currency, digits)


def _within_limits(amount: Decimal, currency: str, digits: int) -> Money:
    if amount < 0:
        raise MoneyError("amount_negative", f"The amount may not be negative: {amount}.")
    most = 100 * AMOUNT_MAX if currency in currencies.SMALL else AMOUNT_MAX
    if amount > most:
        raise MoneyError("amount_beyond_limit", f"The amount may not be above {most:,} {currency}.")
    if -int(amount.normalize().as_tuple().exponent) > digits:
        raise MoneyError("amount_too_precise", currencies.too_precise(amount, currency))
    return money(abs(amount), currency)


def money(amount: Decimal, currency: str, rounding: Rounding = Rounding.HALF_EVEN) -> Money:
    """The amount rounded to the currency's digits, by the rounding that is named."""
    step = Decimal(1).scaleb(-CURRENCIES[currency])
    mode = {Rounding.HALF_EVEN: ROUND_HALF_EVEN, Rounding.HALF_UP: ROUND_HALF_UP}[rounding]
    return Money(str(amount.quantize(step, rounding=mode)), currency)
