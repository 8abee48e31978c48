"""A start meets a run of the same workflow id: what then?

running ── same request id ──▶ Use      closed ── same request id ──▶ Use
        ├─ fail            ──▶ refused         ├─ allow duplicate           ──▶ Begin
        ├─ use existing    ──▶ Use or AttachTo             ├─ ... failed only, it failed ──▶ Begin
        ├─ terminate it    ──▶ BeginAfter      └─ reject duplicate          ──▶ refused
        └─ signal-with-start ▶ SignalInstead
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import WorkflowIdReusePolicy as Reuse

from engine.core.inputs import Attach, Signal, Start
from engine.core.state import RunState
from engine.errors import AlreadyStarted


class Begin(NamedTuple):
    pass


class BeginAfterTerminate(NamedTuple):
    pass


class Use(NamedTuple):
    run_id: str
    # The very request that started it came again.
    is_same_request: bool
    # A start of this request id found the run running before.
    is_attached: bool = False


class AttachTo(NamedTuple):
    """Use the running run, and leave the start's request id or links with it."""

    attach: Attach


class SignalInstead(NamedTuple):
    signal: Signal


Decision = Begin | BeginAfterTerminate | Use | AttachTo | SignalInstead
_UNSUCCESSFUL = (
    Status.WORKFLOW_EXECUTION_STATUS_FAILED,
    Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
    Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
    Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
)

_REJECTED = " Workflow Id reuse policy: reject duplicate workflow Id."
_SUCCEEDED = " Workflow Id reuse policy: allow duplicate workflow Id if last run failed."


def decide(
    current: RunState | None,
    given: Start,
    *,
    reuse: int,
    conflict: int,
    signal_running: bool = False,
    attach: Attach | None = None,
) -> Decision:
    """`reuse` and `conflict` are numbers of the protocol's enums."""
    if current is None:
        return Begin()
    if given.request_id and current.request_id == given.request_id:
        return Use(current.key.run_id, is_same_request=True)
    if given.request_id in current.attached_request_ids:
        return Use(current.key.run_id, is_same_request=False, is_attached=True)
    if current.is_running:
        if reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING:
            conflict = Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
        terminates = conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
        if signal_running and given.signal is not None and not terminates:
            return SignalInstead(msgspec.structs.replace(given.signal, ends_delay=True))
        return _against_running(current, conflict, attach)
    if reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
        raise _refused(current, "Workflow execution already finished.", _REJECTED)
    if (
        reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
        and current.status not in _UNSUCCESSFUL
    ):
        raise _refused(current, "Workflow execution already finished successfully.", _SUCCEEDED)
    return Begin()


def _against_running(current: RunState, conflict: int, attach: Attach | None) -> Decision:
    if conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING:
        return BeginAfterTerminate()
    if conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING:
        if attach is not None:
            return AttachTo(attach)
        return Use(current.key.run_id, is_same_request=False)
    raise _refused(current, "Workflow execution is already running.")


def _refused(current: RunState, why: str, policy: str = "") -> AlreadyStarted:
    assert current.start is not None, "a run has begun"
    message = f"{why} WorkflowId: {current.key.workflow_id}, RunId: {current.key.run_id}.{policy}"
    first_run_id = current.start.first_execution_run_id
    return AlreadyStarted(message, current.key.run_id, current.request_id, first_run_id)
