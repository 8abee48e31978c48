"""Typed reading calls on workflows: list, count, describe. Frozen dataclasses come back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from temporalio.api.activity.v1 import ActivityOptions as ActivityOptionsMessage
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import (
    NexusOperationCancellationState,
    PendingActivityState,
    PendingNexusOperationState,
    PendingWorkflowTaskState,
    VersioningBehavior,
    WorkflowExecutionStatus,
)
from temporalio.api.workflow.v1 import (
    PendingActivityInfo,
    PendingNexusOperationInfo,
    WorkflowExecutionExtendedInfo,
    WorkflowExecutionInfo,
    WorkflowExecutionVersioningInfo,
)
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    ListWorkflowExecutionsRequest,
)

from console.gateway import indexed, moments, namespaces, payloads, sight, summaries
from console.gateway.channel import call, workflow_service
from console.gateway.runs import (
    ActivityOptions,
    Counts,
    Group,
    Pause,
    PendingActivity,
    PendingChild,
    PendingOperation,
    PendingTask,
    Problem,
    RunDetail,
    RunKey,
    RunPage,
    RunSummary,
    WorkerVersion,
)

#: A server of ours sends these with each run; the presence of the first one tells.
OUR_ATTRIBUTES = (
    "FailingActivityCount",
    "PendingActivityCount",
    "FailingActivityTypes",
    "ActivityAttemptMax",
    "NextRetryTime",
    "LastFailureType",
    "LastFailureMessage",
    "FailureFingerprint",
    "WaitingOn",
    "NextTimerTime",
)


def find(namespace: str, query: str, size: int, token: bytes = b"") -> RunPage:
    indexed.check(namespace, query)
    answer = call(
        workflow_service().ListWorkflowExecutions,
        ListWorkflowExecutionsRequest(
            namespace=namespace,
            query=moments.for_server(namespace, query),
            page_size=size,
            next_page_token=token,
        ),
    )
    sight.prepare(*(one.memo for one in answer.executions))
    return RunPage(
        tuple(summary(namespace, one) for one in answer.executions), answer.next_page_token
    )


def count(namespace: str, query: str) -> Counts:
    indexed.check(namespace, query)
    answer = call(
        workflow_service().CountWorkflowExecutions,
        CountWorkflowExecutionsRequest(
            namespace=namespace, query=moments.for_server(namespace, query)
        ),
    )
    groups = (
        Group(tuple(payloads.counted(value) for value in group.group_values), group.count)
        for group in answer.groups
    )
    return Counts(answer.count, tuple(groups))


def describe(key: RunKey) -> RunDetail:
    """An empty run id asks for the newest run of the workflow id."""
    answer = call(
        workflow_service().DescribeWorkflowExecution,
        DescribeWorkflowExecutionRequest(
            namespace=key.namespace,
            execution=WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id),
        ),
    )
    sight.prepare(answer)
    return detail(key.namespace, answer)


def summary(namespace: str, info: WorkflowExecutionInfo) -> RunSummary:
    held = indexed.seen(info.search_attributes.indexed_fields.items())
    return RunSummary(
        key=RunKey(namespace, info.execution.workflow_id, info.execution.run_id),
        type=info.type.name,
        task_queue=info.task_queue,
        status=_status(info.status),
        started_at=payloads.moment(info.start_time),
        execution_at=payloads.moment(info.execution_time),
        closed_at=payloads.moment(info.close_time),
        history_length=info.history_length,
        history_bytes=info.history_size_bytes,
        transitions=info.state_transition_count,
        parent=_other(namespace, info.parent_execution),
        root=_other(namespace, info.root_execution),
        first_run_id=info.first_run_id,
        attributes={name: value for name, value in held.items() if name not in OUR_ATTRIBUTES},
        memo={name: one.content for name, one in payloads.memo(info.memo).items()},
        problem=_problem(held),
        build=info.most_recent_worker_version_stamp.build_id,
    )


def _status(status: WorkflowExecutionStatus.ValueType) -> str:
    word = WorkflowExecutionStatus.Name(status).removeprefix("WORKFLOW_EXECUTION_STATUS_")
    return "".join(part.capitalize() for part in word.split("_"))


def _other(namespace: str, execution: WorkflowExecution) -> RunKey | None:
    return (
        RunKey(namespace, execution.workflow_id, execution.run_id)
        if execution.workflow_id
        else None
    )


def _problem(attributes: Mapping[str, Any]) -> Problem | None:
    if not any(name in attributes for name in OUR_ATTRIBUTES):
        return None
    return Problem(
        failing_count=int(attributes.get("FailingActivityCount") or 0),
        failing_types=_texts(attributes.get("FailingActivityTypes")),
        attempt_max=int(attributes.get("ActivityAttemptMax") or 0),
        next_retry_at=_time(attributes.get("NextRetryTime")),
        failure_type=str(attributes.get("LastFailureType") or ""),
        failure_message=str(attributes.get("LastFailureMessage") or ""),
        fingerprint=str(attributes.get("FailureFingerprint") or ""),
        waiting_on=_texts(attributes.get("WaitingOn")),
        next_timer_at=_time(attributes.get("NextTimerTime")),
        pending_count=int(attributes.get("PendingActivityCount") or 0),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def detail(namespace: str, answer: DescribeWorkflowExecutionResponse) -> RunDetail:
    config, about = answer.execution_config, answer.workflow_execution_info
    return RunDetail(
        summary=replace(summary(namespace, about), parent=_parent(namespace, about)),
        execution_timeout=payloads.span(config.workflow_execution_timeout),
        run_timeout=payloads.span(config.workflow_run_timeout),
        task_timeout=payloads.span(config.default_workflow_task_timeout),
        cancel_requested=answer.workflow_extended_info.cancel_requested,
        activities=tuple(_activity(one) for one in answer.pending_activities),
        children=tuple(
            PendingChild(one.workflow_id, one.run_id, one.workflow_type_name, one.initiated_id)
            for one in answer.pending_children
        ),
        operations=tuple(_operation(one) for one in answer.pending_nexus_operations),
        task=_task(answer),
        reset_run_id=answer.workflow_extended_info.reset_run_id,
        about=summaries.said(answer.execution_config.user_metadata),
        details=summaries.told(answer.execution_config.user_metadata),
        pinned_to=_pinned_to(about.versioning_info),
        pause=_paused(answer.workflow_extended_info),
        memo=payloads.memo(about.memo),
        told=answer,
    )


def _paused(told: WorkflowExecutionExtendedInfo) -> Pause | None:
    if not told.HasField("pause_info"):
        return None
    by = told.pause_info
    return Pause(payloads.moment(by.paused_time), by.identity, by.reason)


def _pinned_to(info: WorkflowExecutionVersioningInfo) -> WorkerVersion | None:
    """What whoever started it says comes before what its code says."""
    override = info.versioning_override
    if override.HasField("override"):
        version = override.pinned.version if override.HasField("pinned") else None
    else:
        is_pinned = info.behavior == VersioningBehavior.VERSIONING_BEHAVIOR_PINNED
        version = info.deployment_version if is_pinned else None
    return WorkerVersion(version.deployment_name, version.build_id) if version else None


def _parent(namespace: str, info: WorkflowExecutionInfo) -> RunKey | None:
    """A parent may live in another namespace, which is told by its id."""
    if not info.HasField("parent_execution"):
        return None
    return _other(namespaces.name_of(info.parent_namespace_id, namespace), info.parent_execution)


def _task(answer: DescribeWorkflowExecutionResponse) -> PendingTask | None:
    if not answer.HasField("pending_workflow_task"):
        return None
    task = answer.pending_workflow_task
    return PendingTask(
        state=PendingWorkflowTaskState.Name(task.state)
        .removeprefix("PENDING_WORKFLOW_TASK_STATE_")
        .lower(),
        attempt=task.attempt,
        scheduled_at=payloads.moment(task.original_scheduled_time)
        or payloads.moment(task.scheduled_time),
        started_at=payloads.moment(task.started_time),
    )


def _operation(info: PendingNexusOperationInfo) -> PendingOperation:
    state = PendingNexusOperationState.Name(info.state)
    cancel = NexusOperationCancellationState.Name(info.cancellation_info.state)
    return PendingOperation(
        endpoint=info.endpoint,
        service=info.service,
        name=info.operation,
        state=_word(state, "PENDING_NEXUS_OPERATION_STATE_"),
        attempt=info.attempt,
        scheduled_event_id=info.scheduled_event_id,
        scheduled_at=payloads.moment(info.scheduled_time),
        next_try_at=payloads.moment(info.next_attempt_schedule_time),
        failure=payloads.failure(info.last_attempt_failure)
        if info.HasField("last_attempt_failure")
        else None,
        token=info.operation_token,
        cancel=_word(cancel, "NEXUS_OPERATION_CANCELLATION_STATE_")
        if info.HasField("cancellation_info")
        else "",
    )


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).replace("_", " ").lower()


def _activity(info: PendingActivityInfo) -> PendingActivity:
    return PendingActivity(
        id=info.activity_id,
        type=info.activity_type.name,
        state=PendingActivityState.Name(info.state).removeprefix("PENDING_ACTIVITY_STATE_").lower(),
        attempt=info.attempt,
        attempts_max=info.maximum_attempts,
        scheduled_at=payloads.moment(info.scheduled_time),
        started_at=payloads.moment(info.last_started_time),
        completed_at=payloads.moment(info.last_attempt_complete_time),
        heartbeat_at=payloads.moment(info.last_heartbeat_time),
        next_try_at=payloads.moment(info.next_attempt_schedule_time),
        expires_at=payloads.moment(info.expiration_time),
        retry_interval=payloads.span(info.current_retry_interval),
        worker=info.last_worker_identity,
        paused=info.paused,
        failure=payloads.failure(info.last_failure, of=info)
        if info.HasField("last_failure")
        else None,
        heartbeat=payloads.values(info.heartbeat_details, info),
        task_queue=info.activity_options.task_queue.name,
        options=options(info.activity_options) if info.HasField("activity_options") else None,
        pause=_pause(info.pause_info) if info.HasField("pause_info") else None,
    )


def options(message: ActivityOptionsMessage) -> ActivityOptions:
    retry = message.retry_policy
    return ActivityOptions(
        task_queue=message.task_queue.name,
        schedule_to_close_timeout=payloads.span(message.schedule_to_close_timeout),
        schedule_to_start_timeout=payloads.span(message.schedule_to_start_timeout),
        start_to_close_timeout=payloads.span(message.start_to_close_timeout),
        heartbeat_timeout=payloads.span(message.heartbeat_timeout),
        initial_interval=payloads.span(retry.initial_interval),
        backoff_coefficient=retry.backoff_coefficient,
        maximum_interval=payloads.span(retry.maximum_interval),
        maximum_attempts=retry.maximum_attempts,
        priority_key=message.priority.priority_key,
        final_types=tuple(retry.non_retryable_error_types),
    )


def _pause(info: PendingActivityInfo.PauseInfo) -> Pause:
    """By a person, or by a rule of the server."""
    is_by_rule = info.WhichOneof("paused_by") == "rule"
    by = info.rule if is_by_rule else info.manual
    rule = info.rule.rule_id if is_by_rule else ""
    return Pause(payloads.moment(info.pause_time), by.identity, by.reason, rule)
