"""Start a run: what is refused, what a second start finds, what the first event says."""

import grpc
import pytest
from temporalio.api.common.v1 import (
    Memo,
    Payload,
    RetryPolicy,
    SearchAttributes,
    WorkflowExecution,
    WorkflowType,
)
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import WorkflowIdReusePolicy as Reuse
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.support.commands import complete, fail, failed, text
from tests.support.engine import Server, detail_names, seconds
from tests.support.history import assert_history
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def json(data: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data.encode())


def request(workflow_id: str, **given: object) -> StartWorkflowExecutionRequest:
    fields: dict[str, object] = {
        "namespace": "default",
        "workflow_type": WorkflowType(name="Scripted"),
        "task_queue": TaskQueue(name="nobody polls"),
        "request_id": f"start {workflow_id}",
        **given,
    }
    return StartWorkflowExecutionRequest(workflow_id=workflow_id, **fields)  # type: ignore[arg-type]


async def terminate(server: Server, run: WorkflowExecution) -> None:
    await server.workflows.TerminateWorkflowExecution(
        TerminateWorkflowExecutionRequest(namespace="default", workflow_execution=run)
    )


CRONS = {
    "a long number": f"@every {'1' * 100_000}",
    "a number that is none": f"@every {'9' * 400}h",
    "a long time": "@every 9999999999h",
    "a continent": "TZ=America * * * * *",
}
REFUSED = {
    "no namespace": ({"namespace": ""}, INVALID, "Namespace is empty."),
    "unknown namespace": (
        {"namespace": "nowhere"},
        grpc.StatusCode.NOT_FOUND,
        "Namespace nowhere is not found.",
    ),
    "no type": ({"workflow_type": None}, INVALID, "WorkflowType is not set on request."),
    "long type": (
        {"workflow_type": WorkflowType(name="x" * 1001)},
        INVALID,
        "WorkflowType length exceeds limit.",
    ),
    "no queue": ({"task_queue": None}, INVALID, "taskQueue is not set"),
    "long queue": (
        {"task_queue": TaskQueue(name="x" * 1001)},
        INVALID,
        "taskQueue length exceeds limit",
    ),
    "reserved queue": (
        {"task_queue": TaskQueue(name="/_sys/x")},
        INVALID,
        "task queue name cannot start with reserved prefix /_sys/",
    ),
    "long request id": ({"request_id": "x" * 1001}, INVALID, "RequestId length exceeds limit."),
    "negative time-out": (
        {"workflow_run_timeout": seconds(-1)},
        INVALID,
        "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
    ),
    "negative delay": (
        {"workflow_start_delay": seconds(-1)},
        INVALID,
        "An invalid WorkflowStartDelaySeconds is set on request. cause: negative duration",
    ),
    "cron and delay": (
        {"cron_schedule": "* * * * *", "workflow_start_delay": seconds(1)},
        INVALID,
        "CronSchedule and WorkflowStartDelay may not be used together.",
    ),
    "cron that is none": ({"cron_schedule": "0 25 * *"}, INVALID, "invalid CronSchedule."),
    **{
        f"cron of {what}": ({"cron_schedule": given}, INVALID, "invalid CronSchedule.")
        for what, given in CRONS.items()
    },
    "coefficient below one": (
        {"retry_policy": RetryPolicy(backoff_coefficient=0.5)},
        INVALID,
        "BackoffCoefficient cannot be less than 1 on retry policy.",
    ),
    "interval beyond its bound": (
        {"retry_policy": RetryPolicy(initial_interval=seconds(9), maximum_interval=seconds(1))},
        INVALID,
        "MaximumInterval cannot be less than InitialInterval on retry policy.",
    ),
    "negative attempts": (
        {"retry_policy": RetryPolicy(maximum_attempts=-1)},
        INVALID,
        "MaximumAttempts cannot be negative on retry policy.",
    ),
    "large input": ({"input": text("x" * 2_200_000)}, INVALID, "Blob data size exceeds limit."),
    "large memo": (
        {"memo": Memo(fields={"a": json("x" * 2_200_000)})},
        INVALID,
        "Memo size exceeds limit.",
    ),
    "two policies at odds": (
        {
            "workflow_id_reuse_policy": Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING,
            "workflow_id_conflict_policy": Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
        },
        INVALID,
        "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING"
        " cannot be used together with a WorkflowIDConflictPolicy",
    ),
    "attribute that is not there": (
        {"search_attributes": SearchAttributes(indexed_fields={"Nope": json("1")})},
        INVALID,
        None,
    ),
    "attribute of the system": (
        {"search_attributes": SearchAttributes(indexed_fields={"WorkflowId": json('"w"')})},
        INVALID,
        None,
    ),
}


@pytest.mark.parametrize(("given", "code", "message"), REFUSED.values(), ids=REFUSED)
async def test_a_start_that_cannot_be_right_is_refused(
    server: Server,
    names: Names,
    given: dict[str, object],
    code: grpc.StatusCode,
    message: str | None,
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.StartWorkflowExecution(request(names.workflow(), **given))

    assert refused.value.code() is code
    assert message is None or (refused.value.details() or "").startswith(message)


@pytest.mark.parametrize(
    ("workflow_id", "message"),
    [
        ("", "WorkflowId is not set on request."),
        ("x" * 1001, "WorkflowId exceeds maximum allowed length (1001/1000)"),
    ],
    ids=["empty", "long"],
)
async def test_a_workflow_id_has_a_length(server: Server, workflow_id: str, message: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.StartWorkflowExecution(request(workflow_id, request_id="r"))
    assert (refused.value.code(), refused.value.details()) == (INVALID, message)


async def test_the_first_event_says_all_that_was_given(server: Server, names: Names) -> None:
    workflow_id = names.workflow()
    started = await server.workflows.StartWorkflowExecution(
        request(
            workflow_id,
            input=text("9.99"),
            identity="Alice",
            memo=Memo(fields={"customer": json('"C-7"')}),
            workflow_execution_timeout=seconds(100),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
    )
    run = WorkflowExecution(workflow_id=workflow_id, run_id=started.run_id)

    assert started.started
    assert_history(
        await server.history(run),
        f"""
        1 WorkflowExecutionStarted identity=Alice attempt=1 workflow_id={workflow_id} workflow_execution_timeout=100s workflow_run_timeout=100s workflow_task_timeout=10s first_execution_run_id={run.run_id} original_execution_run_id={run.run_id} first_workflow_task_backoff=0s retry_policy.initial_interval=1s retry_policy.backoff_coefficient=2.0 retry_policy.maximum_interval=100s task_queue.kind=TASK_QUEUE_KIND_NORMAL
        2 WorkflowTaskScheduled attempt=1 start_to_close_timeout=10s
        """,  # noqa: E501  one event, one line
    )


async def test_the_same_request_starts_one_run(server: Server, names: Names) -> None:
    workflow_id = names.workflow()
    first = await server.workflows.StartWorkflowExecution(request(workflow_id))
    second = await server.workflows.StartWorkflowExecution(request(workflow_id))

    assert second.run_id == first.run_id
    assert second.started


async def test_a_running_run_is_in_the_way(server: Server, names: Names) -> None:
    workflow_id = names.workflow()
    first = await server.workflows.StartWorkflowExecution(request(workflow_id))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.StartWorkflowExecution(request(workflow_id, request_id="other"))

    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert first.run_id in (refused.value.details() or "")
    assert detail_names(refused.value) == ["WorkflowExecutionAlreadyStartedFailure"]


async def test_a_running_run_may_be_used_instead(server: Server, names: Names) -> None:
    workflow_id = names.workflow()
    first = await server.workflows.StartWorkflowExecution(request(workflow_id))

    used = await server.workflows.StartWorkflowExecution(
        request(
            workflow_id,
            request_id="other",
            workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        )
    )
    assert (used.run_id, used.started) == (first.run_id, False)
    assert used.first_execution_run_id == first.run_id


@pytest.mark.parametrize(
    "policy",
    [
        {"workflow_id_conflict_policy": Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING},
        {"workflow_id_reuse_policy": Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING},
    ],
    ids=["by conflict policy", "by reuse policy"],
)
async def test_a_running_run_may_be_ended_for_a_new_one(
    server: Server, names: Names, policy: dict[str, object]
) -> None:
    first = await server.start(names.workflow(), "nobody polls")
    second = await server.workflows.StartWorkflowExecution(
        request(first.workflow_id, request_id="other", **policy)
    )

    assert second.run_id != first.run_id
    assert_history(
        await server.history(first),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowExecutionTerminated
        """,
    )


async def test_a_workflow_id_may_be_used_once_only(server: Server, names: Names) -> None:
    first = await server.start(names.workflow(), "nobody polls")
    await terminate(server, first)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.StartWorkflowExecution(
            request(
                first.workflow_id,
                request_id="other",
                workflow_id_reuse_policy=Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
            )
        )
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("ends_well", [True, False], ids=["completed", "failed"])
async def test_a_workflow_id_may_be_used_again_after_a_failure_only(
    server: Server, names: Names, *, ends_well: bool
) -> None:
    queue = names.queue()
    first = await server.start(names.workflow(), queue)
    end = complete() if ends_well else fail(failed("no money"))
    await ScriptedWorker(server, queue).on_task(end)
    again = request(
        first.workflow_id,
        request_id="other",
        workflow_id_reuse_policy=Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
    )

    if ends_well:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await server.workflows.StartWorkflowExecution(again)
        assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    else:
        assert (await server.workflows.StartWorkflowExecution(again)).run_id != first.run_id


async def test_a_delayed_run_has_no_task_yet(server: Server, names: Names) -> None:
    run = await server.start(names.workflow(), names.queue(), workflow_start_delay=seconds(600))

    assert_history(
        await server.history(run),
        "1 WorkflowExecutionStarted first_workflow_task_backoff=600s",
    )


async def test_a_signal_ends_the_delay(server: Server, names: Names) -> None:
    run = await server.start(names.workflow(), names.queue(), workflow_start_delay=seconds(600))
    await server.workflows.SignalWithStartWorkflowExecution(signal_with_start(run.workflow_id))

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowExecutionSignaled
        3 WorkflowTaskScheduled
        """,
    )


async def test_a_cron_run_waits_for_its_time(server: Server, names: Names) -> None:
    run = await server.start(names.workflow(), names.queue(), cron_schedule="0 0 1 1 *")

    assert_history(
        await server.history(run),
        "1 WorkflowExecutionStarted cron_schedule='0 0 1 1 *'"
        " initiator=CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE",
    )


def signal_with_start(workflow_id: str, **given: object) -> SignalWithStartWorkflowExecutionRequest:
    fields: dict[str, object] = {
        "namespace": "default",
        "workflow_type": WorkflowType(name="Scripted"),
        "task_queue": TaskQueue(name="nobody polls"),
        "signal_name": "go",
        "signal_input": text("now"),
        "request_id": "signal",
        "identity": "Alice",
        **given,
    }
    return SignalWithStartWorkflowExecutionRequest(workflow_id=workflow_id, **fields)  # type: ignore[arg-type]


async def test_signal_with_start_starts_and_signals_together(server: Server, names: Names) -> None:
    workflow_id = names.workflow()
    started = await server.workflows.SignalWithStartWorkflowExecution(
        signal_with_start(workflow_id)
    )

    assert started.started
    assert_history(
        await server.history(WorkflowExecution(workflow_id=workflow_id, run_id=started.run_id)),
        """
        1 WorkflowExecutionStarted
        2 WorkflowExecutionSignaled signal_name=go identity=Alice input='"now"' request_id=signal
        3 WorkflowTaskScheduled
        """,
    )


async def test_signal_with_start_signals_what_runs(server: Server, names: Names) -> None:
    run = await server.start(names.workflow(), names.queue())

    for _ in range(2):
        answer = await server.workflows.SignalWithStartWorkflowExecution(
            signal_with_start(run.workflow_id)
        )
        assert (answer.run_id, answer.started) == (run.run_id, False)

    assert_history(
        await server.history(run),
        """
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowExecutionSignaled request_id=signal
        """,
    )


async def test_an_eager_start_hands_over_the_first_task(server: Server, names: Names) -> None:
    started = await server.workflows.StartWorkflowExecution(
        request(names.workflow(), request_eager_execution=True, identity="Alice")
    )

    task = started.eager_workflow_task
    assert task.workflow_execution.run_id == started.run_id
    assert_history(
        task.history.events,
        """
        1 WorkflowExecutionStarted eager_execution_accepted=True
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted
        """,
    )
    await ScriptedWorker(server, "nobody polls").answer(task, complete())
