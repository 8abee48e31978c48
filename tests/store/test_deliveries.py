"""Messages from run to run: where they arrive, and what the sender hears when they cannot."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import CancelExternalWorkflowExecutionFailedCause as CancelCause
from temporalio.api.enums.v1 import SignalExternalWorkflowExecutionFailedCause as SignalCause
from temporalio.api.enums.v1 import StartChildWorkflowExecutionFailedCause as ChildCause
from temporalio.api.history.v1 import HistoryEvent

from engine.core.keys import RunKey
from tests.support import commands
from tests.support.eventually import eventually_async
from tests.support.node import QUEUE, Node, node

TERMINATED = 5


@pytest.fixture
async def one(url: str) -> AsyncIterator[Node]:
    async with node(url) as one:
        yield one


async def heard(one: Node, run: RunKey, attributes: str) -> Any:
    """What the first event of this kind says, when it comes."""
    field = f"{attributes}_event_attributes"

    async def event() -> HistoryEvent | None:
        found = [event for event in await one.history(run) if event.HasField(field)]  # type: ignore[arg-type]
        return found[0] if found else None

    return getattr(await eventually_async(event), field)


async def test_a_child_whose_id_is_taken_is_not_started(one: Node) -> None:
    taken = await one.start("taken")
    await one.on_task()
    parent = await one.start("parent")
    await one.on_task(commands.start_child("taken", QUEUE))

    failed = await heard(one, parent, "start_child_workflow_execution_failed")

    assert failed.cause == (
        ChildCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS
    )
    assert await one.status(taken) == 1


async def test_a_child_in_a_namespace_that_is_not_there_is_not_started(one: Node) -> None:
    parent = await one.start("parent")
    await one.on_task(commands.start_child("child", QUEUE, namespace="nowhere"))

    failed = await heard(one, parent, "start_child_workflow_execution_failed")

    assert failed.cause == (
        ChildCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
    )


async def test_a_signal_reaches_another_run(one: Node) -> None:
    receiver = await one.start("receiver")
    await one.on_task()
    sender = await one.start("sender")
    await one.on_task(commands.signal_external("receiver", "paid"))

    signalled = await heard(one, receiver, "workflow_execution_signaled")
    await heard(one, sender, "external_workflow_execution_signaled")

    assert signalled.signal_name == "paid"
    assert signalled.external_workflow_execution.workflow_id == "sender"


async def test_a_signal_to_nobody_is_answered_so(one: Node) -> None:
    sender = await one.start("sender")
    await one.on_task(commands.signal_external("nobody", "paid"))

    failed = await heard(one, sender, "signal_external_workflow_execution_failed")

    assert failed.cause == (
        SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND
    )


async def test_a_child_signal_does_not_reach_a_stranger(one: Node) -> None:
    stranger = await one.start("stranger")
    await one.on_task()
    sender = await one.start("sender")
    await one.on_task(commands.signal_external("stranger", "paid", child_workflow_only=True))

    await heard(one, sender, "signal_external_workflow_execution_failed")

    assert not any(
        event.HasField("workflow_execution_signaled_event_attributes")
        for event in await one.history(stranger)
    )


async def test_a_request_to_cancel_nobody_is_answered_so(one: Node) -> None:
    sender = await one.start("sender")
    command = commands.command(
        "request_cancel_external_workflow_execution", namespace="default", workflow_id="nobody"
    )
    await one.on_task(command)

    failed = await heard(one, sender, "request_cancel_external_workflow_execution_failed")

    assert failed.cause == (
        CancelCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND
    )


async def test_a_parent_that_ends_takes_its_child_with_it(one: Node) -> None:
    parent = await one.start("parent")
    await one.on_task(commands.start_child("child", QUEUE))
    started = await heard(one, parent, "child_workflow_execution_started")
    execution: WorkflowExecution = started.workflow_execution
    child = parent._replace(workflow_id="child", run_id=execution.run_id)

    await one.terminate(parent)

    async def is_terminated() -> bool:
        return await one.status(child) == TERMINATED

    await eventually_async(is_terminated)


async def test_what_has_arrived_leaves_no_row(one: Node) -> None:
    parent = await one.start("parent")
    await one.on_task(commands.start_child("child", QUEUE))
    await heard(one, parent, "child_workflow_execution_started")
    await one.terminate(parent)

    async def left() -> bool:
        async with one.writer.pool.connection() as connection:
            cursor = await connection.execute("select 1 from transfer_tasks where kind = 'deliver'")
            return await cursor.fetchone() is None

    await eventually_async(left)
