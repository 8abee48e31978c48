"""Children, other runs, updates."""

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ParentClosePolicy, WorkflowIdReusePolicy

from tests.features.differential.stage import Stage
from tests.support.commands import (
    command,
    complete,
    fail,
    failed,
    signal_external,
    start_child,
    start_timer,
    text,
)


async def _child(stage: Stage, name: str = "child") -> WorkflowExecution:
    return stage.also(stage.workflow_id(name))


async def starts_a_child_that_completes(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(
            stage.workflow_id("child"),
            f"{stage.queue} of children",
            input=text(1),
            memo={"fields": {"a": text(1).payloads[0]}},
            namespace="default",
        )
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task()
    await _on_child(stage, complete(text(2)))
    await stage.worker.on_task(complete())
    await _child(stage)


async def starts_a_child_that_fails(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(stage.workflow_id("child"), f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task()
    await _on_child(stage, fail(failed("no money", "NoMoney")))
    await stage.worker.on_task(complete())


async def starts_a_child_that_is_there_already(stage: Stage) -> None:
    other = await stage.start("child")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.start()
    await stage.worker.on_task(
        start_child(other.workflow_id, f"{stage.queue} of children", namespace="default")
    )
    await stage.worker.on_task(complete())


async def may_not_use_a_childs_id_again(stage: Stage) -> None:
    other = await stage.start("child")
    await stage.worker.on_task(complete())
    await stage.start()
    await stage.worker.on_task(
        start_child(
            other.workflow_id,
            f"{stage.queue} of children",
            namespace="default",
            workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
        )
    )
    await stage.worker.on_task(complete())


async def _on_child(stage: Stage, *commands: object) -> None:
    normal, stage.worker.queue = stage.worker.queue, f"{stage.queue} of children"
    await stage.worker.on_task(*commands)  # type: ignore[arg-type]
    stage.worker.queue = normal


def _closing_with(policy: ParentClosePolicy.ValueType):  # type: ignore[no-untyped-def]
    async def program(stage: Stage) -> None:
        run = await stage.start()
        await stage.worker.on_task(
            start_child(
                stage.workflow_id("child"),
                f"{stage.queue} of children",
                namespace="default",
                parent_close_policy=policy,
            )
        )
        await stage.until_seen(run, "ChildWorkflowExecutionStarted")
        await stage.worker.on_task(complete())
        child = await _child(stage)
        if policy == ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE:
            await stage.until_seen(child, "WorkflowExecutionTerminated")
        elif policy == ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL:
            await stage.until_seen(child, "WorkflowExecutionCancelRequested")

    return program


leaves_a_child_to_be_terminated = _closing_with(ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE)
leaves_a_child_to_be_cancelled = _closing_with(ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
leaves_a_child_alone = _closing_with(ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON)


async def sees_its_child_terminated(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(stage.workflow_id("child"), f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task()
    await stage.terminate(WorkflowExecution(workflow_id=stage.workflow_id("child")))
    await stage.worker.on_task(complete())


async def cancels_its_child(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(
        start_child(stage.workflow_id("child"), f"{stage.queue} of children", namespace="default")
    )
    await stage.until_seen(run, "ChildWorkflowExecutionStarted")
    await stage.worker.on_task(
        command(
            "request_cancel_external_workflow_execution",
            workflow_id=stage.workflow_id("child"),
            namespace="default",
            child_workflow_only=True,
        )
    )
    await stage.until_seen(run, "ExternalWorkflowExecutionCancelRequested")
    await stage.worker.on_task()
    await _on_child(stage, command("cancel_workflow_execution"))
    await stage.worker.on_task(complete())
    await _child(stage)


async def signals_another_run(stage: Stage) -> None:
    other = await stage.start("other")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.start()
    await stage.worker.on_task(
        signal_external(other.workflow_id, "go", input=text(1), namespace="default")
    )
    await stage.until_seen(other, "WorkflowExecutionSignaled")
    main = await _until_answered(stage)
    assert main


async def _until_answered(stage: Stage) -> bool:
    """Whichever of the two runs has a task: answer it."""
    for _ in range(2):
        await stage.worker.on_task()
    return True


async def signals_nobody(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        signal_external(stage.workflow_id("nobody"), "go", namespace="default")
    )
    await stage.worker.on_task(complete())


async def cancels_another_run(stage: Stage) -> None:
    other = await stage.start("other")
    await stage.worker.on_task(start_timer("t", 600))
    await stage.start()
    await stage.worker.on_task(
        command(
            "request_cancel_external_workflow_execution",
            workflow_id=other.workflow_id,
            namespace="default",
            reason="enough",
        )
    )
    await stage.until_seen(other, "WorkflowExecutionCancelRequested")
    await _until_answered(stage)


async def cancels_nobody(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(
        command(
            "request_cancel_external_workflow_execution",
            workflow_id=stage.workflow_id("nobody"),
            namespace="default",
        )
    )
    await stage.worker.on_task(complete())
