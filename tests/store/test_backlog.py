"""A stored queue, read for those who may have only some of its tasks."""

from temporalio.api.deployment.v1 import InheritedAutoUpgradeInfo

from engine.core.keys import WORKFLOW, QueueKey
from engine.core.versioning import USE_RAMPING
from engine.matching.backlog import StoredBacklog
from engine.ports import Task
from engine.store.pool import open_readers
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
            few = await backlog.read(KEY, 3, every_fifth)
            more = await backlog.read(KEY, 10, every_fifth)
            plain = await backlog.read(KEY, 3)
            none = await backlog.read(KEY, 2, lambda _: False)
        finally:
            await pool.close()

    assert [task.run.workflow_id for task in few] == ["order-4", "order-9", "order-14"]
    assert [task.run.workflow_id for task in more] == [f"order-{n}" for n in (4, 9, 14, 19, 24)]
    assert [task.run.workflow_id for task in plain] == ["order-0", "order-1", "order-2"]
    assert none == []


async def test_a_task_that_prefers_the_ramp_says_so_in_the_store(url: str) -> None:
    inherited = InheritedAutoUpgradeInfo(continue_as_new_initial_versioning_behavior=USE_RAMPING)
    async with node(url) as one:
        await one.begin("order-1", queue=KEY.name, inherited_auto_upgrade_info=inherited)
        await one.begin("order-2", queue=KEY.name)
        pool = await open_readers(url)
        try:
            found = await StoredBacklog([pool]).read(KEY, 2)
        finally:
            await pool.close()

    preferring = {task.run.workflow_id: task.prefers_ramp for task in found}
    assert preferring == {"order-1": True, "order-2": False}
