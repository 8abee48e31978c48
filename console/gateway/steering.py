"""Typed writing calls on workflows.

Each takes who asks and, where the protocol has one, a request id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import (
    ResetReapplyExcludeType,
    UpdateWorkflowExecutionLifecycleStage,
    WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy,
)
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflow.v1 import PostResetOperation
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    PauseWorkflowExecutionRequest,
    QueryWorkflowRequest,
    RequestCancelWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
    UpdateWorkflowExecutionRequest,
)

from console.gateway import payloads, questions, sight
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.events import Event
from console.gateway.payloads import Failure, Place, Value
from console.gateway.questions import Question
from console.gateway.runs import RunKey

ANSWER_SECONDS = 15.0
ACCEPTED = UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
#: Nothing is asked under a condition, so only a pause lets a server say no.
UNANSWERED = "The run is paused, and answers nothing until it is resumed."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an update came to.

    `failure` is set when the workflow refused or failed it; `done` says it has an end, `taken` that
    a worker has looked at it: until then its run has nothing of it.
    """

    values: tuple[Value, ...]
    failure: Failure | None
    done: bool
    taken: bool = True


def terminate(key: RunKey, reason: str, identity: str) -> None:
    call(
        workflow_service().TerminateWorkflowExecution,
        TerminateWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            reason=reason,
            identity=identity,
        ),
    )


def cancel(
    key: RunKey, reason: str, identity: str, request_id: str, *, first_run_id: str = ""
) -> None:
    """`first_run_id`: only a run that this one went on as, or itself."""
    call(
        workflow_service().RequestCancelWorkflowExecution,
        RequestCancelWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            reason=reason,
            identity=identity,
            request_id=request_id,
            first_execution_run_id=first_run_id,
        ),
    )


def pause(key: RunKey, reason: str, identity: str, request_id: str) -> None:
    call(
        workflow_service().PauseWorkflowExecution,
        PauseWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            reason=reason,
            identity=identity,
            request_id=request_id,
        ),
    )


def resume(key: RunKey, reason: str, identity: str, request_id: str) -> None:
    call(
        workflow_service().UnpauseWorkflowExecution,
        UnpauseWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            reason=reason,
            identity=identity,
            request_id=request_id,
        ),
    )


def signal(
    key: RunKey, name: str, arguments: Sequence[Any], identity: str, request_id: str
) -> None:
    call(
        workflow_service().SignalWorkflowExecution,
        SignalWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            signal_name=name,
            input=payloads.sent(key.namespace, arguments),
            identity=identity,
            request_id=request_id,
        ),
    )


def delete(key: RunKey) -> None:
    """The run and its history, for good; an open run is terminated first."""
    call(
        workflow_service().DeleteWorkflowExecution,
        DeleteWorkflowExecutionRequest(namespace=key.namespace, workflow_execution=_execution(key)),
    )


def query(
    key: RunKey, name: str, arguments: Sequence[Any] = (), deadline: float = ANSWER_SECONDS
) -> tuple[Value, ...]:
    """Asks the workflow; a worker must be there to answer."""
    question = Question(name, tuple(arguments))
    letters = questions.sealed(question)
    return payloads.values(
        answer(key, question, deadline), Place("answers", letters) if letters else None
    )


def answer(key: RunKey, question: Question, deadline: float = ANSWER_SECONDS) -> Payloads:
    """As it came, and ready to be read."""
    sent = payloads.sent(key.namespace, question.arguments)
    found = call(
        workflow_service().QueryWorkflow,
        QueryWorkflowRequest(
            namespace=key.namespace,
            execution=_execution(key),
            query=WorkflowQuery(query_type=question.name, query_args=sent),
        ),
        deadline,
    )
    if found.HasField("query_rejected"):
        raise GatewayError(Trouble.CONFLICT, UNANSWERED)
    sight.prepare(found)
    return found.query_result


def update(
    key: RunKey,
    name: str,
    arguments: Sequence[Any],
    *,
    identity: str,
    update_id: str,
    deadline: float = ANSWER_SECONDS,
) -> Outcome:
    """Waits until the workflow has completed or refused it. The same update id never runs twice."""
    answer = call(
        workflow_service().UpdateWorkflowExecution,
        UpdateWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            wait_policy=WaitPolicy(
                lifecycle_stage=UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
            ),
            request=Request(
                meta=Meta(update_id=update_id, identity=identity),
                input=Input(name=name, args=payloads.sent(key.namespace, arguments)),
            ),
        ),
        deadline,
    )
    sight.prepare(answer)
    failed = answer.outcome.HasField("failure")
    return Outcome(
        values=payloads.values(answer.outcome.success),
        failure=payloads.failure(answer.outcome.failure) if failed else None,
        done=answer.HasField("outcome"),
        taken=answer.stage >= ACCEPTED,
    )


def reset(
    key: RunKey,
    event_id: int,
    reason: str,
    *,
    identity: str,
    request_id: str,
    keep_signals: bool = True,
    keep_updates: bool = True,
    again: Sequence[Event] = (),
) -> RunKey:
    """Runs on from the workflow task that ends at `event_id`. The run that goes on comes back.

    That it was asked to cancel is never asked of the new run again. The protocol applies all later
    signals or none: where some are wanted, they come as `again`, and are sent anew with the reset.
    """
    leave_out = [
        ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_CANCEL_REQUEST,
        *([] if keep_signals else [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL]),
        *([] if keep_updates else [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE]),
    ]
    answer = call(
        workflow_service().ResetWorkflowExecution,
        ResetWorkflowExecutionRequest(
            namespace=key.namespace,
            workflow_execution=_execution(key),
            reason=reason,
            workflow_task_finish_event_id=event_id,
            request_id=request_id,
            identity=identity,
            reset_reapply_exclude_types=leave_out,
            post_reset_operations=map(_sent_anew, again),
        ),
        ANSWER_SECONDS,
    )
    return RunKey(key.namespace, key.workflow_id, answer.run_id)


def _sent_anew(event: Event) -> PostResetOperation:
    was = event.raw.workflow_execution_signaled_event_attributes
    signal = PostResetOperation.SignalWorkflow(signal_name=was.signal_name)
    if was.HasField("input"):
        signal.input.CopyFrom(was.input)
    if was.HasField("header"):
        signal.header.CopyFrom(was.header)
    return PostResetOperation(signal_workflow=signal)


def start(
    namespace: str,
    workflow_id: str,
    *,
    workflow_type: str,
    task_queue: str,
    arguments: Sequence[Any],
    identity: str,
    request_id: str,
) -> RunKey:
    """Starts a run, or gives back the run that is already going under this id."""
    answer = call(
        workflow_service().StartWorkflowExecution,
        StartWorkflowExecutionRequest(
            namespace=namespace,
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name=workflow_type),
            task_queue=TaskQueue(name=task_queue),
            input=payloads.sent(namespace, arguments),
            identity=identity,
            request_id=request_id,
            workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
            workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        ),
    )
    return RunKey(namespace, workflow_id, answer.run_id)


def _execution(key: RunKey) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)
