"""What is wished of a whole cohort -> what is asked of each subscription of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.crypto import get_random_string

from console.billing import effects, kinds, reading
from console.billing.contract import (
    CURRENCIES,
    EntryKind,
    EntryState,
    Ledger,
    LedgerEntry,
    Money,
    MoneyError,
    Outcome,
    money,
    parse_money,
)
from console.billing.kinds import Kind, Signed
from console.gateway import steering
from console.gateway.runs import RunKey

Wish = Mapping[str, Any]


class Unfit(Exception):
    """Why a subscription cannot have it."""


@dataclass(frozen=True, slots=True)
class Weight:
    kind: Kind
    argument: dict[str, Any]
    noun: str
    outcome: Outcome
    effect: effects.Effect
    #: The first period that is charged differently; 0: none.
    first_period: int


def weigh(key: RunKey, wish: Wish, who: str, deadline: float) -> Weight:
    """The ledger, and a dry run of what would be asked. Raises Unfit and Refused."""
    ledger = reading.ledger(key, deadline)
    kind, given = asked_of(ledger, wish)
    signed = Signed(
        actor=who,
        reason="dry run",
        audit_reference=f"check-{get_random_string(20)}",
        expected_version=ledger.version,
        dry_run=True,
        expected_next=0 if kind is kinds.MONEY_BACK else reading.next_of(ledger),
    )
    argument = reading.as_argument(kind.ask(given, signed))
    answer = steering.update(
        key,
        kind.update,
        [argument],
        identity=who,
        update_id=signed.audit_reference,
        deadline=deadline,
    )
    outcome = reading.outcome(answer)
    effect = effects.of(kind.name, argument, ledger, outcome)
    return Weight(kind, argument, kind.noun(given), outcome, effect, _first(outcome))


def asked_of(ledger: Ledger, wish: Wish) -> tuple[Kind, dict[str, Any]]:
    match wish["change"]:
        case "period":
            return kinds.PERIOD, {"count": wish["count"], "unit": wish["unit"]}
        case "skip":
            return kinds.SKIP, {"billing_period": _next_to_begin(ledger)}
        case "refund":
            return kinds.MONEY_BACK, _refund(ledger, wish)
        case _:
            new = _new_amount(ledger, wish)
            return kinds.CHARGE, {"money": new, "periods": wish["periods"]}


def _next_to_begin(ledger: Ledger) -> int:
    for row in ledger.forecast:
        if row.billing_period > ledger.billing_period:
            if row.billing_period in ledger.terms.skipped:
                raise Unfit("the next period is free already")
            return row.billing_period
    raise Unfit("no period is to come")


def _new_amount(ledger: Ledger, wish: Wish) -> Money:
    standing = ledger.terms.charge
    if standing.currency not in CURRENCIES:
        raise Unfit(f"{standing.currency} is not a currency we charge in")
    if wish["change"] == "percent":
        factor = 1 + Decimal(wish["amount"]) / 100
        return money(standing.value * factor, standing.currency, ledger.terms.rounding)
    _same_currency(standing, wish)
    amount = Decimal(wish["amount"])
    new = amount if wish["change"] == "set" else standing.value + amount
    if new < 0:
        raise Unfit("the charge would fall below zero")
    return _exact(new, standing.currency)


def _refund(ledger: Ledger, wish: Wish) -> dict[str, Any]:
    """Of the newest charge that took money: the amount, or what is left of it."""
    charge = next((one for one in reversed(ledger.entries) if _took_money(one)), None)
    if charge is None or charge.amount is None:
        raise Unfit("nothing was charged yet")
    if wish["amount"]:
        _same_currency(charge.amount, wish)
        back = Decimal(wish["amount"])
    else:
        back = charge.amount.value + _given_back(ledger, charge.billing_period)
        if back == 0:
            raise Unfit("its newest charge was refunded already")
    return {
        "billing_period": charge.billing_period,
        "money": _exact(back, charge.amount.currency),
    }


def _took_money(entry: LedgerEntry) -> bool:
    return (
        entry.kind is EntryKind.CHARGE
        and entry.state is EntryState.BOOKED
        and entry.amount is not None
        and entry.amount.value > 0
    )


def _given_back(ledger: Ledger, billing_period: int) -> Decimal:
    """Below zero, or zero."""
    return sum(
        (
            entry.amount.value
            for entry in ledger.entries
            if entry.kind is EntryKind.REFUND
            and entry.billing_period == billing_period
            and entry.state in {EntryState.BOOKED, EntryState.PENDING}
            and entry.amount is not None
        ),
        Decimal(0),
    )


def _same_currency(has: Money, wish: Wish) -> None:
    if has.currency != wish["currency"]:
        raise Unfit(f"charged in {has.currency}, not in {wish['currency']}")


def _exact(amount: Decimal, currency: str) -> Money:
    try:
        return parse_money(f"{amount:f}", currency)
    except MoneyError as error:
        raise Unfit(str(error)) from None


def _first(outcome: Outcome) -> int:
    changed = (
        row.billing_period
        for row in outcome.rows
        if row.before != row.after or row.due_before != row.due_at
    )
    return next(changed, 0)
