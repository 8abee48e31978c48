"""What a list of runs can show of each: an attribute or a key of its memo, by name. Pure.

An address writes columns as `ExecutionStatus,WorkflowId,memo:order id`, with what would be
mistaken for a comma in percent.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from console.gateway.namespaces import Attributes
from console.gateway.runs import Problem, RunKey, RunSummary

COLUMNS_MAX = 30
NAME_LENGTH_MAX = 255
MEMO = "memo:"
#: What fails and why, or what is waited for, in one cell; no attribute has a colon.
PROBLEM = "is:stuck"
ID = "WorkflowId"
#: Searched by; no row tells them.
UNTOLD = frozenset({"MemoText", "MemoFields"})

USUAL_OURS = (
    *("ExecutionStatus", ID, "WorkflowType", PROBLEM, "ActivityAttemptMax", "NextRetryTime"),
    *("StartTime", "ExecutionDuration", "TaskQueue"),
)
USUAL_ELSEWHERE = (
    *("ExecutionStatus", ID, "WorkflowType", "StartTime", "CloseTime"),
    *("ExecutionDuration", "TaskQueue"),
)


def parse(text: str) -> tuple[str, ...]:
    """The columns of an address, each once; nothing in it can be wrong."""
    found = (unquote(part).strip()[:NAME_LENGTH_MAX] for part in text.split(","))
    return tuple(dict.fromkeys(name for name in found if name not in {"", MEMO}))[:COLUMNS_MAX]


def written(columns: Iterable[str]) -> str:
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in columns)


def usual(attributes: Attributes) -> tuple[str, ...]:
    return USUAL_OURS if attributes.ours else USUAL_ELSEWHERE


def kind(column: str, attributes: Attributes) -> str:
    """The type of its attribute, `Memo`, `Problem`; empty: there is no such column here."""
    if column.startswith(MEMO):
        return "Memo"
    if column == PROBLEM:
        return "Problem" if attributes.ours else ""
    if column in UNTOLD and column in attributes.system:
        return ""
    return attributes.system.get(column) or attributes.custom.get(column) or ""


def value(run: RunSummary, column: str, now: datetime) -> Any:
    """As the protocol types it; None where the run has none."""
    if column.startswith(MEMO):
        return run.memo.get(column.removeprefix(MEMO))
    if column == "ExecutionDuration":
        return (run.closed_at or now) - run.started_at if run.started_at else None
    if column in OF_RUN:
        return OF_RUN[column](run)
    if column in OF_PROBLEM:
        return OF_PROBLEM[column](run.problem) if run.problem else None
    return run.attributes.get(column)


def _workflow_id(key: RunKey | None) -> str | None:
    return key.workflow_id if key else None


def _run_id(key: RunKey | None) -> str | None:
    return key.run_id if key else None


OF_RUN: Mapping[str, Callable[[RunSummary], Any]] = {
    "WorkflowId": lambda run: run.key.workflow_id,
    "RunId": lambda run: run.key.run_id,
    "WorkflowType": lambda run: run.type,
    "TaskQueue": lambda run: run.task_queue,
    "ExecutionStatus": lambda run: run.status,
    "StartTime": lambda run: run.started_at,
    "ExecutionTime": lambda run: run.execution_at,
    "CloseTime": lambda run: run.closed_at,
    "HistoryLength": lambda run: run.history_length,
    "HistorySizeBytes": lambda run: run.history_bytes,
    "StateTransitionCount": lambda run: run.transitions,
    "ParentWorkflowId": lambda run: _workflow_id(run.parent),
    "ParentRunId": lambda run: _run_id(run.parent),
    "RootWorkflowId": lambda run: _workflow_id(run.root),
    "RootRunId": lambda run: _run_id(run.root),
    "FirstRunId": lambda run: run.first_run_id or None,
}
OF_PROBLEM: Mapping[str, Callable[[Problem], Any]] = {
    "PendingActivityCount": lambda problem: problem.pending_count,
    "FailingActivityCount": lambda problem: problem.failing_count,
    "FailingActivityTypes": lambda problem: list(problem.failing_types),
    "ActivityAttemptMax": lambda problem: problem.attempt_max,
    "NextRetryTime": lambda problem: problem.next_retry_at,
    "LastFailureType": lambda problem: problem.failure_type or None,
    "LastFailureMessage": lambda problem: problem.failure_message or None,
    "FailureFingerprint": lambda problem: problem.fingerprint or None,
    "WaitingOn": lambda problem: list(problem.waiting_on),
    "NextTimerTime": lambda problem: problem.next_timer_at,
}
#: What the server itself tells of a run.
TOLD = frozenset({"ExecutionDuration", *OF_RUN, *OF_PROBLEM})
