"""Runs by the thousand, for lists."""

import asyncio

from tests.support.programs import Program

STARTS_AT_ONCE = 48


async def start_many(program: Program, workflow_type: str, stem: str, how_many: int) -> None:
    """`stem-0` and so on; nobody takes them."""
    numbers = iter(range(how_many))

    async def starter() -> None:
        for number in numbers:
            name = f"{stem}-{number}"
            await program.client.start_workflow(workflow_type, id=name, task_queue="nobody")

    await asyncio.gather(*(starter() for _ in range(STARTS_AT_ONCE)))
