"""What customers asked for: adjustments, refunds, cancellations."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from console.billing.contract import AdjustCharge, AdjustPeriod, Period, PeriodUnit, Refund, money
from examples.customer_desk.activities import DeskRequest
from examples.customer_desk.workflow import TASK_QUEUE
from examples.seeds import subscriptions
from examples.seeds.start import Start
from examples.subscription.model import SubscriptionOrder

_PEOPLE: Final = ("Ines Okafor", "Priya Raman", "Tomasz Brandt", "Maja Lind")
_REASONS: Final = (
    "Migration credit, agreed with the customer on 20 Nov",
    "Proration waived, agreed in the mail of 11 Nov",
    "Loyalty price after two years",
)


def starts() -> Iterator[Start]:
    requests = [*adjustments(), *refunds(), *cancellations()]
    yield Start(
        workflow="CustomerDesk",
        id="customer-desk/first-day",
        argument=requests,
        task_queue=TASK_QUEUE,
        summary=f"{len(requests)} requests of customers",
    )


def adjustments() -> Iterator[DeskRequest]:
    for number in range(0, 24, 2):
        order = subscriptions.order("active", number)
        price = _price(order) * Decimal("0.9")
        yield DeskRequest(
            order.subscription_id,
            charge=AdjustCharge(
                amount=money(price, order.plan.seat_price.currency),
                actor=_PEOPLE[number % len(_PEOPLE)],
                reason=_REASONS[number % len(_REASONS)],
                audit_reference=f"desk-charge-{number:03}",
                expected_version=0,
                periods=(0, 3, 1)[number % 3],
            ),
        )
    for number in (1, 7, 13):
        yield DeskRequest(
            subscriptions.subscription_id("active", number),
            period=AdjustPeriod(
                period=Period(3, PeriodUnit.MONTH),
                actor=_PEOPLE[number % len(_PEOPLE)],
                reason="The customer asked for quarterly invoices",
                audit_reference=f"desk-period-{number:03}",
                expected_version=0,
            ),
        )


def refunds() -> Iterator[DeskRequest]:
    for number in range(0, 30, 3):
        order = subscriptions.order("active", number)
        yield DeskRequest(
            order.subscription_id,
            refund=Refund(
                billing_period=1,
                amount=money(_price(order) / 4, order.plan.seat_price.currency),
                actor=_PEOPLE[(number + 1) % len(_PEOPLE)],
                reason="Outage of 29 Sep, service credit §4",
                audit_reference=f"desk-refund-{number:03}",
                expected_version=0,
            ),
        )


def cancellations() -> Iterator[DeskRequest]:
    for number in range(subscriptions.TO_BE_CANCELLED_COUNT):
        yield DeskRequest(subscriptions.subscription_id("leaving", number), cancel=True)


def _price(order: SubscriptionOrder) -> Decimal:
    return order.plan.seat_price.value * order.plan.seats
