"""Rules by which activities are paused: what they hold, when they are asked, what is refused.

Differences that are kept. A rule that could never hold anything is refused: without a trigger or an
action, or with a condition that cannot be read; the official server takes it, and says nothing.
Conditions are in the language of lists, so NOT, IN, BETWEEN of any number and LastFailure mean
something here (there such a rule never holds), and so do the names ActivityAttempt and
ActivityStatus, by which the protocol has them; `WorkflowType STARTS_WITH` is not the wrong way
round. The oldest rule goes to make room only where it has expired; there one that is yet to expire
goes as well. An activity that a rule concerns is not started eagerly; there it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowRuleRequest,
    UnpauseActivityRequest,
)

from tests.features.differential import pending
from tests.features.differential.stage import Stage
from tests.support.commands import complete, failed, retries, schedule_activity, seconds, text
from tests.support.engine import in_turn
from tests.support.rules import asked, comes_to_be_held, delete, in_force, spec


def _kind(stage: Stage) -> str:
    """Of activities that no other play has."""
    return f"Charge {stage.queue}"


@asynccontextmanager
async def _rule(stage: Stage, predicate: str = "Attempts >= 1", **given: Any) -> AsyncIterator[str]:
    """One for the activities of this play, in force until the block ends."""
    rule_id = f"rule of {stage.queue}"
    made = spec(rule_id, f"ActivityType = '{_kind(stage)}' AND {predicate}", **given)
    request = asked(made)
    await stage.hear(in_turn(lambda: stage.server.workflows.CreateWorkflowRule(request)))
    try:
        await in_force(stage.server)
        yield rule_id
    finally:
        await delete(stage.server, rule_id)
    await in_force(stage.server)


async def _waits(stage: Stage, **given: Any) -> WorkflowExecution:
    """A run, and its activity, which the play's rule may concern."""
    run = await stage.start()
    given = {"retry_policy": retries(0.2), "kind": _kind(stage), **given}
    await stage.worker.on_task(schedule_activity("charge", stage.queue, **given))
    return run


async def _held(stage: Stage, run: WorkflowExecution) -> None:
    """A worker asks for it in vain."""
    stage.note("it is held", await comes_to_be_held(stage.worker, run))
    await _look(stage, run)


async def _look(stage: Stage, run: WorkflowExecution) -> None:
    request = DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    found = await stage.server.workflows.DescribeWorkflowExecution(request)
    for activity in found.pending_activities:
        stage.note(*pending.words(activity))


async def _unpause(stage: Stage, run: WorkflowExecution, **given: Any) -> None:
    request = UnpauseActivityRequest(namespace="default", execution=run, id="charge", **given)
    await stage.tries(stage.server.workflows.UnpauseActivity(request))


async def _goes_on(stage: Stage, run: WorkflowExecution) -> None:
    await _unpause(stage, run)
    await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def a_rule_holds_a_first_attempt(stage: Stage) -> None:
    async with _rule(stage):
        run = await _waits(stage)
        await _look(stage, run)
        await _held(stage, run)
    await _look(stage, run)
    await _goes_on(stage, run)


async def a_rule_holds_one_that_waits_already(stage: Stage) -> None:
    run = await _waits(stage)
    async with _rule(stage):
        await _held(stage, run)
    await _goes_on(stage, run)


async def a_rule_holds_one_whose_worker_waits_already(stage: Stage) -> None:
    async with _rule(stage):
        poll = asyncio.create_task(stage.worker.poll_activity())
        run = await _waits(stage)
        await _held(stage, run)
        poll.cancel()
    await _goes_on(stage, run)


async def a_rule_holds_what_has_failed(stage: Stage) -> None:
    async with _rule(stage, "ActivityState = 'Started'"):
        run = await _waits(stage)
        await stage.worker.on_activity(failure=failed("no"))
        await _held(stage, run)
    await _goes_on(stage, run)


async def a_rule_holds_the_attempt_after_the_last(stage: Stage) -> None:
    async with _rule(stage, "ActivityState = 'Started'"):
        run = await _waits(stage, retry_policy=retries(0.2, attempts=1))
        await stage.worker.on_activity(failure=failed("no"))
        await _held(stage, run)
    await _goes_on(stage, run)


async def a_rule_holds_what_timed_out(stage: Stage) -> None:
    async with _rule(stage, "ActivityState = 'Started'"):
        run = await _waits(stage, start_to_close_timeout=seconds(1))
        await stage.worker.poll_activity()
        await _held(stage, run)
    await _goes_on(stage, run)


async def a_rule_holds_the_next_attempt(stage: Stage) -> None:
    async with _rule(stage, "Attempts = 2"):
        run = await _waits(stage)
        await stage.worker.on_activity(failure=failed("no"))
        await _held(stage, run)
    await _goes_on(stage, run)


async def a_rule_holds_what_is_resumed_under_it(stage: Stage) -> None:
    async with _rule(stage, "Attempts >= 2"):
        run = await _waits(stage)
        await stage.worker.on_activity(failure=failed("no"))
        await _held(stage, run)
        await _unpause(stage, run)
        await _held(stage, run)
        await _unpause(stage, run, reset_attempts=True)
        await stage.worker.on_activity(text("charged"))
    await stage.worker.on_task(complete())


async def a_rule_lets_a_worker_finish(stage: Stage) -> None:
    run = await _waits(stage)
    task = await stage.worker.poll_activity()
    async with _rule(stage):
        await _look(stage, run)
        await stage.worker.complete_activity(task, text("charged"))
        await stage.worker.on_task(complete())


async def a_rule_holds_nothing_that_is_over(stage: Stage) -> None:
    async with _rule(stage, "ActivityState = 'Started'"):
        await _waits(stage)
        await stage.worker.on_activity(failure=failed("no", non_retryable=True))
        await stage.worker.on_task(complete())


async def a_rule_is_of_some_runs(stage: Stage) -> None:
    query = f"WorkflowId = '{stage.workflow_id('other')}' AND WorkflowType = 'Scripted'"
    async with _rule(stage, visibility_query=f"{query} AND ExecutionStatus = 'Running'"):
        await _waits(stage)
        await stage.worker.on_activity(text("charged"))
        await stage.worker.on_task(complete())
        run = await stage.start("other")
        await stage.worker.on_task(schedule_activity("charge", stage.queue, kind=_kind(stage)))
        await _held(stage, run)
    await _goes_on(stage, run)


async def a_rule_has_expired(stage: Stage) -> None:
    made = spec("", "")
    made.expiration_time.FromSeconds(1_000_000_000)
    async with _rule(stage, expiration_time=made.expiration_time) as rule_id:
        await _waits(stage)
        await stage.worker.on_activity(text("charged"))
        await stage.worker.on_task(complete())
        await stage.hear(
            stage.server.workflows.DescribeWorkflowRule(
                DescribeWorkflowRuleRequest(namespace="default", rule_id=rule_id)
            )
        )
