"""A workflow whose deployed code is broken, and the same one mended."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.support.programs import Program


@workflow.defn(name="CaseInvoice")
class Deployed:
    @workflow.run
    async def run(self, invoice: int) -> str:
        raise ApplicationError(f"no VAT rate for invoice {invoice}", type="VatRateMissing")


@workflow.defn(name="CaseInvoice")
class Mended:
    @workflow.run
    async def run(self, invoice: int) -> str:
        return f"invoice {invoice} is sent"


@contextmanager
def deployed(program: Program, code: type) -> Iterator[None]:
    async def make() -> Worker:
        return Worker(
            program.client,
            task_queue="case-invoices",
            workflows=[code],
            workflow_runner=UnsandboxedWorkflowRunner(),
            graceful_shutdown_timeout=timedelta(seconds=1),
        )

    worker = program.wait(make())
    task = asyncio.run_coroutine_threadsafe(worker.run(), program._loop)
    try:
        yield
    finally:
        program.wait(worker.shutdown())
        task.result(10)
