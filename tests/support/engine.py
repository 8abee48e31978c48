"""A server to test against: a whole engine in this process, or whatever `--server` names.

--server=perdure       an engine in this process over the embedded PostgreSQL
--server=cluster       the second of three nodes, each a process of its own
--server=official      the official dev server, started for the run
--server=HOST:PORT     one that runs already; PERDURE_TEST_SERVER says the same

Unsaid, it is perdure; the console's tests then run on both, one after the other.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.status_pb2 import Status
from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import OperatorServiceStub
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    StartWorkflowExecutionRequest,
    WorkflowServiceStub,
)

from engine.config import EngineConfig, from_environment
from engine.server import serving
from engine.store import migrate
from tests.support.cluster import nodes_on
from tests.support.dev_server import dev_server
from tests.support.names import Names
from tests.support.postgres import fresh_database

PERDURE = "perdure"
OFFICIAL = "official"
CLUSTER = "cluster"
MESSAGE_BYTES_MAX = 64 * 1024 * 1024

Answer = TypeVar("Answer")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--server",
        default=os.environ.get("PERDURE_TEST_SERVER"),  # noqa: TID251  the caller's choice
        help="perdure (in this process), cluster, official (the dev server), or HOST:PORT",
    )


class Server:
    """An address, and stubs of its services."""

    namespace = "default"

    def __init__(self, address: str, kind: str) -> None:
        self.address = address
        self.kind = kind
        self.channel = grpc.aio.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ],
        )
        self.workflows = WorkflowServiceStub(self.channel)
        self.operator = OperatorServiceStub(self.channel)

    @property
    def is_official(self) -> bool:
        return self.kind == OFFICIAL

    async def start(self, workflow_id: str, queue: str, **given: object) -> WorkflowExecution:
        request = StartWorkflowExecutionRequest(
            namespace=self.namespace,
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name="Scripted"),
            task_queue=TaskQueue(name=queue),
            **given,  # type: ignore[arg-type]
        )
        if not request.request_id:
            request.request_id = f"start {workflow_id}"
        started = await self.workflows.StartWorkflowExecution(request)
        return WorkflowExecution(workflow_id=workflow_id, run_id=started.run_id)

    async def history(self, run: WorkflowExecution) -> list[HistoryEvent]:
        events: list[HistoryEvent] = []
        request = GetWorkflowExecutionHistoryRequest(namespace=self.namespace, execution=run)
        while True:
            page = await self.workflows.GetWorkflowExecutionHistory(request)
            events.extend(page.history.events)
            if not page.next_page_token:
                return events
            request.next_page_token = page.next_page_token


@asynccontextmanager
async def engine_on(database: str, **settings: str) -> AsyncIterator[str]:
    """A whole engine over `database`, in this event loop, on a free port: its address."""
    config = config_for(database, **settings)
    migrate.migrate(config.databases, config.shard_count)
    async with serving(config) as address:
        yield address


def config_for(database: str, **settings: str) -> EngineConfig:
    return from_environment(
        {"DATABASE_URL": database, "ENGINE_PORT": "0", "ENGINE_SHARDS": "8", **settings}
    )


@contextmanager
def _database(request: pytest.FixtureRequest) -> Iterator[str]:
    with fresh_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture(scope="session")
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """Tests that use it hold for every server that speaks the protocol."""
    kind = request.config.getoption("--server") or PERDURE
    if kind == PERDURE:
        with _database(request) as url:
            async with engine_on(url) as address:
                yield Server(address, kind)
    elif kind == CLUSTER:
        with _database(request) as url:
            async with nodes_on(url, 3) as nodes:
                yield Server(nodes.b.address, kind)
    elif kind == OFFICIAL:
        with dev_server() as address:
            yield Server(address, kind)
    else:
        yield Server(kind, kind)


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Names:
    return Names(request.node.name)


async def in_turn(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """The official server counts the changes of all namespaces as one: who changes one beside
    another is refused there, and asks again."""
    while True:
        try:
            return await call()
        except grpc.aio.AioRpcError as refusal:
            if "conditional update error" not in (refusal.details() or ""):
                raise


def given_details(refused: grpc.aio.AioRpcError) -> list[Any]:
    """The detail messages that came with a refusal, as they were packed."""
    for key, value in refused.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            assert isinstance(value, bytes)
            return list(Status.FromString(value).details)
    return []


def detail_names(refused: grpc.aio.AioRpcError) -> list[str]:
    return [detail.type_url.rpartition(".")[2] for detail in given_details(refused)]


def seconds(count: float) -> Duration:
    length = Duration()
    length.FromNanoseconds(int(count * 1_000_000_000))
    return length
