"""Codes of one workflow, deployed one after the other: what was running meets what came later."""

import asyncio
from contextlib import AbstractContextManager
from datetime import timedelta

from temporalio import workflow

from tests.support.programs import Program, charge_card, working


@workflow.defn(name="Charging")
class OtherCode:
    """A deploy that forgot the runs that were open."""

    @workflow.run
    async def run(self, amount: str, wait_seconds: float = 0.0, children: int = 0) -> str:
        await asyncio.sleep(wait_seconds)
        return amount


@workflow.defn(name="Charging")
class RenamedCode:
    """The same, but for the name of its activity."""

    @workflow.run
    async def run(self, amount: str, wait_seconds: float = 0.0, children: int = 0) -> str:
        charged: str = await workflow.execute_activity(
            "charge_account", amount, start_to_close_timeout=timedelta(seconds=20)
        )
        await asyncio.sleep(wait_seconds)
        return charged


@workflow.defn(name="Charging")
class FailingCode:
    """It has a fault of its own, wherever a history may be."""

    @workflow.run
    async def run(self, amount: str, wait_seconds: float = 0.0, children: int = 0) -> str:
        raise RuntimeError("no card is known")


def deployed(program: Program, queue: str, code: type) -> AbstractContextManager[None]:
    return working(program, queue, [code], [charge_card])
