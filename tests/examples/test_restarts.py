"""Workers that die in the middle: every charge is made once and every e-mail is sent once."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.client import WorkflowFailureError

from console.billing.contract import Phase
from examples.subscription import mails
from tests.examples.shop import HOUR, Shop
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@asynccontextmanager
async def worker_process(
    server_address: str, providers_url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.worker",
        env={**os.environ, "ENGINE_ADDRESS": server_address, "PROVIDERS_URL": providers_url},  # noqa: TID251  a child inherits
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line.startswith(b"example workers on")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_killed_while_the_card_is_charged_the_charge_is_made_once(
    shop: Shop, server_address: str, providers_url: str
) -> None:
    order = shop.order(max_billing_periods=2)
    await shop.turn("payments", "slow", order.customer.customer_id)
    async with worker_process(server_address, providers_url) as process:
        subscriber = await shop.subscribe(order)
        await eventually_async(subscriber.charges, lambda seen: len(seen) == 1, within=30)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await shop.turn("payments", "normal", order.customer.customer_id)

    async with worker_process(server_address, providers_url):
        await asyncio.wait_for(subscriber.handle.result(), 60)

    assert await subscriber.charges() == ["49.00", "49.00"]
    assert await subscriber.mails() == [mails.WELCOME, mails.ENDED]


async def test_killed_again_and_again_nothing_is_done_twice(
    shop: Shop, server_address: str, providers_url: str
) -> None:
    subscribers = [
        await shop.subscribe(shop.order(max_billing_periods=4, periods_per_run=2)) for _ in range(5)
    ]

    async def charges() -> int:
        return sum([len(await subscriber.charges()) for subscriber in subscribers])

    for enough in (3, 9):
        async with worker_process(server_address, providers_url) as process:
            await eventually_async(charges, lambda seen, enough=enough: seen >= enough, within=40)
            process.send_signal(signal.SIGKILL)
            await process.wait()

    async with worker_process(server_address, providers_url):
        for subscriber in subscribers:
            await asyncio.wait_for(subscriber.handle.result(), 60)

    for subscriber in subscribers:
        assert await subscriber.charges() == ["49.00"] * 4
        assert await subscriber.mails() == [mails.WELCOME, mails.ENDED]


async def test_cancelled_before_any_worker_started_the_customer_is_told(
    shop: Shop, server_address: str, providers_url: str
) -> None:
    subscriber = await shop.subscribe(shop.order(trial=HOUR))
    await subscriber.handle.cancel()

    async with worker_process(server_address, providers_url):
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(subscriber.handle.result(), 60)
        ledger = await subscriber.ledger()

    assert ledger.phase is Phase.CANCELLED
    assert await subscriber.mails() == [mails.TRIAL_CANCELLED]


async def test_a_worker_that_is_asked_to_end_ends_cleanly(
    server_address: str, providers_url: str
) -> None:
    async with worker_process(server_address, providers_url) as process:
        process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), 15) == 0
