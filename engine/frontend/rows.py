"""Visibility record -> the protocol's row.

To Perdure's console the row also says what only this engine knows (why a run is stuck), as search
attributes under their own names. Other clients see what the user set, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import (
    Memo,
    Payload,
    SearchAttributes,
    WorkflowExecution,
    WorkflowType,
)
from temporalio.api.workflow.v1 import WorkflowExecutionInfo

from engine.frontend import calls
from search.attributes import STATUSES, SYSTEM
from search.records import VisibilityRecord

CONSOLE = "perdure-console"
_STATUS = {name: number for number, name in enumerate(STATUSES)}
# Search attribute -> field of the record that the protocol's row has no field for.
_OWN = {
    "PendingActivityCount": "pending_activity_count",
    "FailingActivityCount": "failing_activity_count",
    "FailingActivityTypes": "failing_activity_types",
    "ActivityAttemptMax": "activity_attempt_max",
    "NextRetryTime": "next_retry_time",
    "LastFailureType": "last_failure_type",
    "LastFailureMessage": "last_failure_message",
    "FailureFingerprint": "failure_fingerprint",
    "WaitingOn": "waiting_on",
    "NextTimerTime": "next_timer_time",
}
#: The protocol's own, which every client is told where they say something.
_PROTOCOL = {"TemporalReportedProblems": "problems", "TemporalPauseInfo": "paused"}


def row(record: VisibilityRecord) -> WorkflowExecutionInfo:
    info = WorkflowExecutionInfo(
        execution=WorkflowExecution(workflow_id=record.workflow_id, run_id=record.run_id),
        type=WorkflowType(name=record.workflow_type),
        status=_STATUS[record.status],  # type: ignore[arg-type]
        task_queue=record.task_queue,
        start_time=stamp(record.start_time),
        execution_time=stamp(record.execution_time),
        memo=Memo.FromString(record.memo),
        search_attributes=SearchAttributes.FromString(record.search_attributes),
        root_execution=WorkflowExecution(
            workflow_id=record.root_workflow_id, run_id=record.root_run_id
        ),
        first_run_id=record.first_run_id,
    )
    if record.parent_workflow_id:
        info.parent_execution.workflow_id = record.parent_workflow_id
        info.parent_execution.run_id = record.parent_run_id or ""
    if record.close_time is not None:
        _close(info, record, record.close_time)
    add_own(info.search_attributes, record)
    return info


def _close(info: WorkflowExecutionInfo, record: VisibilityRecord, closed_at: datetime) -> None:
    info.close_time.CopyFrom(stamp(closed_at))
    info.history_length = record.history_length
    info.history_size_bytes = record.history_size_bytes
    info.state_transition_count = record.state_transition_count
    if record.execution_duration_ns is not None:
        info.execution_duration.FromNanoseconds(record.execution_duration_ns)


def is_for_console() -> bool:
    return calls.header("client-name") == CONSOLE


def add_own(attributes: SearchAttributes, record: VisibilityRecord) -> None:
    """What the engine itself knows of the run; our own names for our own console only."""
    for name, field in _PROTOCOL.items():
        if value := getattr(record, field):
            attributes.indexed_fields[name].CopyFrom(payload(value, "KeywordList"))
    if not is_for_console():
        return
    for name, field in _OWN.items():
        value = getattr(record, field)
        if value or isinstance(value, int):
            attributes.indexed_fields[name].CopyFrom(payload(value, SYSTEM[name].type.value))


def payload(value: object, kind: str = "Keyword") -> Payload:
    metadata: Mapping[str, bytes] = {"encoding": b"json/plain", "type": kind.encode()}
    return Payload(metadata=metadata, data=msgspec.json.encode(value))


def add_end(row: Any, record: VisibilityRecord, closed_at: datetime) -> None:
    """Of a run without a workflow; `row` is an activity's or an operation's."""
    row.close_time.CopyFrom(stamp(closed_at))
    row.state_transition_count = record.state_transition_count
    row.state_size_bytes = record.history_size_bytes
    row.execution_duration.FromNanoseconds(record.execution_duration_ns or 0)


def stamp(moment: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(moment)
    return made
