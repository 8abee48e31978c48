"""Starts what stands alone, once: activities and Nexus operations, and the endpoints of these."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.client import ActivityHandle, Client, NexusOperationHandle
from temporalio.common import ActivityIDReusePolicy, NexusOperationIDReusePolicy, RetryPolicy
from temporalio.exceptions import ActivityAlreadyStartedError, NexusOperationAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from examples.attributes import add_missing
from examples.seeds.alone import BANK, BANK_THAT_LEFT, Activity, Operation
from examples.seeds.start import Fate
from examples.seeds.subscriptions import QUEUE_WITHOUT_WORKER
from examples.transfer import operations as bank_operations
from examples.transfer import workflow

AT_ONCE: Final = 8
ATTEMPT_SECONDS: Final = 10
FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=500), timedelta(minutes=5)
PATIENCE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.2
QUEUES: Final = {BANK: workflow.TASK_QUEUE, BANK_THAT_LEFT: QUEUE_WITHOUT_WORKER}

Handle = ActivityHandle[Any] | NexusOperationHandle[Any]


async def begin(
    client: Client, activities: Iterable[Activity], operations: Iterable[Operation]
) -> int | None:
    """How many were started now; None: this server has none of them."""
    await add_missing(client)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(start: Activity | Operation) -> bool:
        async with gate:
            return await _begin(client, start)

    try:
        for name in QUEUES:
            await _offer(client, name)
        begun = await asyncio.gather(*(one(start) for start in (*activities, *operations)))
    except RPCError as refused:
        if refused.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        return None
    return sum(begun)


async def _begin(client: Client, start: Activity | Operation) -> bool:
    try:
        if isinstance(start, Activity):
            handle: Handle = await _activity(client, start)
        else:
            handle = await _operation(client, start)
    except (ActivityAlreadyStartedError, NexusOperationAlreadyStartedError):
        return False
    match start.fate:
        case Fate.CANCEL:
            await handle.cancel(reason="Nobody needs it any more")
        case Fate.TERMINATE:
            await handle.terminate(reason="Asked for twice")
        case Fate.RUN:
            pass
    return True


async def _activity(client: Client, start: Activity) -> ActivityHandle[Any]:
    return await client.start_activity(
        start.type,
        start.argument,
        id=start.id,
        task_queue=start.task_queue,
        start_to_close_timeout=timedelta(seconds=ATTEMPT_SECONDS),
        schedule_to_close_timeout=start.time_limit,
        id_reuse_policy=ActivityIDReusePolicy.REJECT_DUPLICATE,
        retry_policy=RetryPolicy(
            initial_interval=FIRST_PAUSE,
            maximum_interval=LONGEST_PAUSE,
            maximum_attempts=start.attempts_max,
        ),
        search_attributes=start.attributes,
        summary=start.summary,
    )


async def _operation(client: Client, start: Operation) -> NexusOperationHandle[Any]:
    """A server may hear of a new endpoint a moment later."""
    bank = client.create_nexus_client(
        service=bank_operations.SERVICE, endpoint=endpoint(start.endpoint, client.namespace)
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await bank.start_operation(
                    start.name,
                    start.argument,
                    id=start.id,
                    id_reuse_policy=NexusOperationIDReusePolicy.REJECT_DUPLICATE,
                    schedule_to_close_timeout=start.time_limit,
                    search_attributes=start.attributes,
                    summary=start.summary,
                )
            except RPCError as refused:
                if refused.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.sleep(LOOK_SECONDS)


def endpoint(name: str, namespace: str) -> str:
    """All namespaces of a server share the names of endpoints."""
    return f"{name}-{namespace}"


async def _offer(client: Client, name: str) -> None:
    worker = EndpointTarget.Worker(namespace=client.namespace, task_queue=QUEUES[name])
    spec = EndpointSpec(name=endpoint(name, client.namespace), target=EndpointTarget(worker=worker))
    try:
        await client.operator_service.create_nexus_endpoint(CreateNexusEndpointRequest(spec=spec))
    except RPCError as refused:
        if refused.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
