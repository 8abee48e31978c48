"""Reset: a new run from the history of another, up to a workflow task."""

import grpc
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyExcludeType as Exclude
from temporalio.api.enums.v1 import ResetReapplyType as Reapply
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
)

from tests.support.commands import complete, schedule_activity, start_timer, text
from tests.support.engine import PERDURE, Server, engine_on
from tests.support.history import assert_history
from tests.support.names import Names
from tests.support.worker import ScriptedWorker


@pytest.fixture
def worker(server: Server, names: Names) -> ScriptedWorker:
    return ScriptedWorker(server, names.queue())


async def signal(server: Server, run: WorkflowExecution, name: str) -> None:
    await server.workflows.SignalWorkflowExecution(
        SignalWorkflowExecutionRequest(
            namespace="default", workflow_execution=run, signal_name=name
        )
    )


async def reset(
    server: Server, run: WorkflowExecution, cut: int, **given: object
) -> WorkflowExecution:
    fields: dict[str, object] = {"request_id": f"reset at {cut}", "reason": "a bad deploy", **given}
    answer = await server.workflows.ResetWorkflowExecution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=run,
            workflow_task_finish_event_id=cut,
            **fields,  # type: ignore[arg-type]
        )
    )
    return WorkflowExecution(workflow_id=run.workflow_id, run_id=answer.run_id)


async def completed_run(server: Server, worker: ScriptedWorker, names: Names) -> WorkflowExecution:
    """One activity; a signal while it ran; then the end."""
    run = await server.start(names.workflow(), worker.queue)
    await worker.on_task(schedule_activity("charge", worker.queue))
    await signal(server, run, "go")
    await worker.on_task()
    await worker.on_activity(result=text("charged"))
    await worker.on_task(complete(text("done")))
    return run


async def test_a_closed_run_goes_on_from_its_first_task(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await completed_run(server, worker, names)

    again = await reset(server, run, 4)

    assert_history(
        await server.history(again),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted
        4 WorkflowTaskFailed cause=WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW failure.message='a bad deploy'
        5 WorkflowExecutionSignaled signal_name=go
        6 WorkflowTaskScheduled attempt=1
        """,  # noqa: E501  one event, one line
    )
    first = (await server.history(again))[0].workflow_execution_started_event_attributes
    assert first.first_execution_run_id == run.run_id
    failed = (await server.history(again))[3].workflow_task_failed_event_attributes
    assert (failed.base_run_id, failed.new_run_id) == (run.run_id, again.run_id)
    await worker.on_task(complete(text("done again")))


async def test_what_was_pending_at_the_cut_is_pending_again(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    await worker.on_task(schedule_activity("charge", worker.queue), start_timer("wait", 600))
    await signal(server, run, "go")
    await worker.on_task()
    await worker.on_activity(result=text("charged"))
    await worker.on_task(complete())

    again = await reset(server, run, 10)

    found = await server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=again)
    )
    assert [activity.activity_id for activity in found.pending_activities] == ["charge"]
    await worker.on_activity(result=text("charged again"))


async def test_a_running_run_is_terminated_first(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    await worker.on_task(start_timer("wait", 600))

    again = await reset(server, run, 4)

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted
        4 WorkflowTaskCompleted
        5 TimerStarted
        6 WorkflowExecutionTerminated reason='a bad deploy'
        """,
    )
    assert again.run_id != run.run_id


async def test_a_reset_sent_twice_happens_once(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    if server.is_official:
        pytest.skip("the official server forgets the request once the run has changed")
    run = await completed_run(server, worker, names)

    first = await reset(server, run, 4)
    second = await reset(server, run, 4)

    assert first == second


async def test_a_run_whose_task_was_never_taken_is_reset_too(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    run = await server.start(names.workflow(), worker.queue)
    await signal(server, run, "go")

    again = await reset(server, run, 3)

    assert_history(
        await server.history(again),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted
        4 WorkflowTaskFailed cause=WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
        5 WorkflowExecutionSignaled signal_name=go
        6 WorkflowTaskScheduled
        """,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"reset_reapply_type": Reapply.RESET_REAPPLY_TYPE_NONE},
        {"reset_reapply_exclude_types": [Exclude.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL]},
    ],
    ids=["none at all", "no signals"],
)
async def test_the_caller_says_what_is_not_applied_again(
    server: Server, worker: ScriptedWorker, names: Names, given: dict[str, object]
) -> None:
    run = await completed_run(server, worker, names)

    again = await reset(server, run, 4, **given)

    assert_history(
        await server.history(again),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted
        4 WorkflowTaskFailed
        5 WorkflowTaskScheduled
        """,
    )


@pytest.mark.parametrize("cut", [0, 1, 2, 5, 99])
async def test_a_run_is_cut_at_a_workflow_task_only(
    server: Server, worker: ScriptedWorker, names: Names, cut: int
) -> None:
    run = await completed_run(server, worker, names)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reset(server, run, cut)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_reset_needs_a_request_id(server: Server, names: Names) -> None:
    run = await server.start(names.workflow(), names.queue())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reset(server, run, 3, request_id="")
    assert refused.value.details() == "RequestId is not set on request."


async def test_a_run_that_was_reset_names_the_run_that_goes_on(
    server: Server, worker: ScriptedWorker, names: Names
) -> None:
    first = await completed_run(server, worker, names)
    second = await reset(server, first, 4)
    assert await reset_into(server, first) == second.run_id
    assert await reset_into(server, second) == ""

    third = await reset(server, first, 4, request_id="again")
    fourth = await reset(server, second, 4, request_id="from the second")

    assert await reset_into(server, first) == third.run_id
    assert await reset_into(server, second) == fourth.run_id
    assert await reset_into(server, third) == "", "it was terminated, and nothing goes on from it"


async def test_what_a_run_was_reset_into_is_known_after_a_restart(
    names: Names, database: str
) -> None:
    async with engine_on(database) as address:
        server = Server(address, PERDURE)
        worker = ScriptedWorker(server, names.queue())
        closed = await completed_run(server, worker, names)
        events = await server.history(closed)
        after_closed = await reset(server, closed, 4)
        after_running = await reset(server, after_closed, 4, request_id="while it runs")

    async with engine_on(database) as address:
        again = Server(address, PERDURE)
        assert await reset_into(again, closed) == after_closed.run_id
        assert await reset_into(again, after_closed) == after_running.run_id
        assert await again.history(closed) == events


async def reset_into(server: Server, run: WorkflowExecution) -> str:
    request = DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    described = await server.workflows.DescribeWorkflowExecution(request)
    return described.workflow_extended_info.reset_run_id
