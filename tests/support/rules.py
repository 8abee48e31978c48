"""Rules by which activities are paused, and the moment from which they hold."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.rules.v1 import WorkflowRuleAction, WorkflowRuleSpec
from temporalio.api.workflowservice.v1 import (
    CreateWorkflowRuleRequest,
    DeleteWorkflowRuleRequest,
    DescribeWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.support.commands import schedule_activity
from tests.support.engine import Server, in_turn
from tests.support.eventually import eventually_async
from tests.support.worker import ScriptedWorker

_probes = itertools.count()
PAUSE = WorkflowRuleAction(activity_pause=WorkflowRuleAction.ActionActivityPause())


def spec(rule_id: str, predicate: str, **given: Any) -> WorkflowRuleSpec:
    made = WorkflowRuleSpec(id=rule_id, actions=[PAUSE], **given)
    made.activity_start.predicate = predicate
    return made


def asked(made: WorkflowRuleSpec, **given: Any) -> CreateWorkflowRuleRequest:
    given = {"namespace": "default", "identity": "Alice", "description": "a bad deploy", **given}
    return CreateWorkflowRuleRequest(spec=made, **given)


async def delete(server: Server, rule_id: str) -> None:
    gone = DeleteWorkflowRuleRequest(namespace=server.namespace, rule_id=rule_id)
    await in_turn(lambda: server.workflows.DeleteWorkflowRule(gone))


async def in_force(server: Server) -> None:
    """What was made and deleted so far; the official server learns of it a moment later."""
    if not server.is_official:
        return
    probe = f"probe {next(_probes)}"
    made = asked(spec(probe, f"ActivityType = '{probe}'"), namespace=server.namespace)
    await in_turn(lambda: server.workflows.CreateWorkflowRule(made))
    worker = ScriptedWorker(server, probe)
    is_held = False
    while not is_held:
        run = await server.start(f"probe {next(_probes)}", probe)
        await worker.on_task(schedule_activity("probe", probe, kind=probe))
        is_held = await comes_to_be_held(worker, run)
        await server.workflows.TerminateWorkflowExecution(
            TerminateWorkflowExecutionRequest(namespace=server.namespace, workflow_execution=run)
        )
    await delete(server, probe)


async def comes_to_be_held(
    worker: ScriptedWorker, run: WorkflowExecution, activity_id: str = ""
) -> bool:
    """Whether the activity is paused, or else in the hands of the worker, who asks for it."""
    poll = asyncio.create_task(worker.poll_activity())
    request = DescribeWorkflowExecutionRequest(namespace=worker.server.namespace, execution=run)
    described = worker.server.workflows.DescribeWorkflowExecution

    async def is_settled() -> bool:
        found = await described(request)
        meant = [e for e in found.pending_activities if activity_id in ("", e.activity_id)]
        return poll.done() or all(each.paused for each in meant)

    await eventually_async(is_settled, within=9)
    if poll.done():
        return not (await poll).task_token
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    return True
