"""The process that runs the system workflows: it waits for the engine, and comes back to it."""

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from console.bulk import orders
from console.bulk.activities import act_on_chunk, show_stage
from console.bulk.workflow import BulkWorkflow
from console.gateway import namespaces
from console.gateway.channel import GatewayError, Trouble

THREADS = 4
KEEP_RECORDS = timedelta(days=90)
#: How long a workflow task waits for the worker that had it, before any worker gets it.
STICKY_TIMEOUT = timedelta(seconds=2)
DRAIN = timedelta(seconds=10)
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


def make_namespace() -> None:
    try:
        namespaces.describe(orders.NAMESPACE)
    except GatewayError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        _register()


def _register() -> None:
    try:
        namespaces.register(
            orders.NAMESPACE, "Perdure's own workflows: bulk operations", "", KEEP_RECORDS
        )
    except GatewayError as error:
        # Another worker came first.
        if error.trouble is not Trouble.CONFLICT:
            raise


async def serve() -> None:
    """Until SIGTERM or SIGINT. The engine may come and go meanwhile."""
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    while not ended.is_set():
        try:
            await _poll_until(ended)
        except (GatewayError, RPCError, RuntimeError) as error:
            log.warning("no bulk operations for now: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), RETRY_SECONDS)


async def _poll_until(ended: asyncio.Event) -> None:
    await asyncio.to_thread(make_namespace)
    client = await Client.connect(settings.ENGINE_ADDRESS, namespace=orders.NAMESPACE)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="bulk") as threads:
        worker = Worker(
            client,
            task_queue=settings.BULK_TASK_QUEUE,
            workflows=[BulkWorkflow],
            activities=[act_on_chunk, show_stage],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            graceful_shutdown_timeout=DRAIN,
        )
        async with worker:
            log.info("bulk operations of %s run here", settings.ENGINE_ADDRESS)
            await ended.wait()
