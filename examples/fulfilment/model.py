"""The order, a person's decision, the status."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from console.billing.contract import Money, money
from examples.subscription.model import Card, Customer

CUSTOMER_ID: Final = SearchAttributeKey.for_keyword("CustomerId")
ORDER_STAGE: Final = SearchAttributeKey.for_keyword("OrderStage")
DEPOT: Final = SearchAttributeKey.for_keyword("Depot")
ORDER_TOTAL: Final = SearchAttributeKey.for_float("OrderTotal")


class Stage(StrEnum):
    PAYING = "paying"
    APPROVAL = "waiting for approval"
    SHIPPING = "shipping"
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNDELIVERABLE = "undeliverable"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class OrderLine:
    sku: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True)
class Address:
    street: str
    postal_code: str
    city: str


@dataclass(frozen=True)
class Order:
    order_id: str
    customer: Customer
    card: Card
    lines: list[OrderLine]
    depot: str
    address: Address
    #: A person approves what costs more than this.
    approval_above: Money
    approval_within_seconds: int = 7 * 24 * 3600
    transit_seconds: int = 2 * 24 * 3600

    @property
    def total(self) -> Money:
        prices = (line.unit_price.value * line.quantity for line in self.lines)
        return money(sum(prices, Decimal(0)), self.approval_above.currency)


@dataclass(frozen=True)
class Decision:
    approve: bool
    actor: str
    reason: str
    audit_reference: str = ""


@dataclass(frozen=True)
class OrderStatus:
    order_id: str
    stage: Stage
    total: Money
    payment_id: str = ""
    decision: Decision | None = None
    tracking_number: str = ""


def attributes_of(order: Order) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(CUSTOMER_ID, order.customer.customer_id),
            SearchAttributePair(DEPOT, order.depot),
            SearchAttributePair(ORDER_STAGE, Stage.PAYING.value),
            SearchAttributePair(ORDER_TOTAL, float(order.total.value)),
        ]
    )
