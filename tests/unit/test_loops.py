"""Ending a loop: also one that takes a cancellation for something else."""

import asyncio

from engine import loops


async def test_a_loop_that_overhears_the_first_word_of_its_end_hears_the_next() -> None:
    heard = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard.append("cancelled")
                if len(heard) > 1:
                    raise

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await loops.end(task)

    assert task.cancelled()
    assert heard == ["cancelled", "cancelled"]


async def test_what_has_ended_is_not_waited_for() -> None:
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.wait({task})

    await loops.end(task)

    assert isinstance(task.exception(), ValueError)
