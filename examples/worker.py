"""`python -m examples.worker`: one process that runs every example.

The depot of Tromsø has no worker: orders that ship from there are stuck, as they would be.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from examples.activities.bank import BankActivities
from examples.activities.books import BookActivities
from examples.activities.carrier import CarrierActivities
from examples.activities.mail import MailActivities
from examples.activities.payments import PaymentActivities
from examples.attributes import add_missing
from examples.config import ConfigError, ExamplesConfig
from examples.customer_desk import activities as desk
from examples.customer_desk import workflow as customer_desk
from examples.ending import leave
from examples.fulfilment import shipping
from examples.fulfilment import workflow as fulfilment
from examples.providers.client import ProviderClient
from examples.providers.server import PortTaken, serving
from examples.subscription import workflow as subscription
from examples.transfer import workflow as transfer
from examples.transfer.operations import BankHandler

DEPOTS: Final = ("oslo", "bergen")
POLLERS: Final = 2
#: More at once only make each other late: it is one process.
TASKS_AT_ONCE: Final = 16
DRAIN: Final = timedelta(seconds=5)

Activity = Callable[..., Awaitable[object]]


def workers(client: Client, providers: ProviderClient) -> list[Worker]:
    mail = MailActivities(providers).send_email
    pay = PaymentActivities(providers)
    payment: list[Activity] = [pay.charge_card, pay.refund_payment, pay.call_off_charge]
    bank = BankActivities(providers)
    movement: list[Activity] = [
        bank.withdraw_money,
        bank.deposit_money,
        bank.return_money,
        bank.call_off_movement,
    ]
    keep = BookActivities(providers).keep_entries
    ask = desk.DeskActivities(client).carry_out
    book = CarrierActivities(providers).book_consignment
    return [
        _worker(
            client, subscription.TASK_QUEUE, [subscription.Subscription], [mail, *payment, keep]
        ),
        _worker(
            client,
            transfer.TASK_QUEUE,
            [transfer.BankTransfer],
            movement,
            services=[BankHandler(providers)],
        ),
        _worker(client, fulfilment.TASK_QUEUE, [fulfilment.OrderFulfilment], [mail, *payment]),
        _worker(client, customer_desk.TASK_QUEUE, [customer_desk.CustomerDesk], [ask]),
        *(
            _worker(client, shipping.task_queue(depot), [shipping.Shipping], [book])
            for depot in DEPOTS
        ),
    ]


def _worker(
    client: Client,
    task_queue: str,
    workflows: Sequence[type],
    activities: Sequence[Activity],
    *,
    services: Sequence[object] = (),
) -> Worker:
    return Worker(
        client,
        task_queue=task_queue,
        workflows=workflows,
        activities=activities,
        nexus_service_handlers=services,
        max_concurrent_workflow_tasks=TASKS_AT_ONCE,
        max_concurrent_activities=TASKS_AT_ONCE,
        max_concurrent_workflow_task_polls=POLLERS,
        max_concurrent_activity_task_polls=POLLERS,
        graceful_shutdown_timeout=DRAIN,
    )


@asynccontextmanager
async def running(client: Client, providers: ProviderClient) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(providers)
        for worker in workers(client, providers):
            await stack.enter_async_context(worker)
        yield


async def main() -> None:
    config = ExamplesConfig.from_environment()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with AsyncExitStack() as stack:
        url = config.providers_url
        if not url:
            own = serving(config.providers_file, config.providers_port)
            url = await stack.enter_async_context(own)
            print(f"providers on {url}", flush=True)
        try:
            client = await Client.connect(config.engine_address)
        except RuntimeError as error:
            sys.exit(f"Nothing answers at ENGINE_ADDRESS={config.engine_address}: {error}")
        # Before any of its workflows is: an older stack may lack one of a newer release.
        await add_missing(client)
        await stack.enter_async_context(running(client, ProviderClient(url)))
        print(f"example workers on {config.engine_address}", flush=True)
        await ended.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (ConfigError, PortTaken) as refusal:
        sys.exit(str(refusal))
    leave()
