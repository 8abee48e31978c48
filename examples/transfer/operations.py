"""What the bank's team offers to others over Nexus: ask for an account, move money.

A transfer is a run of `BankTransfer`; its caller is told when that ends.
"""

from dataclasses import dataclass
from typing import Final

import nexusrpc
from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
from temporalio import nexus

from examples.providers.client import ProviderClient
from examples.transfer.workflow import BankTransfer, TransferOrder, TransferReceipt, attributes_of

SERVICE: Final = "Bank"


@dataclass(frozen=True)
class Account:
    account: str
    balance: str
    movements: int


@nexusrpc.service(name=SERVICE)
class Bank:
    look_up_account: nexusrpc.Operation[str, Account]
    transfer_money: nexusrpc.Operation[TransferOrder, TransferReceipt]


@service_handler(service=Bank)
class BankHandler:
    def __init__(self, providers: ProviderClient) -> None:
        self._providers = providers

    @sync_operation
    async def look_up_account(self, _: StartOperationContext, account: str) -> Account:
        told = await self._providers.get(f"/bank/accounts/{account}")
        return Account(told["account"], told["balance"], len(told["movements"]))

    @nexus.workflow_run_operation
    async def transfer_money(
        self, context: nexus.WorkflowRunOperationContext, order: TransferOrder
    ) -> nexus.WorkflowHandle[TransferReceipt]:
        return await context.start_workflow(
            BankTransfer.run,
            order,
            id=order.transfer_id,
            static_summary=f"{order.money} · {order.reference}",
            search_attributes=attributes_of(order),
        )
