"""What a person types as an amount, and when a period ends."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.billing.contract import (
    AMOUNT_MAX,
    CURRENCIES,
    AdjustCharge,
    Money,
    MoneyError,
    Period,
    PeriodUnit,
    Rounding,
    money,
    parse_money,
)
from console.ui.currencies import SMALL
from examples.subscription import dates

MONTH = Period(1, PeriodUnit.MONTH)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("49", "EUR", "49.00"),
        (" 49.5 ", "EUR", "49.50"),
        ("1.500", "EUR", "1.50"),
        ("+3", "NOK", "3.00"),
        ("-0", "EUR", "0.00"),
        ("4900", "JPY", "4900"),
        ("4.9", "KWD", "4.900"),
        ("4.999", "OMR", "4.999"),
        ("1000000", "EUR", "1000000.00"),
        ("100000000", "KRW", "100000000"),
        ("100000000", "IDR", "100000000.00"),
    ],
)
def test_an_amount_is_kept_with_its_currencys_digits(text: str, currency: str, amount: str) -> None:
    assert parse_money(text, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "EUR", "amount_missing"),
        ("-1", "EUR", "amount_negative"),
        ("1e3", "EUR", "amount_not_a_number"),
        ("1,372.00", "EUR", "amount_not_a_number"),
        ("Infinity", "EUR", "amount_not_a_number"),
        ("٣", "EUR", "amount_not_a_number"),
        ("0x10", "EUR", "amount_not_a_number"),
        ("1.005", "EUR", "amount_too_precise"),
        ("1.5", "JPY", "amount_too_precise"),
        ("1.0005", "KWD", "amount_too_precise"),
        ("1000000.01", "EUR", "amount_beyond_limit"),
        ("1000000.001", "KWD", "amount_beyond_limit"),
        ("100000001", "KRW", "amount_beyond_limit"),
        ("100000000.01", "IDR", "amount_beyond_limit"),
        ("9" * 10_000_000, "EUR", "amount_too_long"),
        ("1", "DOGE", "currency_unknown"),
        ("1", "x" * 1_000_000, "currency_unknown"),
    ],
)
def test_an_amount_that_cannot_be_used_is_refused_in_a_sentence(
    text: str, currency: str, code: str
) -> None:
    with pytest.raises(MoneyError) as refused:
        parse_money(text, currency)

    assert refused.value.code == code
    assert len(str(refused.value)) < 200
    assert str(refused.value).endswith((".", "1372.00."))


@given(st.text(max_size=40), st.sampled_from(sorted(CURRENCIES)))
def test_whatever_is_typed_is_an_amount_within_limits_or_refused(text: str, currency: str) -> None:
    try:
        amount = parse_money(text, currency)
    except MoneyError:
        return
    assert 0 <= amount.value <= AMOUNT_MAX * (100 if currency in SMALL else 1)
    assert parse_money(amount.amount, currency) == amount


def test_rounding_is_the_one_that_is_named() -> None:
    half = Decimal("0.125")
    assert money(half, "EUR", Rounding.HALF_EVEN).amount == "0.12"
    assert money(half, "EUR", Rounding.HALF_UP).amount == "0.13"


def test_an_amount_of_three_decimals_is_rounded_to_them() -> None:
    half = Decimal("0.1245")
    assert money(half, "KWD", Rounding.HALF_EVEN).amount == "0.124"
    assert money(half, "KWD", Rounding.HALF_UP).amount == "0.125"
    assert money(half, "JPY").amount == "0"


def test_a_request_survives_json() -> None:
    asked = AdjustCharge(Money("1.00", "EUR"), "Ines", "Why", "audit-1", 3, periods=2)

    assert msgspec.json.decode(msgspec.json.encode(asked), type=AdjustCharge) == asked


def test_a_subscription_of_the_31st_is_charged_at_the_end_of_each_month() -> None:
    at, days = datetime(2027, 1, 31, 9, tzinfo=UTC), []
    for _ in range(4):
        at = dates.after(at, MONTH, anchor_day=31)
        days.append((at.month, at.day))

    assert days == [(2, 28), (3, 31), (4, 30), (5, 31)]


def test_months_run_over_the_end_of_a_year() -> None:
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)

    assert dates.after(at, Period(3, PeriodUnit.MONTH), 24) == at.replace(year=2027, month=2)
    assert dates.after(at, Period(1, PeriodUnit.MONTH), 24) == at.replace(month=12)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (MONTH, "every month"),
        (Period(3, PeriodUnit.MONTH), "every 3 months"),
        (Period(30, PeriodUnit.DAY), "every 30 days"),
    ],
)
def test_a_period_reads_as_words(period: Period, words: str) -> None:
    assert str(period) == words
