"""Rules by which activities of workflows are paused: made, shown, listed, deleted.

They are part of their namespace, and so in the memory of every node; who makes or deletes one waits
until the other nodes know. Nothing is to be scanned for a new rule: each attempt is held against
the rules as it begins.
"""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.rules.v1 import WorkflowRule, WorkflowRuleSpec
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    CreateWorkflowRuleRequest,
    CreateWorkflowRuleResponse,
    DeleteWorkflowRuleRequest,
    DeleteWorkflowRuleResponse,
    DescribeWorkflowRuleRequest,
    DescribeWorkflowRuleResponse,
    ListWorkflowRulesRequest,
    ListWorkflowRulesResponse,
)

from engine.core import rules
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.frontend.parts import Parts
from engine.namespaces import Namespace

RULES_MAX = 10


async def create(parts: Parts, request: CreateWorkflowRuleRequest) -> CreateWorkflowRuleResponse:
    await parts.namespace(request.namespace)
    if not request.HasField("spec"):
        raise InvalidArgument("Rule Specification is not set.")
    _check(parts, request.spec)
    for name, given in (("Identity", request.identity), ("Description", request.description)):
        checks.length(name, given, parts.limits)
    at = parts.clock.now()
    rule = WorkflowRule(
        spec=request.spec,
        created_by_identity=request.identity,
        description=request.description,
    )
    rule.create_time.FromNanoseconds(at)
    added = rule.SerializeToString()
    rules.compiled(added)

    def changed(namespace: Namespace) -> Namespace:
        known = _room(_all(namespace), at)
        if request.spec.id in (each.spec.id for each in known):
            raise InvalidArgument("Workflow Rule with this ID already exists.")
        kept = [each.SerializeToString() for each in known]
        return namespace.with_changes(rules=(*kept, added))

    await parts.namespaces.change(request.namespace, changed)
    return CreateWorkflowRuleResponse(rule=rule)


def _check(parts: Parts, spec: WorkflowRuleSpec) -> None:
    if not spec.id:
        raise InvalidArgument("Workflow Rule ID is not set.")
    if len(spec.id) > parts.limits.id_length_max:
        raise InvalidArgument("Workflow Rule Id length exceeds limit.")
    checks.without_nul("Workflow Rule Id", spec.id)


def _room(known: list[WorkflowRule], at: int) -> list[WorkflowRule]:
    """Where all places are taken, one that has expired goes: the one that did first."""
    if len(known) < RULES_MAX:
        return known
    expired = [each for each in known if 0 < each.spec.expiration_time.ToNanoseconds() < at]
    if not expired:
        raise InvalidArgument(f"Workflow Rule limit exceeded. Max: {RULES_MAX}")
    first = min(expired, key=lambda each: each.spec.expiration_time.ToNanoseconds())
    return [each for each in known if each is not first]


async def describe(
    parts: Parts, request: DescribeWorkflowRuleRequest
) -> DescribeWorkflowRuleResponse:
    namespace = await parts.namespace(request.namespace)
    _check_named(request.rule_id)
    return DescribeWorkflowRuleResponse(rule=_named(namespace, request.rule_id))


async def delete(parts: Parts, request: DeleteWorkflowRuleRequest) -> DeleteWorkflowRuleResponse:
    await parts.namespace(request.namespace)
    _check_named(request.rule_id)

    def changed(namespace: Namespace) -> Namespace:
        gone = _named(namespace, request.rule_id)
        kept = [each.SerializeToString() for each in _all(namespace) if each != gone]
        return namespace.with_changes(rules=tuple(kept))

    await parts.namespaces.change(request.namespace, changed)
    return DeleteWorkflowRuleResponse()


async def list_all(parts: Parts, request: ListWorkflowRulesRequest) -> ListWorkflowRulesResponse:
    """There are so few that they are one page."""
    namespace = await parts.namespace(request.namespace)
    return ListWorkflowRulesResponse(rules=_all(namespace))


def tell_of(namespace: Namespace, activities: Iterable[PendingActivityInfo]) -> None:
    """Who made the rules that have paused them, and what for, as long as these are there."""
    by_id = {rule.spec.id: rule for rule in _all(namespace)}
    for activity in activities:
        paused_by = activity.pause_info
        if rule := by_id.get(paused_by.rule.rule_id):
            paused_by.rule.identity = rule.created_by_identity
            paused_by.rule.reason = rule.description


def _all(namespace: Namespace) -> list[WorkflowRule]:
    return [WorkflowRule.FromString(each) for each in namespace.rules]


def _check_named(rule_id: str) -> None:
    if not rule_id:
        raise InvalidArgument("Workflow Rule ID is not set.")


def _named(namespace: Namespace, rule_id: str) -> WorkflowRule:
    for rule in _all(namespace):
        if rule.spec.id == rule_id:
            return rule
    raise InvalidArgument("Workflow Rule with this ID not Found.")
