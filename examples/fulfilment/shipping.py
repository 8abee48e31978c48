"""The child: books the carrier and follows the parcel, on its depot's own task queue."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from examples.activities import carrier
    from examples.activities.carrier import Consignment


@dataclass(frozen=True)
class ShippingOrder:
    order_id: str
    depot: str
    address: str
    postal_code: str
    transit_seconds: int


@dataclass(frozen=True)
class Delivery:
    tracking_number: str
    #: Whoever signed for it; empty when the carrier only says that it arrived.
    signed_by: str


def task_queue(depot: str) -> str:
    return f"depot-{depot}"


@workflow.defn
class Shipping:
    def __init__(self) -> None:
        self._signed_by: str | None = None

    @workflow.run
    async def run(self, order: ShippingOrder) -> Delivery:
        tracking_number = await carrier.book(
            Consignment(
                key=f"{order.order_id}/consignment",
                order_id=order.order_id,
                depot=order.depot,
                address=order.address,
                postal_code=order.postal_code,
            )
        )
        workflow.set_current_details(f"On its way as **{tracking_number}**")
        await self._arrival(order)
        return Delivery(tracking_number, self._signed_by or "")

    async def _arrival(self, order: ShippingOrder) -> None:
        """The carrier's scan may come before the parcel is counted as arrived."""
        try:
            await workflow.wait_condition(
                lambda: self._signed_by is not None,
                timeout=timedelta(seconds=order.transit_seconds),
                timeout_summary="Until the parcel counts as delivered",
            )
        except TimeoutError:
            return

    @workflow.signal(description="The carrier's scan at the door")
    def delivered(self, signed_by: str) -> None:
        self._signed_by = signed_by
