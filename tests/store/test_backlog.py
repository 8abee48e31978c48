"""A stored queue, read for those who may have only some of its tasks."""

from engine.core.keys import WORKFLOW, QueueKey
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
