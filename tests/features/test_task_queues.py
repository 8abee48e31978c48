"""Task queues as people see them, and workers that leave them."""

import asyncio

import grpc
import pytest
from temporalio.api.common.v1 import Priority
from temporalio.api.enums.v1 import DescribeTaskQueueMode, RateLimitSource, TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ShutdownWorkerRequest,
    UpdateTaskQueueConfigRequest,
)

from engine.clock import SystemClock
from tests.support.commands import complete, schedule_activity
from tests.support.engine import PERDURE, Server, engine_on
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.postgres import fresh_database
from tests.support.worker import ScriptedWorker, polling_process

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


async def test_an_activity_has_the_priority_of_its_run_where_it_says_none(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    of_run = Priority(priority_key=2, fairness_key="shop", fairness_weight=3)
    await server.start(names.workflow(), worker.queue, priority=of_run)
    await worker.on_task(
        schedule_activity("a", worker.queue, priority=Priority(priority_key=5)),
        schedule_activity("b", worker.queue),
    )

    assert (await worker.on_activity()).priority == of_run
    own = Priority(priority_key=5, fairness_key="shop", fairness_weight=3)
    assert (await worker.on_activity()).priority == own


async def test_each_priority_is_told_of_by_itself(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    for number, priority in enumerate((1, 1, 5)):
        await server.start(
            f"{names.workflow()}-{number}", worker.queue, priority=Priority(priority_key=priority)
        )
    seen = await eventually_async(
        lambda: describe(server, worker.queue),
        lambda seen: seen.stats.approximate_backlog_count == 3,
    )
    by_priority = seen.stats_by_priority_key
    counts = {key: each.approximate_backlog_count for key, each in by_priority.items()}
    assert counts == {1: 2, 3: 0, 5: 1}
    assert by_priority[1].tasks_add_rate > by_priority[5].tasks_add_rate > 0
    assert by_priority[3].tasks_add_rate == 0

    await worker.on_task(complete())
    seen = await eventually_async(
        lambda: describe(server, worker.queue),
        lambda seen: seen.stats_by_priority_key[1].approximate_backlog_count == 1,
    )
    assert seen.stats_by_priority_key[1].tasks_dispatch_rate > 0
    assert seen.stats_by_priority_key[5].tasks_dispatch_rate == 0


async def test_a_fairness_key_goes_as_fast_as_an_operator_says(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    if server.is_official:
        pytest.skip("it wants to be told to look at fairness keys")
    request = UpdateTaskQueueConfigRequest(
        namespace=server.namespace, task_queue=worker.queue, task_queue_type=ACTIVITY
    )
    limit = request.update_fairness_key_rate_limit_default.rate_limit
    limit.requests_per_second = 0.1
    await server.workflows.UpdateTaskQueueConfig(request)
    await server.start(names.workflow(), worker.queue)
    keys = {"a-1": "a", "a-2": "a", "b-1": "b"}
    await worker.on_task(
        *(
            schedule_activity(name, worker.queue, priority=Priority(fairness_key=key))
            for name, key in keys.items()
        )
    )

    assert {(await worker.on_activity()).activity_id for _ in range(2)} == {"a-1", "b-1"}
    assert not (await worker.poll_activity(within=2)).task_token
    seen = await describe(server, worker.queue, task_queue_type=ACTIVITY)
    assert seen.stats.rate_limiting_active


async def test_a_task_passes_by_a_call_that_was_cancelled(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    for number in range(5):
        gone = asyncio.create_task(worker.poll(within=30))
        await eventually_async(lambda: describe(server, worker.queue), lambda seen: seen.pollers)
        gone.cancel()
        run = await server.start(f"{names.workflow()}-{number}", worker.queue)
        task = await worker.poll(within=8)
        assert task.workflow_execution == run
        await worker.answer(task, complete())


async def test_a_task_passes_by_a_worker_that_was_killed(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    for number in range(3):
        with polling_process(server.address, worker.queue, f"killed-{number}") as process:
            await eventually_async(
                lambda: describe(server, worker.queue),
                lambda seen, name=f"killed-{number}": (
                    seen.pollers[:1] and seen.pollers[0].identity == name
                ),
            )
            process.kill()
            process.wait()
        run = await server.start(f"{names.workflow()}-{number}", worker.queue)
        task = await worker.poll(within=8)
        assert task.workflow_execution == run
        await worker.answer(task, complete())


async def test_a_worker_is_told_to_poll_more_where_tasks_wait(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    for number in range(3):
        await server.start(f"{names.workflow()}-{number}", worker.queue)
    await eventually_async(
        lambda: describe(server, worker.queue),
        lambda seen: seen.stats.approximate_backlog_age.ToMilliseconds() > 300,
    )
    task = await worker.poll()
    assert task.poller_scaling_decision.poll_request_delta_suggestion == 1


async def test_a_worker_is_told_to_poll_less_where_a_poll_waited_long(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    poll = asyncio.create_task(worker.poll())
    await eventually_async(
        lambda: describe(server, worker.queue),
        lambda seen: seen.pollers and age_of(seen) > 1.2,
    )
    await server.start(names.workflow(), worker.queue)
    assert (await poll).poller_scaling_decision.poll_request_delta_suggestion == -1


def age_of(seen: DescribeTaskQueueResponse) -> float:
    return (SystemClock().now() - seen.pollers[0].last_access_time.ToNanoseconds()) / 1e9


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
