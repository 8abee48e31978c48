"""A run's version is overridden: both servers move its tasks, and tell of it alike."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import Priority, WorkerVersionStamp, WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.enums.v1 import (
    EventType,
    ResetReapplyExcludeType,
    TaskQueueKind,
    WorkerVersioningMode,
)
from temporalio.api.enums.v1 import VersioningBehavior as Behavior
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    PollWorkflowTaskQueueResponse,
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client, WorkflowHandle

from tests.features.differential.conftest import Script, told_alike
from tests.features.differential.fleet import Fleet
from tests.support.commands import continue_as_new, start_child
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

#: What it returns is compared.
OVERRIDE = "versioning_override"
AUTO = VersioningOverride(auto_upgrade=True)
PINNED, UPGRADED = Behavior.VERSIONING_BEHAVIOR_PINNED, Behavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE


class Shop(Fleet):
    """A fleet whose runs are told where to go."""

    async def change(
        self,
        workflow_id: str,
        override: VersioningOverride | None = None,
        paths: Sequence[str] | None = (OVERRIDE,),
        **given: Any,
    ) -> str:
        asked = UpdateWorkflowExecutionOptionsRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            workflow_execution_options=WorkflowExecutionOptions(
                versioning_override=override, **given
            ),
            update_mask=None if paths is None else FieldMask(paths=paths),
            identity="an operator",
        )
        try:
            answer = str(await self.server.workflows.UpdateWorkflowExecutionOptions(asked))
        except grpc.aio.AioRpcError as refused:
            answer = f"{refused.code().name} {refused.details()}"
        return _plain(answer.replace(self.name, "NAME"))

    async def events(self, workflow_id: str) -> list[HistoryEvent]:
        return await self.server.history(WorkflowExecution(workflow_id=workflow_id))

    async def says(self, workflow_id: str) -> list[str]:
        """Its versions as they are shown, and its history as far as it speaks of them."""
        history = [*map(_line, await self.events(workflow_id))]
        lines = [*await self.shown(workflow_id), *history]
        return [_plain(line.replace(self.name, "NAME")) for line in lines]

    async def shown(self, workflow_id: str) -> list[str]:
        asked = DescribeWorkflowExecutionRequest(
            namespace="default", execution=WorkflowExecution(workflow_id=workflow_id)
        )
        described = await self.server.workflows.DescribeWorkflowExecution(asked)
        info = described.workflow_execution_info
        info.versioning_info.ClearField("revision_number")
        info.versioning_info.ClearField("version_transition")
        found = info.search_attributes.indexed_fields
        # Of a task that a reset failed only ours says so.
        found.pop("TemporalReportedProblems", None)
        shown = [f"{name} {found[name].data!r}" for name in sorted(found)]
        told = [info.worker_deployment_name, str(info.versioning_info), str(info.priority)]
        return [line.replace(self.name, "NAME") for line in [*told, *shown]]


def _plain(told: str) -> str:
    """Without the priority that the SDK sends and that says nothing, and Go's fickle spaces."""
    return re.sub(r"\s*priority {\s*}", "", told.replace("\xa0", " ")).strip()


def _line(event: HistoryEvent) -> str:
    began = event.workflow_execution_started_event_attributes
    changed = event.workflow_execution_options_updated_event_attributes
    queue = event.workflow_task_scheduled_event_attributes.task_queue
    by = event.workflow_task_completed_event_attributes.deployment_version.build_id
    name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    kind = TaskQueueKind.Name(queue.kind) if queue.kind else ""
    began.inherited_auto_upgrade_info.ClearField("source_deployment_revision_number")
    began.declined_target_version_upgrade.ClearField("revision_number")
    inherits = (
        f"{began.inherited_pinned_version} {began.versioning_override}"
        f" {began.inherited_auto_upgrade_info} {began.declined_target_version_upgrade}"
    ).strip()
    taken = event.workflow_task_started_event_attributes
    moved_on = "moved on" if taken.target_worker_deployment_version_changed else ""
    ignored = "may be ignored" if event.worker_may_ignore else ""
    return f"{event.event_id} {name} {kind} {by} {inherits} {changed} {ignored} {moved_on}"


async def moved(server: Server, name: str) -> list[Any]:
    """Runs of both behaviors, pinned elsewhere, upgraded, and left to their code again."""
    shop = Shop(server, await Client.connect(server.address), name)
    told: list[Any] = []

    async def goes_on(run: WorkflowHandle[Any, str]) -> list[str]:
        """After one more workflow task."""
        length = len(await shop.events(run.id))
        await run.signal("ignored")
        await eventually_async(
            lambda: shop.events(run.id), lambda events: len(events) >= length + 4, within=20
        )
        return await shop.says(run.id)

    async with shop.worker("one"), shop.worker("two"):
        await shop.set_current("one")
        await eventually_async(shop.serves_new_runs, lambda by: by == "one", within=20)
        shop.started = 0
        for kind in ("Pinned", "Upgraded"):
            run = await shop.start(kind, 1)
            await eventually_async(lambda run=run: run.query("build"))
            for override in (shop.pin("two"), AUTO, None, shop.pin("two"), None):
                told.append(await shop.change(run.id, override))
                told.append(await shop.says(run.id))
                told.append(await goes_on(run))
            await run.terminate()
    return told


class Hands:
    """Workers of two builds that answer what they are told to."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.worker = ScriptedWorker(shop.server, shop.name)

    async def meet(self) -> None:
        """The server knows both, and the first is current."""
        await asyncio.gather(self.poll("one", 2.5), self.poll("two", 2.5), return_exceptions=True)
        await eventually_async(self.shop.versions, lambda found: set(found) == {"one", "two"})
        await self.shop.set_current("one")
        await eventually_async(
            self.shop.queue, lambda told: told.current_deployment_version.build_id, within=20
        )

    async def poll(self, build: str, within: float = 10) -> PollWorkflowTaskQueueResponse:
        return await self.worker.poll(within, deployment_options=self.options(build))

    async def does(self, build: str, *commands: Any, behavior: Any = PINNED) -> str:
        """The next task of the build; which run it is of."""
        task = await self.poll(build)
        if not task.task_token:
            return f"nothing for {build}"
        await self.answer(task, build, *commands, behavior=behavior)
        workflow_id: str = task.workflow_execution.workflow_id
        return f"{workflow_id} by {build}".replace(self.shop.name, "NAME")

    async def answer(
        self,
        task: PollWorkflowTaskQueueResponse,
        build: str,
        *commands: Any,
        behavior: Any = PINNED,
    ) -> None:
        await self.worker.answer(
            task,
            *commands,
            deployment_options=self.options(build),
            versioning_behavior=behavior,
            worker_version_stamp=WorkerVersionStamp(build_id=build),
        )

    def options(self, build: str) -> WorkerDeploymentOptions:
        return WorkerDeploymentOptions(
            deployment_name=self.shop.name,
            build_id=build,
            worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
        )


async def waiting(server: Server, name: str) -> list[Any]:
    """Tasks that wait or are under way, and what children and later runs inherit."""
    shop = Shop(server, await Client.connect(server.address), name)
    hands = Hands(shop)
    await hands.meet()
    told: list[Any] = []

    await server.start(f"{name}-waits", name)
    told.append(await shop.change(f"{name}-waits", shop.pin("two")))
    told += [await hands.does("two"), await shop.says(f"{name}-waits")]

    await server.start(f"{name}-goes", name)
    task = await hands.poll("one")
    for override in (shop.pin("two"), None, shop.pin("two")):
        told.append(await shop.change(f"{name}-goes", override))
    await hands.answer(task, "one")
    told += [await hands.does("two"), await shop.says(f"{name}-goes")]

    await server.start(f"{name}-parent", name)
    told.append(await hands.does("one", behavior=UPGRADED))
    told.append(await shop.change(f"{name}-parent", shop.pin("two")))
    request = SignalWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=WorkflowExecution(workflow_id=f"{name}-parent"),
        signal_name="go",
    )
    await server.workflows.SignalWorkflowExecution(request)
    told.append(await hands.does("two", start_child(f"{name}-child", name), behavior=UPGRADED))
    told.append(sorted([await hands.does("two"), await hands.does("two")]))
    told.append(await shop.says(f"{name}-child"))
    await server.workflows.SignalWorkflowExecution(request)
    told.append(await hands.does("two", continue_as_new(name), behavior=UPGRADED))
    told += [await hands.does("two"), await shop.says(f"{name}-parent")]
    return told


async def begins(server: Server, name: str) -> list[Any]:
    """Runs that are started with an override, in each of the ways to say one."""
    shop = Shop(server, await Client.connect(server.address), name)
    hands = Hands(shop)
    await hands.meet()
    told: list[Any] = []
    ways = (
        shop.pin("two"),
        AUTO,
        VersioningOverride(behavior=PINNED, pinned_version=f"{name}.two"),
        VersioningOverride(behavior=UPGRADED),
        VersioningOverride(),
        VersioningOverride(behavior=PINNED),
        VersioningOverride(auto_upgrade=False),
        shop.pin("none"),
    )
    for number, override in enumerate(ways):
        asked = StartWorkflowExecutionRequest(
            workflow_id=f"{name}-{number}", versioning_override=override, request_id=f"r{number}"
        )
        asked.workflow_type.name, asked.task_queue.name = "Scripted", name
        said = await shop.refusal("StartWorkflowExecution", asked)
        told.append(said)
        if said == "done":
            told.append(await shop.says(f"{name}-{number}"))
            told.append(await shop.change(f"{name}-{number}", None))
            told.append(await shop.says(f"{name}-{number}"))
    return told


async def refusals(server: Server, name: str) -> list[Any]:
    shop = Shop(server, await Client.connect(server.address), name)
    hands = Hands(shop)
    run = f"{name}-run"
    told: list[Any] = [await shop.change("", AUTO), await shop.change(f"{name}-none", AUTO)]
    await hands.meet()
    await server.start(run, name)
    told += [
        await shop.change(run, AUTO, None),
        await shop.change(run, AUTO, ()),
        await shop.change(run, AUTO, ("nonsense",)),
        await shop.change(run, AUTO, ("versioningOverride",)),
        await shop.change(run, AUTO, (f"{OVERRIDE}.pinned",)),
        await shop.change(run, AUTO, (f"{OVERRIDE}.behavior",)),
        await shop.change(run, None),
        await shop.change(run, shop.pin("")),
        await shop.change(run, shop.pin("none")),
        await shop.change(run, VersioningOverride()),
        await shop.change(run, VersioningOverride(auto_upgrade=False)),
        await shop.change(run, VersioningOverride(behavior=PINNED)),
        await shop.change(run, VersioningOverride(behavior=UPGRADED, pinned_version="a.b")),
    ]
    unsaid = VersioningOverride()
    unsaid.pinned.version.deployment_name, unsaid.pinned.version.build_id = name, "one"
    older = VersioningOverride(behavior=PINNED, pinned_version=f"{name}.two")
    key, weight = "priority.priority_key", "priority.fairness_weight"
    told += [
        await shop.change(run, unsaid),
        await shop.change(run, older),
        await shop.change(run, AUTO, (OVERRIDE, "priority"), priority=Priority(priority_key=2)),
        await shop.change(run, None, (weight,), priority=Priority(fairness_weight=3)),
        await shop.change(run, None, (key,), priority=Priority(priority_key=-1)),
        await shop.change(run, None, (), priority=Priority(priority_key=1)),
        await shop.says(run),
        await hands.does("one", behavior=UPGRADED),
        await shop.change(run, None),
        await shop.change(run, shop.pin("")),
    ]
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(
            namespace="default", workflow_execution=WorkflowExecution(workflow_id=run)
        )
    )
    return [*told, await shop.change(run, AUTO), await shop.change(run, None)]


async def resets(server: Server, name: str) -> list[Any]:
    """What was said of a run holds for the run that it is reset into, whatever is applied again."""
    shop = Shop(server, await Client.connect(server.address), name)
    hands = Hands(shop)
    await hands.meet()
    run = await server.start(f"{name}-run", name)
    told: list[Any] = [await hands.does("one")]
    for override in (shop.pin("two"), None):
        told.append(await shop.change(run.workflow_id, override))
        request = ResetWorkflowExecutionRequest(
            namespace="default", workflow_execution=run, workflow_task_finish_event_id=4,
            reason="a test", request_id=f"with {override}",
            reset_reapply_exclude_types=[ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL],
        )  # fmt: skip
        run = WorkflowExecution(
            workflow_id=run.workflow_id,
            run_id=(await server.workflows.ResetWorkflowExecution(request)).run_id,
        )
        told.append(await shop.shown(run.workflow_id))
        told.append(await hands.does("two" if override else "one"))
        told.append(await shop.shown(run.workflow_id))
    return told


@pytest.mark.parametrize("script", [moved, waiting, begins, refusals, resets])
async def test_both_servers_override_alike(
    script: Script,
    server: Server,
    official: Server,
    names: Names,
) -> None:
    name = names.queue()

    await told_alike(script, server, official, name)
