"""Customers, their subscriptions, and what the providers saw of them."""

import hashlib
import itertools
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from console.billing.contract import (
    ADJUST_CHARGE,
    ADJUST_PERIOD,
    LEDGER_QUERY,
    REFUND,
    SKIP_PERIOD,
    AdjustCharge,
    AdjustPeriod,
    Ledger,
    Money,
    Outcome,
    Period,
    PeriodUnit,
    Phase,
    Refund,
    SkipPeriod,
)
from examples.providers.client import ProviderClient
from examples.subscription import visible, workflow
from examples.subscription.model import Card, Customer, Plan, SubscriptionOrder
from tests.support.eventually import eventually_async

SECOND = Period(1, PeriodUnit.SECOND)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = Period(3600, PeriodUnit.SECOND)
MONTH = Period(1, PeriodUnit.MONTH)
EMAIL_DOMAIN = "halden.example"
UPDATES = {
    AdjustCharge: ADJUST_CHARGE,
    AdjustPeriod: ADJUST_PERIOD,
    SkipPeriod: SKIP_PERIOD,
    Refund: REFUND,
}


def eur(amount: str) -> Money:
    return Money(amount, "EUR")


class Subscriber:
    """One customer with one subscription."""

    def __init__(self, shop: "Shop", order: SubscriptionOrder, handle: WorkflowHandle[Any, Any]):
        self.order = order
        self.handle = handle
        self._shop = shop
        self._audit = itertools.count(1)

    async def ledger(self) -> Ledger:
        return await self.handle.query(LEDGER_QUERY, result_type=Ledger)

    async def until(self, phase: Phase, billing_period: int = 0) -> Ledger:
        """The ledger once the phase is reached, and so many periods are charged."""

        def is_there(ledger: Ledger) -> bool:
            charged = ledger.charged.value >= billing_period * ledger.terms.charge.value
            return ledger.phase is phase and ledger.billing_period >= billing_period and charged

        return await eventually_async(self.ledger, is_there, within=20, every=0.05)

    async def ask(self, asked: AdjustCharge | AdjustPeriod | SkipPeriod | Refund) -> Outcome:
        return await self.handle.execute_update(
            UPDATES[type(asked)], asked, id=self._update_id(), result_type=Outcome
        )

    def _update_id(self) -> str:
        return f"{self.order.subscription_id}-update-{next(self._audit)}"

    async def status(self) -> WorkflowExecutionStatus | None:
        return (await self.handle.describe()).status

    async def mails(self) -> list[str]:
        return [mail["template"] for mail in await self._shop.mails(self.order.customer.email)]

    async def charges(self) -> list[str]:
        customer_id = self.order.customer.customer_id
        charges = await self._shop.providers.get(f"/payments/charges?customer_id={customer_id}")
        return [charge["amount"] for charge in charges]

    async def refunds(self) -> list[str]:
        customer_id = self.order.customer.customer_id
        refunds = await self._shop.providers.get(f"/payments/refunds?customer_id={customer_id}")
        return [refund["amount"] for refund in refunds]


class Shop:
    def __init__(self, client: Client, providers: ProviderClient, test: str) -> None:
        self.client = client
        self.providers = providers
        self._stem = hashlib.sha256(f"{test}/{os.getpid()}".encode()).hexdigest()[:10]
        self._numbers = itertools.count(1)

    def id(self, prefix: str) -> str:
        return f"{prefix}_{self._stem}{next(self._numbers)}"

    def customer(self, domain: str = EMAIL_DOMAIN) -> Customer:
        customer_id = self.id("cus")
        return Customer(customer_id, "Brekkehus AS", f"{customer_id}@{domain}")

    def order(
        self, *, card: str = "4207", domain: str = EMAIL_DOMAIN, **changes: Any
    ) -> SubscriptionOrder:
        """A trial and periods of a second, three of them; 2 seats at 24.50."""
        order = SubscriptionOrder(
            subscription_id=self.id("sub"),
            customer=self.customer(domain),
            card=Card("Visa", card),
            plan=Plan("Pro", 2, eur("24.50")),
            trial=SECOND,
            period=SECOND,
            max_billing_periods=3,
            dunning_pause=SECOND,
        )
        return replace(order, **changes)

    def began_periods_ago(self, charges: int) -> SubscriptionOrder:
        """Of 30 days; so many charges are due at once, and the next one in 29 days."""
        trial, period = Period(14, PeriodUnit.DAY), Period(30, PeriodUnit.DAY)
        gone = timedelta(days=14 + 30 * (charges - 1) + 1)
        return self.order(
            trial=trial,
            period=period,
            max_billing_periods=36,
            started_at=datetime.now(UTC) - gone,  # noqa: TID251  the server's clock is the real one
        )

    async def subscribe(self, order: SubscriptionOrder) -> Subscriber:
        handle = await self.client.start_workflow(
            "Subscription",
            order,
            task_queue=workflow.TASK_QUEUE,
            **visible.start_options(order, NOON),
        )
        return Subscriber(self, order, handle)

    async def active(self, **changes: Any) -> Subscriber:
        """One that has been charged for its first period, which lasts for an hour."""
        order = self.order(**{"period": HOUR, "max_billing_periods": 36, **changes})
        subscriber = await self.subscribe(order)
        await subscriber.until(Phase.ACTIVE, 1)
        return subscriber

    async def mails(self, address: str) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = await self.providers.get(
            f"/mail/messages?to={quote(address)}"
        )
        return mails

    async def turn(self, provider: str, mode: str, subject: str) -> None:
        await self.providers.put(f"/control/{provider}", {"mode": mode, "subject": subject})


async def pending_activity(handle: WorkflowHandle[Any, Any]) -> Any:
    """The one activity that is under way."""
    description = await handle.describe()
    pending = description.raw_description.pending_activities
    assert len(pending) == 1, f"{len(pending)} activities are pending"
    return pending[0]
