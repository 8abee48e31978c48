"""The one place where a RunState changes: `apply(state, event)`, `apply_mark(state, mark)`.

What is applied is a fact: it is never refused here. An event that was buffered is applied twice,
early (so that what it ended is no longer pending) and again with its number; ends are therefore
written so that the second time changes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from temporalio.api.common.v1 import Callback
from temporalio.api.enums.v1 import EventType as E
from temporalio.api.history.v1 import HistoryEvent

from engine.core import (
    apply_operation,
    apply_standalone,
    apply_standalone_operation,
    apply_task,
    apply_work,
    marks,
    versioning,
)
from engine.core.deadlines import expect
from engine.core.keys import activity_of, operation_of
from engine.core.state import REFUSALS_KEPT_MAX, Pause, RunState, StandaloneOperation, Update
from engine.protocol.times import nanoseconds

Applier = Callable[[RunState, HistoryEvent], None]


def apply(state: RunState, event: HistoryEvent) -> None:
    if state.standalone is not None:
        appliers = apply_standalone.APPLIERS
    elif state.standalone_operation is not None:
        appliers = apply_standalone_operation.APPLIERS
    else:
        appliers = APPLIERS
    appliers.get(event.event_type, _nothing)(state, event)
    state.next_event_id = event.event_id + 1
    state.history_bytes += event.ByteSize()
    state.transitions_count += 1


def apply_mark(state: RunState, mark: marks.Mark) -> None:
    MARK_APPLIERS[type(mark)](state, mark)
    if state.standalone is not None and (also := apply_standalone.ALSO.get(type(mark))):
        also(state, mark)
    state.marks_count += 1
    state.transitions_count += 1


def armed(state: RunState, at: int) -> None:
    """The shell has been asked to wake the run at `at`."""
    state.armed_at = at


def _nothing(state: RunState, event: HistoryEvent) -> None:
    pass


def _started(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_execution_started_event_attributes
    state.original_started_at = event.event_time.ToNanoseconds()
    at = state.started_at = state.started_at or state.original_started_at
    backoff = nanoseconds(attributes.first_workflow_task_backoff)
    state.start = attributes
    state.user_metadata = event.user_metadata if event.HasField("user_metadata") else None
    state.workflow_type = attributes.workflow_type.name
    state.queue = attributes.task_queue.name
    state.task_timeout_ns = attributes.workflow_task_timeout.ToNanoseconds()
    state.execution_at = at + backoff
    state.first_task_at = at + backoff if backoff else 0
    run_timeout = attributes.workflow_run_timeout.ToNanoseconds()
    state.run_expires_at = at + backoff + run_timeout if run_timeout else 0
    if attributes.HasField("workflow_execution_expiration_time"):
        # What is reset has its whole time once more.
        older = at - state.original_started_at
        state.execution_expires_at = (
            attributes.workflow_execution_expiration_time.ToNanoseconds() + older
        )
    state.memo = dict(attributes.memo.fields)
    state.search_attributes = dict(attributes.search_attributes.indexed_fields)
    versioning.begin(state, attributes)
    apply_operation.await_end(state, attributes.completion_callbacks, event, state.request_id)
    if activity_of(state.key.workflow_id):
        apply_standalone.begin(state, event)
        return
    if operation_of(state.key.workflow_id):
        state.standalone_operation = StandaloneOperation()
        return
    expect(state, state.first_task_at, "first")
    expirations = [at for at in (state.run_expires_at, state.execution_expires_at) if at]
    if expirations:
        expect(state, min(expirations), "run")


def _signaled(state: RunState, event: HistoryEvent) -> None:
    state.signals_count += 1
    _signal_noted(state, event)


def _signal_noted(state: RunState, event: HistoryEvent) -> None:
    request_id = event.workflow_execution_signaled_event_attributes.request_id
    if request_id:
        state.signal_request_ids[request_id] = event.event_id


def _cancel_requested(state: RunState, event: HistoryEvent) -> None:
    state.cancel_requested = True


def _paused(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_execution_paused_event_attributes
    state.pause = Pause(
        at=event.event_time.ToNanoseconds(),
        identity=attributes.identity,
        reason=attributes.reason,
        request_id=attributes.request_id,
    )


def _unpaused(state: RunState, event: HistoryEvent) -> None:
    state.pause = None


def _options_updated(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_execution_options_updated_event_attributes
    # Those who wait have their places in the order of the events, not as these were held back.
    if request_id := attributes.attached_request_id:
        if event.event_id and not state.attached_request_ids.get(request_id):
            callbacks = attributes.attached_completion_callbacks
            apply_operation.await_end(state, callbacks, event, request_id)
        state.attached_request_ids[request_id] = event.event_id
    for joined in attributes.workflow_update_options:
        if event.event_id and not state.attached_request_ids.get(joined.attached_request_id):
            _await_update(
                state, event, joined.update_id, joined.attached_request_id,
                joined.attached_completion_callbacks,
            )  # fmt: skip
        state.attached_request_ids[joined.attached_request_id] = event.event_id
    if attributes.HasField("priority"):
        state.priority = attributes.priority
    versioning.override(state, attributes)


def _attributes_upserted(state: RunState, event: HistoryEvent) -> None:
    given = event.upsert_workflow_search_attributes_event_attributes.search_attributes
    for name, payload in given.indexed_fields.items():
        if _is_empty(payload.data, payload.metadata.get("encoding", b"")):
            state.search_attributes.pop(name, None)
        else:
            state.search_attributes[name] = payload


def _is_empty(content: bytes, encoding: bytes) -> bool:
    return encoding == b"binary/null" or content in (b"null", b"[]")


def _properties_modified(state: RunState, event: HistoryEvent) -> None:
    given = event.workflow_properties_modified_event_attributes
    for name, payload in given.upserted_memo.fields.items():
        if payload.metadata.get("encoding") == b"binary/null" or payload.data == b"null":
            state.memo.pop(name, None)
        else:
            state.memo[name] = payload


def _update_admitted(state: RunState, event: HistoryEvent) -> None:
    request = event.workflow_execution_update_admitted_event_attributes.request
    update_id = request.meta.update_id
    _admit(state, Update(update_id=update_id, request=request, request_id=request.request_id))
    _await_update(state, event, update_id, request.request_id, request.completion_callbacks)


def _admit(state: RunState, update: Update) -> None:
    if update.update_id not in state.updates:
        state.updates_in_flight += 1
    state.updates[update.update_id] = update


def _update_accepted(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_execution_update_accepted_event_attributes
    update_id = attributes.protocol_instance_id or attributes.accepted_request.meta.update_id
    update = state.updates.get(update_id)
    if update is None:
        update = Update(update_id=update_id)
        _admit(state, update)
    request = attributes.accepted_request
    if not _is_awaited(state, update_id, request.request_id):
        _await_update(state, event, update_id, request.request_id, request.completion_callbacks)
    update.accepted_event_id = event.event_id
    update.request_id = request.request_id
    update.request = None
    update.joined = []


def _await_update(
    state: RunState,
    event: HistoryEvent,
    update_id: str,
    request_id: str,
    callbacks: Iterable[Callback],
) -> None:
    """They are to be told how the update ended."""
    apply_operation.await_end(state, callbacks, event, request_id, update_id)


def _is_awaited(state: RunState, update_id: str, request_id: str) -> bool:
    """It was applied again by a reset, and those who wait for it are known since."""
    known = ((each.update_id, each.request_id) for each in state.completions)
    return (update_id, request_id) in known


def _update_completed(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_execution_update_completed_event_attributes
    update = state.updates[attributes.meta.update_id]
    update.completed_event_id = event.event_id
    update.outcome = attributes.outcome
    state.updates_in_flight -= 1


_STATUS_OF_CLOSING = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: 2,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: 3,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: 4,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: 5,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: 6,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: 7,
}
NEXT_RUN_FIELDS = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: "workflow_execution_completed_event_attributes",
    E.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: "workflow_execution_failed_event_attributes",
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT: "workflow_execution_timed_out_event_attributes",
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: (
        "workflow_execution_continued_as_new_event_attributes"
    ),
}


def _closed(state: RunState, event: HistoryEvent) -> None:
    state.status = _STATUS_OF_CLOSING[event.event_type]
    state.closed_at = event.event_time.ToNanoseconds()
    state.closing = event
    if field := NEXT_RUN_FIELDS.get(event.event_type):
        state.next_run_id = getattr(event, field).new_execution_run_id
    state.task = None
    state.task_backoff_until = 0
    state.sticky_queue = ""
    for pending in (
        state.activities, state.activity_ids, state.timers, state.children,
        state.operations, state.signals_out, state.cancels_out, state.buffered, state.deadlines,
    ):  # fmt: skip
        pending.clear()
    state.buffered_bytes = 0
    state.failing_count = 0


APPLIERS: dict[int, Applier] = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: _started,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: _signaled,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: _cancel_requested,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED: _paused,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED: _unpaused,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: _options_updated,
    E.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: _attributes_upserted,
    E.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED: _properties_modified,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED: _update_admitted,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: _update_accepted,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED: _update_completed,
    **apply_task.APPLIERS,
    **dict.fromkeys(_STATUS_OF_CLOSING, _closed),
    **apply_work.APPLIERS,
    **apply_operation.APPLIERS,
}
# Applied when the event is buffered, not only when it gets its number.
EARLY: dict[int, Applier] = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: _cancel_requested,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: _signal_noted,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED: _paused,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED: _unpaused,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: _options_updated,
    **apply_work.ENDS,
    **apply_operation.ENDS,
}


def _buffered(state: RunState, mark: marks.Buffered) -> None:
    state.buffered.append(mark.event)
    state.buffered_bytes += mark.event.ByteSize()
    EARLY.get(mark.event.event_type, _nothing)(state, mark.event)


def _withdrawn(state: RunState, mark: marks.Withdrawn) -> None:
    state.buffered = [
        event
        for event in state.buffered
        if event.timer_fired_event_attributes.timer_id != mark.timer_id
    ]
    state.buffered_bytes = sum(event.ByteSize() for event in state.buffered)


def _flushed(state: RunState, mark: marks.Flushed) -> None:
    state.buffered.clear()
    state.buffered_bytes = 0


def _admitted_mark(state: RunState, mark: marks.UpdateAdmitted) -> None:
    update_id = mark.request.meta.update_id
    state.refusals.pop(update_id, None)
    update = Update(
        update_id=update_id,
        request=mark.request,
        admitted_at=mark.at,
        request_id=mark.request.request_id,
    )
    _admit(state, update)


def _update_joined(state: RunState, mark: marks.UpdateJoined) -> None:
    state.updates[mark.request.meta.update_id].joined.append(mark.request)


def _update_refused(state: RunState, mark: marks.UpdateRefused) -> None:
    if state.updates.pop(mark.update_id, None) is not None:
        state.updates_in_flight -= 1
    while len(state.refusals) >= REFUSALS_KEPT_MAX:
        del state.refusals[next(iter(state.refusals))]
    state.refusals[mark.update_id] = mark.failure


def _started_by(state: RunState, mark: marks.StartedBy) -> None:
    state.request_id = mark.request_id
    state.started_at = mark.at


def _reset_into(state: RunState, mark: marks.ResetInto) -> None:
    state.reset_run_id = mark.run_id


def _rested(state: RunState, mark: marks.Rested) -> None:
    state.has_rested = True
    state.rested_at = mark.at
    state.said_waits, state.said_timer = mark.waits, mark.timer


MARK_APPLIERS: dict[type, Callable[..., None]] = {
    marks.Buffered: _buffered,
    marks.Withdrawn: _withdrawn,
    marks.Flushed: _flushed,
    marks.UpdateAdmitted: _admitted_mark,
    marks.UpdateJoined: _update_joined,
    marks.UpdateRefused: _update_refused,
    marks.StartedBy: _started_by,
    marks.ResetInto: _reset_into,
    marks.Rested: _rested,
    **apply_task.MARKS,
    **apply_work.MARKS,
    **apply_operation.MARKS,
    **apply_standalone.MARKS,
}
