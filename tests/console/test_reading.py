"""What is kept of a history is what is in it for good."""

from collections.abc import Iterator

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Input, Meta, Rejection, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueResponse,
    UpdateWorkflowExecutionRequest,
)

from console.gateway import histories, steering, workflows
from console.gateway.channel import workflow_service
from console.gateway.runs import RunKey
from console.workflows import reading
from tests.support.commands import failed
from tests.support.names import Names
from tests.support.scripted import Scripted

COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED


@pytest.fixture(autouse=True)
def nothing_is_known() -> Iterator[None]:
    yield
    reading.forget_all()


def kinds(key: RunKey) -> list[tuple[int, str]]:
    """As the pages know them."""
    length = workflows.describe(key).summary.history_length
    return [(one.id, one.kind) for one in reading.read(key, length).events]


def refuse(worker: Scripted, task: PollWorkflowTaskQueueResponse) -> None:
    (asked,) = task.messages
    message = Message(id="reject", protocol_instance_id=asked.protocol_instance_id)
    message.body.Pack(Rejection(rejected_request_message_id=asked.id, failure=failed("too much")))
    worker.answer(task, messages=[message])


def test_a_refused_update_leaves_nothing_of_its_workflow_task(
    worker: Scripted, names: Names, db: None
) -> None:
    """While it is under way the official server shows events of it that never were."""
    key = worker.start(names.workflow())
    worker.on_task()
    run = WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)
    before = kinds(key)

    asked = UpdateWorkflowExecutionRequest(
        namespace=key.namespace,
        workflow_execution=run,
        wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
        request=Request(meta=Meta(update_id="adjust"), input=Input(name="adjust")),
    )
    waiting = workflow_service().UpdateWorkflowExecution.future(asked, timeout=20)
    task = worker.poll()
    reading.forget_all()
    during = kinds(key)
    refuse(worker, task)
    assert waiting.result(10).outcome.failure.message == "too much"
    steering.signal(key, "go", [], "somebody", "once")

    now = kinds(key)
    assert during == before
    assert now == [(one.id, one.kind) for one in histories.forward(key).events]
    assert now[: len(before)] == before
    assert now[len(before)] == (len(before) + 1, "WorkflowExecutionSignaled")
