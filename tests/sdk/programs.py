"""Workflows on the official SDK, one for each thing that a worker asks of a server."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError

MOMENT = timedelta(seconds=10)


@activity.defn
async def greet(name: str) -> str:
    return f"Hello, {name}"


@activity.defn
async def third_time_lucky() -> int:
    attempt = activity.info().attempt
    if attempt < 3:
        raise ApplicationError("not yet", type="NotYet")
    return attempt


@activity.defn
async def beats_until_cancelled() -> str:
    try:
        while True:
            activity.heartbeat("alive")
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return "stopped"


@activity.defn
async def completed_elsewhere() -> str:
    activity.raise_complete_async()


@workflow.defn
class Greeting:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(greet, name, start_to_close_timeout=MOMENT)


@workflow.defn
class Persistent:
    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(
            third_time_lucky,
            start_to_close_timeout=MOMENT,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50)),
        )


@activity.defn
async def takes_its_time() -> str:
    await asyncio.sleep(3)
    return "done"


@workflow.defn
class Local:
    """A local activity that outlasts a workflow task, which its worker therefore keeps alive."""

    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_local_activity(
            takes_its_time, schedule_to_close_timeout=MOMENT
        )


@workflow.defn
class Many:
    """Activities that end while a workflow task runs, so that the next one follows at once."""

    @workflow.run
    async def run(self, count: int) -> list[str]:
        return await asyncio.gather(
            *(
                workflow.execute_activity(greet, str(number), start_to_close_timeout=MOMENT)
                for number in range(count)
            )
        )


@workflow.defn
class Cancelling:
    @workflow.run
    async def run(self) -> str:
        try:
            return await workflow.execute_activity(
                beats_until_cancelled,
                start_to_close_timeout=MOMENT,
                heartbeat_timeout=timedelta(seconds=2),
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except CancelledError:
            return "cancelled"


@workflow.defn
class Elsewhere:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            completed_elsewhere, activity_id="elsewhere", start_to_close_timeout=MOMENT
        )


@workflow.defn
class Sleeping:
    @workflow.run
    async def run(self, seconds: float) -> str:
        await workflow.sleep(seconds)
        return "rested"


@workflow.defn
class Account:
    """Takes deposits until it is closed."""

    def __init__(self) -> None:
        self.balance = 0
        self.closed = False

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.closed)
        return self.balance

    @workflow.signal
    def deposit(self, amount: int) -> None:
        self.balance += amount

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.query
    def current(self) -> int:
        return self.balance

    @workflow.update
    async def withdraw(self, amount: int) -> int:
        await workflow.sleep(0.01)
        self.balance -= amount
        return self.balance

    @withdraw.validator
    def covers(self, amount: int) -> None:
        if amount > self.balance:
            raise ApplicationError("not enough", type="NotEnough")


@workflow.defn
class Parent:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_child_workflow(Greeting.run, name)


@workflow.defn
class Counting:
    @workflow.run
    async def run(self, count: int) -> int:
        if count < 3:
            workflow.continue_as_new(count + 1)
        return count


@workflow.defn
class Failing:
    @workflow.run
    async def run(self) -> None:
        raise ApplicationError("no money", {"missing": "9.99"}, type="NoMoney", non_retryable=True)


WORKFLOWS = [
    Greeting, Persistent, Cancelling, Elsewhere, Sleeping, Account, Parent, Counting, Failing,
    Local, Many,
]  # fmt: skip
ACTIVITIES = [
    greet, third_time_lucky, beats_until_cancelled, completed_elsewhere, takes_its_time,
]  # fmt: skip
