"""Standalone activities: what callers ask of them, and which questions are refused."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.api.common.v1 import (
    ActivityType,
    Callback,
    Priority,
    RetryPolicy,
    WorkflowExecution,
)
from temporalio.api.enums.v1 import ActivityIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import ActivityIdReusePolicy as Reuse
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)

from tests.features.differential.stage import Program, Stage
from tests.support.commands import seconds, text
from tests.support.eventually import eventually_async
from tests.support.solo import LINK, NOWHERE, Solo, each


async def it_is_no_workflow(stage: Stage) -> None:
    solo = Solo(stage)
    await solo.start()
    run = WorkflowExecution(workflow_id=solo.id)
    await stage.tries(
        stage.server.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=run)
        )
    )
    for rpc in ("TerminateWorkflowExecution", "DeleteWorkflowExecution"):
        await solo.tries(rpc, workflow_execution=run)
    await solo.tries("PauseActivity", execution=run, id=solo.id)
    for rpc in ("RespondActivityTaskCompletedById", "RecordActivityTaskHeartbeatById"):
        await solo.tries(rpc, workflow_id=solo.id)


async def it_is_deleted(stage: Stage) -> None:
    async def running(solo: Solo) -> None:
        task = await solo.begun()
        await solo.tries("DeleteActivityExecution")
        await solo.complete(task)
        stage.note(str((await solo.start()).started))

    async def ended(solo: Solo) -> None:
        await solo.complete(await solo.begun())
        await solo.tries("DeleteActivityExecution")
        await solo.tries("DeleteActivityExecution")
        await solo.result()

    await each(stage, running=running, ended=ended)


async def it_is_started_twice(stage: Stage) -> None:
    solo = Solo(stage)

    async def again(request_id: str, **given: Any) -> None:
        await solo.hear(
            "StartActivityExecution",
            activity_type=ActivityType(name="Charge"),
            task_queue=TaskQueue(name=solo.queue),
            start_to_close_timeout=seconds(30),
            request_id=request_id,
            **given,
        )

    await again("one")
    await again("one")
    await again("two")
    use = {"id_conflict_policy": Conflict.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING}
    await again("two", **use)
    attach = {"attach_request_id": True, "attach_links": True}
    await again("three", **use, links=[LINK], on_conflict_options=attach)
    await again("three")
    await solo.look()
    await solo.complete(await solo.take(), result=text("first"))
    await again("one")
    failed_only = Reuse.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
    for policy in (Reuse.ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE, failed_only):
        await again("four", id_reuse_policy=policy)
    await again("five")
    await solo.tries("TerminateActivityExecution", reason="enough")
    await again("six", id_reuse_policy=failed_only)


async def its_end_is_waited_for(stage: Stage) -> None:
    solo = Solo(stage)
    started = await solo.start()
    seen = await solo.call("DescribeActivityExecution")
    changes = {"run_id": started.run_id, "long_poll_token": seen.long_poll_token}
    news = asyncio.ensure_future(solo.call("DescribeActivityExecution", **changes))
    end = asyncio.ensure_future(solo.call("PollActivityExecution"))
    task = await solo.take()
    stage.note(str((await news).info.run_state), end.done())
    await solo.complete(task, result=text("done"))
    stage.note(str((await end).outcome))
    await solo.hear("DescribeActivityExecution", **changes)
    for token in ({"long_poll_token": b"bad"}, {"long_poll_token": b"bad", "run_id": NOWHERE}):
        await solo.tries("DescribeActivityExecution", **token)
    changes["long_poll_token"] = b"bad"
    await solo.tries("DescribeActivityExecution", **changes)


async def they_are_listed(stage: Stage) -> None:
    """The queue tells those of this play from all others."""
    queue = TaskQueue(name=stage.queue)
    done, waits, paused = (Solo(stage, name) for name in ("done", "waits", "paused"))
    for solo in (done, waits, paused):
        kind = ActivityType(name="Other" if solo is waits else "Charge")
        await solo.start(task_queue=queue, activity_type=kind)
    await done.tries("RespondActivityTaskCompletedById")
    await paused.tries("PauseActivityExecution")
    of_play = f"TaskQueue = '{stage.queue}'"

    async def count(query: str) -> Any:
        return await done.call("CountActivityExecutions", query=query)

    for query in _SEEN:
        await eventually_async(lambda q=query: count(f"{of_play} AND {q}"), lambda seen: seen.count)
    for query in _QUERIES:
        found = await count(f"{of_play} AND {query.format(id=waits.id)}")
        stage.note(query, found.count)
    stage.note(str(await count(f"{of_play} GROUP BY ExecutionStatus")))
    for page in (await _page(done, of_play), await _page(done, of_play, page_size=2)):
        stage.note(str([each.activity_id for each in page.executions]))
        await stage.hear(_row(page.executions[-1]))
    runs = await stage.server.workflows.ListWorkflowExecutions(
        ListWorkflowExecutionsRequest(namespace="default", query=of_play)
    )
    stage.note(str(runs))


#: When each of these is so, the index knows all.
_SEEN = ("ExecutionStatus = 'Completed'", "ExecutionStatus = 'Paused'", "ActivityType = 'Other'")
_QUERIES = (
    "ActivityId = '{id}'",
    "WorkflowId = '{id}'",
    "ActivityType STARTS_WITH 'Oth'",
    "WorkflowType = 'Charge'",
    "ExecutionStatus IN ('Completed', 'Failed')",
    "ExecutionStatus = 'Running'",
    "CloseTime IS NULL",
    "StartTime > '2020-01-01T00:00:00Z'",
    "ExecutionTime > '2020-01-01T00:00:00Z'",
    "ExecutionDuration > 0",
)


async def _page(solo: Solo, query: str, **given: Any) -> Any:
    return await solo.call("ListActivityExecutions", query=query, **given)


async def _row(row: Any) -> Any:
    # The official server shows where it keeps them; ours has no size to show.
    for field in ("search_attributes", "state_transition_count", "state_size_bytes"):
        row.ClearField(field)
    row.ClearField("execution_duration")
    return row


_LONG = "x" * 1_001
_BAD_STARTS: dict[str, dict[str, Any]] = {
    "no id": {"activity_id": ""},
    "a long id": {"activity_id": _LONG},
    "no type": {"activity_type": ActivityType()},
    "a long type": {"activity_type": ActivityType(name=_LONG)},
    "no queue": {"task_queue": TaskQueue()},
    "a long queue": {"task_queue": TaskQueue(name=_LONG)},
    "a queue of the server's": {"task_queue": TaskQueue(name="/_sys/x")},
    "a long request id": {"request_id": _LONG},
    "no time-out": {"start_to_close_timeout": seconds(0)},
    "a negative time": {"start_to_close_timeout": seconds(-1)},
    "a negative beat": {"heartbeat_timeout": seconds(-1)},
    "a negative wait": {"schedule_to_start_timeout": seconds(-1)},
    "a negative delay": {"start_delay": seconds(-1)},
    "negative attempts": {"retry_policy": RetryPolicy(maximum_attempts=-1)},
    "a shrinking back-off": {"retry_policy": RetryPolicy(backoff_coefficient=0.5)},
    "a large input": {"input": text("x" * 2_200_000)},
    "a large summary": {"user_metadata": UserMetadata(summary=text("x" * 500).payloads[0])},
    "large details": {"user_metadata": UserMetadata(details=text("x" * 20_001).payloads[0])},
    "a negative priority": {"priority": Priority(priority_key=-1)},
    "an unknown reuse policy": {"id_reuse_policy": 9},
    "an unknown conflict policy": {"id_conflict_policy": 9},
    "callbacks without the request": {"on_conflict_options": {"attach_completion_callbacks": True}},
    "a callback": {"completion_callbacks": [Callback(nexus=Callback.Nexus(url="http://x.y"))]},
}


async def _refused_starts(stage: Stage) -> None:
    solo = Solo(stage)
    for given in _BAD_STARTS.values():
        times = {"start_to_close_timeout": seconds(1)}
        named = {"activity_id": "it", **times, **given}
        await stage.tries(solo.start(**named))


async def _refused_questions(stage: Stage) -> None:
    solo = Solo(stage)
    mask = {"restore_original": True}
    for rpc, more in (
        ("DescribeActivityExecution", {}),
        ("PollActivityExecution", {}),
        ("RequestCancelActivityExecution", {}),
        ("TerminateActivityExecution", {}),
        ("DeleteActivityExecution", {}),
        ("PauseActivityExecution", {}),
        ("UnpauseActivityExecution", {}),
        ("ResetActivityExecution", {}),
        ("UpdateActivityExecutionOptions", mask),
    ):
        for given in (
            {"activity_id": ""},
            {"activity_id": "nobody"},
            {"activity_id": _LONG},
            {"activity_id": "nobody", "run_id": "bad"},
            {"activity_id": "nobody", "run_id": NOWHERE},
        ):
            await solo.tries(rpc, **given, **more)
    for rpc in ("RequestCancel", "Terminate", "Pause"):
        for given in ({"identity": _LONG}, {"request_id": _LONG}, {"reason": _LONG}):
            await solo.tries(f"{rpc}ActivityExecution", **given)


REFUSED: dict[str, Program] = {
    "bad starts of standalone activities": _refused_starts,
    "bad questions about standalone activities": _refused_questions,
}
