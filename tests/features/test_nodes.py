"""Two engines on one database, in one process: what each does with calls that are the other's."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import msgspec
import pytest
from google.protobuf.struct_pb2 import Struct
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    DescribeWorkflowExecutionRequest,
    PollWorkflowTaskQueueRequest,
    RegisterNamespaceRequest,
    RespondQueryTaskCompletedRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
    UnpauseActivityRequest,
    UpdateTaskQueueConfigRequest,
)

from engine.cluster.placement import queue_owner, shard_owners
from engine.core.keys import WORKFLOW, QueueKey, RunKey, shard_of
from engine.ports import Claim, Task
from engine.protocol import tokens
from engine.protocol.tokens import QueryToken
from tests.features.differential.stage import Stage
from tests.support.commands import complete, schedule_activity, text
from tests.support.engine import Server, engine_on, seconds
from tests.support.eventually import eventually_async
from tests.support.handlers import ScriptedHandler, started, sync
from tests.support.history import name_of
from tests.support.postgres import fresh_database
from tests.support.rules import asked, comes_to_be_held, delete, spec
from tests.support.solo import Solo
from tests.support.worker import ScriptedWorker
from tests.support.workers import SHUTDOWN, Fleet, beat

# So many that each node has some, whatever their ports are.
SHARDS = 64
ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
SECRET = "a word that only these nodes know"


@dataclass
class Pair:
    one: Server
    other: Server
    namespace_id: str

    def workflow_of(self, server: Server) -> str:
        return self.workflow_in(self.shards_of(server))

    def shards_of(self, server: Server) -> set[int]:
        owners = shard_owners([self.one.address, self.other.address], SHARDS)
        return {shard for shard in range(SHARDS) if owners[shard] == server.address}

    def workflow_in(self, shards: set[int]) -> str:
        names = (f"order-{number}" for number in itertools.count())
        return next(name for name in names if shard_of(self.namespace_id, name, SHARDS) in shards)

    def queue_of(self, server: Server) -> str:
        nodes = [self.one.address, self.other.address]
        names = (f"queue-{number}" for number in itertools.count())
        return next(
            name
            for name in names
            if queue_owner(QueueKey(self.namespace_id, name, WORKFLOW), nodes) == server.address
        )


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[Pair]:
    with fresh_database(postgres_url) as url:
        async with (
            engine_on(url, CLUSTER_SECRET=SECRET, ENGINE_SHARDS=str(SHARDS)) as one,
            engine_on(url, CLUSTER_SECRET=SECRET, ENGINE_SHARDS=str(SHARDS)) as other,
        ):
            servers = Server(one, "perdure"), Server(other, "perdure")
            described = await servers[0].workflows.DescribeNamespace(
                DescribeNamespaceRequest(namespace="default")
            )
            pair = Pair(*servers, described.namespace_info.id)
            for server in servers:
                for shard in pair.shards_of(server):
                    await eventually_async(lambda: _serves(pair, server, shard))  # noqa: B023
            yield pair


async def _serves(pair: Pair, server: Server, shard: int) -> bool:
    """Whether the node has that shard, as seen from the other one."""
    asked = DescribeWorkflowExecutionRequest(namespace="default")
    asked.execution.workflow_id = pair.workflow_in({shard})
    asker = pair.other if server is pair.one else pair.one
    try:
        await asker.workflows.DescribeWorkflowExecution(asked)
    except grpc.aio.AioRpcError as refused:
        return refused.code() is grpc.StatusCode.NOT_FOUND
    return True


def polling(queue: str) -> PollWorkflowTaskQueueRequest:
    return PollWorkflowTaskQueueRequest(
        namespace="default", task_queue=TaskQueue(name=queue), identity="worker"
    )


@pytest.mark.parametrize("shard", ["one", "other"])
@pytest.mark.parametrize("queue", ["one", "other"])
async def test_a_run_is_reached_through_either_node(pair: Pair, shard: str, queue: str) -> None:
    name = pair.queue_of(getattr(pair, queue))
    run = await pair.one.start(pair.workflow_of(getattr(pair, shard)), name)
    for server in (pair.one, pair.other):
        await server.workflows.SignalWorkflowExecution(
            SignalWorkflowExecutionRequest(
                namespace="default", workflow_execution=run, signal_name="paid"
            )
        )
        assert len(await pair.one.history(run)) == len(await pair.other.history(run))

    task = await pair.other.workflows.PollWorkflowTaskQueue(polling(name), timeout=10)

    assert task.workflow_execution == run
    assert [event.event_id for event in task.history.events] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("shard", ["one", "other"])
@pytest.mark.parametrize("queue", ["one", "other"])
async def test_a_poll_that_waits_gets_what_is_started(pair: Pair, shard: str, queue: str) -> None:
    name = pair.queue_of(getattr(pair, queue))
    waiting = asyncio.ensure_future(pair.other.workflows.PollWorkflowTaskQueue(polling(name)))
    run = await pair.one.start(pair.workflow_of(getattr(pair, shard)), name)

    task = await asyncio.wait_for(waiting, 10)

    assert task.workflow_execution == run
    assert len(task.history.events) == 3


async def test_a_task_of_a_poller_that_leaves_goes_to_the_next(pair: Pair) -> None:
    """It hangs up at some moment of the way: at worst the answer was sent, and times out."""
    queue = pair.queue_of(pair.one)
    poll = pair.other.workflows.PollWorkflowTaskQueue
    for number in range(10):
        run = await pair.one.start(f"{pair.workflow_of(pair.other)}-{number}", queue)
        leaving = asyncio.ensure_future(poll(polling(queue)))
        await asyncio.wait((leaving,), timeout=number / 500)
        if leaving.cancel():
            task = await poll(polling(queue), timeout=15)
            assert task.workflow_execution == run
        await pair.one.workflows.TerminateWorkflowExecution(
            TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=run)
        )


async def test_a_namespace_registered_through_one_is_known_to_the_other(pair: Pair) -> None:
    await pair.one.workflows.RegisterNamespace(
        RegisterNamespaceRequest(
            namespace="shop", workflow_execution_retention_period=seconds(86_400)
        )
    )

    described = await pair.other.workflows.DescribeNamespace(
        DescribeNamespaceRequest(namespace="shop")
    )
    assert described.namespace_info.name == "shop"


async def test_a_token_that_names_a_stranger_is_not_taken_to_it(pair: Pair) -> None:
    token = QueryToken(pair.namespace_id, "queue", "question", "127.0.0.1:1")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await pair.one.workflows.RespondQueryTaskCompleted(
            RespondQueryTaskCompletedRequest(
                namespace="default", task_token=tokens.encode(token), completed_type=1
            )
        )

    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_client_cannot_hand_itself_a_task(pair: Pair) -> None:
    queue = pair.queue_of(pair.one)
    run = RunKey(pair.namespace_id, "order", "run")
    key = QueueKey(pair.namespace_id, queue, WORKFLOW)
    task = Task(run=run, queue=key, event_id=2, attempt=1, claim=Claim("127.0.0.1:1", "guessed"))
    handed = ("perdure-task-bin", msgspec.msgpack.encode(task))
    poll = pair.one.workflows.PollWorkflowTaskQueue

    assert not (await poll(polling(queue), metadata=(handed,), timeout=1)).task_token
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await poll(polling(queue), metadata=(handed, ("perdure-peer", "guessed")), timeout=1)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_worker_is_known_to_every_node(pair: Pair) -> None:
    names = [f"worker-{number}" for number in range(8)]
    await Fleet(pair.one).record(*map(beat, names))
    for server in (pair.one, pair.other):
        await eventually_async(Fleet(server).names, lambda found: found == names)
        assert await Fleet(server).count("TaskQueue = 'orders'") == len(names)
        assert [(await Fleet(server).describe(name)).worker_instance_key for name in names] == names

    await Fleet(pair.other).shut_down(names[0], beat(names[0], status=SHUTDOWN))

    for server in (pair.one, pair.other):
        await eventually_async(Fleet(server).names, lambda found: found == names[1:])


async def test_a_queue_that_activities_are_asked_of_is_told_by_every_node(pair: Pair) -> None:
    names = [pair.queue_of(server) for server in (pair.one, pair.other)]
    for name in names:
        await ScriptedWorker(pair.one, name).poll_activity(1)

    for server in (pair.one, pair.other):
        request = Struct()
        request.update({"namespace": "default"})
        answer = await server.channel.unary_unary(
            "/perdure.admin.v1.AdminService/ListActivityQueues",
            request_serializer=Struct.SerializeToString,
            response_deserializer=Struct.FromString,
        )(request)
        assert list(answer["names"]) == sorted(names)


async def test_a_rate_that_one_is_told_holds_on_the_node_of_the_queue(pair: Pair) -> None:
    for owner, other in ((pair.one, pair.other), (pair.other, pair.one)):
        queue = pair.queue_of(owner)
        request = UpdateTaskQueueConfigRequest(
            namespace=other.namespace, task_queue=queue, task_queue_type=ACTIVITIES
        )
        request.update_queue_rate_limit.rate_limit.requests_per_second = 7
        await other.workflows.UpdateTaskQueueConfig(request)

        seen = await owner.workflows.DescribeTaskQueue(
            DescribeTaskQueueRequest(
                namespace=owner.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=ACTIVITIES,
            )
        )
        assert seen.effective_rate_limit.requests_per_second == 7


async def test_a_rule_made_through_one_holds_on_every_node(pair: Pair) -> None:
    await pair.one.workflows.CreateWorkflowRule(asked(spec("rule", "ActivityId = 'charge'")))
    runs = {}
    for server in (pair.one, pair.other):
        queue = pair.queue_of(server)
        run = runs[queue] = await pair.one.start(pair.workflow_of(server), queue)
        await ScriptedWorker(pair.one, queue).on_task(schedule_activity("charge", queue))
        assert await comes_to_be_held(ScriptedWorker(pair.other, queue), run)
        seen = await pair.one.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=run)
        )
        assert seen.pending_activities[0].pause_info.rule.identity == "Alice"

    await delete(pair.other, "rule")
    for queue, run in runs.items():
        await pair.other.workflows.UnpauseActivity(
            UnpauseActivityRequest(namespace="default", execution=run, id="charge")
        )
        await ScriptedWorker(pair.one, queue).on_activity(text("charged"))


async def test_an_operation_its_handler_and_the_run_behind_it_may_be_anywhere(pair: Pair) -> None:
    caller_queue, backing_queue = pair.queue_of(pair.one), f"{pair.queue_of(pair.other)} behind"
    handler = ScriptedHandler(pair.one, pair.queue_of(pair.other), "anywhere")
    await handler.begin()
    run = await pair.other.start(pair.workflow_of(pair.other), caller_queue)
    await ScriptedWorker(pair.other, caller_queue).on_task(handler.operation())
    task = await handler.poll()
    await handler.start_run(task.request.start_operation, pair.workflow_of(pair.one), backing_queue)
    await ScriptedHandler(pair.other, handler.queue, "").answer(task, started())

    await ScriptedWorker(pair.one, backing_queue).on_task(complete(text("paid")))

    await eventually_async(
        lambda: pair.one.history(run),
        lambda events: "NexusOperationCompleted" in map(name_of, events),
    )


async def test_a_standalone_activity_may_be_anywhere(pair: Pair) -> None:
    """So many that each node has some of them, and some of their queues."""

    async def plays(number: int) -> None:
        one = Solo(Stage(pair.one, "anywhere"), str(number))
        other = Solo(Stage(pair.other, "anywhere"), str(number))
        await one.start()
        task = await other.take()
        await one.call("RecordActivityTaskHeartbeat", task_token=task.task_token)
        ended = asyncio.ensure_future(one.call("PollActivityExecution"))
        await other.call("RespondActivityTaskCompletedById", result=text("paid"))
        assert (await ended).outcome.result == text("paid")
        seen = await other.call("DescribeActivityExecution")
        assert seen.info.total_heartbeat_count == 1

    await asyncio.gather(*map(plays, range(8)))


async def test_a_standalone_operation_may_be_anywhere(pair: Pair) -> None:
    handler = ScriptedHandler(pair.one, pair.queue_of(pair.other), "anywhere-alone")
    await handler.begin()
    for number in range(4):
        one = Solo(Stage(pair.one, "anywhere"), f"operation {number}")
        other = Solo(Stage(pair.other, "anywhere"), f"operation {number}")
        named = {"endpoint": "anywhere-alone", "service": "payments", "operation": "charge"}
        await one.call("StartNexusOperationExecution", **named)
        ended = asyncio.ensure_future(other.call("PollNexusOperationExecution"))
        await handler.on_request(sync(text("paid")))
        assert (await ended).result == text("paid").payloads[0]
