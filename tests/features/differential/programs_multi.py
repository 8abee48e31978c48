"""Update-with-start: what is wrong with either of the two, and how each is told of it."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from temporalio.api.common.v1 import Callback, RetryPolicy, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.errordetails.v1 import MultiOperationExecutionFailure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    StartWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)

from tests.features.differential.stage import Program, Stage
from tests.support.commands import command, complete, seconds, text
from tests.support.engine import given_details
from tests.support.update_messages import acceptance, completion

Operation = ExecuteMultiOperationRequest.Operation
Conflict, Reuse = WorkflowIdConflictPolicy, WorkflowIdReusePolicy
_LONG = "l" * 1_001
Fields = dict[str, Any]


def _start(stage: Stage, name: str = "main", **given: Any) -> StartWorkflowExecutionRequest:
    fields: Fields = {
        "namespace": "default", "workflow_id": stage.workflow_id(name), "request_id": "start",
        "workflow_type": WorkflowType(name="Scripted"), "identity": "Alice",
        "task_queue": TaskQueue(name=stage.queue),
        "workflow_id_conflict_policy": Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    }  # fmt: skip
    return StartWorkflowExecutionRequest(**(fields | given))


def _update(stage: Stage, update_id: str = "u", **given: Any) -> UpdateWorkflowExecutionRequest:
    fields: Fields = {
        "namespace": "default", "wait_policy": WaitPolicy(lifecycle_stage=3),
        "workflow_execution": WorkflowExecution(workflow_id=stage.workflow_id()),
        "request": _request(update_id=update_id),
    }  # fmt: skip
    return UpdateWorkflowExecutionRequest(**(fields | given))


def _request(update_id: str = "u", name: str = "adjust", **given: Any) -> Request:
    return Request(
        meta=Meta(update_id=update_id, identity="Alice"),
        input=Input(name=name, args=text(5)),
        **given,
    )


async def _ask(
    stage: Stage, start: StartWorkflowExecutionRequest, update: UpdateWorkflowExecutionRequest
) -> None:
    both = [Operation(start_workflow=start), Operation(update_workflow=update)]
    await _hear(stage, ExecuteMultiOperationRequest(namespace="default", operations=both))


async def _hear(stage: Stage, asked: ExecuteMultiOperationRequest) -> None:
    """What is said of the call, and of each of its operations."""
    try:
        answer = await stage.server.workflows.ExecuteMultiOperation(asked)
    except grpc.aio.AioRpcError as refusal:
        stage.note(refusal.code().name, refusal.details())
        for detail in given_details(refusal):
            failure = MultiOperationExecutionFailure()
            if detail.Unpack(failure):
                stage.show(failure)
            else:
                stage.note(detail.type_url)
        return
    for each in answer.responses:
        stage.show(each)


def _bad(start: Fields | None = None, update: Fields | None = None) -> Program:
    async def program(stage: Stage) -> None:
        await _ask(stage, _start(stage, **(start or {})), _update(stage, **(update or {})))

    return program


_ONE_CALLBACK = [Callback(nexus=Callback.Nexus(url="ftp://x"))]
_TERMINATE = Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
_STARTS: dict[str, Fields] = {
    "in another namespace": {"namespace": "elsewhere"},
    "without a workflow id": {"workflow_id": ""},
    "of no type": {"workflow_type": WorkflowType()},
    "of a long type": {"workflow_type": WorkflowType(name=_LONG)},
    "on no queue": {"task_queue": None},
    "with a long request id": {"request_id": _LONG},
    "by a cron schedule": {"cron_schedule": "* * * * *"},
    "by a bad cron schedule": {"cron_schedule": "never"},
    "eagerly": {"request_eager_execution": True},
    "later": {"workflow_start_delay": seconds(1)},
    "with no delay": {"workflow_start_delay": seconds(0), "workflow_type": WorkflowType()},
    "with a bad retry policy": {"retry_policy": RetryPolicy(backoff_coefficient=0.5)},
    "with a negative time-out": {"workflow_run_timeout": seconds(-1)},
    "with policies that exclude each other": {"workflow_id_reuse_policy": _TERMINATE},
    "with a bad callback": {"completion_callbacks": _ONE_CALLBACK},
}
_UPDATES: dict[str, Fields] = {
    "in another namespace": {"namespace": "elsewhere"},
    "of another run": {"workflow_execution": WorkflowExecution(workflow_id="another")},
    "of one run": {"workflow_execution": WorkflowExecution(workflow_id="x", run_id="y")},
    "of no run": {"workflow_execution": WorkflowExecution()},
    "of one chain": {"first_execution_run_id": "some"},
    "without a request": {"request": None},
    "without a meta": {"request": Request(input=Input(name="adjust"))},
    "without an input": {"request": Request(meta=Meta(update_id="u"))},
    "without a name": {"request": _request(name="")},
    "with a long id": {"request": _request(update_id=_LONG)},
    "that waits for little": {"wait_policy": WaitPolicy(lifecycle_stage=1)},
    "with a callback": {"request": _request(completion_callbacks=_ONE_CALLBACK)},
}
BAD = {
    **{f"update-with-start, a start {name}": _bad(start=given) for name, given in _STARTS.items()},
    **{
        f"update-with-start, an update {name}": _bad(update=given)
        for name, given in _UPDATES.items()
    },
    "update-with-start, both wrong": _bad(
        {"workflow_type": WorkflowType()}, {"request": _request(name="")}
    ),
}


async def is_not_one_start_and_one_update(stage: Stage) -> None:
    start, update = (
        Operation(start_workflow=_start(stage)),
        Operation(update_workflow=_update(stage)),
    )
    for operations in ([], [start], [update, start], [start, start], [start, update, update]):
        for namespace in ("default", "nowhere", ""):
            asked = ExecuteMultiOperationRequest(namespace=namespace, operations=operations)
            await _hear(stage, asked)


async def starts_with_an_update_beside_a_running_run(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task()
    failing = Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL
    await _ask(
        stage,
        _start(stage, workflow_id_conflict_policy=failing, request_id="another"),
        _update(stage),
    )
    waiting = asyncio.ensure_future(_ask(stage, _start(stage), _update(stage)))
    await _take(stage)
    await waiting
    await _ask(stage, _start(stage), _update(stage))
    await stage.terminate(run)


async def _take(stage: Stage) -> None:
    task = await stage.worker.poll()
    (asked,) = task.messages
    said = [acceptance(asked), completion(asked, "done")]
    says: list[Any] = [command("protocol_message", message_id=each.id) for each in said]
    await stage.worker.answer(task, *says, messages=said)


async def starts_with_an_update_after_a_completed_run(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(complete())
    for reuse in (
        Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
        Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
    ):
        start = _start(stage, workflow_id_reuse_policy=reuse, request_id="another")
        await _ask(stage, start, _update(stage))


async def a_run_ends_before_it_takes_the_update_that_it_was_started_with(stage: Stage) -> None:
    waiting = asyncio.ensure_future(_ask(stage, _start(stage), _update(stage)))
    task = await stage.worker.poll()
    run = stage.also(stage.workflow_id(), task.workflow_execution.run_id)
    await stage.terminate(run)
    await waiting


async def starts_with_an_update_what_does_not_run(stage: Stage) -> None:
    waiting = asyncio.ensure_future(_ask(stage, _start(stage), _update(stage)))
    await _take(stage)
    await waiting
    await stage.terminate(stage.also(stage.workflow_id()))
    await _ask(stage, _start(stage), _update(stage))
