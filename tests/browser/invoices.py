"""A workflow whose deployed code is broken, and the same one mended."""

from contextlib import AbstractContextManager

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from tests.support.programs import Program, working


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


def deployed(program: Program, code: type) -> AbstractContextManager[None]:
    return working(program, "case-invoices", [code])
