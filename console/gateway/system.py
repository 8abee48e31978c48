"""A process that runs system workflows: it waits for the engine, and comes back to it.

What a capability has its own worker for lives in one namespace, `perdure-system`.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from console.gateway import namespaces, task_queues
from console.gateway.channel import GatewayError, Trouble

NAMESPACE = "perdure-system"
THREADS = 4
KEEP_RECORDS = timedelta(days=90)
#: How long a workflow task waits for the worker that had it, before any worker gets it.
STICKY_TIMEOUT = timedelta(seconds=2)
DRAIN = timedelta(seconds=10)
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def serve(
    task_queue: str,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
) -> None:
    """Until SIGTERM or SIGINT. The engine may come and go meanwhile."""
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    while not ended.is_set():
        try:
            await _poll_until(ended, task_queue, workflows, activities)
        except (GatewayError, RPCError, RuntimeError) as error:
            log.warning("nothing runs on %s for now: %s", task_queue, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), RETRY_SECONDS)


async def _poll_until(
    ended: asyncio.Event,
    task_queue: str,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
) -> None:
    await asyncio.to_thread(make_namespace)
    client = await Client.connect(settings.ENGINE_ADDRESS, namespace=NAMESPACE)
    with ThreadPoolExecutor(THREADS, thread_name_prefix=task_queue) as threads:
        worker = Worker(
            client,
            task_queue=task_queue,
            workflows=workflows,
            activities=activities,
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            graceful_shutdown_timeout=DRAIN,
        )
        async with worker:
            log.info("%s of %s runs here", task_queue, settings.ENGINE_ADDRESS)
            await ended.wait()


def make_namespace() -> None:
    try:
        namespaces.describe(NAMESPACE)
    except GatewayError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        _register()


def _register() -> None:
    try:
        namespaces.register(NAMESPACE, "Perdure's own workflows", "", KEEP_RECORDS)
    except GatewayError as error:
        # Another worker came first.
        if error.trouble is not Trouble.CONFLICT:
            raise


def worker_is_away(task_queue: str) -> bool:
    """Nobody polls for the system workflows of this queue. False when that cannot be told."""
    try:
        queue = task_queues.describe(NAMESPACE, task_queue)
    except GatewayError as error:
        return error.trouble is Trouble.NOT_FOUND
    return not queue.workflow.pollers


def with_fresh_connections(work: Callable[P, T]) -> Callable[P, T]:
    """A thread of the pool may wake after the database was restarted."""

    @wraps(work)
    def fresh(*args: P.args, **kwargs: P.kwargs) -> T:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return fresh
