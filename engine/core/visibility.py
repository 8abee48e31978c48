"""RunState -> VisibilityRecord: what the index is told of a run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.failure.v1 import Failure

from engine.core import resting
from engine.core.keys import activity_of, operation_of
from engine.core.state import Activity, RunState
from engine.protocol import memos
from search.attributes import STATUSES, BadAttribute, ValueType, slots
from search.records import Slots, VisibilityRecord

SECOND = 1_000_000_000
FAILING_TYPES_MAX = PAUSED_TYPES_MAX = 20
MESSAGE_LENGTH_MAX = 4_000
#: The protocol gives a run that timed out no failure of its own.
RUN_TIMED_OUT = "the run took longer than it may"
# In a message these differ from run to run although the cause is one.
_PARTICULARS = re.compile(
    r"'[^']*'|\"[^\"]*\"|`[^`]*`"
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b\w*\d[\w.:/-]*\b"
)


#: What a query names a standalone activity by, beside what it names any run by.
ACTIVITY_ID, ACTIVITY_TYPE = "ActivityId", "ActivityType"
OF_ACTIVITY = {ACTIVITY_ID: ValueType.KEYWORD, ACTIVITY_TYPE: ValueType.KEYWORD}
OPERATION_ID, ENDPOINT, SERVICE, OPERATION = "OperationId", "Endpoint", "Service", "Operation"


def division_of_activities(namespace_id: str) -> str:
    """Where the standalone activities of a namespace are found: never among its workflows."""
    return f"{namespace_id}/activities"


def division_of_operations(namespace_id: str) -> str:
    """The same for its standalone Nexus operations."""
    return f"{namespace_id}/operations"


def record_of(state: RunState, *, is_searched: bool = True) -> VisibilityRecord:
    """Without what only a search needs, where the record is just to be shown."""
    record = _of_run(state, is_searched=is_searched)
    if state.standalone is not None:
        return _of_activity(state, record)
    return record if state.standalone_operation is None else _of_operation(state, record)


def _of_operation(state: RunState, record: VisibilityRecord) -> VisibilityRecord:
    operation_id = operation_of(state.key.workflow_id)
    operation = next(iter(state.operations.values()))
    given = operation.scheduled.nexus_operation_scheduled_event_attributes
    named = {
        OPERATION_ID: operation_id, ENDPOINT: given.endpoint, SERVICE: given.service,
        OPERATION: given.operation,
    }  # fmt: skip
    return _by_itself(state, record, division_of_operations(state.key.namespace_id), named)


def _by_itself(
    state: RunState, record: VisibilityRecord, division: str, named: Mapping[str, str]
) -> VisibilityRecord:
    """Of a run without a workflow; `named` are its own attributes, its id the first of them."""
    duration_ns = state.closed_at - state.started_at
    shown_id = next(iter(named.values()))
    blame = _blame_by_itself(state)
    return msgspec.structs.replace(
        record,
        namespace_id=division,
        workflow_id=shown_id,
        workflow_type="",
        history_length=0,
        history_size_bytes=state.history_bytes,
        execution_duration_ns=max(duration_ns, 0) if state.closed_at else None,
        root_workflow_id=shown_id,
        last_failure_type=blame.type if blame else None,
        last_failure_message=blame.message if blame else None,
        failure_fingerprint=blame.fingerprint if blame else None,
        custom={
            **record.custom,
            ValueType.KEYWORD.value: {**record.custom.get(ValueType.KEYWORD, {}), **named},
        },
    )


def _of_activity(state: RunState, record: VisibilityRecord) -> VisibilityRecord:
    assert state.standalone is not None, "the run is a standalone activity"
    activity_id = activity_of(state.key.workflow_id)
    activity = next(iter(state.activities.values()))
    waits = state.is_running and not activity.started_at
    shown = _by_itself(
        state,
        record,
        division_of_activities(state.key.namespace_id),
        {ACTIVITY_ID: activity_id, ACTIVITY_TYPE: activity.activity_type},
    )
    fails = state.is_running and activity.last_failure is not None
    return msgspec.structs.replace(
        shown,
        status="Paused" if waits and state.standalone.paused_at else record.status,
        pending_activity_count=int(state.is_running),
        failing_activity_count=int(fails),
        failing_activity_types=record.failing_activity_types if fails else [],
        next_retry_time=record.next_retry_time if fails else None,
    )


def _blame_by_itself(state: RunState) -> Blame | None:
    """Of an open one its last failure, of a closed one that which ended it.

    One that gave up has then the fingerprint that it had while it was tried again.
    """
    if state.standalone is None:
        return _blame_operation(state)
    activity = next(iter(state.activities.values()))
    failure = activity.last_failure if state.is_running else _end_of_activity(state)
    return _blamed(activity.activity_type, failure) if failure is not None else None


def _end_of_activity(state: RunState) -> Failure | None:
    assert state.closing is not None, "it has ended"
    match state.closing.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            return state.closing.activity_task_failed_event_attributes.failure
        case EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
            return state.closing.activity_task_timed_out_event_attributes.failure
        case _:
            return None


def _blame_operation(state: RunState) -> Blame | None:
    operation = next(iter(state.operations.values()))
    given = operation.scheduled.nexus_operation_scheduled_event_attributes
    failure = operation.failure if state.is_running else _end_of_operation(state)
    if failure is None or not failure.ByteSize():
        return None
    # what the handler's server says around it is the same for every cause
    while failure.HasField("nexus_handler_failure_info") and failure.HasField("cause"):
        failure = failure.cause
    return _blamed(f"{given.service}.{given.operation}", failure)


def _end_of_operation(state: RunState) -> Failure | None:
    assert state.closing is not None, "it has ended"
    match state.closing.event_type:
        case EventType.EVENT_TYPE_NEXUS_OPERATION_FAILED:
            return state.closing.nexus_operation_failed_event_attributes.failure.cause
        case EventType.EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT:
            return state.closing.nexus_operation_timed_out_event_attributes.failure.cause
        case _:
            return None


def _of_run(state: RunState, *, is_searched: bool) -> VisibilityRecord:
    start = state.start
    assert start is not None, "a run that is shown was started"
    failing = [a for a in state.activities.values() if a.last_failure is not None]
    blame = _blame(state, failing)
    parent = start.parent_workflow_execution
    root = start.root_workflow_execution
    memo = memos.told(state.memo if is_searched else {})
    return VisibilityRecord(
        namespace_id=state.key.namespace_id,
        workflow_id=state.key.workflow_id,
        run_id=state.key.run_id,
        version=state.transitions_count,
        workflow_type=state.workflow_type,
        task_queue=state.queue,
        status=STATUSES[state.shown_status],
        start_time=_time(state.started_at),
        execution_time=_time(state.execution_at),
        close_time=_time(state.closed_at) if state.closed_at else None,
        history_length=state.last_event_id,
        history_size_bytes=state.history_bytes,
        state_transition_count=state.transitions_count,
        execution_duration_ns=(
            max(state.closed_at - state.execution_at, 0) if state.closed_at else None
        ),
        parent_workflow_id=parent.workflow_id or None,
        parent_run_id=parent.run_id or None,
        root_workflow_id=root.workflow_id or state.key.workflow_id,
        root_run_id=root.run_id or state.key.run_id,
        first_run_id=start.first_execution_run_id or state.key.run_id,
        memo=Memo(fields=state.memo).SerializeToString() if state.memo else b"",
        memo_words=memo.words,
        memo_fields=memo.fields,
        search_attributes=_serialised(state.search_attributes),
        custom=_slots(state.search_attributes),
        pending_activity_count=len(state.activities),
        failing_activity_count=len(failing),
        failing_activity_types=sorted({_kept(a.activity_type) for a in failing})[
            :FAILING_TYPES_MAX
        ],
        activity_attempt_max=max((a.attempt for a in state.activities.values()), default=0),
        next_retry_time=_next_retry(failing),
        last_failure_type=blame.type if blame else None,
        last_failure_message=blame.message if blame else None,
        failure_fingerprint=blame.fingerprint if blame else None,
        waiting_on=resting.waits_of(state),
        next_timer_time=_next_timer(state),
        problems=_problems(state),
        paused=_paused(state),
    )


def _time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 1_000 / 1_000_000, tz=UTC)


def _serialised(attributes: dict[str, Payload]) -> bytes:
    if not attributes:
        return b""
    return SearchAttributes(indexed_fields=attributes).SerializeToString()


def _slots(attributes: dict[str, Payload]) -> Slots:
    """An attribute that does not fit its type is left out: it must not hold back the record."""
    found: Slots = {}
    for name, payload in attributes.items():
        try:
            custom = {name: ValueType(payload.metadata["type"].decode())}
        except (KeyError, ValueError):
            custom = {}
        try:
            for kind, values in slots({name: payload}, custom).items():
                found.setdefault(kind, {}).update(values)
        except BadAttribute:
            continue
    return found


def _next_retry(failing: list[Activity]) -> datetime | None:
    times = [a.retry_at for a in failing if a.retry_at]
    return _time(min(times)) if times else None


def _next_timer(state: RunState) -> datetime | None:
    at = resting.next_timer(state)
    return _time(at) if at else None


def _problems(state: RunState) -> list[str]:
    if not state.is_running or state.task_attempt <= 1 or not state.task_failure:
        return []
    return ["category=WorkflowTaskFailed"]


def _paused(state: RunState) -> list[str]:
    kinds = {a.activity_type for a in state.activities.values() if a.paused_at}
    types = [f"property:activityType={kind}" for kind in sorted(kinds)[:PAUSED_TYPES_MAX]]
    return [*_paused_run(state), *types]


def _paused_run(state: RunState) -> list[str]:
    if state.pause is None:
        return []
    reason = state.pause.reason
    return [f"Workflow:{state.key.workflow_id}", *([f"Reason:{_kept(reason)}"] if reason else [])]


def failure_type(failure: Failure | None) -> str | None:
    if failure is None:
        return None
    if failure.HasField("application_failure_info"):
        return failure.application_failure_info.type or "ApplicationError"
    which = failure.WhichOneof("failure_info") or "application_failure_info"
    words = which.removesuffix("_failure_info").split("_")
    return "".join(word.capitalize() for word in words) + "Error"


@dataclass(frozen=True, slots=True)
class Blame:
    """What went wrong in a run, and where: in an activity, in a child, or in the run's own code."""

    where: str
    type: str
    message: str

    @property
    def fingerprint(self) -> str:
        """The same for failures of one cause: numbers, ids and quoted parts are taken out."""
        general = _PARTICULARS.sub("*", self.message)
        named = f"{self.where}\0{self.type}\0{general}"
        return hashlib.blake2b(named.encode(), digest_size=8).hexdigest()


def _kept(text: str) -> str:
    """As a store can keep it: what code says of its failures may hold a NUL, its record not."""
    return text.replace("\0", "\ufffd")


def _blame(state: RunState, failing: list[Activity]) -> Blame | None:
    """An open run has the failure that is newest, a closed one that which ended it."""
    newest = max(failing, key=lambda a: a.last_failed_at, default=None)
    if newest is not None and newest.last_failure is not None:
        return _blamed(newest.activity_type, newest.last_failure)
    if state.status == Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
        return Blame(state.workflow_type, "TimeoutError", RUN_TIMED_OUT)
    if state.status != Status.WORKFLOW_EXECUTION_STATUS_FAILED or state.closing is None:
        return None
    failure = state.closing.workflow_execution_failed_event_attributes.failure
    return _at_its_place(state.workflow_type, failure)


def _at_its_place(where: str, failure: Failure) -> Blame:
    """Through the frames of children and activities down to what one of them said.

    An activity that gave up has then the fingerprint that it had while it was tried again.
    """
    while failure.HasField("cause"):
        if failure.HasField("activity_failure_info"):
            where = failure.activity_failure_info.activity_type.name
        elif failure.HasField("child_workflow_execution_failure_info"):
            where = failure.child_workflow_execution_failure_info.workflow_type.name
        else:
            break
        failure = failure.cause
    return _blamed(where, failure)


def _blamed(where: str, failure: Failure) -> Blame:
    return Blame(
        where,
        _kept(failure_type(failure) or ""),
        _kept(failure.message[:MESSAGE_LENGTH_MAX]),
    )
