"""Task queues as people see them, and workers that leave them."""

import asyncio

import grpc
import pytest
from temporalio.api.enums.v1 import DescribeTaskQueueMode, RateLimitSource, TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ShutdownWorkerRequest,
    UpdateTaskQueueConfigRequest,
)

from tests.support.commands import complete, schedule_activity
from tests.support.engine import PERDURE, Server, engine_on
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.postgres import fresh_database
from tests.support.worker import ScriptedWorker

WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


@pytest.fixture
def worker(server: Server, names: Names) -> ScriptedWorker:
    return ScriptedWorker(server, names.queue(), identity="Ada")


async def describe(server: Server, queue: str, **given: object) -> DescribeTaskQueueResponse:
    fields = {"task_queue_type": WORKFLOW, "report_stats": True, **given}
    return await server.workflows.DescribeTaskQueue(
        DescribeTaskQueueRequest(
            namespace=server.namespace,
            task_queue=TaskQueue(name=queue),
            **fields,  # type: ignore[arg-type]
        )
    )


async def set_rate(server: Server, queue: str, rate: float | None) -> None:
    request = UpdateTaskQueueConfigRequest(
        namespace=server.namespace, identity="Ada", task_queue=queue, task_queue_type=ACTIVITY
    )
    request.update_queue_rate_limit.reason = "the bank is slow"
    if rate is not None:
        request.update_queue_rate_limit.rate_limit.CopyFrom(RateLimit(requests_per_second=rate))
    await server.workflows.UpdateTaskQueueConfig(request)


async def test_who_polls_a_queue_is_shown(server: Server, worker: ScriptedWorker) -> None:
    await worker.poll(within=2.5, worker_version_capabilities={"build_id": "2026-11"})
    seen = await describe(server, worker.queue)

    assert [poller.identity for poller in seen.pollers] == ["Ada"]
    assert seen.pollers[0].last_access_time.ToSeconds() > 0
    assert seen.pollers[0].worker_version_capabilities.build_id == "2026-11"
    assert not (await describe(server, worker.queue, task_queue_type=ACTIVITY)).pollers


async def test_what_waits_is_counted(server: Server, worker: ScriptedWorker, names: Names) -> None:
    for _ in range(3):
        await server.start(names.workflow(), worker.queue)
    seen = await eventually_async(
        lambda: describe(server, worker.queue),
        lambda seen: seen.stats.approximate_backlog_count == 3,
    )
    assert seen.stats.HasField("approximate_backlog_age")

    for _ in range(3):
        await worker.on_task(complete())
    seen = await eventually_async(
        lambda: describe(server, worker.queue),
        lambda seen: seen.stats.approximate_backlog_count == 0,
    )
    assert seen.stats.tasks_dispatch_rate > 0


async def test_the_old_form_of_the_status_is_there_for_who_asks(
    server: Server, worker: ScriptedWorker
) -> None:
    seen = await describe(server, worker.queue, include_task_queue_status=True)
    assert seen.HasField("task_queue_status")
    assert not (await describe(server, worker.queue)).HasField("task_queue_status")


async def test_both_kinds_of_a_queue_are_shown_at_once(
    server: Server, worker: ScriptedWorker
) -> None:
    await worker.poll(within=2.5)
    seen = await describe(
        server,
        worker.queue,
        api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
        task_queue_types=[WORKFLOW, ACTIVITY],
        report_pollers=True,
    )
    kinds = seen.versions_info[""].types_info

    assert sorted(kinds) == [WORKFLOW, ACTIVITY]
    assert [poller.identity for poller in kinds[WORKFLOW].pollers] == ["Ada"]
    assert not kinds[ACTIVITY].pollers


async def test_a_queue_without_a_name_is_refused(server: Server) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await describe(server, "")
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "missing task queue name"


async def test_the_polls_of_a_worker_that_shuts_down_end_at_once(
    server: Server, worker: ScriptedWorker
) -> None:
    if server.is_official:
        pytest.skip("the other server does not promise it")
    poll = asyncio.create_task(worker.poll(within=30, worker_instance_key="one"))
    await eventually_async(
        lambda: describe(server, worker.queue), lambda seen: len(seen.pollers) == 1
    )
    await server.workflows.ShutdownWorker(
        ShutdownWorkerRequest(
            namespace=server.namespace,
            worker_instance_key="one",
            task_queue=worker.queue,
            task_queue_types=[WORKFLOW],
        )
    )
    assert not (await asyncio.wait_for(poll, 3)).task_token


async def test_a_queue_goes_as_fast_as_an_operator_says(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    await set_rate(server, worker.queue, 0)
    await server.start(names.workflow(), worker.queue)
    await worker.on_task(schedule_activity("charge", worker.queue))
    assert not (await worker.poll_activity(within=2)).task_token
    seen = await describe(
        server, worker.queue, task_queue_type=ACTIVITY, report_config=True, report_stats=False
    )
    limit = seen.config.queue_rate_limit
    assert (limit.metadata.update_identity, limit.metadata.reason) == ("Ada", "the bank is slow")
    assert seen.effective_rate_limit.requests_per_second == 0
    assert seen.effective_rate_limit.rate_limit_source == (RateLimitSource.RATE_LIMIT_SOURCE_API)

    await set_rate(server, worker.queue, None)
    assert (await worker.on_activity()).activity_id == "charge"


async def test_what_waits_survives_the_engine(postgres_url: str, names: Names) -> None:
    queue = names.queue()
    with fresh_database(postgres_url) as url:
        async with engine_on(url) as address:
            before = Server(address, PERDURE)
            run = await before.start(names.workflow(), queue)
            await set_rate(before, queue, 7)
            await ScriptedWorker(before, queue).on_task(schedule_activity("charge", queue))
            other = await before.start(names.workflow(), queue)
            await before.channel.close()
        async with engine_on(url) as address:
            after = Server(address, PERDURE)
            worker = ScriptedWorker(after, queue)
            assert (await worker.poll()).workflow_execution == other
            assert (await worker.on_activity()).workflow_execution == run
            await worker.on_task(complete())
            seen = await describe(after, queue, task_queue_type=ACTIVITY, report_config=True)
            assert seen.config.queue_rate_limit.rate_limit.requests_per_second == 7
            assert seen.effective_rate_limit.requests_per_second == 7
            await after.channel.close()
