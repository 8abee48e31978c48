"""RunState -> DescribeWorkflowExecutionResponse. Nothing of the state is kept or changed."""

from __future__ import annotations

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import ActivityType, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import (
    EventType,
    PendingActivityState,
    PendingWorkflowTaskState,
    TaskQueueKind,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import (
    PendingActivityInfo,
    PendingChildExecutionInfo,
    PendingWorkflowTaskInfo,
    RequestIdInfo,
    VersioningOverride,
    WorkflowExecutionConfig,
    WorkflowExecutionExtendedInfo,
    WorkflowExecutionInfo,
)
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from engine.core import activity_options, priorities, retry, versioning, visibility
from engine.core.state import Activity, Child, RunState, WorkflowTask
from engine.frontend import operations, rows
from engine.protocol.times import timestamp

State = PendingActivityState


def response(state: RunState) -> DescribeWorkflowExecutionResponse:
    described = DescribeWorkflowExecutionResponse(
        execution_config=_config(state),
        workflow_execution_info=_info(state),
        workflow_extended_info=_extended(state),
    )
    described.callbacks.extend(operations.callback(state, each) for each in state.completions)
    if not state.is_running:
        return described
    described.pending_nexus_operations.extend(map(operations.pending, state.operations.values()))
    described.pending_activities.extend(map(_activity, state.activities.values()))
    described.pending_children.extend(
        _child(child) for child in state.children.values() if child.is_started
    )
    if state.task is not None:
        described.pending_workflow_task.CopyFrom(_task(state.task))
    elif state.task_backoff_until:
        described.pending_workflow_task.CopyFrom(_waiting_task(state))
    return described


def _config(state: RunState) -> WorkflowExecutionConfig:
    assert state.start is not None
    config = WorkflowExecutionConfig(
        task_queue=TaskQueue(name=state.queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
    )
    for name in ("workflow_execution_timeout", "workflow_run_timeout"):
        if state.start.HasField(name):
            getattr(config, name).CopyFrom(getattr(state.start, name))
    config.default_workflow_task_timeout.FromNanoseconds(state.task_timeout_ns)
    if state.user_metadata is not None:
        config.user_metadata.CopyFrom(state.user_metadata)
    return config


def _info(state: RunState) -> WorkflowExecutionInfo:
    assert state.start is not None
    record = visibility.record_of(state, is_searched=False)
    info = WorkflowExecutionInfo(
        execution=WorkflowExecution(workflow_id=state.key.workflow_id, run_id=state.key.run_id),
        type=WorkflowType(name=state.workflow_type),
        status=state.shown_status,  # type: ignore[arg-type]
        task_queue=state.queue,
        start_time=timestamp(state.started_at),
        execution_time=timestamp(state.execution_at),
        close_time=timestamp(state.closed_at),
        history_length=state.last_event_id,
        history_size_bytes=state.history_bytes,
        state_transition_count=state.transitions_count,
        first_run_id=state.start.first_execution_run_id,
        root_execution=WorkflowExecution(
            workflow_id=record.root_workflow_id, run_id=record.root_run_id
        ),
    )
    if state.closed_at:
        info.execution_duration.FromNanoseconds(max(0, state.closed_at - state.execution_at))
    if state.start.HasField("parent_workflow_execution"):
        info.parent_namespace_id = state.start.parent_workflow_namespace_id
        info.parent_execution.CopyFrom(state.start.parent_workflow_execution)
    if (priority := priorities.of_run(state)) is not None:
        info.priority.CopyFrom(priority)
    _add_maps(info, state)
    _add_versioning(info, state)
    rows.add_own(info.search_attributes, record)
    return info


def _add_maps(info: WorkflowExecutionInfo, state: RunState) -> None:
    info.memo.SetInParent()
    info.search_attributes.SetInParent()
    info.auto_reset_points.SetInParent()
    for name, value in state.memo.items():
        info.memo.fields[name].CopyFrom(value)
    for name, value in state.search_attributes.items():
        info.search_attributes.indexed_fields[name].CopyFrom(value)
    for point in state.reset_points:
        info.auto_reset_points.points.add(
            binary_checksum=point.checksum,
            build_id=point.build_id,
            run_id=state.key.run_id,
            first_workflow_task_completed_id=point.first_completed_event_id,
            create_time=timestamp(point.created_at),
            resettable=point.resettable,
        )


def _add_versioning(info: WorkflowExecutionInfo, state: RunState) -> None:
    assert state.start is not None
    info.worker_deployment_name, version, behavior = versioning.shown(state)
    shown = info.versioning_info
    if version:
        deployment, _, build_id = version.partition(":")
        shown.behavior = behavior  # type: ignore[assignment]
        shown.version = f"{deployment}.{build_id}"
        shown.deployment_version.deployment_name = deployment
        shown.deployment_version.build_id = build_id
    if (override := versioning.override_of(state)) is not None:
        shown.versioning_override.CopyFrom(override)
        _add_older_way(shown.versioning_override)
    inherited = state.start.inherited_auto_upgrade_info
    shown.continue_as_new_initial_versioning_behavior = (
        inherited.continue_as_new_initial_versioning_behavior
    )
    if not shown.ByteSize():
        info.ClearField("versioning_info")


def _add_older_way(override: VersioningOverride) -> None:
    if override.HasField("pinned"):
        version = override.pinned.version
        override.behavior = versioning.PINNED
        override.pinned_version = f"{version.deployment_name}.{version.build_id}"
    else:
        override.behavior = versioning.AUTO_UPGRADE


def _extended(state: RunState) -> WorkflowExecutionExtendedInfo:
    extended = WorkflowExecutionExtendedInfo(
        execution_expiration_time=timestamp(state.execution_expires_at),
        run_expiration_time=timestamp(state.run_expires_at),
        last_reset_time=timestamp(state.reset_at),
        reset_run_id=state.reset_run_id,
        original_start_time=timestamp(state.original_started_at),
        cancel_requested=state.cancel_requested,
    )
    if state.pause is not None:
        extended.pause_info.identity = state.pause.identity
        extended.pause_info.reason = state.pause.reason
        extended.pause_info.paused_time.FromNanoseconds(state.pause.at)
    if state.request_id:
        extended.request_id_infos[state.request_id].CopyFrom(
            RequestIdInfo(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, event_id=1)
        )
    attached = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED
    signaled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    for known, kind in (
        (state.attached_request_ids, attached),
        (state.signal_request_ids, signaled),
    ):
        for request_id, event_id in known.items():
            extended.request_id_infos[request_id].CopyFrom(
                RequestIdInfo(event_type=kind, event_id=event_id, buffered=not event_id)
            )
    accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    for update in state.updates.values():
        if update.request_id and update.accepted_event_id:
            extended.request_id_infos[update.request_id].CopyFrom(
                RequestIdInfo(event_type=accepted, event_id=update.accepted_event_id)
            )
    return extended


def _task(task: WorkflowTask) -> PendingWorkflowTaskInfo:
    state = (
        PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
        if task.is_started
        else PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
    )
    return PendingWorkflowTaskInfo(
        state=state,
        scheduled_time=timestamp(task.scheduled_at),
        original_scheduled_time=timestamp(task.original_scheduled_at or task.scheduled_at),
        started_time=timestamp(task.started_at),
        attempt=task.attempt,
    )


def _waiting_task(state: RunState) -> PendingWorkflowTaskInfo:
    """One that failed before, and is not offered again yet."""
    return PendingWorkflowTaskInfo(
        state=PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
        scheduled_time=timestamp(state.task_backoff_until),
        original_scheduled_time=timestamp(state.task_backoff_until),
        attempt=state.task_attempt,
    )


def _child(child: Child) -> PendingChildExecutionInfo:
    return PendingChildExecutionInfo(
        workflow_id=child.initiated.workflow_id,
        run_id=child.run_id,
        workflow_type_name=child.initiated.workflow_type.name,
        initiated_id=child.initiated_event_id,
        parent_close_policy=child.initiated.parent_close_policy,
    )


def _activity(activity: Activity) -> PendingActivityInfo:
    info = PendingActivityInfo(
        activity_id=activity.activity_id,
        activity_type=ActivityType(name=activity.activity_type),
        state=_activity_state(activity),
        attempt=activity.attempt,
        scheduled_time=timestamp(activity.attempt_scheduled_at),
        last_started_time=timestamp(activity.started_at),
        last_heartbeat_time=timestamp(activity.beat_at),
        heartbeat_details=activity.beat,
        last_failure=activity.last_failure,
        last_worker_identity=activity.identity or activity.last_identity,
        last_attempt_complete_time=timestamp(activity.last_failed_at),
        maximum_attempts=activity.retry.maximum_attempts if activity.retry else 0,
    )
    info.activity_options.CopyFrom(_options(activity))
    if activity.last_version:
        deployment, _, build_id = activity.last_version.partition(":")
        info.last_worker_deployment_version = f"{deployment}.{build_id}"
        info.last_deployment_version.deployment_name = deployment
        info.last_deployment_version.build_id = build_id
    if activity.paused_at:
        info.paused = True
        info.pause_info.pause_time.FromNanoseconds(activity.paused_at)
        _add_pauser(info.pause_info, activity)
    if activity.schedule_to_close_ns:
        expires_at = activity.scheduled_at + activity.schedule_to_close_ns
        info.expiration_time.FromNanoseconds(expires_at)
    if activity.retry_at and not activity.started_at:
        info.next_attempt_schedule_time.FromNanoseconds(activity.retry_at)
        if activity.retry is not None and activity.attempt > 1:
            info.current_retry_interval.FromNanoseconds(
                retry.interval(activity.retry, activity.attempt - 1)
            )
    return info


def _add_pauser(info: PendingActivityInfo.PauseInfo, activity: Activity) -> None:
    if activity.pause_rule_id:
        info.rule.rule_id = activity.pause_rule_id
        return
    info.manual.identity = activity.paused_by
    info.manual.reason = activity.pause_reason


def _options(activity: Activity) -> ActivityOptions:
    options = ActivityOptions()
    options.CopyFrom(activity_options.of(activity))
    name = options.task_queue.name
    options.task_queue.CopyFrom(TaskQueue(name=name, normal_name=name))
    return options


def _activity_state(activity: Activity) -> State.ValueType:
    if activity.paused_at:
        return (
            State.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED
            if activity.started_at
            else State.PENDING_ACTIVITY_STATE_PAUSED
        )
    if not activity.started_at:
        return State.PENDING_ACTIVITY_STATE_SCHEDULED
    if activity.cancel_requested:
        return State.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
    return State.PENDING_ACTIVITY_STATE_STARTED
