"""The same batches on both servers: how they are refused, told of, and what they do to runs.

Differences that are kept: a query that names what is not known, or has an order, is refused when
the batch is started, not later; so is a run without a workflow id. A termination names the batch's
identity, not the server's; a cancellation its reason. A run that is named by its id alone is
the one that runs when the batch starts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.batch.v1 import (
    BatchOperationCancelActivities,
    BatchOperationCancellation,
    BatchOperationDeleteActivities,
    BatchOperationDeletion,
    BatchOperationReset,
    BatchOperationResetActivities,
    BatchOperationSignal,
    BatchOperationTerminateActivities,
    BatchOperationUnpauseActivities,
    BatchOperationUpdateActivityOptions,
    BatchOperationUpdateWorkflowExecutionOptions,
)
from temporalio.api.common.v1 import (
    ActivityType,
    Execution,
    Priority,
    ResetOptions,
    WorkflowExecution,
)
from temporalio.api.enums.v1 import ExecutionType, ResetType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeActivityExecutionRequest,
    DescribeWorkflowExecutionRequest,
    StartActivityExecutionRequest,
)

from tests.features.differential import pending
from tests.features.differential.normal import Normal
from tests.support.batches import COMPLETED, FAILED, RUNNING, SIGNAL, TERMINATE, Batched, Cohort
from tests.support.commands import complete, schedule_activity, seconds, text
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

_QUERY = "WorkflowType = 'Nobody'"
_ACTIVITY = ExecutionType.EXECUTION_TYPE_ACTIVITY
_UNPAUSE, _RESET_ACTIVITIES = BatchOperationUnpauseActivities, BatchOperationResetActivities
_OPTIONS = BatchOperationUpdateActivityOptions

REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    ("", {"namespace": ""}),
    ("", {"namespace": "nobody's"}),
    ("", TERMINATE),
    (_QUERY, {}),
    (_QUERY, {"job_id": "", **TERMINATE}),
    (_QUERY, {"reason": "", **TERMINATE}),
    (_QUERY, {"executions": [WorkflowExecution(workflow_id="a")], **TERMINATE}),
    ("bad bad", TERMINATE),
    (_QUERY, {"signal_operation": BatchOperationSignal()}),
    (_QUERY, {"reset_operation": BatchOperationReset()}),
    (_QUERY, {"reset_operation": BatchOperationReset(options=ResetOptions())}),
    (_QUERY, {"unpause_activities_operation": _UNPAUSE()}),
    (_QUERY, {"unpause_activities_operation": _UNPAUSE(match_all=False)}),
    (_QUERY, {"unpause_activities_operation": _UNPAUSE(type="")}),
    (_QUERY, {"reset_activities_operation": _RESET_ACTIVITIES()}),
    (_QUERY, {"update_activity_options_operation": _OPTIONS()}),
    (_QUERY, {"update_activity_options_operation": _OPTIONS(match_all=True)}),
    (_QUERY, {"update_activity_options_operation": _OPTIONS(type="Pay")}),
    (
        _QUERY,
        {
            "update_activity_options_operation": _OPTIONS(
                match_all=True, restore_original=True, activity_options=ActivityOptions()
            )
        },
    ),
)


class Told:
    """What one server says, in order."""

    def __init__(self, server: Server, names: Names) -> None:
        self.server = server
        self.names = names
        self.lines: list[str] = []
        self.normal = Normal()

    async def hear(self, call: Any) -> None:
        try:
            await call
        except grpc.aio.AioRpcError as refusal:
            # The parser's own words differ.
            details = (refusal.details() or "").partition("query: ")[0]
            self.lines.append(f"{refusal.code().name} {details}")
        else:
            self.lines.append("done")

    async def runs_through(self, job: Batched, query: str = "", **given: Any) -> None:
        await job.start_when_free(query, **given)
        described = await job.until(COMPLETED)
        told: dict[str, Any] = MessageToDict(described)
        for name in ("jobId", "startTime", "closeTime", "query"):
            told.pop(name, "")
        for each in told.get("executions", ()):
            each.pop("runId", None), each.pop("businessId")
        self.lines.append(str(told))

    async def histories(self, runs: list[WorkflowExecution]) -> None:
        for run in runs:
            events = await self.server.history(run)
            for event in events:
                event.workflow_execution_terminated_event_attributes.identity = ""
                event.workflow_execution_cancel_requested_event_attributes.identity = ""
                event.workflow_execution_cancel_requested_event_attributes.cause = ""
            names = [event.event_type for event in events]
            self.lines.append(f"{names} {self.normal.history(events[-1:])}")


async def told_of_refusals(server: Server, names: Names) -> list[str]:
    told, job = Told(server, names), Batched(server, "never")
    for query, given in REFUSED:
        await told.hear(job.start(query, **given))
    for given in ({"job_id": ""}, {"reason": ""}, {}, {"namespace": ""}):
        await told.hear(job.stop(**given))
    await told.hear(job.describe())
    await told.hear(Batched(server, "").describe())
    return told.lines


async def told_of_acts(server: Server, names: Names) -> list[str]:
    told, cohort = Told(server, names), Cohort(server, names)
    runs = await cohort.start(3)

    def job(name: str) -> Batched:
        return Batched(server, f"{name} {cohort.queue}")

    named = [
        *runs[:1],
        WorkflowExecution(workflow_id=runs[1].workflow_id),
        WorkflowExecution(workflow_id="there is none"),
    ]
    await told.runs_through(job("signal"), executions=named, **SIGNAL)
    target = Execution(
        type=ExecutionType.EXECUTION_TYPE_WORKFLOW,
        business_id=runs[2].workflow_id,
        run_id=runs[2].run_id,
    )
    cancel = {"cancellation_operation": BatchOperationCancellation(identity="Ada")}
    await told.runs_through(job("cancel"), target_executions=[target], **cancel)
    await told.runs_through(job("terminate"), cohort.query, **TERMINATE)
    await told.hear(job("terminate").start_when_free(cohort.query, reason="again", **TERMINATE))
    await told.hear(job("terminate").stop())
    told.lines[-2] = re.sub(r"RunId: [\w-]+", "RunId: ID", told.lines[-2]).replace(
        cohort.queue, "Q"
    )
    await told.histories(runs)
    delete = {"deletion_operation": BatchOperationDeletion(identity="Ada")}
    await told.runs_through(job("delete"), executions=runs[:1], **delete)
    page = await job("signal").page(page_size=2)
    told.lines += [f"{entry.state} {entry.operation_type}" for entry in page.operation_info]
    return [*told.lines, str(bool(page.next_page_token))]


async def told_of_work(server: Server, names: Names) -> list[str]:
    """Resets, and what is done to activities."""
    told, queue = Told(server, names), names.queue()
    worker = ScriptedWorker(server, queue)
    run = await server.start(names.workflow(), queue)
    await worker.on_task(schedule_activity("Pay", queue="nobody"))

    def job(name: str) -> Batched:
        return Batched(server, f"{run.workflow_id} {name}")

    options = _OPTIONS(
        identity="Ada",
        type="Pay",
        activity_options=ActivityOptions(start_to_close_timeout={"seconds": 77}),
        update_mask=FieldMask(paths=["start_to_close_timeout"]),
    )
    given: dict[str, Any] = {"executions": [run]}
    await told.runs_through(job("change"), update_activity_options_operation=options, **given)
    found = await server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    told.lines += [" ".join(map(str, pending.words(each))) for each in found.pending_activities]
    unpause = {"unpause_activities_operation": _UNPAUSE(identity="Ada", match_all=True)}
    await told.runs_through(job("unpause"), **given, **unpause)
    afresh = {"reset_activities_operation": _RESET_ACTIVITIES(identity="Ada", match_all=True)}
    await told.runs_through(job("afresh"), **given, **afresh)
    urgent = BatchOperationUpdateWorkflowExecutionOptions(
        identity="Ada",
        workflow_execution_options=WorkflowExecutionOptions(priority=Priority(priority_key=2)),
        update_mask=FieldMask(paths=["priority"]),
    )
    await told.runs_through(job("urgent"), update_workflow_options_operation=urgent, **given)
    reset = BatchOperationReset(identity="Ada", reset_type=ResetType.RESET_TYPE_LAST_WORKFLOW_TASK)
    await told.runs_through(job("reset"), reset_operation=reset, **given)
    now = WorkflowExecution(workflow_id=run.workflow_id)
    await told.histories([run, now])
    await worker.on_task(complete(text("done")))
    return told.lines


async def told_of_activities(server: Server, names: Names) -> list[str]:
    """Standalone ones."""
    told, queue = Told(server, names), names.queue()
    ids = [names.workflow("charge") for _ in range(3)]
    for activity_id in ids:
        request = StartActivityExecutionRequest(
            namespace="default", activity_id=activity_id, activity_type=ActivityType(name="Pay"),
            task_queue=TaskQueue(name=queue), start_to_close_timeout=seconds(60),
            request_id=activity_id,
        )  # fmt: skip
        await server.workflows.StartActivityExecution(request)

    def job(name: str) -> Batched:
        return Batched(server, f"{queue} {name}")

    def named(activity_id: str, kind: ExecutionType.ValueType = _ACTIVITY) -> dict[str, Any]:
        return {"target_executions": [Execution(type=kind, business_id=activity_id)]}

    cancel = {"cancel_activities_operation": BatchOperationCancelActivities(identity="Ada")}
    end = {"terminate_activities_operation": BatchOperationTerminateActivities(identity="Ada")}
    delete = {"delete_activities_operation": BatchOperationDeleteActivities()}
    workflow = ExecutionType.EXECUTION_TYPE_WORKFLOW
    for given in (named(ids[0], workflow) | cancel, named(ids[0]) | TERMINATE):
        told.lines.append(str(await code_of(job("never").start(**given))))
    for activity_id, given in zip(ids, (cancel, end, delete), strict=True):
        await told.runs_through(job(activity_id), **named(activity_id), **given)
        described = DescribeActivityExecutionRequest(namespace="default", activity_id=activity_id)
        try:
            found = await server.workflows.DescribeActivityExecution(described)
            told.lines.append(f"{found.info.status} {found.info.canceled_reason}")
        except grpc.aio.AioRpcError as refusal:
            told.lines.append(refusal.code().name)
    return told.lines


async def code_of(call: Awaitable[object]) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as refusal:
        return refusal.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize(
    "story", [told_of_refusals, told_of_acts, told_of_work, told_of_activities]
)
async def test_both_servers_tell_the_same_of_batches(
    server: Server,
    official: Server,
    names: Names,
    story: Any,
) -> None:
    ours, theirs = await asyncio.gather(
        story(server, Names(story.__name__)), story(official, Names(story.__name__))
    )

    assert ours == theirs


async def test_both_servers_stop_one_that_runs_and_start_no_second(
    server: Server,
    official: Server,
    names: Names,
) -> None:
    async def told_by(of: Server) -> list[str]:
        told, cohort = Told(of, names), Cohort(of, names)
        await cohort.start(100)
        job, second = Batched(of, names.workflow("job")), Batched(of, names.workflow("job"))
        await job.start_when_free(cohort.query, **TERMINATE)
        await eventually_async(job.page, lambda page: page.operation_info[0].state == RUNNING)
        await told.hear(second.start(cohort.query, **TERMINATE))
        await told.hear(job.stop())
        stopped = await job.until(FAILED)
        await second.start_when_free(cohort.query, **TERMINATE)
        await second.until(COMPLETED)
        return [*told.lines, str(stopped.HasField("close_time"))]

    assert await told_by(server) == await told_by(official)
