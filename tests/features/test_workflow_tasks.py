"""Workflow tasks as a worker sees them: polls, answers, stickiness, failure."""

import asyncio

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    PollWorkflowTaskQueueRequest,
    ResetStickyTaskQueueRequest,
    RespondWorkflowTaskCompletedRequest,
    ShutdownWorkerRequest,
    SignalWorkflowExecutionRequest,
)

from tests.support.commands import command, complete, schedule_activity, text
from tests.support.engine import Server
from tests.support.history import assert_history
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

E = EventType


@pytest.fixture
def worker(server: Server, names: Names) -> ScriptedWorker:
    return ScriptedWorker(server, names.queue())


@pytest.fixture
def sticky_worker(server: Server, names: Names) -> ScriptedWorker:
    return ScriptedWorker(server, names.queue(), sticky=names.queue())


async def signal(server: Server, run: WorkflowExecution, name: str = "go") -> None:
    await server.workflows.SignalWorkflowExecution(
        SignalWorkflowExecutionRequest(
            namespace=server.namespace, workflow_execution=run, signal_name=name
        )
    )


def kinds(events: object) -> list[str]:
    return [
        EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
        for event in events  # type: ignore[attr-defined]
    ]


async def test_a_task_tells_the_worker_all_about_the_run(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    task = await worker.poll()

    assert task.workflow_execution == run
    assert task.workflow_type.name == "Scripted"
    assert (task.previous_started_event_id, task.started_event_id, task.attempt) == (0, 3, 1)
    assert task.workflow_execution_task_queue.name == worker.queue
    assert task.started_time.ToNanoseconds() >= task.scheduled_time.ToNanoseconds() > 0
    assert not task.next_page_token
    assert kinds(task.history.events) == [
        "WORKFLOW_EXECUTION_STARTED",
        "WORKFLOW_TASK_SCHEDULED",
        "WORKFLOW_TASK_STARTED",
    ]


async def test_a_poll_without_a_task_ends_empty(worker: ScriptedWorker) -> None:
    task = await worker.poll(within=2.5)

    assert task.ByteSize() == 0 or not task.task_token


async def test_a_poll_that_waits_gets_the_task_when_it_comes(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    poll = asyncio.create_task(worker.poll())
    other = asyncio.create_task(worker.poll(within=3))
    run = await server.start(names.workflow(), worker.queue)

    done, _ = await asyncio.wait((poll, other), return_when=asyncio.FIRST_COMPLETED)
    assert [task.result().workflow_execution for task in done] == [run]
    other.cancel()
    poll.cancel()


async def test_a_worker_that_hangs_up_loses_no_task(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    calls = [
        server.workflows.PollWorkflowTaskQueue(
            PollWorkflowTaskQueueRequest(
                namespace=server.namespace, task_queue={"name": worker.queue}, identity="gone"
            )
        )
        for _ in range(5)
    ]
    await asyncio.sleep(0.3)
    for call in calls:
        call.cancel()
    run = await server.start(names.workflow(), worker.queue)

    assert (await worker.poll()).workflow_execution == run


async def test_an_answered_task_closes_the_run(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    await worker.on_task(complete(text("done")))

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted scheduled_event_id=2 identity=scripted
        4 WorkflowTaskCompleted scheduled_event_id=2 started_event_id=3 identity=scripted
        5 WorkflowExecutionCompleted result='"done"' workflow_task_completed_event_id=4
        """,
    )


async def test_a_second_answer_is_refused_as_stale(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    await server.start(names.workflow(), worker.queue)
    task = await worker.on_task()

    with pytest.raises(grpc.aio.AioRpcError) as again:
        await worker.answer(task)
    with pytest.raises(grpc.aio.AioRpcError) as failing:
        await worker.fail_task(task)

    assert again.value.code() == failing.value.code() == grpc.StatusCode.NOT_FOUND
    assert again.value.details() == "Workflow task not found."


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (b"", "Task token not set on request."),
        (b"no token of ours", None),
    ],
)
async def test_a_broken_token_is_an_invalid_argument(
    server: Server, token: bytes, message: str | None
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.RespondWorkflowTaskCompleted(
            RespondWorkflowTaskCompletedRequest(namespace=server.namespace, task_token=token)
        )

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    if message:
        assert refused.value.details() == message


@pytest.mark.parametrize(
    ("request_fields", "message"),
    [
        ({"namespace": ""}, "Namespace is empty."),
        ({"namespace": "default"}, "taskQueue is not set"),
        ({"namespace": "default", "task_queue": {"kind": 1}}, "missing task queue name"),
        (
            {"namespace": "default", "task_queue": {"name": "q" * 1001}},
            "taskQueue length exceeds limit",
        ),
        (
            {"namespace": "default", "task_queue": {"name": "q"}, "identity": "i" * 1001},
            "Identity length exceeds limit.",
        ),
    ],
)
async def test_a_poll_that_can_never_be_right_is_refused(
    server: Server, request_fields: dict[str, object], message: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.PollWorkflowTaskQueue(
            PollWorkflowTaskQueueRequest(**request_fields),  # type: ignore[arg-type]
            timeout=5,
        )

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == message


async def test_a_worker_that_knows_the_run_is_sent_what_is_new(
    server: Server, sticky_worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), sticky_worker.queue)
    waiting = asyncio.create_task(sticky_worker.poll(sticky=True))
    await sticky_worker.on_task()
    await signal(server, run)
    task = await waiting

    assert kinds(task.history.events) == [
        "WORKFLOW_TASK_COMPLETED",
        "WORKFLOW_EXECUTION_SIGNALED",
        "WORKFLOW_TASK_SCHEDULED",
        "WORKFLOW_TASK_STARTED",
    ]
    assert task.previous_started_event_id == 3
    scheduled = task.history.events[2].workflow_task_scheduled_event_attributes
    assert scheduled.task_queue.name == sticky_worker.sticky
    assert scheduled.task_queue.normal_name == sticky_worker.queue
    await sticky_worker.answer(task, complete())


async def test_a_run_whose_worker_left_goes_on_with_any_other(
    server: Server, sticky_worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), sticky_worker.queue)
    await sticky_worker.on_task()
    await server.workflows.ShutdownWorker(
        ShutdownWorkerRequest(
            namespace=server.namespace, sticky_task_queue=sticky_worker.sticky, identity="scripted"
        )
    )
    await signal(server, run)
    task = await sticky_worker.poll()

    assert task.workflow_execution == run
    assert task.history.events[0].event_id == 1, "it needs the whole history"


async def test_a_run_may_be_freed_of_its_worker(
    server: Server, sticky_worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), sticky_worker.queue)
    waiting = asyncio.create_task(sticky_worker.poll(sticky=True))
    await sticky_worker.on_task()
    await server.workflows.ResetStickyTaskQueue(
        ResetStickyTaskQueueRequest(namespace=server.namespace, execution=run)
    )
    await signal(server, run)
    task = await sticky_worker.poll()

    assert kinds(task.history.events[-2:]) == ["WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED"]
    assert task.history.events[0].event_id == 1
    waiting.cancel()


async def test_a_failed_task_comes_again_and_leaves_one_event(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    await worker.fail_task(await worker.poll())
    second = await worker.poll()
    assert second.attempt == 2
    await worker.answer(second, complete())

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled attempt=1
        3 WorkflowTaskStarted
        4 WorkflowTaskFailed scheduled_event_id=2 started_event_id=3
        5 WorkflowTaskScheduled attempt=2
        6 WorkflowTaskStarted scheduled_event_id=5
        7 WorkflowTaskCompleted scheduled_event_id=5 started_event_id=6
        8 WorkflowExecutionCompleted
        """,
    )


async def test_a_task_that_is_not_answered_times_out_and_comes_again(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    await server.start(names.workflow(), worker.queue, workflow_task_timeout=Duration(seconds=1))
    late = await worker.poll()
    again = await worker.poll()
    assert again.attempt == 2

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.answer(late)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    await worker.answer(again, complete())


async def test_a_worker_may_have_its_next_task_with_the_answer(
    server: Server, sticky_worker: ScriptedWorker, names: Names
) -> None:
    await server.start(names.workflow(), sticky_worker.queue)
    first = await sticky_worker.poll()
    answer = await sticky_worker.answer(
        first, force_create_new_workflow_task=True, return_new_workflow_task=True
    )
    task = answer.workflow_task

    assert task.workflow_execution == first.workflow_execution
    assert kinds(task.history.events) == [
        "WORKFLOW_TASK_COMPLETED",
        "WORKFLOW_TASK_SCHEDULED",
        "WORKFLOW_TASK_STARTED",
    ]
    await sticky_worker.answer(task, complete())


async def test_an_event_that_came_meanwhile_refuses_to_close_the_run(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    task = await worker.poll()
    await signal(server, run)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.answer(task, complete())

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == "UnhandledCommand"
    again = await worker.on_task(complete())
    assert "WORKFLOW_EXECUTION_SIGNALED" in kinds(again.history.events)


async def test_a_command_that_is_not_allowed_fails_the_task(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    task = await worker.poll()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await worker.answer(task, command("start_timer", timer_id=""))

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    failed = (await server.history(run))[3]
    assert failed.event_type == E.EVENT_TYPE_WORKFLOW_TASK_FAILED


async def test_a_long_history_comes_in_pages(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    if server.is_official:
        pytest.skip("the other server cuts its first page elsewhere")
    run = await server.start(names.workflow(), worker.queue)
    large = text("x" * 1_500_000)
    for number in range(3):
        await worker.on_task(
            command("record_marker", marker_name=f"m{number}", details={"large": large})
        )
        await signal(server, run)
    task = await worker.poll()
    events = list(task.history.events)
    assert task.next_page_token

    page_token = task.next_page_token
    while page_token:
        page = await server.workflows.GetWorkflowExecutionHistory(
            GetWorkflowExecutionHistoryRequest(
                namespace=server.namespace, execution=run, next_page_token=page_token
            )
        )
        events += page.history.events
        page_token = page.next_page_token

    assert [event.event_id for event in events] == list(range(1, task.started_event_id + 1))
    await worker.answer(task, complete())


async def test_an_activity_for_the_same_worker_may_come_with_the_answer(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    await server.start(names.workflow(), worker.queue)
    task = await worker.poll()
    answer = await worker.answer(
        task, schedule_activity("charge", worker.queue, request_eager_execution=True)
    )

    assert [activity.activity_id for activity in answer.activity_tasks] == ["charge"]
    await worker.complete_activity(answer.activity_tasks[0])
    await worker.on_task(complete())
