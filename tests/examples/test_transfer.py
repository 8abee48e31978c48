"""Money from one account to another: it arrives, or it is back where it was."""

from decimal import Decimal
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from examples.providers.bank import OPENING_BALANCE
from examples.transfer.workflow import TASK_QUEUE, BankTransfer, TransferOrder, attributes_of
from tests.examples.shop import Shop, eur
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.usefixtures("workers")]


async def start(
    shop: Shop, *, target: str = "4711", source: str = "1122", amount: str = "1250.00"
) -> tuple[TransferOrder, WorkflowHandle[Any, Any]]:
    order = TransferOrder(
        transfer_id=shop.id("tr"),
        source=shop.id("NO93") + source,
        target=shop.id("NO18") + target,
        money=eur(amount),
        reference="Invoice 2026-0114",
    )
    handle = await shop.client.start_workflow(
        BankTransfer.run,
        order,
        id=order.transfer_id,
        task_queue=TASK_QUEUE,
        search_attributes=attributes_of(order),
    )
    return order, handle


async def moved(shop: Shop, account: str) -> list[str]:
    statement = await shop.providers.get(f"/bank/accounts/{account}")
    amounts = [movement["amount"] for movement in statement["movements"]]
    total = sum((Decimal(amount) for amount in amounts), OPENING_BALANCE)
    assert Decimal(statement["balance"]) == total
    return amounts


async def failure_of(handle: WorkflowHandle[Any, Any]) -> str | None:
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type


@pytest.mark.parametrize("last4", ["4711", "0127", "3220"], ids=["well", "503", "answer lost"])
async def test_money_arrives_once_however_the_bank_answers(shop: Shop, last4: str) -> None:
    order, handle = await start(shop, target=last4, source=last4)

    receipt = await handle.result()

    assert receipt.deposit_id.startswith("mv_")
    assert await moved(shop, order.source) == ["-1250.00"]
    assert await moved(shop, order.target) == ["1250.00"]
    assert await handle.query(BankTransfer.transfer_stage) == "completed"


async def test_a_refused_deposit_is_given_back(shop: Shop) -> None:
    order, handle = await start(shop, target="0404")

    assert await failure_of(handle) == "DepositRefused"
    assert await moved(shop, order.source) == ["-1250.00", "1250.00"]
    assert await moved(shop, order.target) == []
    assert await handle.query(BankTransfer.transfer_stage) == "given back"


async def test_what_an_account_does_not_hold_is_not_withdrawn(shop: Shop) -> None:
    order, handle = await start(shop, amount="250000.01")

    assert await failure_of(handle) == "WithdrawalRefused"
    assert await moved(shop, order.source) == []


async def test_cancelled_while_the_deposit_waits_the_money_is_back(shop: Shop) -> None:
    order, handle = await start(shop, target="0503")
    await eventually_async(
        lambda: handle.query(BankTransfer.transfer_stage), lambda stage: stage == "depositing"
    )

    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert await moved(shop, order.source) == ["-1250.00", "1250.00"]
    assert await moved(shop, order.target) == []


async def test_cancelled_while_the_withdrawal_waits_nothing_moves(shop: Shop) -> None:
    order, handle = await start(shop, source="0503")
    await eventually_async(lambda: handle.query(BankTransfer.transfer_stage))

    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    assert await moved(shop, order.source) == []


async def test_cancelled_when_the_deposit_was_made_the_transfer_completes(shop: Shop) -> None:
    order, handle = await start(shop, target="3220")
    target = order.target
    await eventually_async(lambda: moved(shop, target), lambda seen: seen == ["1250.00"])

    await handle.cancel()
    await handle.result()

    assert await moved(shop, order.source) == ["-1250.00"]
    assert await moved(shop, order.target) == ["1250.00"]
