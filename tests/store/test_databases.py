"""Shards in two databases: a run lives in one of them, and talks to runs in the other."""

from collections.abc import Iterator

import psycopg
import pytest

from engine.core.keys import RunKey
from tests.support import commands
from tests.support.eventually import eventually_async
from tests.support.node import QUEUE, SHARDS, Node, node
from tests.support.postgres import fresh_database


@pytest.fixture
def urls(postgres_url: str) -> Iterator[tuple[str, str]]:
    with fresh_database(postgres_url) as first, fresh_database(postgres_url) as second:
        yield first, second


def stored(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("select workflow_id from runs")}


async def test_each_database_has_its_own_shards_and_runs(urls: tuple[str, str]) -> None:
    async with node(*urls, standby=True) as one:

        async def all_are_owned() -> bool:
            return sum(len(writer.owned) for writer in one.supervisor.writers) == SHARDS

        await eventually_async(all_are_owned)
        runs = [await one.start(f"order-{n}") for n in range(20)]
        first, second = (stored(url) for url in urls)

        assert first | second == {run.workflow_id for run in runs}
        assert not first & second
        assert first
        assert second
        for run in runs:
            placed = one.shards.shard_of(run) % 2
            assert run.workflow_id in (first, second)[placed]


async def test_parent_and_child_may_live_apart(urls: tuple[str, str]) -> None:
    async with node(*urls, standby=True) as one:
        parents = [await one.start(f"parent-{number}") for number in range(8)]
        while not all([await has_heard(one, parent) for parent in parents]):
            task = await one.poll()
            assert task is not None
            name = task.run.workflow_id
            if name.startswith("child"):
                await one.answer(task, commands.complete(commands.text("done")))
            elif task.started.previous_started_event_id == 0:
                await one.answer(task, commands.start_child(f"child-of-{name}", QUEUE))
            else:
                await one.answer(task)


async def has_heard(one: Node, parent: RunKey) -> bool:
    return any(
        event.HasField("child_workflow_execution_completed_event_attributes")
        for event in await one.history(parent)
    )
