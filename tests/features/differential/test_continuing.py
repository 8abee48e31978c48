"""Pinned runs whose queue is routed elsewhere by now: both servers tell them and let them go."""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client

from tests.features.differential.conftest import told_alike
from tests.features.differential.test_overrides import Hands, Shop
from tests.support.commands import continue_as_new
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names


async def goes_on(server: Server, name: str) -> list[Any]:
    """Pinned runs whose queue is routed elsewhere: what they are told, and how they continue."""
    shop = Shop(server, await Client.connect(server.address), name)
    hands = Hands(shop)
    await hands.meet()
    told: list[Any] = []

    async def signal(workflow_id: str) -> None:
        await server.workflows.SignalWorkflowExecution(
            SignalWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=WorkflowExecution(workflow_id=workflow_id),
                signal_name="go",
            )
        )

    async def continues(workflow_id: str, by: str, **given: Any) -> None:
        """Its next run, which `by` is to get."""
        await signal(workflow_id)
        told.append(await hands.does("one"))
        told.append(await shop.says(workflow_id))
        await signal(workflow_id)
        told.append(await hands.does("one", continue_as_new(name, **given)))
        told.append(await shop.says(workflow_id))
        told.append(await hands.does(by))
        told.append(await shop.says(workflow_id))

    async def is_told() -> bool:
        """Whether the queue knows: a describe of it may be ahead."""
        await signal(probe)
        task = await hands.poll("one")
        await hands.answer(task, "one")
        found = [each.workflow_task_started_event_attributes for each in await shop.events(probe)]
        return any(each.target_worker_deployment_version_changed for each in found)

    probe = f"{name}-probe"
    runs = [f"{name}-{which}" for which in ("stays", "upgrades", "ramps")]
    for run in (*runs, probe):
        await server.start(run, name)
        told.append(await hands.does("one"))
    await shop.set_current("two")
    await eventually_async(
        shop.queue, lambda queue: queue.current_deployment_version.build_id == "two", within=20
    )
    await eventually_async(is_told, within=20)
    await continues(runs[0], "one")
    await continues(runs[1], "two", initial_versioning_behavior=1)
    await shop.set_current("one")
    await shop.ramps("two", 0)
    await eventually_async(
        shop.queue, lambda queue: queue.current_deployment_version.build_id == "one", within=20
    )
    await continues(runs[2], "two", initial_versioning_behavior=2)
    return told


async def test_both_servers_let_pinned_runs_go_on_alike(
    server: Server, official: Server, names: Names
) -> None:
    await told_alike(goes_on, server, official, names.queue())
