"""Run `OrderFulfilment` with an `Order`; a person answers with the update `decide`."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    is_cancelled_exception,
)

with workflow.unsafe.imports_passed_through():
    from examples.activities import mail, payments
    from examples.activities.mail import Email
    from examples.activities.options import refusal_of
    from examples.activities.payments import ChargeRequest, RefundRequest
    from examples.fulfilment.model import ORDER_STAGE, Decision, Order, OrderStatus, Stage
    from examples.fulfilment.shipping import Delivery, Shipping, ShippingOrder, task_queue

TASK_QUEUE: Final = "orders"


@workflow.defn
class OrderFulfilment:
    @workflow.init
    def __init__(self, order: Order) -> None:
        self._order = order
        self._status = OrderStatus(order.order_id, Stage.PAYING, order.total)

    @workflow.run
    async def run(self, _order: Order) -> OrderStatus:
        try:
            await self._pay()
            if await self._is_approved():
                await self._ship()
            else:
                await self._close(Stage.REFUSED)
        except (asyncio.CancelledError, FailureError) as error:
            if is_cancelled_exception(error):
                await self._close(Stage.CANCELLED)
            raise
        return self._status

    async def _pay(self) -> None:
        request = self._charge_request()
        try:
            payment = await payments.charge(request)
        except ActivityError as error:
            if is_cancelled_exception(error):
                late = await payments.call_off(request)
                self._status = replace(self._status, payment_id=late.payment_id if late else "")
                raise
            refusal = refusal_of(error)
            why = refusal.message if refusal else str(error)
            raise ApplicationError(why, type="PaymentRefused", non_retryable=True) from error
        self._status = replace(self._status, payment_id=payment.payment_id)

    def _charge_request(self) -> ChargeRequest:
        order = self._order
        return ChargeRequest(
            key=f"{order.order_id}/payment",
            customer_id=order.customer.customer_id,
            card=order.card.last4,
            money=order.total,
            description=f"Order {order.order_id}",
        )

    async def _is_approved(self) -> bool:
        if self._order.total.value <= self._order.approval_above.value:
            return True
        self._enter(Stage.APPROVAL)
        try:
            await workflow.wait_condition(
                lambda: self._status.decision is not None,
                timeout=timedelta(seconds=self._order.approval_within_seconds),
                timeout_summary="Until it counts as refused",
            )
        except TimeoutError:
            self._decide(Decision(False, "schedule", "Nobody decided in time"))
        decision = self._status.decision
        return decision is not None and decision.approve

    async def _ship(self) -> None:
        self._enter(Stage.SHIPPING)
        try:
            delivery = await self._shipping()
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                raise
            await self._close(Stage.UNDELIVERABLE)
            raise ApplicationError(
                f"Order {self._order.order_id} could not be shipped.",
                type="Undeliverable",
                non_retryable=True,
            ) from error
        self._status = replace(self._status, tracking_number=delivery.tracking_number)
        self._enter(Stage.DELIVERED)
        await self._mail("order-delivered", f"Your order arrived as {delivery.tracking_number}.")

    async def _shipping(self) -> Delivery:
        order, address = self._order, self._order.address
        return await workflow.execute_child_workflow(
            Shipping.run,
            ShippingOrder(
                order_id=order.order_id,
                depot=order.depot,
                address=f"{address.street}, {address.postal_code} {address.city}",
                postal_code=address.postal_code,
                transit_seconds=order.transit_seconds,
            ),
            id=f"{order.order_id}/shipping",
            task_queue=task_queue(order.depot),
            static_summary=f"{order.order_id} from {order.depot} to {address.city}",
        )

    async def _close(self, stage: Stage) -> None:
        """What was paid is paid back, and the customer hears of it."""
        self._enter(stage)
        if self._status.payment_id:
            request = RefundRequest(
                key=f"{self._order.order_id}/refund",
                customer_id=self._order.customer.customer_id,
                payment_id=self._status.payment_id,
                money=self._order.total,
            )
            await payments.refund(request)
        await self._mail(f"order-{stage}", f"Your order is {stage}. You pay nothing.")

    async def _mail(self, template: str, body: str) -> None:
        customer = self._order.customer
        await mail.send(
            Email(
                key=f"{self._order.order_id}/{template}",
                to=customer.email,
                template=template,
                subject=f"Order {self._order.order_id}",
                body=f"Dear {customer.name},\n\n{body}",
            )
        )

    def _enter(self, stage: Stage) -> None:
        self._status = replace(self._status, stage=stage)
        workflow.upsert_search_attributes([ORDER_STAGE.value_set(stage.value)])
        workflow.set_current_details(f"**{stage}**, {self._order.total}")

    def _decide(self, decision: Decision) -> None:
        self._status = replace(self._status, decision=decision)

    @workflow.query(description="Stage, payment, decision and parcel")
    def order_status(self) -> OrderStatus:
        return self._status

    @workflow.update(description="Approve or refuse the order")
    def decide(self, decision: Decision) -> OrderStatus:
        self._decide(decision)
        return self._status

    @decide.validator
    def check_decide(self, decision: Decision) -> None:
        if self._status.stage is not Stage.APPROVAL:
            _refuse(f"The order is {self._status.stage}: there is nothing to decide.")
        if earlier := self._status.decision:
            word = "approved" if earlier.approve else "refused"
            _refuse(f"{earlier.actor} has {word} this order already.")
        if not decision.actor.strip() or not decision.reason.strip():
            _refuse("Say who decides, and why.")


def _refuse(sentence: str) -> None:
    raise ApplicationError(sentence, type="DecisionRefused", non_retryable=True)
