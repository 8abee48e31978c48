"""What a change comes to: in all, a month, and as limits weigh it.

All of it in decimals. Only what is shown or kept is rounded: half to even, to the currency's
digits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from console.billing.contract import CURRENCIES, Ledger, Money, Outcome, Period, PeriodUnit

#: A mean month of the calendar.
MONTH_DAYS: Final = Decimal("30.436875")
DAY_SECONDS: Final = Decimal(86_400)
YEAR_MONTHS: Final = Decimal(12)


@dataclass(frozen=True, slots=True)
class Effect:
    currency: str
    #: Over all coming charges; below zero lowers the revenue.
    difference: Decimal
    #: A month, for good; zero for what happens once.
    monthly: Decimal
    #: What limits are compared with: never below zero.
    weight: Decimal


def of(kind: str, asked: Mapping[str, Any], ledger: Ledger, outcome: Outcome) -> Effect:
    """`asked`: the update's argument. Another period moves charges and changes none: it is weighed
    by what a year charges more or less."""
    currency = outcome.difference.currency
    difference = rounded(outcome.difference.value, currency)
    if kind == "adjust_period":
        period = Period(asked["period"]["count"], PeriodUnit(asked["period"]["unit"]))
        monthly = a_month(ledger.terms.charge, period) - a_month(
            ledger.terms.charge, ledger.terms.period
        )
        year = rounded(abs(monthly * YEAR_MONTHS), currency)
        return Effect(currency, difference, monthly, max(year, abs(difference)))
    monthly = Decimal(0)
    if kind == "adjust_charge" and not asked["periods"]:
        new = Money(asked["amount"]["amount"], currency)
        monthly = a_month(new, ledger.terms.period) - a_month(
            ledger.terms.charge, ledger.terms.period
        )
    return Effect(currency, difference, monthly, abs(difference))


def a_month(charge: Money, period: Period) -> Decimal:
    """Not rounded: sums of it are."""
    return charge.value / _months(period)


def _months(period: Period) -> Decimal:
    count = Decimal(period.count)
    if period.unit is PeriodUnit.MONTH:
        return count
    if period.unit is PeriodUnit.DAY:
        return count / MONTH_DAYS
    return count / DAY_SECONDS / MONTH_DAYS


def rounded(amount: Decimal, currency: str) -> Decimal:
    step = Decimal(1).scaleb(-CURRENCIES.get(currency, 2))
    return amount.quantize(step, rounding=ROUND_HALF_EVEN)


def written(amount: Decimal, currency: str, *, sign: bool = False) -> str:
    """−1,372.00 EUR; with `sign` also +1,372.00 EUR."""
    exact = rounded(amount, currency)
    text = f"{exact:+,}" if sign and exact else f"{exact:,}"
    return f"{text.replace('-', '−')} {currency}"


def sums(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """By currency: what is in two currencies is never added up."""
    total: dict[str, Decimal] = {}
    for currency, amount in amounts:
        total[currency] = total.get(currency, Decimal(0)) + amount
    return dict(sorted(total.items()))
