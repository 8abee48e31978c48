"""The workflow's answers -> the contract's dataclasses. Any team may have written the workflow."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

import msgspec

from console.billing.contract import LEDGER_QUERY, REFUSED, Ledger, Money, Outcome
from console.gateway import steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.payloads import Failure, Value
from console.gateway.runs import RunKey

T = TypeVar("T")
#: As the contract writes them, and no longer than the console's tables have room for.
AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,8})?")
CURRENCY = re.compile(r"[A-Za-z]{3}")
MONEY_SAID_MAX = 60


class NotTheContract(Exception):
    """The workflow answered something else than the contract says."""


class Refused(Exception):
    """The workflow said no; `field` names what it is about, as the contract calls it."""

    def __init__(self, says: str, field: str = "", code: str = "") -> None:
        super().__init__(says)
        self.field = field
        self.code = code


def ledger(key: RunKey, deadline: float = steering.ANSWER_SECONDS) -> Ledger:
    return _one(steering.query(key, LEDGER_QUERY, deadline=deadline), Ledger)


def outcome(answer: steering.Outcome) -> Outcome:
    if answer.failure is not None:
        raise refusal(answer.failure)
    if not answer.done:
        raise GatewayError(Trouble.SLOW, "The subscription has not answered yet.")
    return _one(answer.values, Outcome)


def refusal(failure: Failure) -> Refused:
    about: Any = failure.details[0].content if failure.details else None
    if failure.type != REFUSED or not isinstance(about, dict):
        return Refused(f"The subscription refused it: {failure.message}")
    return Refused(failure.message, str(about.get("field", "")), str(about.get("code", "")))


def as_argument(asked: Any) -> dict[str, Any]:
    return cast(dict[str, Any], msgspec.to_builtins(asked))


def next_of(ledger: Ledger) -> int:
    """The period that is charged next; 0 when none is."""
    return ledger.forecast[0].billing_period if ledger.forecast else 0


def _one(values: Sequence[Value], kind: type[T]) -> T:
    try:
        found = msgspec.convert(values[0].content, kind)
    except (IndexError, msgspec.ValidationError) as error:
        raise _not_it(kind, str(error)) from error
    for one in _moneys(found):
        if not (AMOUNT.fullmatch(one.amount) and CURRENCY.fullmatch(one.currency)):
            raise _not_it(kind, f"{str(one)[:MONEY_SAID_MAX]!r} is no amount of money")
    return found


def _not_it(kind: type, says: str) -> NotTheContract:
    return NotTheContract(
        f"It does not answer as the billing contract says ({kind.__name__}): {says}"
    )


def _moneys(value: object) -> Iterator[Money]:
    """All that stand in it, wherever."""
    if isinstance(value, Money):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _moneys(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _moneys(getattr(value, field.name))
