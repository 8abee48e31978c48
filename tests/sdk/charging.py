"""Customers who are charged three times each, and the careful caller who starts them."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from tests.support.eventually import eventually_async

CHARGES = 3
# The last is what the SDK makes of a connection that breaks in the middle of an answer.
PASSING = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.UNKNOWN,
)

charged: Counter[str] = Counter()


@activity.defn
async def charge(reference: str) -> str:
    charged[reference] += 1
    return f"{reference} charged"


@workflow.defn
class Charges:
    @workflow.run
    async def run(self, customer: str) -> list[str]:
        receipts = []
        for number in range(CHARGES):
            receipts.append(
                await workflow.execute_activity(
                    charge,
                    f"{customer}/{number}",
                    start_to_close_timeout=timedelta(seconds=3),
                    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=50)),
                )
            )
            await workflow.sleep(0.02)
        return receipts


async def until_stored(client: Client, customer: str) -> list[str]:
    """What a careful caller does whose call fails: the same call again, by the same id."""
    while True:
        try:
            await client.start_workflow(
                Charges.run, customer, id=customer, task_queue="crash",
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )  # fmt: skip
            break
        except WorkflowAlreadyStartedError:
            break
        except RPCError as trouble:
            await passed(trouble)
    while True:
        try:
            result: list[str] = await client.get_workflow_handle(customer).result()
        except RPCError as trouble:
            await passed(trouble)
        else:
            return result


async def passed(trouble: RPCError) -> None:
    if trouble.status not in PASSING:
        raise trouble
    await asyncio.sleep(0.05)


async def everything_ended_right(client: Client, finished: dict[str, list[str]]) -> None:
    for customer, receipts in finished.items():
        assert receipts == [f"{customer}/{number} charged" for number in range(CHARGES)]
        events = [
            event async for event in client.get_workflow_handle(customer).fetch_history_events()
        ]
        kinds = Counter(event.event_type for event in events)
        assert kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED] == CHARGES
        assert [event.event_id for event in events] == list(range(1, len(events) + 1))
        for number in range(CHARGES):
            assert charged[f"{customer}/{number}"] >= 1


async def every_record_is_in_the_index(client: Client, runs: int) -> None:
    """One run for each id: no start was doubled."""

    ours = "WorkflowType = 'Charges'"

    async def all_are_shown() -> None:
        counted = await client.count_workflows(f"{ours} AND ExecutionStatus = 'Completed'")
        assert counted.count == runs

    await eventually_async(all_are_shown, lambda _: True, within=10)
    assert (await client.count_workflows(ours)).count == runs
