"""Ledgers that any team's workflow may answer with."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from console.billing import effects, periods, presenters, reading, wishes
from console.billing.contract import Ledger, Money, Outcome, Period, PeriodUnit, Phase, Terms
from console.billing.contract import Rounding as Rounded
from console.billing.reading import NotTheContract
from console.billing.wishes import Unfit
from console.gateway.payloads import Value
from console.gateway.steering import Outcome as Answer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ledger(charge: Money, last: int = 36, unit: PeriodUnit = PeriodUnit.MONTH) -> Ledger:
    free = Money("0.00", "EUR")
    return Ledger(
        subscription_id="s", customer_id="c", customer_name="C", plan="p", pays_with="card",
        phase=Phase.ACTIVE, started_at=NOON, version=1, last_change=None,
        terms=Terms(charge, Period(12, unit), last, Rounded.HALF_EVEN), billing_period=1,
        next_charge=charge, due_at=NOON, charged=free, refunded=free, entries=[], forecast=[],
    )  # fmt: skip


def answer(content: Any) -> Answer:
    return Answer((Value("json/plain", 1, msgspec.to_builtins(content)),), None, True)


@pytest.mark.parametrize(
    "money",
    [("NaN", "EUR"), ("1e9", "EUR"), ("1,00", "EUR"), ("", "EUR"), ("1" * 16, "EUR"),
     ("1.00", "EURO"), ("1.00", ""), ("1.00", "\0UR")],
)  # fmt: skip
def test_what_is_no_amount_of_money_is_not_the_contract(money: tuple[str, str]) -> None:
    outcome = Outcome(False, 1, "", "", [], Money(*money), None)

    with pytest.raises(NotTheContract, match="is no amount of money"):
        reading.outcome(answer(outcome))


@pytest.mark.parametrize("money", [("1372.00", "EUR"), ("-0.5", "JPY"), ("1.234", "KWD")])
def test_an_amount_of_any_currency_is_read(money: tuple[str, str]) -> None:
    outcome = Outcome(False, 1, "", "", [], Money(*money), None)

    assert reading.outcome(answer(outcome)) == outcome


@pytest.mark.parametrize("change", ["percent", "add", "set"])
def test_a_currency_that_is_not_charged_in_is_unfit(change: str) -> None:
    wish = {"change": change, "amount": "3", "currency": "BGN", "periods": 0}

    with pytest.raises(Unfit, match="BGN is not a currency we charge in"):
        wishes.asked_of(ledger(Money("1.23", "BGN")), wish)


@pytest.mark.parametrize("unit", PeriodUnit)
def test_a_subscription_without_end_is_drawn(unit: PeriodUnit) -> None:
    drawing = periods.draw(ledger(Money("1.00", "EUR"), last=2**40, unit=unit), retrying=False)

    assert drawing.labels[-1].text == "ends 31 Dec 9999"
    assert len(drawing.boxes) == periods.DRAWN_MAX


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (("1372.00", "EUR"), "1,372.00"),
        (("-1.5", "KWD"), "−1.500"),
        (("1372", "JPY"), "1,372"),
        (("-0.5", "JPY"), "−0.5"),
    ],
)
def test_an_amount_is_shown_with_the_digits_of_its_currency(
    money: tuple[str, str], shown: str
) -> None:
    """What a workflow says beyond them is not hidden."""
    assert presenters.amount(Money(*money)) == shown


@pytest.mark.parametrize(
    ("said", "currency", "kept"),
    [("1.0005", "KWD", "1.000"), ("1.0015", "KWD", "1.002"), ("2.5", "JPY", "2")],
)
def test_what_is_kept_and_weighed_is_rounded_to_the_currency(
    said: str, currency: str, kept: str
) -> None:
    outcome = Outcome(False, 1, "", "", [], Money(f"-{said}", currency), None)

    effect = effects.of("refund", {}, ledger(Money("9", currency)), outcome)

    assert (effect.difference, effect.weight) == (-Decimal(kept), Decimal(kept))
    assert effects.written(effect.weight, currency) == f"{kept} {currency}"
