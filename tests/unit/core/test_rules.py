"""Rules of a namespace: what their conditions mean, and what is refused as one."""

from __future__ import annotations

import pytest
from temporalio.api.rules.v1 import WorkflowRule, WorkflowRuleSpec

from engine.core import rules
from engine.errors import InvalidArgument
from tests.support.rules import spec
from tests.support.story import SECOND, Story, application_failure, schedule_activity

HELD = (
    "ActivityId = 'charge' AND ActivityType = 'Charge'",
    "ActivityType != 'ship'",
    "ActivityType STARTS_WITH 'Char'",
    "NOT ActivityType STARTS_WITH 'ship'",
    "ActivityType IN ('ship', 'Charge')",
    "TaskQueue = 'payments'",
    "Attempts = 2",
    "ActivityAttempt BETWEEN 2 AND 3",
    "Attempts > 1 AND Attempts <= 2",
    "BackoffInterval = 1",
    "ActivityState = 'Scheduled'",
    "ActivityStatus = 'Scheduled'",
    "LastFailure CONTAINS 'stolen'",
    "StartedTime IS NULL",
)
NOT_HELD = (
    "ActivityId = 'charge' AND (Attempts < 2 OR Attempts >= 3)",
    "ActivityState = 'Started'",
    "BackoffInterval > 1",
    "LastFailure = 'no funds'",
    "StartedTime < now()",
    "TaskQueue IN ('orders', 'PAYMENTS')",
)


@pytest.fixture(scope="module")
def retried() -> Story:
    """Its second attempt waits for a worker."""
    story = Story()
    story.start()
    story.do(schedule_activity("charge"))
    story.take_activity()
    story.fail_activity(application_failure("a stolen card"))
    story.later(1).wake()
    return story


def holds(story: Story, made: WorkflowRuleSpec, at: int = 0) -> bool:
    rule = WorkflowRule(spec=made)
    rule.create_time.FromNanoseconds(story.at)
    (activity,) = story.state.activities.values()
    compiled = rules.compiled(rule.SerializeToString())
    return rules.holding([compiled], story.state, activity, at or story.at) == made.id


@pytest.mark.parametrize("predicate", HELD)
def test_a_predicate_holds(retried: Story, predicate: str) -> None:
    assert holds(retried, spec("rule", predicate))


@pytest.mark.parametrize("predicate", NOT_HELD)
def test_a_predicate_does_not_hold(retried: Story, predicate: str) -> None:
    assert not holds(retried, spec("rule", predicate))


@pytest.mark.parametrize(
    ("query", "held"),
    [
        ("WorkflowType = 'Order' AND ExecutionStatus = 'Running'", True),
        ("WorkflowId STARTS_WITH 'order' AND StartTime <= now()", True),
        ("WorkflowType STARTS_WITH 'Order of books'", False),
        ("ExecutionStatus = 'Paused'", False),
    ],
)
def test_a_query_is_of_the_run(retried: Story, query: str, held: bool) -> None:
    assert holds(retried, spec("rule", "Attempts = 2", visibility_query=query)) == held


def test_one_that_has_expired_holds_nothing(retried: Story) -> None:
    made = spec("rule", "Attempts = 2")
    made.expiration_time.FromNanoseconds(retried.at)

    assert holds(retried, made)
    assert not holds(retried, made, at=retried.at + SECOND)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (WorkflowRuleSpec(id="rule"), "Workflow Rule has no trigger."),
        (spec("rule", ""), "invalid predicate: a condition is expected"),
        (spec("rule", "Attempt = 2"), "there is no attribute 'Attempt' at position 1"),
        (spec("rule", "Attempts = 'many'"), "Attempts is compared with a whole number"),
        (spec("rule", "Attempts > 1 ORDER BY Attempts"), "without ORDER BY"),
        (spec("rule", "Attempts > 1 AND"), "invalid predicate: the query ends too early"),
        (
            spec("rule", "Attempts > 1", visibility_query="CustomerId = 'c'"),
            "invalid visibility query: there is no attribute 'CustomerId'",
        ),
    ],
)
def test_what_can_hold_nothing_is_refused(made: WorkflowRuleSpec, why: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        rules.compiled(WorkflowRule(spec=made).SerializeToString())

    assert why in str(refused.value)


def test_one_without_an_action_is_refused() -> None:
    made = spec("rule", "Attempts > 1")
    del made.actions[:]
    with pytest.raises(InvalidArgument, match="no action"):
        rules.compiled(WorkflowRule(spec=made).SerializeToString())
