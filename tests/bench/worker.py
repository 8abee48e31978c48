"""The worker whose tasks are measured: the official SDK's, in a process of its own.

`python -m tests.bench.worker ADDRESS` works until its standard input ends. It runs workflows
outside of the SDK's sandbox: what a sandbox costs is the SDK's, the same on every server, and would
hide what is compared.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.bench.load import TASK_QUEUE, connect


@activity.defn
async def charge(amount: str) -> str:
    return amount


@workflow.defn
class One:
    @workflow.run
    async def run(self, amount: str) -> str:
        return await workflow.execute_activity(
            charge, amount, start_to_close_timeout=timedelta(seconds=60)
        )


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self, amount: str) -> str:
        return amount


async def main(address: str) -> None:
    async with Worker(
        await connect(address),
        task_queue=TASK_QUEUE,
        workflows=[One, Nothing],
        activities=[charge],
        max_concurrent_workflow_task_polls=10,
        max_concurrent_activity_task_polls=10,
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
