"""Updates: the stages that a caller can wait for, refusals, and what is told after the end."""

import asyncio
from collections.abc import Awaitable

import grpc
import pytest
from temporalio.api.common.v1 import Callback, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.protocol.v1 import Message
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import (
    Input,
    Meta,
    Request,
    UpdateRef,
    WaitPolicy,
)
from temporalio.api.workflowservice.v1 import (
    ExecuteMultiOperationRequest,
    ExecuteMultiOperationResponse,
    PollWorkflowExecutionUpdateRequest,
    PollWorkflowExecutionUpdateResponse,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
    UpdateWorkflowExecutionResponse,
)

from tests.support.commands import command, complete, start_timer, text
from tests.support.engine import Server, detail_names
from tests.support.names import Names
from tests.support.update_messages import acceptance, completion, rejection
from tests.support.worker import ScriptedWorker

ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
Operation = ExecuteMultiOperationRequest.Operation


class Updated:
    """A run that waits, its scripted worker, and one update that is sent to it."""

    def __init__(self, server: Server, worker: ScriptedWorker, run: WorkflowExecution) -> None:
        self.server = server
        self.worker = worker
        self.run = run

    def request(self, **given: object) -> UpdateWorkflowExecutionRequest:
        fields: dict[str, object] = {
            "wait_policy": WaitPolicy(lifecycle_stage=COMPLETED),
            "request": Request(
                meta=Meta(update_id="adjust 1", identity="Alice"),
                input=Input(name="adjust", args=text(5)),
            ),
            **given,
        }
        return UpdateWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=self.run,
            **fields,  # type: ignore[arg-type]
        )

    def send(self, stage: Stage.ValueType = COMPLETED) -> "asyncio.Future[Answer]":
        policy = WaitPolicy(lifecycle_stage=stage)
        call = self.server.workflows.UpdateWorkflowExecution(self.request(wait_policy=policy))
        return asyncio.ensure_future(call)

    async def poll(self, stage: int = 0, update_id: str = "adjust 1") -> "Polled":
        return await self.server.workflows.PollWorkflowExecutionUpdate(
            PollWorkflowExecutionUpdateRequest(
                namespace="default",
                update_ref=UpdateRef(workflow_execution=self.run, update_id=update_id),
                wait_policy=WaitPolicy(lifecycle_stage=stage),  # type: ignore[arg-type]
            )
        )

    async def accept(self, *, completes: bool, ends: bool = False) -> Message:
        task = await self.worker.poll()
        (asked,) = task.messages
        said = [acceptance(asked)] + ([completion(asked, "adjusted")] if completes else [])
        commands = [command("protocol_message", message_id=message.id) for message in said]
        await self.worker.answer(task, *commands, *([complete()] if ends else []), messages=said)
        return asked

    async def terminate(self) -> None:
        await self.server.workflows.TerminateWorkflowExecution(
            TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=self.run)
        )


Answer = UpdateWorkflowExecutionResponse
Polled = PollWorkflowExecutionUpdateResponse


@pytest.fixture
async def updated(server: Server, names: Names) -> Updated:
    worker = ScriptedWorker(server, names.queue())
    run = await server.start(names.workflow(), worker.queue)
    await worker.on_task(start_timer("t", 600))
    return Updated(server, worker, run)


async def code_of(call: Awaitable[object]) -> tuple[grpc.StatusCode, str | None]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), refused.value.details()


async def test_an_update_is_answered_when_it_is_completed(updated: Updated) -> None:
    waiting = updated.send()
    await updated.accept(completes=True)

    answer = await waiting
    assert (answer.stage, answer.outcome.success) == (COMPLETED, text("adjusted"))
    assert answer.update_ref.workflow_execution == updated.run
    assert (await updated.poll(COMPLETED)).outcome.success == text("adjusted")


async def test_a_caller_may_wait_for_the_acceptance_alone(updated: Updated) -> None:
    waiting = updated.send(ACCEPTED)
    asked = await updated.accept(completes=False)
    assert (await waiting).stage == ACCEPTED

    later = asyncio.ensure_future(updated.poll(COMPLETED))
    await updated.server.workflows.SignalWorkflowExecution(_signal(updated.run))
    task = await updated.worker.poll()
    said = completion(asked, "adjusted")
    await updated.worker.answer(
        task, command("protocol_message", message_id=said.id), messages=[said]
    )
    assert (await later).outcome.success == text("adjusted")


def _signal(run: WorkflowExecution) -> SignalWorkflowExecutionRequest:
    return SignalWorkflowExecutionRequest(
        namespace="default", workflow_execution=run, signal_name="go"
    )


async def test_an_update_sent_twice_is_one_update(updated: Updated) -> None:
    first, second = updated.send(), updated.send()
    await updated.accept(completes=True)

    assert (await first).outcome == (await second).outcome
    assert (await updated.send()).outcome == (await first).outcome


async def test_a_refusal_by_the_validator_is_an_outcome(updated: Updated) -> None:
    waiting = updated.send()
    task = await updated.worker.poll()
    (asked,) = task.messages
    await updated.worker.answer(task, messages=[rejection(asked, "too much")])

    answer = await waiting
    assert (answer.stage, answer.outcome.failure.message) == (COMPLETED, "too much")


async def test_a_run_that_closes_leaves_an_accepted_update_failed(updated: Updated) -> None:
    waiting = updated.send()
    await updated.accept(completes=False, ends=True)

    failure = (await waiting).outcome.failure
    assert failure.application_failure_info.type == "AcceptedUpdateCompletedWorkflow"
    assert (await updated.poll(COMPLETED)).outcome.failure == failure
    assert (await updated.send()).outcome.failure == failure


async def test_a_run_that_closes_drops_an_update_that_no_worker_saw(updated: Updated) -> None:
    waiting = updated.send()
    await asyncio.sleep(0.2)
    await updated.terminate()

    gone = (grpc.StatusCode.NOT_FOUND, "workflow update was aborted by closing workflow")
    assert await code_of(waiting) == gone


async def test_a_closed_run_takes_no_update(updated: Updated) -> None:
    await updated.terminate()

    gone = (grpc.StatusCode.NOT_FOUND, "workflow execution already completed")
    assert await code_of(updated.send()) == gone


async def test_an_unknown_update_is_not_found(updated: Updated) -> None:
    assert await code_of(updated.poll(update_id="other")) == (
        grpc.StatusCode.NOT_FOUND,
        'update "other" not found',
    )


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (
            {"request": Request(meta=Meta(update_id="x" * 1001), input=Input(name="adjust"))},
            grpc.StatusCode.INVALID_ARGUMENT,
            "UpdateId length exceeds limit.",
        ),
        (
            {"request": Request(meta=Meta(update_id="u"), input=Input())},
            grpc.StatusCode.INVALID_ARGUMENT,
            "Update name is not set on request.",
        ),
        (
            {"wait_policy": WaitPolicy(lifecycle_stage=ADMITTED)},
            grpc.StatusCode.PERMISSION_DENIED,
            "UpdateWorkflowExecution issued asynchronously and waiting on update admitted"
            " is not supported.",
        ),
        (
            {"wait_policy": WaitPolicy(lifecycle_stage=9)},  # type: ignore[arg-type]
            grpc.StatusCode.INVALID_ARGUMENT,
            "Unknown lifecycle stage in WaitPolicy.",
        ),
        (
            {
                "request": Request(
                    meta=Meta(update_id="u"),
                    input=Input(name="adjust"),
                    request_id="r",
                    completion_callbacks=[Callback(nexus=Callback.Nexus(url="ftp://x"))],
                )
            },
            grpc.StatusCode.INVALID_ARGUMENT,
            "invalid url: unknown scheme: ftp://x",
        ),
        (
            {"first_execution_run_id": "5ea0811c-673d-425f-9ec2-16c3ee6bd386"},
            grpc.StatusCode.NOT_FOUND,
            None,
        ),
    ],
    ids=["long id", "no name", "wait for nothing", "no such wait", "no way", "another chain"],
)
async def test_an_update_that_cannot_be_right_is_refused(
    updated: Updated, given: dict[str, object], code: grpc.StatusCode, message: str | None
) -> None:
    call = updated.server.workflows.UpdateWorkflowExecution(updated.request(**given))
    seen = await code_of(call)
    assert seen[0] is code
    assert message is None or seen[1] == message


# Update-with-start.


def both(
    worker: ScriptedWorker, workflow_id: str, policy: Conflict.ValueType, **start: object
) -> "asyncio.Future[ExecuteMultiOperationResponse]":
    fields: dict[str, object] = {"workflow_type": WorkflowType(name="Scripted"), **start}
    request = ExecuteMultiOperationRequest(
        namespace="default",
        operations=[
            Operation(
                start_workflow=StartWorkflowExecutionRequest(
                    namespace="default",
                    workflow_id=workflow_id,
                    task_queue=TaskQueue(name=worker.queue),
                    workflow_id_conflict_policy=policy,
                    **fields,  # type: ignore[arg-type]
                )
            ),
            Operation(
                update_workflow=UpdateWorkflowExecutionRequest(
                    namespace="default",
                    workflow_execution=WorkflowExecution(workflow_id=workflow_id),
                    wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
                    request=Request(
                        meta=Meta(update_id="adjust 1"), input=Input(name="adjust", args=text(5))
                    ),
                )
            ),
        ],
    )
    return asyncio.ensure_future(worker.server.workflows.ExecuteMultiOperation(request))


async def test_update_with_start_starts_what_does_not_run(server: Server, names: Names) -> None:
    worker = ScriptedWorker(server, names.queue())
    workflow_id = names.workflow()
    waiting = both(worker, workflow_id, Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
    await Updated(server, worker, WorkflowExecution(workflow_id=workflow_id)).accept(completes=True)

    started, answered = (await waiting).responses
    assert started.start_workflow.started
    assert answered.update_workflow.outcome.success == text("adjusted")
    again = await both(worker, workflow_id, Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
    assert again.responses[0].start_workflow.run_id == started.start_workflow.run_id
    assert again.responses[1].update_workflow.outcome.success == text("adjusted")


async def test_update_with_start_updates_what_runs(updated: Updated) -> None:
    waiting = both(
        updated.worker,
        updated.run.workflow_id,
        Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    )
    await updated.accept(completes=True)

    started, answered = (await waiting).responses
    assert (started.start_workflow.run_id, started.start_workflow.started) == (
        updated.run.run_id,
        False,
    )
    assert answered.update_workflow.outcome.success == text("adjusted")


async def test_update_with_start_says_which_of_the_two_was_wrong(
    server: Server, names: Names
) -> None:
    worker = ScriptedWorker(server, names.queue())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await both(
            worker,
            names.workflow(),
            Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
            workflow_type=WorkflowType(),
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert detail_names(refused.value) == ["MultiOperationExecutionFailure"]
