"""Transfers: completed, refused and given back, waiting for a bank that is down."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from console.billing.contract import CUSTOMER_MEMO, Money
from examples.seeds import people
from examples.seeds.start import Start, seed_id
from examples.transfer.workflow import TASK_QUEUE, TransferOrder, attributes_of

_AMOUNTS: Final = ("129.90", "1250.00", "18400.00", "75.25", "4310.80", "62000.00")


def starts() -> Iterator[Start]:
    for number in range(30):
        yield start("paid", number)
    for number in range(4):
        yield start("bank-slow", number, target="0127")
    for number in range(8):
        yield start("refused", number, target=("0404", "0403")[number % 2])
    for number in range(5):
        yield start("too-much", number, amount="480000.00")
    for number in range(6):
        yield start("bank-down", number, target="0503")
    for number in range(3):
        given_up = start("bank-gave-up", number, target="0503")
        yield replace(given_up, execution_timeout=timedelta(seconds=5))


def start(kind: str, number: int, *, target: str = "4711", amount: str = "") -> Start:
    made = order(kind, number, target=target, amount=amount)
    customer = people.customer(kind, number)
    return Start(
        workflow="BankTransfer",
        id=made.transfer_id,
        argument=made,
        task_queue=TASK_QUEUE,
        summary=f"{made.money} · {made.reference}",
        memo={CUSTOMER_MEMO: customer.name},
        attributes=attributes_of(made),
    )


def order(kind: str, number: int, *, target: str, amount: str = "") -> TransferOrder:
    return TransferOrder(
        transfer_id=seed_id("tr", kind, number),
        source=account(kind, number),
        target=f"NO18 6003 {_digits('to' + kind, number)} {target}",
        money=Money(amount or _AMOUNTS[number % len(_AMOUNTS)], "NOK"),
        reference=f"Invoice 2026-{number * 37 % 9000 + 1000}",
    )


def account(kind: str, number: int) -> str:
    return f"NO93 8601 {_digits(kind, number)} 1122"


def _digits(kind: str, number: int) -> str:
    return str(int(seed_id("", kind, number)[3:], 16) % 10_000).zfill(4)
