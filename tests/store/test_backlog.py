"""A stored queue, read for those who may have only some of its tasks."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, LiteralString, cast

import psycopg
import pytest
from temporalio.api.deployment.v1 import InheritedAutoUpgradeInfo

from engine.core.keys import WORKFLOW, QueueKey
from engine.core.versioning import USE_RAMPING
from engine.matching.backlog import Stored, StoredBacklog
from engine.matching.pages import Page, Wanted
from engine.matching.reading import read
from engine.ports import Task
from engine.store import tasks
from engine.store.pool import Connection, open_readers
from tests.support.node import NAMESPACE, node

KEY = QueueKey(NAMESPACE, "waiting", WORKFLOW)


def every_fifth(task: Task) -> bool:
    return int(task.run.workflow_id.partition("-")[2]) % 5 == 4


async def test_what_is_not_meant_is_passed_over_however_much_it_is(url: str) -> None:
    async with node(url) as one:
        for number in range(25):
            await one.start(f"order-{number}", queue=KEY.name)
        pool = await open_readers(url)
        try:
            backlog = StoredBacklog([pool])
            few = await backlog.read(KEY, Wanted(3), every_fifth)
            more = await backlog.read(KEY, Wanted(10), every_fifth)
            plain = await backlog.read(KEY, Wanted(3))
            none = await backlog.read(KEY, Wanted(2), lambda _: False)
        finally:
            await pool.close()

    assert names(few) == ["order-4", "order-9", "order-14"]
    assert names(more) == [f"order-{n}" for n in (4, 9, 14, 19, 24)]
    assert names(plain) == ["order-0", "order-1", "order-2"]
    assert names(none) == []
    assert [bool(page.cut) for page in (few, more, plain, none)] == [True, False, True, False]


async def test_a_task_that_prefers_the_ramp_says_so_in_the_store(url: str) -> None:
    inherited = InheritedAutoUpgradeInfo(continue_as_new_initial_versioning_behavior=USE_RAMPING)
    async with node(url) as one:
        await one.begin("order-1", queue=KEY.name, inherited_auto_upgrade_info=inherited)
        await one.begin("order-2", queue=KEY.name)
        pool = await open_readers(url)
        try:
            found = await StoredBacklog([pool]).read(KEY, Wanted(2))
        finally:
            await pool.close()

    preferring = {task.run.workflow_id: task.prefers_ramp for task in found.tasks}
    assert preferring == {"order-1": True, "order-2": False}


def names(page: Page) -> list[str]:
    return [task.run.workflow_id for task in page.tasks]


async def test_the_heads_of_many_keys_are_read_without_what_waits_behind_them(url: str) -> None:
    async with node(url):
        pass
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await fill(connection, {"a": 20_000, "b": 5, "c": 20_000}, priority=3)
        await fill(connection, {"d": 20_000}, priority=5)
        explaining = Explaining(connection)
        stored = Stored(cast("Connection", explaining), KEY)
        page = await read(stored, Wanted(100, weights={"c": 3.0}), None)
        counted = await tasks.count(connection, KEY)

    found = Counter(task.key for task in page.tasks)
    assert (found["b"], found["d"]) == (5, 0)
    assert found["c"] == pytest.approx(3 * found["a"], abs=3)
    assert 95 <= len(page.tasks) <= 100
    assert (set(page.cut), page.unread) == ({(3, "a"), (3, "c")}, 5)
    assert {each.priority: each.count for each in counted} == {3: 40_005, 5: 20_000}
    nodes = [node for plan in explaining.plans for node in walk(plan)]
    assert not {"Seq Scan", "Sort", "Bitmap Heap Scan"} & {node["Node Type"] for node in nodes}
    scans = [node for node in nodes if node.get("Index Name") == "transfer_tasks_by_queue"]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) < 300, "of 60,000"


class Explaining:
    """A connection that keeps how the database went about each question."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: list[dict[str, Any]] = []

    async def execute(self, question: LiteralString, given: Any) -> Any:
        explained = f"explain (analyze, format json) {question}"
        cursor = await self._connection.execute(explained.encode(), given)
        ((plan,),) = await cursor.fetchall()
        self.plans.append(plan[0]["Plan"])
        return await self._connection.execute(question, given)


def walk(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from walk(below)


_fill: LiteralString = """
    insert into transfer_tasks (shard_id, run_id, kind, event_id, namespace_id, workflow_id,
        attempt, queue, priority, sticky, offered_at, fairness_key)
    select 0, gen_random_uuid(), %(kind)s, 2, %(namespace_id)s, 'order', 1, %(name)s, %(priority)s,
        false, number, %(key)s
    from generate_series(1, %(count)s) as number
"""


async def fill(connection: Connection, keys: dict[str, int], priority: int) -> None:
    for key, count in keys.items():
        await connection.execute(
            _fill, {**KEY._asdict(), "priority": priority, "key": key, "count": count}
        )
    await connection.execute("analyze transfer_tasks")
