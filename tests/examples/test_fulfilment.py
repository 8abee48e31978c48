"""An order: paid, approved by a person, shipped by a child; or paid back."""

from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError

from examples.fulfilment.model import (
    Address,
    Decision,
    Order,
    OrderLine,
    OrderStatus,
    Stage,
    attributes_of,
)
from examples.fulfilment.shipping import Shipping
from examples.fulfilment.workflow import TASK_QUEUE, OrderFulfilment
from examples.subscription.model import Card
from tests.examples.shop import Shop, eur
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.usefixtures("workers")]

APPROVE = Decision(True, "Maja Lind", "Known customer", "audit-201")
REFUSE = Decision(False, "Maja Lind", "Over the credit limit", "audit-202")
CHEAP = [OrderLine("LAMP-07", 2, eur("89.50"))]
DEAR = [OrderLine("SOFA-22", 1, eur("2490.00")), OrderLine("LAMP-07", 2, eur("89.50"))]


class Placed:
    """One order that a customer placed."""

    def __init__(self, shop: Shop, order: Order, handle: WorkflowHandle[Any, Any]) -> None:
        self.shop, self.order, self.handle = shop, order, handle

    async def status(self) -> OrderStatus:
        return await self.handle.query(OrderFulfilment.order_status)

    async def until(self, stage: Stage) -> None:
        await eventually_async(self.status, lambda seen: seen.stage is stage, within=20)

    async def decide(self, decision: Decision) -> OrderStatus:
        return await self.handle.execute_update(OrderFulfilment.decide, decision)

    async def mails(self) -> list[str]:
        mails = await self.shop.mails(self.order.customer.email)
        return [mail["template"] for mail in mails]

    async def money(self) -> tuple[list[str], list[str]]:
        of = f"?customer_id={self.order.customer.customer_id}"
        charges = await self.shop.providers.get(f"/payments/charges{of}")
        refunds = await self.shop.providers.get(f"/payments/refunds{of}")
        return [row["amount"] for row in charges], [row["amount"] for row in refunds]

    async def fails_with(self) -> str | None:
        with pytest.raises(WorkflowFailureError) as failed:
            await self.handle.result()
        assert isinstance(failed.value.cause, ApplicationError)
        return failed.value.cause.type


async def place(shop: Shop, lines: list[OrderLine], **changes: Any) -> Placed:
    order = Order(
        order_id=shop.id("ord"),
        customer=shop.customer(),
        card=Card("Visa", "4207"),
        lines=lines,
        depot="oslo",
        address=Address("Storgata 12", "0184", "Oslo"),
        approval_above=eur("1000.00"),
        transit_seconds=1,
    )
    order = replace(order, **changes)
    handle = await shop.client.start_workflow(
        OrderFulfilment.run,
        order,
        id=order.order_id,
        task_queue=TASK_QUEUE,
        search_attributes=attributes_of(order),
    )
    return Placed(shop, order, handle)


async def test_a_small_order_ships_without_anybody_being_asked(shop: Shop) -> None:
    placed = await place(shop, CHEAP)

    status = await placed.handle.result()

    assert status.stage is Stage.DELIVERED
    assert status.tracking_number.startswith("370")
    assert status.decision is None
    assert await placed.money() == (["179.00"], [])
    assert await placed.mails() == ["order-delivered"]


async def test_a_dear_order_waits_for_a_person_and_then_ships(shop: Shop) -> None:
    placed = await place(shop, DEAR)
    await placed.until(Stage.APPROVAL)

    await placed.decide(APPROVE)
    status = await placed.handle.result()

    assert status.stage is Stage.DELIVERED
    assert status.decision == APPROVE
    assert await placed.money() == (["2669.00"], [])


async def test_a_refused_order_is_paid_back(shop: Shop) -> None:
    placed = await place(shop, DEAR)
    await placed.until(Stage.APPROVAL)

    await placed.decide(REFUSE)
    status = await placed.handle.result()

    assert status.stage is Stage.REFUSED
    assert await placed.money() == (["2669.00"], ["2669.00"])
    assert await placed.mails() == ["order-refused"]


async def test_an_order_that_nobody_decides_counts_as_refused(shop: Shop) -> None:
    placed = await place(shop, DEAR, approval_within_seconds=1)

    status = await placed.handle.result()

    assert status.stage is Stage.REFUSED
    assert status.decision is not None
    assert status.decision.reason == "Nobody decided in time"


async def test_a_decision_needs_an_order_that_waits_a_person_and_a_reason(shop: Shop) -> None:
    placed = await place(shop, DEAR)
    await placed.until(Stage.APPROVAL)

    for decision, sentence in [
        (replace(APPROVE, reason=" "), "Say who decides, and why."),
        (replace(APPROVE, actor=""), "Say who decides, and why."),
    ]:
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await placed.decide(decision)
        assert str(refused.value.cause) == f"DecisionRefused: {sentence}"

    await placed.decide(REFUSE)
    await placed.handle.result()
    assert await placed.money() == (["2669.00"], ["2669.00"])


async def test_the_parcel_is_followed_by_a_child_on_its_depots_queue(shop: Shop) -> None:
    placed = await place(shop, CHEAP, depot="bergen", transit_seconds=3600)
    child = shop.client.get_workflow_handle_for(Shipping.run, f"{placed.order.order_id}/shipping")

    async def parcel() -> list[Any]:
        found: list[Any] = await shop.providers.get(
            f"/carrier/consignments?order_id={placed.order.order_id}"
        )
        return found

    await eventually_async(parcel, within=20)
    description = await child.describe()
    assert description.task_queue == "depot-bergen"
    assert description.parent_id == placed.order.order_id
    await child.signal(Shipping.delivered, "A. Solberg")

    assert (await placed.handle.result()).stage is Stage.DELIVERED
    assert (await child.result()).signed_by == "A. Solberg"


async def test_what_the_carrier_cannot_deliver_is_paid_back(shop: Shop) -> None:
    placed = await place(shop, CHEAP, address=Address("Nowhere 1", "0000", "Oslo"))

    assert await placed.fails_with() == "Undeliverable"
    assert await placed.money() == (["179.00"], ["179.00"])
    assert await placed.mails() == ["order-undeliverable"]


async def test_a_declined_card_ends_the_order_at_once(shop: Shop) -> None:
    placed = await place(shop, CHEAP, card=Card("Visa", "0002"))

    assert await placed.fails_with() == "PaymentRefused"
    assert await placed.money() == ([], [])


async def test_cancelled_while_it_waits_for_approval_it_is_paid_back(shop: Shop) -> None:
    placed = await place(shop, DEAR)
    await placed.until(Stage.APPROVAL)

    await placed.handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await placed.handle.result()

    assert (await placed.handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert await placed.money() == (["2669.00"], ["2669.00"])


async def test_cancelled_on_its_way_the_child_is_cancelled_too(shop: Shop) -> None:
    placed = await place(shop, CHEAP, transit_seconds=3600)
    await placed.until(Stage.SHIPPING)
    child = shop.client.get_workflow_handle(f"{placed.order.order_id}/shipping")

    async def child_runs() -> bool:
        pending = (await placed.handle.describe()).raw_description.pending_children
        return bool(pending)

    await eventually_async(child_runs)

    await placed.handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await placed.handle.result()

    async def child_is_cancelled() -> bool:
        return (await child.describe()).status is WorkflowExecutionStatus.CANCELED

    await eventually_async(child_is_cancelled)
    assert await placed.money() == (["179.00"], ["179.00"])


async def test_a_depot_without_a_worker_leaves_the_order_waiting(shop: Shop) -> None:
    placed = await place(shop, CHEAP, depot="tromso")
    await placed.until(Stage.SHIPPING)

    description = await placed.handle.describe()

    assert description.status is WorkflowExecutionStatus.RUNNING
    found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert (found["Depot"], found["OrderStage"]) == ("tromso", "shipping")
    await placed.handle.terminate()
