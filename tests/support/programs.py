"""A few workflow programs on the official SDK, and a worker for them in a thread with an event
loop of its own.

The console's tests are sync, like the console; the SDK is not. `Program` is the sync face of one
client.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from console.gateway.runs import RunDetail, RunKey
from console.gateway.workflows import describe
from tests.support.eventually import eventually

T = TypeVar("T")


@activity.defn
async def charge_card(amount: str) -> str:
    """Fails for as long as the amount says so."""
    if amount.startswith("-"):
        raise ApplicationError("an amount below zero", type="AmountRefused", non_retryable=True)
    if amount == "never":
        raise ApplicationError(
            "POST /v2/charges: no answer in 20 s", {"gateway": "eu-2"}, type="CardProcessorTimeout"
        )
    return f"charged {amount}"


@activity.defn
async def linger() -> None:
    """Runs until it is told that nobody waits for it."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.1)


@activity.defn
async def tell_once(told: Any) -> None:
    """Says that much, and is not heard of again."""
    activity.heartbeat(told)
    await asyncio.sleep(60)


@workflow.defn
class Waiting:
    """Waits for the signal `go`; can be asked for its state and told an amount."""

    def __init__(self) -> None:
        self.gone = False
        self.amount = "9.99"

    @workflow.run
    async def run(self, amount: str = "9.99") -> str:
        self.amount = amount
        workflow.set_current_details("**Waits** for the signal `go`")
        await workflow.wait_condition(lambda: self.gone)
        return self.amount

    @workflow.signal(description="Let it end")
    def go(self) -> None:
        self.gone = True

    @workflow.query
    def state(self) -> dict[str, Any]:
        return {"amount": self.amount, "gone": self.gone}

    @workflow.update(description="Another amount")
    def adjust(self, amount: str) -> str:
        before, self.amount = self.amount, amount
        return before

    @workflow.update
    def book(self, order: dict[str, Any], times: int) -> dict[str, Any]:
        if times == 13:
            raise ApplicationError("thirteen brings no luck", type="Unlucky")
        return {"order": order, "times": times}

    @book.validator
    def bookable(self, order: dict[str, Any], times: int) -> None:
        if order["count"] > 5:
            raise ApplicationError("there are only five", {"field": "count"}, type="BookingRefused")

    @adjust.validator
    def not_below_zero(self, amount: str) -> None:
        if amount.startswith("-"):
            raise ApplicationError("the amount is below zero", type="AmountRefused")


@workflow.defn
class Charging:
    """One activity, retried for ever when the amount is "never"; then a timer; then a child."""

    @workflow.run
    async def run(self, amount: str, wait_seconds: float = 0.0, children: int = 0) -> str:
        charged = await workflow.execute_activity(
            charge_card,
            amount,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100)),
            summary="of the first month",
        )
        if wait_seconds:
            await asyncio.sleep(wait_seconds)
        for number in range(children):
            await workflow.execute_child_workflow(
                Charging.run, args=["1.00"], id=f"{workflow.info().workflow_id}/child-{number}"
            )
        return charged


@workflow.defn
class Counting:
    """A long history: `rounds` activities, `width` at a time."""

    @workflow.run
    async def run(self, rounds: int, width: int = 10) -> int:
        for _ in range(rounds // width):
            await asyncio.gather(
                *(
                    workflow.execute_activity(
                        charge_card, "1.00", start_to_close_timeout=timedelta(seconds=20)
                    )
                    for _ in range(width)
                )
            )
        return rounds


@workflow.defn
class Lingering:
    """One attempt that runs for as long as it is let."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            linger,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=20),
        )


@workflow.defn
class Telling:
    """An activity that times out after it told something; tried again an hour later, if at all."""

    @workflow.run
    async def run(self, told: Any, attempts: int) -> None:
        await workflow.execute_activity(
            tell_once,
            told,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=1),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(hours=1), maximum_attempts=attempts
            ),
        )


@workflow.defn
class Wide:
    """So many activities at once, that fail again and again."""

    @workflow.run
    async def run(self, width: int, pause_seconds: float = 0.1, factor: float = 2.0) -> None:
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    charge_card,
                    "never",
                    start_to_close_timeout=timedelta(seconds=20),
                    retry_policy=RetryPolicy(
                        initial_interval=timedelta(seconds=pause_seconds),
                        backoff_coefficient=factor,
                        maximum_interval=timedelta(seconds=10),
                    ),
                )
                for _ in range(width)
            )
        )


@workflow.defn
class Lost:
    """Waits for what nobody can tell it."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@workflow.defn
class Stalling:
    """Its update is accepted and does not end."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def stall(self) -> None:
        await workflow.wait_condition(lambda: False)


WORKFLOWS = (Waiting, Charging, Counting, Lingering, Telling, Wide, Lost, Stalling)


@dataclass(frozen=True, slots=True)
class RunningWorker:
    identity: str


class Program:
    """One client and its loop, for sync tests."""

    def __init__(
        self, address: str, namespace: str, converter: DataConverter = DataConverter.default
    ) -> None:
        self.namespace = namespace
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = self.wait(
            Client.connect(address, namespace=namespace, data_converter=converter)
        )

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, doing: Coroutine[Any, Any, T], within: float = 30) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(doing, self._loop)
        return future.result(within)

    def start(
        self, kind: str, workflow_id: str, queue: str, *arguments: Any, **options: Any
    ) -> RunKey:
        handle: WorkflowHandle[Any, Any] = self.wait(
            self.client.start_workflow(
                kind, args=list(arguments), id=workflow_id, task_queue=queue, **options
            )
        )
        return RunKey(self.namespace, workflow_id, handle.first_execution_run_id or "")

    def signal(self, key: RunKey, name: str, *arguments: Any) -> None:
        handle = self.client.get_workflow_handle(key.workflow_id, run_id=key.run_id)
        self.wait(handle.signal(name, args=list(arguments)))

    def result(self, key: RunKey) -> Any:
        return self.wait(
            self.client.get_workflow_handle(key.workflow_id, run_id=key.run_id).result()
        )

    def await_status(self, key: RunKey, status: str, events_min: int = 0) -> RunDetail:
        return eventually(
            lambda: describe(key),
            lambda run: run.summary.status == status and run.summary.history_length >= events_min,
            within=30,
        )


@pytest.fixture
def program(server_address: str, engine: str) -> Iterator[Program]:
    """A client of the server.

    Workflows are started with `program.start("Charging", id, queue, …)`.
    """
    made = Program(server_address, "default")
    yield made
    made.close()


@contextmanager
def working(
    program: Program,
    queue: str,
    workflows: Sequence[type],
    activities: Sequence[Any] = (),
    **options: Any,
) -> Iterator[None]:
    """A worker of this code polls the queue until the block ends."""

    async def make() -> Worker:
        return Worker(
            program.client,
            task_queue=queue,
            workflows=workflows,
            activities=activities,
            workflow_runner=UnsandboxedWorkflowRunner(),
            graceful_shutdown_timeout=timedelta(seconds=1),
            **options,
        )

    worker = program.wait(make())
    task = asyncio.run_coroutine_threadsafe(worker.run(), program._loop)
    try:
        yield
    finally:
        program.wait(worker.shutdown())
        task.result(10)


@contextmanager
def running(program: Program, queue: str) -> Iterator[RunningWorker]:
    """A worker of all of the above."""
    identity = f"worker-of-{queue}"
    activities = [charge_card, linger, tell_once]
    with working(program, queue, WORKFLOWS, activities, identity=identity):
        yield RunningWorker(identity)
