"""Activities as a worker sees them: polls, heartbeats, answers by token and by id."""

import asyncio

import grpc
import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatByIdRequest,
    RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCanceledByIdRequest,
    RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedByIdRequest,
    SignalWorkflowExecutionRequest,
)

from tests.support.commands import (
    cancel_activity,
    complete,
    failed,
    retries,
    schedule_activity,
    seconds,
    text,
)
from tests.support.engine import Server
from tests.support.history import assert_history
from tests.support.names import Names
from tests.support.worker import ScriptedWorker


@pytest.fixture
def worker(server: Server, names: Names) -> ScriptedWorker:
    return ScriptedWorker(server, names.queue())


@pytest.fixture
async def run(server: Server, worker: ScriptedWorker, names: Names) -> WorkflowExecution:
    return await server.start(names.workflow(), worker.queue)


async def test_an_activity_task_tells_the_worker_what_to_do(
    worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(
        schedule_activity(
            "charge",
            worker.queue,
            input=text("9.99"),
            header={"fields": {"trace": Payload(data=b"7")}},
            heartbeat_timeout=seconds(5),
            schedule_to_close_timeout=seconds(60),
            start_to_close_timeout=seconds(20),
            retry_policy=retries(initial=2, attempts=3),
        )
    )
    task = await worker.poll_activity()

    assert task.workflow_execution == run
    assert task.workflow_type.name == "Scripted"
    assert task.workflow_namespace == "default"
    assert (task.activity_id, task.activity_type.name, task.attempt) == ("charge", "Charge", 1)
    assert task.input == text("9.99")
    assert task.header.fields["trace"].data == b"7"
    assert task.heartbeat_timeout == seconds(5)
    assert task.start_to_close_timeout == seconds(20)
    assert task.schedule_to_close_timeout == seconds(60)
    assert task.retry_policy.initial_interval == seconds(2)
    assert task.retry_policy.maximum_attempts == 3
    assert task.scheduled_time == task.current_attempt_scheduled_time
    assert task.started_time.ToNanoseconds() >= task.scheduled_time.ToNanoseconds()
    await worker.complete_activity(task, text("charged"))


async def test_times_that_nobody_set_are_told_as_zero(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(
        schedule_activity("charge", worker.queue, start_to_close_timeout=seconds(5))
    )

    task = await worker.poll_activity()

    (scheduled,) = (
        event.activity_task_scheduled_event_attributes
        for event in await server.history(run)
        if event.HasField("activity_task_scheduled_event_attributes")
    )
    assert scheduled.HasField("schedule_to_start_timeout")
    for told in (task, scheduled):
        assert told.HasField("schedule_to_close_timeout")
        assert told.HasField("heartbeat_timeout")
        assert told.start_to_close_timeout == seconds(5)
    assert not task.schedule_to_close_timeout.ToNanoseconds()


async def test_an_activity_is_retried_unless_it_says_otherwise(
    worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue))
    first = await worker.on_activity(failure=failed("no"))
    assert first.retry_policy.initial_interval == seconds(1)
    assert first.retry_policy.backoff_coefficient == 2
    assert first.retry_policy.maximum_interval == seconds(100)

    assert (await worker.poll_activity()).attempt == 2


async def test_a_result_is_an_event_of_the_run(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue))
    await worker.on_activity(text("charged"))
    await worker.on_task(complete())

    assert_history(
        (await server.history(run))[4:7],
        """
        5 ActivityTaskScheduled activity_id=charge
        6 ActivityTaskStarted scheduled_event_id=5 identity=scripted attempt=1
        7 ActivityTaskCompleted scheduled_event_id=5 started_event_id=6 result='"charged"'
        """,
    )


async def test_a_failed_attempt_comes_again_with_its_last_heartbeat(
    worker: ScriptedWorker, server: Server, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue, retry_policy=retries()))
    first = await worker.poll_activity()
    beat = await server.workflows.RecordActivityTaskHeartbeat(
        RecordActivityTaskHeartbeatRequest(
            namespace=server.namespace, task_token=first.task_token, details=text("half")
        )
    )
    assert not beat.cancel_requested
    await worker.fail_activity(first)
    second = await worker.poll_activity()

    assert second.attempt == 2
    assert second.heartbeat_details == text("half")
    assert (
        second.current_attempt_scheduled_time.ToNanoseconds()
        > second.scheduled_time.ToNanoseconds()
    )
    await worker.complete_activity(second)
    await worker.on_task(complete())


async def test_an_answer_to_an_earlier_attempt_is_refused(
    worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue, retry_policy=retries()))
    first = await worker.on_activity(failure=failed("no"))
    await worker.poll_activity()

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.complete_activity(first)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert refused.value.details() == (
        "invalid activityID or activity already timed out or invoking workflow is completed"
    )


async def test_a_heartbeat_tells_that_cancellation_was_asked_for(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue))
    task = await worker.poll_activity()
    await server.workflows.SignalWorkflowExecution(
        SignalWorkflowExecutionRequest(
            namespace=server.namespace, workflow_execution=run, signal_name="stop"
        )
    )
    await worker.on_task(cancel_activity(5))
    beat = await server.workflows.RecordActivityTaskHeartbeat(
        RecordActivityTaskHeartbeatRequest(namespace=server.namespace, task_token=task.task_token)
    )
    assert beat.cancel_requested
    await server.workflows.RespondActivityTaskCanceled(
        RespondActivityTaskCanceledRequest(
            namespace=server.namespace, task_token=task.task_token, details=text("stopped")
        )
    )
    again = await worker.on_task(complete())

    ended = [event for event in again.history.events
             if event.HasField("activity_task_canceled_event_attributes")]  # fmt: skip
    assert ended[0].activity_task_canceled_event_attributes.details == text("stopped")


async def test_a_worker_may_not_cancel_what_nobody_asked_to_cancel(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue))
    task = await worker.poll_activity()

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.RespondActivityTaskCanceled(
            RespondActivityTaskCanceledRequest(
                namespace=server.namespace, task_token=task.task_token
            )
        )
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_an_activity_is_completed_by_its_id(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(schedule_activity("charge", worker.queue))
    await worker.poll_activity()
    by_id = {"namespace": "default", "workflow_id": run.workflow_id, "activity_id": "charge"}
    await server.workflows.RecordActivityTaskHeartbeatById(
        RecordActivityTaskHeartbeatByIdRequest(**by_id, details=text("half"))
    )
    await server.workflows.RespondActivityTaskCompletedById(
        RespondActivityTaskCompletedByIdRequest(**by_id, result=text("charged"), identity="Bob")
    )
    await worker.on_task(complete())

    assert_history(
        (await server.history(run))[6:7],
        """
        7 ActivityTaskCompleted identity=Bob result='"charged"'
        """,
    )


async def test_an_activity_is_failed_by_its_id(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    await worker.on_task(
        schedule_activity("charge", worker.queue, retry_policy=retries(attempts=1))
    )
    await worker.poll_activity()
    await server.workflows.RespondActivityTaskFailedById(
        RespondActivityTaskFailedByIdRequest(
            namespace=server.namespace,
            workflow_id=run.workflow_id,
            run_id=run.run_id,
            activity_id="charge",
            failure=failed("refused"),
        )
    )
    again = await worker.on_task(complete())

    failures = [event.activity_task_failed_event_attributes.failure.message
                for event in again.history.events
                if event.HasField("activity_task_failed_event_attributes")]  # fmt: skip
    assert failures == ["refused"]


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({}, grpc.StatusCode.INVALID_ARGUMENT, "ActivityId is not set on request."),
        (
            {"workflow_id": "nobody", "activity_id": "x"},
            grpc.StatusCode.NOT_FOUND,
            "workflow not found for ID: nobody",
        ),
    ],
)
async def test_an_id_that_names_nothing_is_refused(
    server: Server, fields: dict[str, str], code: grpc.StatusCode, message: str
) -> None:
    for call, request in (
        (server.workflows.RespondActivityTaskCompletedById,
         RespondActivityTaskCompletedByIdRequest),
        (server.workflows.RespondActivityTaskCanceledById, RespondActivityTaskCanceledByIdRequest),
        (server.workflows.RecordActivityTaskHeartbeatById, RecordActivityTaskHeartbeatByIdRequest),
    ):  # fmt: skip
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(request(namespace="default", **fields))
        assert refused.value.code() == code
        assert (refused.value.details() or "").startswith(message)


async def test_an_id_of_no_pending_activity_is_not_found(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.RespondActivityTaskCompletedById(
            RespondActivityTaskCompletedByIdRequest(
                namespace="default", workflow_id=run.workflow_id, activity_id="none"
            )
        )
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_broken_token_is_an_invalid_argument(server: Server) -> None:
    for token in (b"", b"no token of ours"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await server.workflows.RespondActivityTaskCompleted(
                RespondActivityTaskCompletedRequest(namespace="default", task_token=token)
            )
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("what", ["result", "heartbeat"])
async def test_what_is_too_large_ends_the_activity_for_good(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution, what: str
) -> None:
    large = Payloads(payloads=[Payload(data=b"x" * 2_200_000)])
    await worker.on_task(schedule_activity("charge", worker.queue))
    task = await worker.poll_activity()
    if what == "result":
        await worker.complete_activity(task, large)
    else:
        beat = await server.workflows.RecordActivityTaskHeartbeat(
            RecordActivityTaskHeartbeatRequest(
                namespace="default", task_token=task.task_token, details=large
            )
        )
        assert beat.cancel_requested
    await worker.on_task(complete())

    failure = (await server.history(run))[6].activity_task_failed_event_attributes.failure
    assert (
        failure.message
        == {
            "result": "Complete result exceeds size limit.",
            "heartbeat": "Heartbeat details exceed size limit.",
        }[what]
    )
    assert failure.server_failure_info.non_retryable


async def test_a_worker_that_hangs_up_loses_no_activity(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    polls = [asyncio.create_task(worker.poll_activity(within=30)) for _ in range(5)]
    await asyncio.sleep(0.3)
    for poll in polls:
        poll.cancel()
    await asyncio.wait(polls)
    await worker.on_task(schedule_activity("charge", worker.queue))

    assert (await worker.poll_activity()).activity_id == "charge"


async def test_a_worker_sets_the_pace_of_its_queue(
    server: Server, worker: ScriptedWorker, run: WorkflowExecution
) -> None:
    if server.is_official:
        pytest.skip("the other server lets some go before it paces")
    await worker.on_task(*(schedule_activity(f"charge-{n}", worker.queue) for n in range(3)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(3):
        task = await worker.poll_activity(
            task_queue_metadata={"max_tasks_per_second": {"value": 2.0}}
        )
        await worker.complete_activity(task)

    assert loop.time() - began > 0.4
