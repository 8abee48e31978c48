"""Orders: delivered, on their way, waiting for a person or for a depot without a worker."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from console.billing.contract import CUSTOMER_MEMO, Money
from examples.attributes import PROMISED_AT
from examples.fulfilment.forms import actions
from examples.fulfilment.model import Address, Order, OrderLine, attributes_of
from examples.fulfilment.workflow import TASK_QUEUE
from examples.seeds import people
from examples.seeds.start import Start, seed_id
from examples.subscription.forms import ACTIONS_MEMO
from examples.subscription.model import Card

DEPOT_WITHOUT_WORKER: Final = "tromso"

_SMALL: Final = [OrderLine("LAMP-07", 2, Money("89.50", "EUR"))]
_LARGE: Final = [
    OrderLine("SOFA-22", 1, Money("2490.00", "EUR")),
    OrderLine("LAMP-07", 4, Money("89.50", "EUR")),
]


def starts(now: datetime) -> Iterator[Start]:
    """Those that are late were promised for some hours ago, the others for the days to come."""
    for number, one in enumerate(_starts()):
        yield replace(one, attributes=_promised(one, now + timedelta(hours=5 * (number % 9) - 12)))


def _promised(one: Start, at: datetime) -> TypedSearchAttributes:
    pair = SearchAttributePair(PROMISED_AT, at)
    return TypedSearchAttributes([*one.attributes, pair])


def _starts() -> Iterator[Start]:
    for number in range(16):
        yield start("delivered", number, _SMALL, transit_seconds=2)
    for number in range(14):
        yield start("approval", number, _LARGE)
    for number in range(8):
        yield start("on-its-way", number, _SMALL)
    for number in range(6):
        yield start("tromso", number, _SMALL, depot=DEPOT_WITHOUT_WORKER)
    for number in range(4):
        yield start("undecided", number, _LARGE, approval_within_seconds=2)
    for number in range(3):
        unknown = Address(f"Ukjent vei {number + 1}", "0000", "Oslo")
        yield start("no-address", number, _SMALL, address=unknown)
    for number in range(3):
        far = Address(f"Fyrveien {number + 1}", "9999", "Vardø")
        yield start("carrier-down", number, _SMALL, address=far)
    for number in range(3):
        yield start("declined", number, _SMALL, card=Card("Visa", "0069"))


def start(kind: str, number: int, lines: list[OrderLine], **changes: Any) -> Start:
    customer = people.customer(kind, number)
    order = Order(
        order_id=seed_id("ord", kind, number),
        customer=customer,
        card=Card("Mastercard", "5454"),
        lines=lines,
        depot=("oslo", "bergen")[number % 2],
        address=people.address(number),
        approval_above=Money("1000.00", "EUR"),
    )
    order = replace(order, **changes)
    return Start(
        workflow="OrderFulfilment",
        id=order.order_id,
        argument=order,
        task_queue=TASK_QUEUE,
        summary=f"{order.total} to {order.address.city} · {customer.name}",
        memo={CUSTOMER_MEMO: customer.name, ACTIONS_MEMO: actions(order.total.currency)},
        attributes=attributes_of(order),
    )
