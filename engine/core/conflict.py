"""A start meets a run of the same workflow id: what then?

running ── same request id ──▶ Use      closed ── same request id ──▶ Use
        ├─ fail            ──▶ refused         ├─ allow duplicate           ──▶ Begin
        ├─ use existing    ──▶ Use             ├─ ... failed only, it failed ──▶ Begin
        ├─ terminate it    ──▶ BeginAfter      └─ reject duplicate          ──▶ refused
        └─ signal-with-start ▶ SignalInstead
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import WorkflowIdReusePolicy as Reuse

from engine.core.inputs import Signal, Start, Terminate
from engine.core.state import RunState
from engine.errors import AlreadyStarted


class Begin(NamedTuple):
    pass


class BeginAfterTerminate(NamedTuple):
    terminate: Terminate


class Use(NamedTuple):
    run_id: str
    # The very request that started it came again.
    is_same_request: bool


class SignalInstead(NamedTuple):
    signal: Signal


Decision = Begin | BeginAfterTerminate | Use | SignalInstead
_UNSUCCESSFUL = (
    Status.WORKFLOW_EXECUTION_STATUS_FAILED,
    Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
    Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
    Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
)


def decide(
    current: RunState | None, given: Start, *, reuse: int, conflict: int, signal_running: bool
) -> Decision:
    """`reuse` and `conflict` are numbers of the protocol's enums."""
    if current is None:
        return Begin()
    if given.request_id and current.request_id == given.request_id:
        return Use(current.key.run_id, is_same_request=True)
    if current.is_running:
        return _against_running(current, given, reuse, conflict, signal_running)
    if reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
        raise _refused(current, "Workflow execution already finished.")
    if (
        reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
        and current.status not in _UNSUCCESSFUL
    ):
        raise _refused(current, "Workflow execution already finished successfully.")
    return Begin()


def _against_running(
    current: RunState, given: Start, reuse: int, conflict: int, signal_running: bool
) -> Decision:
    if (
        conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
        or reuse == Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
    ):
        reason = "TerminateIfRunning WorkflowIdReusePolicy Policy"
        return BeginAfterTerminate(
            Terminate(at=given.at, reason=reason, identity="history-service")
        )
    if signal_running and given.signal is not None:
        return SignalInstead(msgspec.structs.replace(given.signal, ends_delay=True))
    if conflict == Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING:
        return Use(current.key.run_id, is_same_request=False)
    raise _refused(current, "Workflow execution is already running.")


def _refused(current: RunState, why: str) -> AlreadyStarted:
    message = f"{why} WorkflowId: {current.key.workflow_id}, RunId: {current.key.run_id}."
    return AlreadyStarted(message, current.key.run_id, current.request_id)
