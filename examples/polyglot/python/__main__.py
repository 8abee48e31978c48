"""`python -m examples.polyglot.python`: the worker."""

import asyncio
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.worker import Worker

from examples.config import ConfigError, ExamplesConfig
from examples.ending import leave
from examples.polyglot.python.bookings import book_payment
from examples.polyglot.python.contract import TASK_QUEUE
from examples.polyglot.python.workflow import ForwardPayment


async def main() -> None:
    config = ExamplesConfig.from_environment()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    try:
        client = await Client.connect(config.engine_address)
    except RuntimeError as error:
        sys.exit(f"Nothing answers at ENGINE_ADDRESS={config.engine_address}: {error}")
    with ThreadPoolExecutor() as threads:
        async with Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[ForwardPayment],
            activities=[book_payment],
            activity_executor=threads,
        ):
            await ended.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ConfigError as refusal:
        sys.exit(str(refusal))
    leave()
