"""Rules by which activities are paused: how they are kept, and what they are read as.

Differences that are kept: those of `programs_rules.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import Message
from temporalio.api.rules.v1 import WorkflowRuleSpec
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowRuleRequest,
    DescribeNamespaceRequest,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowRuleRequest,
    ListWorkflowRulesRequest,
    RegisterNamespaceRequest,
    TriggerWorkflowRuleRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import schedule_activity, seconds
from tests.support.engine import Server, detail_names, in_turn
from tests.support.eventually import eventually_async
from tests.support.rules import asked, comes_to_be_held, in_force, spec
from tests.support.worker import ScriptedWorker


async def _tries(stage: Stage, call: Awaitable[Message]) -> None:
    """Note how it was answered, but for times."""
    try:
        stage.show(await call)
    except grpc.aio.AioRpcError as refusal:
        stage.note("refused", refusal.code().name, refusal.details(), *detail_names(refusal))


async def _namespace(stage: Stage) -> Server:
    """The server, in a namespace of this play."""
    server = Server(stage.server.address, stage.server.kind)
    server.namespace = stage.queue.replace(" ", "-")
    made = RegisterNamespaceRequest(
        namespace=server.namespace, workflow_execution_retention_period=seconds(86_400)
    )
    await in_turn(lambda: server.workflows.RegisterNamespace(made))

    async def is_known() -> bool:
        request = ListWorkflowRulesRequest(namespace=server.namespace)
        try:
            await server.workflows.ListWorkflowRules(request)
            await server.workflows.DescribeNamespace(
                DescribeNamespaceRequest(namespace=server.namespace)
            )
        except grpc.aio.AioRpcError:
            return False
        return True

    await eventually_async(is_known, within=10)
    return server


async def rules_are_kept_with_their_namespace(stage: Stage) -> None:
    server = await _namespace(stage)

    async def create(made: WorkflowRuleSpec | None, **given: Any) -> None:
        request = asked(made or WorkflowRuleSpec(), namespace=server.namespace, **given)
        if made is None:
            request.ClearField("spec")
        await _tries(stage, in_turn(lambda: server.workflows.CreateWorkflowRule(request)))

    async def act(name: str, rule_id: str) -> None:
        request = {"Describe": DescribeWorkflowRuleRequest, "Delete": DeleteWorkflowRuleRequest}
        call = getattr(server.workflows, f"{name}WorkflowRule")
        given = {"namespace": server.namespace, "rule_id": rule_id}
        await _tries(stage, call(request[name](**given)))

    async def listed() -> None:
        request = ListWorkflowRulesRequest(namespace=server.namespace)
        found = await server.workflows.ListWorkflowRules(request)
        stage.note(sorted(rule.spec.id for rule in found.rules), found.next_page_token)

    await listed()
    await create(None)
    await create(spec("", "Attempts > 1"))
    await create(spec("x" * 1_001, "Attempts > 1"))
    await create(spec("one", "Attempts > 1"), force_scan=True, request_id="a")
    await create(spec("one", "Attempts > 1"), force_scan=True, request_id="a")
    for name in ("Describe", "Delete"):
        for rule_id in ("", "another", "one"):
            await act(name, rule_id)
    await act("Delete", "one")
    await listed()
    for number in range(11):
        await create(spec(f"rule {number}", "Attempts > 1"), description="", identity="")
    await listed()
    await act("Delete", "rule 3")
    await create(spec("rule 11", "Attempts > 1"))
    await listed()


async def rules_are_triggered_by_nobody(stage: Stage) -> None:
    run = await stage.start()
    request = TriggerWorkflowRuleRequest(namespace="default", execution=run, id="one")
    await _tries(stage, stage.server.workflows.TriggerWorkflowRule(request))
    request.namespace = "nowhere"
    await _tries(stage, stage.server.workflows.TriggerWorkflowRule(request))


async def rules_of_no_namespace(stage: Stage) -> None:
    workflows = stage.server.workflows
    for namespace in ("", "nowhere"):
        made = asked(spec("one", "Attempts > 1"), namespace=namespace)
        await _tries(stage, workflows.CreateWorkflowRule(made))
        named = {"namespace": namespace, "rule_id": "one"}
        await _tries(stage, workflows.DescribeWorkflowRule(DescribeWorkflowRuleRequest(**named)))
        await _tries(stage, workflows.DeleteWorkflowRule(DeleteWorkflowRuleRequest(**named)))
        every = ListWorkflowRulesRequest(namespace=namespace)
        await _tries(stage, workflows.ListWorkflowRules(every))


#: Held or not, each of an activity of its own: `charge 0` and so on, on a first attempt.
PREDICATES = (
    "ActivityId = 'charge 0'",
    "ActivityId != 'charge 1'",
    "ActivityId STARTS_WITH 'charge'",
    "ActivityId NOT STARTS_WITH 'charge'",
    "ActivityState = 'Scheduled' AND (Attempts < 1 OR Attempts <= 1)",
    "Attempts > 1 OR BackoffInterval < 100",
    "TaskQueue = 'nowhere' OR Attempts != 2",
    "StartedTime BETWEEN '2020-01-01T00:00:00Z' AND '2120-01-01T00:00:00Z'",
)
_QUERIES = (
    "StartTime > '2020-01-01T00:00:00Z'",
    "WorkflowId STARTS_WITH 'a run'",
)


async def rules_read_predicates(stage: Stage) -> None:
    await _held_by(stage, [spec(f"rule {n}", _of(n, said)) for n, said in enumerate(PREDICATES)])


async def rules_read_queries(stage: Stage) -> None:
    made = [
        spec(f"rule {n}", _of(n, "Attempts = 1"), visibility_query=said)
        for n, said in enumerate(_QUERIES)
    ]
    await _held_by(stage, made)


def _of(number: int, predicate: str) -> str:
    return f"ActivityType = 'Charge {number}' AND ({predicate})"


async def _held_by(stage: Stage, rules: list[WorkflowRuleSpec]) -> None:
    server = await _namespace(stage)
    for made in rules:
        request = asked(made, namespace=server.namespace)
        await in_turn(partial(server.workflows.CreateWorkflowRule, request))
    await in_force(server)
    worker = ScriptedWorker(server, "charging")
    run = await server.start("a run", "charging")
    await worker.on_task(
        *(
            schedule_activity(f"charge {n}", f"charging {n}", kind=f"Charge {n}")
            for n in range(len(rules))
        )
    )

    async def is_held(number: int) -> bool:
        polled = ScriptedWorker(server, f"charging {number}")
        return await comes_to_be_held(polled, run, f"charge {number}")

    for made, held in zip(
        rules, await asyncio.gather(*map(is_held, range(len(rules)))), strict=True
    ):
        stage.note(made.visibility_query or made.activity_start.predicate, held)
    request = DescribeWorkflowExecutionRequest(namespace=server.namespace, execution=run)
    found = await server.workflows.DescribeWorkflowExecution(request)
    for activity in sorted(found.pending_activities, key=lambda each: each.activity_id):
        stage.note(activity.activity_id, activity.state, activity.pause_info.rule.rule_id)
    await server.channel.close()
