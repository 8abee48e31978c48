"""What a start may ask for, alone or with a signal: refused with InvalidArgument."""

from __future__ import annotations

from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
)

from engine.core import cron
from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.frontend.parts import Parts

Reuse = WorkflowIdReusePolicy
Conflict = WorkflowIdConflictPolicy
StartRequest = StartWorkflowExecutionRequest | SignalWithStartWorkflowExecutionRequest


def check_signal_with_start(parts: Parts, request: SignalWithStartWorkflowExecutionRequest) -> None:
    """As it is checked when it is called; refused with InvalidArgument."""
    check(parts, request)
    checks.queue(request.task_queue, parts.limits)
    if request.HasField("retry_policy"):
        checks.retry_policy(request.retry_policy)


def _check_names(request: StartWorkflowExecutionRequest, limits: Limits) -> None:
    checks.workflow_id(request.workflow_id, limits)
    checks.named("WorkflowType", request.workflow_type.name, limits)
    checks.length("RequestId", request.request_id, limits)


def _check_names_with_signal(
    request: SignalWithStartWorkflowExecutionRequest, limits: Limits
) -> None:
    """They have words of their own where a signal comes with it."""
    checks.workflow_id(request.workflow_id, limits)
    if not request.signal_name:
        raise InvalidArgument("signal not set")
    if not request.workflow_type.name:
        raise InvalidArgument("workflow type not set")
    for word, value in (
        ("signal name", request.signal_name),
        ("workflow type name", request.workflow_type.name),
        ("Request ID", request.request_id),
    ):
        if len(value) > limits.id_length_max:
            raise InvalidArgument(
                f"{word} exceeds maximum allowed length ({len(value)}/{limits.id_length_max})"
            )
        checks.without_nul(word, value)


def check(parts: Parts, request: StartRequest) -> None:
    limits = parts.limits
    if isinstance(request, SignalWithStartWorkflowExecutionRequest):
        _check_names_with_signal(request, limits)
    else:
        _check_names(request, limits)
    checks.blob(request.input, limits)
    checks.memo(request.memo, limits)
    checks.priority(request.priority)
    checks.timeout("WorkflowStartDelaySeconds", request.workflow_start_delay)
    try:
        cron.check(request.cron_schedule)
    except cron.CronError as bad:
        raise InvalidArgument("invalid CronSchedule.") from bad
    if request.cron_schedule and request.HasField("workflow_start_delay"):
        raise InvalidArgument("CronSchedule and WorkflowStartDelay may not be used together.")
    _check_policies(request)


def _check_policies(request: StartRequest) -> None:
    reuse, conflict = request.workflow_id_reuse_policy, request.workflow_id_conflict_policy
    if reuse not in Reuse.values() or conflict not in Conflict.values():
        raise InvalidArgument("Unknown WorkflowIdReusePolicy or WorkflowIdConflictPolicy.")
    if reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING and conflict:
        raise InvalidArgument(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING"
            " cannot be used together with a WorkflowIDConflictPolicy"
        )
    if isinstance(request, SignalWithStartWorkflowExecutionRequest):
        if conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL:
            raise InvalidArgument(
                "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL"
                " is not supported for this operation."
            )
    elif (
        request.on_conflict_options.attach_completion_callbacks
        and not request.on_conflict_options.attach_request_id
    ):
        raise InvalidArgument("attaching completion callbacks requires attaching the request id")
    if (
        reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
        and conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
    ):
        raise InvalidArgument(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be"
            " used together with WorkflowIdConflictPolicy"
            " WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING"
        )
