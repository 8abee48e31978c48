"""Signal, cancel, terminate and delete a run from outside."""

import grpc
import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DescribeWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.support.engine import Server, detail_names
from tests.support.eventually import eventually_async
from tests.support.history import assert_history
from tests.support.names import Names

NOBODY = "5ea0811c-673d-425f-9ec2-16c3ee6bd386"


@pytest.fixture
async def run(server: Server, names: Names) -> WorkflowExecution:
    return await server.start(names.workflow(), names.queue())


def text(value: str) -> Payloads:
    return Payloads(
        payloads=[Payload(metadata={"encoding": b"json/plain"}, data=f'"{value}"'.encode())]
    )


def signal(run: WorkflowExecution, **given: object) -> SignalWorkflowExecutionRequest:
    fields = {"signal_name": "go", "identity": "Alice", **given}
    return SignalWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=run,
        **fields,  # type: ignore[arg-type]
    )


def terminate(run: WorkflowExecution, **given: object) -> TerminateWorkflowExecutionRequest:
    return TerminateWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=run,
        **given,  # type: ignore[arg-type]
    )


def cancel(run: WorkflowExecution, **given: object) -> RequestCancelWorkflowExecutionRequest:
    return RequestCancelWorkflowExecutionRequest(
        namespace="default",
        workflow_execution=run,
        **given,  # type: ignore[arg-type]
    )


async def test_a_signal_is_an_event_with_its_sender(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.SignalWorkflowExecution(signal(run, input=text("now")))

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted attempt=1
        2 WorkflowTaskScheduled
        3 WorkflowExecutionSignaled signal_name=go identity=Alice input='"now"'
        """,
    )


async def test_a_signal_sent_twice_with_one_request_id_is_applied_once(
    server: Server, run: WorkflowExecution
) -> None:
    await server.workflows.SignalWorkflowExecution(signal(run, request_id="one"))
    await server.workflows.SignalWorkflowExecution(signal(run, request_id="one"))
    await server.workflows.SignalWorkflowExecution(signal(run, request_id="two"))

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowExecutionSignaled request_id=one
        4 WorkflowExecutionSignaled request_id=two
        """,
    )


async def test_a_run_is_terminated_at_once(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.TerminateWorkflowExecution(
        terminate(run, reason="a duplicate", identity="Bob", details=text("why"))
    )

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowExecutionTerminated reason='a duplicate' identity=Bob details='"why"'
        """,
    )


async def test_cancellation_is_requested_once(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.RequestCancelWorkflowExecution(cancel(run, reason="too slow"))
    await server.workflows.RequestCancelWorkflowExecution(cancel(run, reason="still too slow"))

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowExecutionCancelRequested cause='too slow'
        """,
    )


async def test_a_closed_run_takes_no_signal_and_no_second_end(
    server: Server, run: WorkflowExecution
) -> None:
    await server.workflows.TerminateWorkflowExecution(terminate(run))

    for call in (
        server.workflows.SignalWorkflowExecution(signal(run)),
        server.workflows.TerminateWorkflowExecution(terminate(run)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert refused.value.details() == "workflow execution already completed"
        assert detail_names(refused.value) == ["NotFoundFailure"]


async def test_cancelling_a_closed_run_is_no_mistake(
    server: Server, run: WorkflowExecution
) -> None:
    await server.workflows.TerminateWorkflowExecution(terminate(run))

    await server.workflows.RequestCancelWorkflowExecution(cancel(run))


async def test_a_workflow_that_never_ran_is_not_found(server: Server, names: Names) -> None:
    nowhere = WorkflowExecution(workflow_id=names.workflow())
    for call in (
        server.workflows.SignalWorkflowExecution(signal(nowhere)),
        server.workflows.TerminateWorkflowExecution(terminate(nowhere)),
        server.workflows.RequestCancelWorkflowExecution(cancel(nowhere)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert refused.value.details() == f"workflow not found for ID: {nowhere.workflow_id}"


@pytest.mark.parametrize("call", ["terminate", "cancel"])
async def test_only_a_run_of_the_named_chain_is_ended(
    server: Server, run: WorkflowExecution, call: str
) -> None:
    current = WorkflowExecution(workflow_id=run.workflow_id)

    async def end(first: str) -> None:
        if call == "terminate":
            await server.workflows.TerminateWorkflowExecution(
                terminate(current, first_execution_run_id=first)
            )
        else:
            await server.workflows.RequestCancelWorkflowExecution(
                cancel(current, first_execution_run_id=first)
            )

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await end(NOBODY)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert len(await server.history(run)) == 2

    await end(run.run_id)
    assert len(await server.history(run)) == 3


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            signal(WorkflowExecution(workflow_id="w"), signal_name=""),
            "SignalName is not set on request.",
        ),
        (signal(WorkflowExecution(workflow_id="w", run_id="x")), "Invalid RunId."),
        (signal(WorkflowExecution()), "WorkflowId is not set on request."),
        (
            signal(WorkflowExecution(workflow_id="w"), signal_name="x" * 1001),
            "SignalName length exceeds limit.",
        ),
        (
            signal(WorkflowExecution(workflow_id="w"), input=text("x" * 2 * 1024 * 1024)),
            "Blob data size exceeds limit.",
        ),
    ],
    ids=["no name", "run id is no UUID", "no workflow id", "long name", "large input"],
)
async def test_a_signal_that_cannot_be_right_is_refused(
    server: Server, run: WorkflowExecution, request_: SignalWorkflowExecutionRequest, message: str
) -> None:
    if request_.workflow_execution.workflow_id:
        request_.workflow_execution.workflow_id = run.workflow_id
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.SignalWorkflowExecution(request_)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == message


async def test_a_deleted_run_is_gone(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.DeleteWorkflowExecution(
        DeleteWorkflowExecutionRequest(namespace="default", workflow_execution=run)
    )

    async def is_gone() -> bool:
        try:
            await server.workflows.DescribeWorkflowExecution(
                DescribeWorkflowExecutionRequest(namespace="default", execution=run)
            )
        except grpc.aio.AioRpcError as refused:
            return refused.code() is grpc.StatusCode.NOT_FOUND
        return False

    await eventually_async(is_gone)
