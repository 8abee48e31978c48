"""Run `BankTransfer` with a `TransferOrder`.

The surprise: when a cancellation comes while the bank is asked, nobody knows whether money moved.
So the movement is called off by its key: either it never happens, or the bank says that it did.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from console.billing.contract import Money
    from examples.activities import bank
    from examples.activities.bank import Movement, Return
    from examples.activities.options import refusal_of

TASK_QUEUE: Final = "transfers"
TRANSFER_AMOUNT: Final = SearchAttributeKey.for_float("TransferAmount")


@dataclass(frozen=True)
class TransferOrder:
    transfer_id: str
    source: str
    target: str
    money: Money
    reference: str


@dataclass(frozen=True)
class TransferReceipt:
    transfer_id: str
    withdrawal_id: str
    deposit_id: str


def attributes_of(order: TransferOrder) -> TypedSearchAttributes:
    amount = float(order.money.value)
    return TypedSearchAttributes([SearchAttributePair(TRANSFER_AMOUNT, amount)])


@workflow.defn
class BankTransfer:
    def __init__(self) -> None:
        self._stage = "withdrawing"

    @workflow.run
    async def run(self, order: TransferOrder) -> TransferReceipt:
        withdrawal_id = await self._withdraw(order)
        self._enter("depositing")
        deposit_id = await self._deposit(order)
        self._enter("completed")
        return TransferReceipt(order.transfer_id, withdrawal_id, deposit_id)

    @workflow.query
    def transfer_stage(self) -> str:
        return self._stage

    async def _withdraw(self, order: TransferOrder) -> str:
        movement = _movement(order, "withdrawal", order.source)
        try:
            return await bank.withdraw(movement)
        except ActivityError as error:
            if not is_cancelled_exception(error):
                raise _failure("WithdrawalRefused", order.source, error) from error
            if await bank.call_off(movement):
                await self._give_back(order)
            raise

    async def _deposit(self, order: TransferOrder) -> str:
        movement = _movement(order, "deposit", order.target)
        try:
            return await bank.deposit(movement)
        except (ActivityError, asyncio.CancelledError) as error:
            if not is_cancelled_exception(error):
                await self._give_back(order)
                raise _failure("DepositRefused", order.target, error) from error
            if deposit_id := await bank.call_off(movement):
                return deposit_id
            await self._give_back(order)
            raise

    async def _give_back(self, order: TransferOrder) -> None:
        self._enter("giving back")
        request = Return(
            key=f"{order.transfer_id}/return",
            account=order.source,
            of=f"{order.transfer_id}/withdrawal",
            reference=f"Returned: {order.reference}",
        )
        await bank.give_back(request)
        self._enter("given back")

    def _enter(self, stage: str) -> None:
        self._stage = stage
        workflow.set_current_details(f"**{stage}**")


def _movement(order: TransferOrder, step: str, account: str) -> Movement:
    return Movement(f"{order.transfer_id}/{step}", account, order.money, order.reference)


def _failure(kind: str, account: str, error: BaseException) -> ApplicationError:
    refusal = refusal_of(error) if isinstance(error, ActivityError) else None
    why = refusal.message if refusal else str(error)
    return ApplicationError(f"{account}: {why}", type=kind, non_retryable=True)
