"""A payment on its way through this bank: screened, changed, passed on, booked, told of."""

from datetime import timedelta
from typing import Any, Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from examples.polyglot.python.bookings import book_payment
    from examples.polyglot.python.contract import (
        BANK,
        CURRENCY,
        TASK_QUEUE,
        Booking,
        Exchange,
        Hop,
        Money,
        Outcome,
        Party,
        Payment,
        Receipt,
    )

ACTIVITY_TIMEOUT: Final = timedelta(seconds=30)


@workflow.defn
class ForwardPayment:
    """It is booked here only when the bank after this one has it."""

    @workflow.run
    async def run(self, payment: Payment) -> Outcome:
        party = Party(BANK, payment.payee)
        clearance = await _ask("payments-java", "ScreenParty", party, str)
        exchange = Exchange(payment.amount, payment.currency, CURRENCY)
        money = await _ask("payments-go", "QuoteRate", exchange, Money)
        arrived = await self._pass_on(payment, money)
        booking = await workflow.execute_activity(
            book_payment,
            Booking(f"{payment.id}/{BANK}", money.amount, money.currency),
            task_queue=TASK_QUEUE,
            start_to_close_timeout=ACTIVITY_TIMEOUT,
        )
        receipt = Receipt(payment.id, BANK, money.amount, money.currency)
        sent = await _ask("payments-typescript", "sendReceipt", receipt, str)
        hop = Hop(BANK, clearance, booking, sent)
        return Outcome(arrived.amount, arrived.currency, [hop, *arrived.hops])

    async def _pass_on(self, payment: Payment, money: Money) -> Outcome:
        if not payment.route:
            return Outcome(money.amount, money.currency, [])
        bank, *route = payment.route
        onward = Payment(payment.id, payment.payee, money.amount, money.currency, route)
        arrived: Outcome = await workflow.execute_child_workflow(
            "ForwardPayment",
            onward,
            id=f"{payment.id}/{bank}",
            task_queue=f"payments-{bank}",
            result_type=Outcome,
        )
        return arrived


async def _ask(queue: str, activity: str, question: object, answer: type[Any]) -> Any:
    return await workflow.execute_activity(
        activity,
        question,
        task_queue=queue,
        result_type=answer,
        start_to_close_timeout=ACTIVITY_TIMEOUT,
    )
