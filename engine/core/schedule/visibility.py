"""ScheduleState -> VisibilityRecord: schedules are found by queries as runs are, among their own.

Their namespace id is one that no run has, so that they never show among workflows.
"""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio.api.common.v1 import Payload

from engine.core.schedule.state import ScheduleState
from engine.protocol import memos
from search.attributes import BadAttribute, ValueType, slots
from search.records import Slots, VisibilityRecord

PAUSED = "TemporalSchedulePaused"
ID = "ScheduleId"


def division(namespace_id: str) -> str:
    """Where the schedules of a namespace are found."""
    return f"{namespace_id}/schedules"


def record_of(state: ScheduleState, version: int, *, deleted: bool = False) -> VisibilityRecord:
    created = datetime.fromtimestamp(state.created_at // 1_000 / 1_000_000, tz=UTC)
    memo, attributes = state.memo, state.search_attributes
    told = memos.told(memo.fields)
    return VisibilityRecord(
        namespace_id=division(state.namespace_id),
        workflow_id=state.schedule_id,
        run_id=state.id,
        version=version,
        deleted=deleted,
        workflow_type="",
        task_queue="",
        status="Running",
        start_time=created,
        execution_time=created,
        root_workflow_id=state.schedule_id,
        root_run_id=state.id,
        first_run_id=state.id,
        memo=memo.SerializeToString(),
        memo_words=told.words,
        memo_fields=told.fields,
        search_attributes=attributes.SerializeToString(),
        custom=_slots(state),
    )


def _slots(state: ScheduleState) -> Slots:
    found: Slots = {
        "Keyword": {ID: state.schedule_id},
        "Bool": {PAUSED: "true" if state.schedule.state.paused else "false"},
    }
    for name, payload in state.search_attributes.indexed_fields.items():
        for kind, values in _slot(name, payload).items():
            found.setdefault(kind, {}).update(values)
    return found


def _slot(name: str, payload: Payload) -> Slots:
    """One that does not fit its type is left out: it must not hold back the record."""
    try:
        return slots({name: payload}, {name: ValueType(payload.metadata["type"].decode())})
    except (BadAttribute, KeyError, ValueError):
        return {}
