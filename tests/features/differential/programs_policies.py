"""A start beside, or after, another run of its workflow id; the same request again."""

from typing import Any

from temporalio.api.common.v1 import WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import (
    WorkflowIdConflictPolicy as Conflict,
)
from temporalio.api.enums.v1 import (
    WorkflowIdReusePolicy as Reuse,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import OnConflictOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
)

from tests.features.differential.stage import Stage
from tests.support.commands import complete, fail, failed, seconds, start_timer, text

USE = Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
TERMINATE = Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
REJECT = Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
ATTACH = OnConflictOptions(
    attach_request_id=True, attach_completion_callbacks=True, attach_links=True
)
REUSES = list(Reuse.values())
CONFLICTS = list(Conflict.values())


def _request(
    stage: Stage, name: str, request_id: str, **given: Any
) -> StartWorkflowExecutionRequest:
    return StartWorkflowExecutionRequest(
        namespace="default",
        workflow_id=stage.workflow_id(name),
        workflow_type=WorkflowType(name="Scripted"),
        task_queue=TaskQueue(name=stage.queue),
        request_id=request_id,
        **given,
    )


async def _start(stage: Stage, name: str, request_id: str, **given: Any) -> Any:
    request = _request(stage, name, request_id, **given)
    return await stage.hear(stage.server.workflows.StartWorkflowExecution(request))


async def _signal_with_start(stage: Stage, name: str, request_id: str, **given: Any) -> Any:
    request = SignalWithStartWorkflowExecutionRequest(
        namespace="default",
        workflow_id=stage.workflow_id(name),
        workflow_type=WorkflowType(name="Scripted"),
        task_queue=TaskQueue(name=stage.queue),
        request_id=request_id,
        signal_name="go",
        **given,
    )
    return await stage.hear(stage.server.workflows.SignalWithStartWorkflowExecution(request))


async def starts_beside_a_running_run(stage: Stage) -> None:
    for reuse in REUSES:
        for conflict in CONFLICTS:
            name = f"{reuse} {conflict}"
            first = await stage.start(name)
            answer = await _start(
                stage, name, "second",
                workflow_id_reuse_policy=reuse, workflow_id_conflict_policy=conflict,
            )  # fmt: skip
            if answer is not None and answer.run_id != first.run_id:
                stage.also(first.workflow_id, answer.run_id)


async def starts_after_a_completed_run(stage: Stage) -> None:
    await _after(stage, complete(text("done")))


async def starts_after_a_failed_run(stage: Stage) -> None:
    await _after(stage, fail(failed("no money")))


async def _after(stage: Stage, *ending: Any) -> None:
    for reuse in REUSES:
        for conflict in CONFLICTS:
            name = f"{reuse} {conflict}"
            await stage.start(name)
            await stage.worker.on_task(*ending)
            answer = await _start(
                stage, name, "second",
                workflow_id_reuse_policy=reuse, workflow_id_conflict_policy=conflict,
            )  # fmt: skip
            if answer is not None:
                await stage.worker.on_task(complete())


async def signals_with_start_beside_a_running_run(stage: Stage) -> None:
    for reuse in REUSES:
        for conflict in CONFLICTS:
            name = f"{reuse} {conflict}"
            first = await stage.start(name)
            answer = await _signal_with_start(
                stage, name, "second",
                workflow_id_reuse_policy=reuse, workflow_id_conflict_policy=conflict,
            )  # fmt: skip
            if answer is not None and answer.run_id != first.run_id:
                stage.also(first.workflow_id, answer.run_id)


async def signals_with_start_after_a_completed_run(stage: Stage) -> None:
    for reuse in REUSES:
        for conflict in CONFLICTS:
            name = f"{reuse} {conflict}"
            await stage.start(name)
            await stage.worker.on_task(complete())
            answer = await _signal_with_start(
                stage, name, "second",
                workflow_id_reuse_policy=reuse, workflow_id_conflict_policy=conflict,
            )  # fmt: skip
            if answer is not None:
                await stage.worker.on_task(complete())
                stage.also(stage.workflow_id(name), answer.run_id)


async def is_started_twice_by_one_request(stage: Stage) -> None:
    await stage.start(request_id="one")
    await _start(stage, "main", "one")
    await _start(stage, "main", "one", workflow_id_conflict_policy=TERMINATE)
    await stage.worker.on_task(complete())
    await _start(stage, "main", "one")
    await _start(stage, "main", "one", workflow_id_reuse_policy=REJECT)


async def is_signalled_with_start_twice_by_one_request(stage: Stage) -> None:
    answer = await _signal_with_start(stage, "main", "one")
    stage.also(stage.workflow_id(), answer.run_id)
    await _signal_with_start(stage, "main", "two")
    await _signal_with_start(stage, "main", "two")
    await _start(stage, "main", "one")


async def is_signalled_twice_by_one_request(stage: Stage) -> None:
    run = await stage.start()
    for _ in range(2):
        await stage.signal(run, request_id="one")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.signal(run, request_id="one")
    await stage.signal(run, request_id="two")


async def is_cancelled_twice(stage: Stage) -> None:
    run = await stage.start()
    for request_id in ("one", "one", "two", ""):
        await stage.hear(
            stage.server.workflows.RequestCancelWorkflowExecution(
                RequestCancelWorkflowExecutionRequest(
                    namespace="default", workflow_execution=run, request_id=request_id
                )
            )
        )
    await stage.worker.on_task(complete())
    for request_id in ("one", "three"):
        await stage.hear(
            stage.server.workflows.RequestCancelWorkflowExecution(
                RequestCancelWorkflowExecutionRequest(
                    namespace="default", workflow_execution=run, request_id=request_id
                )
            )
        )


async def attaches_to_a_running_run(stage: Stage) -> None:
    run = await stage.start()
    for request_id in ("second", "second", "third"):
        await _attach(stage, request_id)
    await _start(stage, "main", "second")
    await _start(stage, "main", "third", workflow_id_conflict_policy=TERMINATE)
    await stage.worker.on_task(start_timer("t", 600))
    await _attach(stage, "fourth")
    await _note_requests(stage, run)


async def attaches_while_a_task_runs(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    for _ in range(2):
        await _attach(stage, "second")
    await _note_requests(stage, run)
    await stage.worker.answer(task)
    await _note_requests(stage, run)
    await stage.worker.on_task(complete())
    await _start(stage, "main", "second")


async def attaches_nothing(stage: Stage) -> None:
    await stage.start()
    await _attach(stage, "second", OnConflictOptions(attach_links=True))
    await _attach(stage, "second", OnConflictOptions())
    await _start(stage, "main", "second")


async def _attach(stage: Stage, request_id: str, options: OnConflictOptions = ATTACH) -> None:
    await _start(
        stage, "main", request_id, workflow_id_conflict_policy=USE, on_conflict_options=options
    )


async def _note_requests(stage: Stage, run: WorkflowExecution) -> None:
    found = await stage.server.workflows.DescribeWorkflowExecution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=run)
    )
    known = found.workflow_extended_info.request_id_infos
    for request_id in sorted(known):
        stage.note(request_id.partition(" ")[0], known[request_id])


async def starts_with_what_cannot_be(stage: Stage) -> None:
    bad: list[dict[str, Any]] = [
        {"workflow_execution_timeout": seconds(-1)},
        {"workflow_run_timeout": seconds(-1)},
        {"workflow_task_timeout": seconds(-1)},
        {"workflow_start_delay": seconds(-1)},
        {"cron_schedule": "never"},
        {"cron_schedule": "* * * * *", "workflow_start_delay": seconds(1)},
        {"retry_policy": {"backoff_coefficient": 0.5}},
        {"retry_policy": {"maximum_attempts": -1}},
        {"retry_policy": {"initial_interval": seconds(-1)}},
        {"retry_policy": {"maximum_interval": seconds(-1)}},
        {"retry_policy": {"initial_interval": seconds(5), "maximum_interval": seconds(1)}},
        {"identity": "x" * 1001},
        {"search_attributes": {"indexed_fields": {"NotThere": text(1).payloads[0]}}},
        {"search_attributes": {"indexed_fields": {"WorkflowId": text("x").payloads[0]}}},
        {"request_eager_execution": True, "cron_schedule": "* * * * *"},
        {"on_conflict_options": OnConflictOptions(attach_completion_callbacks=True)},
    ]
    for number, given in enumerate(bad):
        stage.note(number, sorted(given))
        await _start(stage, f"{number}", "one", **given)
    await _start(stage, "x" * 1001, "one")
    await _start(stage, "long request id", "x" * 1001)
    changes: list[dict[str, Any]] = [
        {"workflow_type": WorkflowType()},
        {"workflow_type": WorkflowType(name="x" * 1001)},
        {"workflow_id": ""},
        {"task_queue": TaskQueue()},
        {"task_queue": TaskQueue(name="x" * 1001)},
        {"task_queue": TaskQueue(name="/_sys/x")},
        {"namespace": ""},
        {"namespace": "not there"},
    ]
    for change in changes:
        request = _request(stage, "odd", "one")
        for name in change:
            request.ClearField(name)
        request.MergeFrom(StartWorkflowExecutionRequest(**change))
        stage.note(sorted(change))
        await stage.hear(stage.server.workflows.StartWorkflowExecution(request))
