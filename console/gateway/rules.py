"""Typed calls on workflow rules: which activities of a namespace are paused as they begin."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.api.rules.v1 import WorkflowRule, WorkflowRuleAction, WorkflowRuleSpec
from temporalio.api.workflowservice.v1 import (
    CreateWorkflowRuleRequest,
    DeleteWorkflowRuleRequest,
    ListWorkflowRulesRequest,
)

from console.gateway import payloads
from console.gateway.channel import call, workflow_service


@dataclass(frozen=True, slots=True)
class Wanted:
    """`activities` and `runs` are conditions in the language of lists; `runs` may be empty."""

    id: str
    activities: str
    runs: str
    #: None: until somebody deletes it
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rule:
    wanted: Wanted
    who: str
    reason: str
    created_at: datetime | None


def find(namespace: str) -> tuple[Rule, ...]:
    """A server keeps few, so they are read to the end."""
    found: list[Rule] = []
    token = b""
    while True:
        answer = call(
            workflow_service().ListWorkflowRules,
            ListWorkflowRulesRequest(namespace=namespace, next_page_token=token),
        )
        found += map(_rule, answer.rules)
        token = answer.next_page_token
        if not token:
            return tuple(found)


def create(namespace: str, wanted: Wanted, reason: str, *, identity: str, request_id: str) -> Rule:
    spec = WorkflowRuleSpec(
        id=wanted.id,
        activity_start=WorkflowRuleSpec.ActivityStartingTrigger(predicate=wanted.activities),
        visibility_query=wanted.runs,
        actions=[WorkflowRuleAction(activity_pause=WorkflowRuleAction.ActionActivityPause())],
        expiration_time=payloads.stamp(wanted.expires_at) if wanted.expires_at else None,
    )
    answer = call(
        workflow_service().CreateWorkflowRule,
        CreateWorkflowRuleRequest(
            namespace=namespace,
            spec=spec,
            request_id=request_id,
            identity=identity,
            description=reason,
        ),
    )
    return _rule(answer.rule)


def delete(namespace: str, rule_id: str) -> None:
    call(
        workflow_service().DeleteWorkflowRule,
        DeleteWorkflowRuleRequest(namespace=namespace, rule_id=rule_id),
    )


def _rule(told: WorkflowRule) -> Rule:
    spec = told.spec
    expires = payloads.moment(spec.expiration_time) if spec.HasField("expiration_time") else None
    return Rule(
        Wanted(spec.id, spec.activity_start.predicate, spec.visibility_query, expires),
        told.created_by_identity,
        told.description,
        payloads.moment(told.create_time),
    )
