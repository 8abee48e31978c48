"""`python -m examples.seed`: search attributes, then a few hundred runs in every state.

Activities and Nexus operations without a workflow come first, a deployment in the middle of its
rollout and schedules last.

It starts what is not there yet and returns; the workers do the rest. A second time it adds nothing.
"""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from temporalio.client import Client, ScheduleAlreadyRunningError, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from examples import alone
from examples.attributes import add_missing
from examples.config import ConfigError, ExamplesConfig
from examples.ending import leave
from examples.seeds import alone as without_workflows
from examples.seeds import desk, orders, statements, subscriptions, transfers
from examples.seeds.start import Fate, Start
from examples.seeds.statements import Planned
from examples.statements.rollout import roll_out

AT_ONCE: Final = 24
OF_OCTOBER, OF_NOVEMBER = 6, 10


def everything(now: datetime) -> list[Start]:
    return [
        *subscriptions.starts(now),
        *transfers.starts(),
        *orders.starts(now),
        *desk.starts(),
    ]


async def seed(client: Client, starts: Iterable[Start]) -> int:
    """How many were started; those that were started before are left as they are."""
    await add_missing(client)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(start: Start) -> bool:
        async with gate:
            return await begin(client, start)

    return sum(await asyncio.gather(*(one(start) for start in starts)))


async def begin(client: Client, start: Start) -> bool:
    try:
        handle = await client.start_workflow(
            start.workflow,
            start.argument,
            id=start.id,
            task_queue=start.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            execution_timeout=start.execution_timeout,
            memo=start.memo,
            search_attributes=start.attributes,
            static_summary=start.summary,
            static_details=start.details or None,
        )
    except WorkflowAlreadyStartedError:
        return False
    await meet(handle, start.fate)
    return True


async def meet(handle: WorkflowHandle[object, object], fate: Fate) -> None:
    match fate:
        case Fate.CANCEL:
            await handle.cancel()
        case Fate.TERMINATE:
            await handle.terminate(reason="Fraud: the card was reported stolen")
        case Fate.RUN:
            pass


async def deploy(client: Client) -> bool:
    """Whether it was done now."""

    async def start(kind: str, count: int) -> list[str]:
        for one in statements.starts(kind, count):
            await begin(client, one)
        return [one.id for one in statements.starts(kind, count)]

    return await roll_out(
        client,
        lambda: start("October", OF_OCTOBER),
        lambda: start("November", OF_NOVEMBER),
    )


async def schedule(client: Client, plans: Iterable[Planned]) -> int:
    """How many were made; those that are there are left as they are."""
    made = 0
    for one in plans:
        try:
            await client.create_schedule(one.id, one.schedule, backfill=one.missed)
        except ScheduleAlreadyRunningError:
            continue
        made += 1
    return made


async def main() -> None:
    config = ExamplesConfig.from_environment()
    try:
        client = await Client.connect(config.engine_address)
    except RuntimeError as error:
        sys.exit(f"Nothing answers at ENGINE_ADDRESS={config.engine_address}: {error}")
    now = datetime.now(UTC)  # noqa: TID251  the clock of this program; all below takes `now`
    # First, as they are few: later they would wait for what the runs have their workers do.
    count_alone = await alone.begin(
        client, without_workflows.activities(now), without_workflows.operations(now)
    )
    says = "this server starts none" if count_alone is None else f"{count_alone} started"
    print(f"activities and operations without a workflow: {says}", flush=True)
    count = await seed(client, everything(now))
    print(f"{count} runs started", flush=True)
    try:
        await deploy(client)
    except RPCError as refused:
        if refused.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        print("this server versions no workers", flush=True)
    count = await schedule(client, statements.schedules(now))
    print(f"{count} schedules made", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ConfigError as refusal:
        sys.exit(str(refusal))
    leave()
