"""Rules by which activities are paused: what this server does with them and the official one does
not."""

from __future__ import annotations

import itertools

import grpc
import pytest
from temporalio.api.rules.v1 import WorkflowRuleSpec
from temporalio.api.workflowservice.v1 import (
    CreateWorkflowRuleRequest,
    ListWorkflowRulesRequest,
    RegisterNamespaceRequest,
)

from engine.frontend.rules import RULES_MAX
from tests.support.commands import schedule_activity, seconds
from tests.support.engine import Server
from tests.support.names import Names
from tests.support.rules import asked, comes_to_be_held, spec
from tests.support.worker import ScriptedWorker

LONG_AGO_SECONDS, FAR_OFF_SECONDS = 1_000_000_000, 4_000_000_000
_numbers = itertools.count()


@pytest.fixture
async def shop(server: Server) -> Server:
    """The server, in a namespace that no other test has."""
    shop = Server(server.address, server.kind)
    shop.namespace = f"rules-{next(_numbers)}"
    await shop.workflows.RegisterNamespace(
        RegisterNamespaceRequest(
            namespace=shop.namespace, workflow_execution_retention_period=seconds(86_400)
        )
    )
    return shop


async def create(shop: Server, made: WorkflowRuleSpec) -> None:
    await shop.workflows.CreateWorkflowRule(asked(made, namespace=shop.namespace))


async def refusal(request: CreateWorkflowRuleRequest, shop: Server) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shop.workflows.CreateWorkflowRule(request)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    return refused.value.details() or ""


async def listed(shop: Server) -> list[str]:
    request = ListWorkflowRulesRequest(namespace=shop.namespace)
    return [rule.spec.id for rule in (await shop.workflows.ListWorkflowRules(request)).rules]


async def test_the_rule_that_expired_first_makes_room_and_no_other(shop: Server) -> None:
    for number, expires in enumerate((FAR_OFF_SECONDS, LONG_AGO_SECONDS + 1, LONG_AGO_SECONDS)):
        made = spec(f"rule {number}", "Attempts > 1")
        made.expiration_time.FromSeconds(expires)
        await create(shop, made)
    for number in range(3, RULES_MAX):
        await create(shop, spec(f"rule {number}", "Attempts > 1"))

    await create(shop, spec("rule 10", "Attempts > 1"))
    await create(shop, spec("rule 11", "Attempts > 1"))

    assert await listed(shop) == ["rule 0", *(f"rule {number}" for number in range(3, 12))]
    full = asked(spec("rule 12", "Attempts > 1"), namespace=shop.namespace)
    assert await refusal(full, shop) == "Workflow Rule limit exceeded. Max: 10"


async def test_what_can_never_hold_anything_is_refused(shop: Server) -> None:
    request = asked(spec("rule", "Tries > 1"), namespace=shop.namespace)

    assert "there is no attribute 'Tries' at position 1" in await refusal(request, shop)
    assert await listed(shop) == []


async def test_what_a_rule_concerns_is_not_started_eagerly(shop: Server, names: Names) -> None:
    await create(shop, spec("rule", "ActivityId = 'charge'"))
    queue = names.queue()
    run = await shop.start(names.workflow(), queue)
    worker = ScriptedWorker(shop, queue)
    task = await worker.poll()

    answer = await worker.answer(
        task,
        schedule_activity("charge", queue, request_eager_execution=True),
        schedule_activity("ship", queue, request_eager_execution=True),
    )

    assert [each.activity_id for each in answer.activity_tasks] == ["ship"]
    await worker.complete_activity(answer.activity_tasks[0])
    assert await comes_to_be_held(worker, run)
